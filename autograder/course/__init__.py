"""This homework's own tools: building it, its datasets, its measured accuracy, a demo; no grading needs them."""
