"""A worker process: grades one notebook after another. `python -m autograder.grading.worker`, started by the pool.

A line of JSON a job comes on standard input; lines of JSON go out: events, and one outcome a job. It ends at once, and
with it all that it started, when the pool is gone.
"""

import json
import os
import select
import signal
import sys
import threading
from typing import Any

from autograder.grading.grade_notebook import grade
from autograder.grading.job import Event, GradingJob, Outcome, Trainings
from autograder.kernel.fork_server import ForkServerPool


def _end_with_pool() -> None:
    """End this process when the other end of standard input is closed, whatever runs here meanwhile."""

    def watch() -> None:
        poll = select.poll()
        poll.register(0, 0)  # hang-up alone
        poll.poll()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    """Work until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the pool
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print goes where errors go
    _end_with_pool()

    def say(message: dict[str, Any]) -> None:
        out.write(json.dumps(message) + "\n")
        out.flush()

    def listener(event: Event | Trainings) -> None:
        say({"event": vars(event)})

    fork_servers = ForkServerPool()
    for line in sys.stdin:
        order = json.loads(line)
        outcome = grade(GradingJob.from_dict(order["job"]), order["examiner"], order["trainer"], fork_servers, listener)
        try:
            say({"outcome": outcome.as_dict()})
        except (TypeError, ValueError, RecursionError) as error:  # it is no JSON; nothing of it has been said
            say({"outcome": Outcome.fault("telling what came of it", error).as_dict()})


if __name__ == "__main__":
    main()
