"""What a grading installs at the scheduler of a Dask cluster: nodes end with the grader, however that ends."""

import asyncio
from typing import Any

from distributed import SchedulerPlugin

from autograder.grading.cluster_openssl import clear_errors


class EndWithClient(SchedulerPlugin):  # type: ignore[misc]
    """Takes a grading's plugin away from all workers once its client is gone."""

    def __init__(self, client: str, plugin: str) -> None:
        """`client`: its id; `plugin`: the name of the one at the workers, and of this one."""
        self.name = plugin
        self._client = client
        self._leaving: asyncio.Task[None] | None = None

    async def start(self, scheduler: Any) -> None:
        """It is installed."""
        clear_errors()

    def remove_client(self, scheduler: Any, client: str) -> None:
        """A client has left, or was lost."""
        if client == self._client and self._leaving is None:
            self._leaving = asyncio.ensure_future(self._leave(scheduler))

    async def _leave(self, scheduler: Any) -> None:
        await scheduler.unregister_worker_plugin(None, self.name)
        await scheduler.unregister_scheduler_plugin(self.name)
