"""`python -m tests.attacks` prints the table of attacks."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from attacks.table import table

if __name__ == "__main__":
    print(table(), end="")
