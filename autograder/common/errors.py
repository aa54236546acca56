"""The base class of this package's exceptions."""


class AutograderError(Exception):
    """What this package raises on purpose: the message says what was expected, what was received, and where."""
