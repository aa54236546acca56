"""Grading what arrives before the deadline, and what of it students are told; `watcher` has the design."""
