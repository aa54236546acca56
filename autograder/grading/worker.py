"""A worker process: grades one notebook after another. `python -m autograder.grading.worker`, started by a node.

Two lines of JSON per job come on standard input: a `WorkerOrder` and the job. Lines go out: `event` or `outcome`, a
space, and JSON; one outcome per job. It ends at once, and with it all that it started, when the node is gone.
"""

import os
import select
import signal
import sys
import threading
from dataclasses import replace

from autograder.common.serialization import dump, load
from autograder.grading.grade_notebook import grade
from autograder.grading.job import Event, GradingJob, GradingMachine, Outcome
from autograder.grading.order import WorkerOrder, arrived
from autograder.kernel.fork_server import ForkServerPool
from autograder.training.reproducibility import processor
from autograder.training.training_record import TrainerStatus


def _end_with_node() -> None:
    """End this process when the other end of standard input is closed, whatever runs here meanwhile."""

    def watch() -> None:
        poll = select.poll()
        poll.register(0, 0)  # hang-up alone
        poll.poll()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    """Work until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the grader
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print goes where errors go
    _end_with_node()

    def send(kind: str, value: Event | Outcome) -> None:
        try:
            out.write(f"{kind} {dump(value)}\n")
            out.flush()
        except BrokenPipeError:  # the node is gone
            os._exit(1)

    fork_servers = ForkServerPool()
    for line in sys.stdin:
        order, job = load(line, WorkerOrder), load(sys.stdin.readline(), GradingJob)
        machine = GradingMachine(order.node, processor(), order.device)

        def listener(event: Event | TrainerStatus, machine: GradingMachine = machine) -> None:
            if isinstance(event, Event):
                send("event", replace(event, node=machine.node))

        outcome = grade(arrived(job, order), order.examiner, order.trainer, fork_servers, listener)
        outcome = replace(outcome, run=replace(outcome.run, machine=machine))
        try:
            send("outcome", outcome)
        except (TypeError, ValueError, RecursionError) as error:  # no JSON can be made of it: nothing has been sent
            send("outcome", Outcome.fault("sending the outcome", error))


if __name__ == "__main__":
    main()
