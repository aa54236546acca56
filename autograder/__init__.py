"""The autograder: builds, hands out and marks the homework. `python -m autograder --help` lists the commands."""

__version__ = "0.1.0"
