"""What is only in the container: its entry point, how its image is prepared, and the grading of one submission."""
