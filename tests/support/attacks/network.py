"""Reaching others: a listener of the grader's on this machine, its sockets, other kernels. No packet leaves it."""

from attacks import Submission, attack


@attack()
def local_port(s: Submission) -> None:
    """Connects to a port of the machine"""
    s.code("import socket\nsocket.create_connection(('127.0.0.1', {port}), 2).sendall(b'attack')")


@attack()
def abstract_socket(s: Submission) -> None:
    """Connects to a socket that has no file"""
    s.code("import socket\nsocket.socket(socket.AF_UNIX).connect('\\0autograder-attacks-{port}')")


@attack()
def socket_file(s: Submission) -> None:
    """Connects to a socket in one of the grader's folders"""
    s.code("import socket\nend = socket.socket(socket.AF_UNIX)\nend.connect('{outside}/listener')\nend.send(b'x')")


@attack(dangerous=True)
def any_socket(s: Submission) -> None:
    """Connects to every socket that it can find: the grader's, other kernels'"""
    s.code(
        """
import glob, os, socket
found = {line.split()[7] for line in open("/proc/net/unix") if len(line.split()) > 7}
found |= set(glob.glob("/tmp/**/*", recursive=True)) | set(glob.glob("/run/**/*", recursive=True))
for name in found:
    if "{outside}" not in name:
        try:
            end = socket.socket(socket.AF_UNIX)
            end.settimeout(1)
            end.connect(name.replace("@", "\\0"))
            print("LEAKED", name)
        except OSError:
            pass
"""
    )


@attack()
def interfaces(s: Submission) -> None:
    """Looks for a way onto the network: interfaces, raw sockets, routes"""
    s.code(
        """
import socket
print([name for _, name in socket.if_nameindex()])
if any(name != "lo" for _, name in socket.if_nameindex()):
    print("LEAKED: an interface")
try:
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    print("LEAKED: raw packets")
except OSError as error:
    print(error)
"""
    )


@attack(dangerous=True)
def signals_to_others(s: Submission) -> None:
    """Looks for other processes that it can send signals to"""
    s.code(
        """
import os
mine = {os.getpid(), 1, os.getppid()}
for pid in range(2, 5000):
    try:
        os.kill(pid, 0)
        if pid not in mine and not os.path.exists(f"/proc/self/task/{pid}"):
            print("LEAKED", pid, open(f"/proc/{pid}/cmdline").read())
    except OSError:
        pass
"""
    )


@attack(dangerous=True)
def shared_files_locked(s: Submission) -> None:
    """Locks files that all notebooks read: Python's files, the datasets"""
    s.code(
        """
import fcntl, glob, os, sys
locks = {
    "flock": lambda end: fcntl.flock(end, fcntl.LOCK_EX | fcntl.LOCK_NB),
    "lockf": lambda end: fcntl.lockf(end, fcntl.LOCK_EX | fcntl.LOCK_NB),
    "lease": lambda end: fcntl.fcntl(end, fcntl.F_SETLEASE, fcntl.F_RDLCK),
}
held = []
for name in [os.__file__, sys.prefix, *glob.glob(os.path.expanduser("~/.keras/datasets/**"), recursive=True)]:
    if not os.path.exists(name):
        continue
    held.append(os.open(name, os.O_RDONLY))
    for kind, lock in locks.items():
        try:
            lock(held[-1])
            print("LEAKED:", kind, name)
        except OSError as error:
            print(error)
"""
    )
