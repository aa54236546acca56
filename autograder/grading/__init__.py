"""Grading: one submission, or a class of them, into nbgrader's gradebook."""
