"""`autograder certificates`: the keys of a cluster."""

import os
from pathlib import Path
from shlex import quote
from typing import Any, ClassVar

from autograder.cli.base import Command
from autograder.cli.options import FLAGS
from autograder.grading.backend import BackendError
from autograder.grading.cluster_tls import tls_configuration

DEFAULT = "autograder-cluster.json"


class CertificatesApp(Command):
    """Make the keys by which the machines of a Dask cluster know each other."""

    name = "autograder-certificates"
    description = "Make the keys by which the machines of a Dask cluster know each other, as a file of Dask's settings"
    arguments = "[FILE]"
    examples = f"""
        autograder certificates                 writes {DEFAULT}
    """
    aliases: ClassVar[dict[str, Any]] = {}
    flags: ClassVar[dict[Any, Any]] = {"debug": FLAGS["debug"]}

    def start(self) -> None:
        """Write the file, which only its owner may read; exit with 1 where there is one already."""
        if len(self.extra_args) > 1:
            self.fail(f"Give one file (received {' '.join(self.extra_args)})")
        path = Path(*self.extra_args[:1] or [DEFAULT])
        try:
            content = tls_configuration()
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(content)
        except BackendError as error:
            self.fail("%s", error, then="autograder certificates")
        except FileExistsError:
            self.fail(f"{path} exists. Its keys may be in use: delete it first, or give another name.")
        self.out.say(
            f"{path} is valid for a year. Copy it to ~/.config/dask/ on every machine of the cluster, this one "
            "included. Whoever has it can run code there."
        )
        self.next(f"mkdir -p ~/.config/dask && cp {quote(str(path))} ~/.config/dask/", "then start the scheduler")


if __name__ == "__main__":
    CertificatesApp.launch_instance()
