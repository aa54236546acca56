"""How fast a machine is beside another: a slow node has longer limits of time, so that it costs nobody points."""

import time

import numpy as np

ROUNDS = 5


def fixed_work() -> float:
    """CPU seconds for a fixed piece of work on one core, half plain Python and half NumPy; the best of ROUNDS."""
    numbers = np.linspace(0, 1, 100_000)
    found = []
    for _ in range(ROUNDS):
        started = time.thread_time()
        total = 0
        for number in range(100_000):
            total += number % 7
        for _ in range(5):
            np.exp(numbers)
        found.append(time.thread_time() - started)
    return min(found)


def slowness(graders: float) -> float:
    """How many times as long this machine takes for the work that took the grader so many CPU seconds; at least 1."""
    return max(1.0, fixed_work() / graders)
