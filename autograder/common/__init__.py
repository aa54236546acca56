"""What every room may use: files and texts, written and read with care."""
