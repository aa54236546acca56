"""Isolation of any process: bubblewrap, seccomp, limits, control groups; it knows nothing of notebooks."""
