"""The commands, as traitlets applications like nbgrader's own."""
