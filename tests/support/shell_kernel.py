"""A small kernel for a language that is not Python: cells are run by one Bash, and fail as their last command does.

python shell_kernel.py -f CONNECTION_FILE
"""

import subprocess
from typing import Any

from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel

END = "-- end of cell --"


class ShellKernel(Kernel):
    """One Bash, started anew after an interrupt."""

    implementation, implementation_version, banner = "shell", "1", "Bash"
    language_info = {"name": "bash", "mimetype": "text/x-sh", "file_extension": ".sh"}  # noqa: RUF012  as ipykernel's

    def __init__(self, **named: Any) -> None:
        super().__init__(**named)
        self._start()

    def _start(self) -> None:
        self._shell = subprocess.Popen(
            ["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def do_execute(self, code: str, silent: bool, *_: Any, **__: Any) -> dict[str, Any]:
        """Run a cell."""
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        try:
            self._shell.stdin.write(f"{code}\nstatus=$?; echo; echo {END} $status\n")
            self._shell.stdin.flush()
            for line in self._shell.stdout:
                if line.startswith(END):
                    status = line.split()[-1]
                    break
                if not silent and line.strip():
                    self.send_response(self.iopub_socket, "stream", {"name": "stdout", "text": line})
            else:
                status = "end"
        except KeyboardInterrupt:
            self._shell.kill()
            self._start()
            status = "interrupt"
        if status == "0":
            return {"status": "ok", "execution_count": self.execution_count, "payload": [], "user_expressions": {}}
        error = {"ename": "ExitStatus", "evalue": status, "traceback": [f"ExitStatus: {status}"]}
        self.send_response(self.iopub_socket, "error", error)
        return {"status": "error", "execution_count": self.execution_count, **error}


if __name__ == "__main__":
    IPKernelApp.launch_instance(kernel_class=ShellKernel)
