"""A Slurm cluster of Debian's packages on this machine: a controller, and one node that has more cores than there are.

Everything is in a folder of its own, with its own ports and munge key, and ends with it; nothing is a service of the
system's.
"""

import os
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from clusters import free_port
from debian import install

COMMANDS = {"slurmctld": "slurmctld", "slurmd": "slurmd", "sbatch": "slurm-client", "munged": "munge"}
CONFIGURATION = """
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CryptoType=crypto/munge
SlurmctldPort={controller_port}
SlurmdPort={node_port}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=5
SchedulerParameters=sched_interval=2,bf_interval=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory=100000 State=UNKNOWN
PartitionName=class Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


@dataclass
class Slurm:
    """The cluster, from `with` on."""

    folder: Path
    cores: int = 2
    host: str = field(default_factory=lambda: socket.gethostname().partition(".")[0])
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def configuration(self) -> Path:
        return self.folder / "slurm.conf"

    def run(self, *command: str) -> str:
        """Run one of Slurm's commands; returns what it printed."""
        environment = {**os.environ, "SLURM_CONF": str(self.configuration)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    def jobs(self) -> dict[str, str]:
        """The state of each job that has not ended, by its id."""
        lines = self.run("squeue", "--noheader", "--format=%i %T").splitlines()
        return {line.split()[0]: line.split()[1] for line in lines}

    def __enter__(self) -> "Slurm":
        install(COMMANDS)
        for name in ("state", "spool"):
            (self.folder / name).mkdir(parents=True)
        self._munge()
        ports = {"controller_port": free_port(), "node_port": free_port()}
        self.configuration.write_text(
            CONFIGURATION.format(folder=self.folder, host=self.host, cores=self.cores, **ports)
        )
        for daemon in ("slurmctld", "slurmd"):
            self._start(daemon, "-D", "-f", str(self.configuration))
        self._until(lambda: "idle" in self.run("sinfo", "--noheader", "--format=%T"))
        return self

    def _munge(self) -> None:
        """By which Slurm's programs know their user."""
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        places = {"key-file": key, **{f"{name}-file": self.folder / f"munge.{name}" for name in ("pid", "log", "seed")}}
        options = [f"--{name}={path}" for name, path in places.items()]
        self._start("munged", "--foreground", "--force", f"--socket={self.folder}/munge.socket", *options)
        self._until(lambda: (self.folder / "munge.socket").exists())

    def _start(self, *command: str) -> None:
        with open(self.folder / f"{command[0]}.log", "wb") as log:
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True))

    def _until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                if condition():
                    return
            except subprocess.CalledProcessError:
                pass
            if time.monotonic() > deadline:
                raise AssertionError("\n".join(path.read_text() for path in self.folder.glob("*.log")))
            time.sleep(0.1)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for process in reversed(self.processes):
            process.terminate()
            process.wait(10)
