"""Staying after the run: processes, threads, files. `{marker}` stands in the arguments of what they start."""

from attacks import Submission, attack

# Ends by itself after a minute, so that nothing stays if the defence fails.
STAY = """
import os, subprocess, sys, time
def stay(**options):
    program = "import signal, time; [signal.signal(n, signal.SIG_IGN) for n in (1, 2, 15)]; time.sleep(60)"
    return subprocess.Popen([sys.executable, "-S", "-c", program, "attack {marker}"], **options)
"""


@attack(dangerous=True)
def daemon(s: Submission) -> None:
    """Forks twice, into a new session"""
    s.code(STAY + "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        stay()\n    os._exit(0)")


@attack(dangerous=True)
def deaf_children(s: Submission) -> None:
    """Starts child processes that ignore signals, and then kills its kernel"""
    s.code(STAY + "stay(start_new_session=True), stay(process_group=0)\nos.kill(os.getpid(), 9)")


@attack(dangerous=True)
def keeps_the_wire(s: Submission) -> None:
    """Passes all its file descriptors to a child process, so that the end of the kernel goes unnoticed"""
    s.code(
        STAY
        + """
for descriptor in range(3, 60):
    try:
        os.set_inheritable(descriptor, True)
    except OSError:
        pass
def total(numbers):
    stay(close_fds=False, start_new_session=True)
    os._exit(0)
"""
    )


@attack(dangerous=True)
def at_exit(s: Submission) -> None:
    """Writes files, and waits, while the kernel is shutting down"""
    s.code(
        STAY
        + """
import atexit, threading
def late():
    open("{outside}/{marker}", "w").close()
    stay()
    time.sleep(60)
atexit.register(late)
threading.Thread(target=time.sleep, args=[60]).start()
get_ipython().kernel.shell_stream.io_loop.call_later(2, late)
"""
    )


@attack(dangerous=True)
def shared_places(s: Submission) -> None:
    """Leaves files where others may find them: /tmp, /dev/shm, /var/tmp, /run, the home folder"""
    s.code(
        """
import os
for folder in ("/tmp", "/dev/shm", "/var/tmp", "/run", "/run/lock", "/home/student", "~", "/etc", "{outside}"):
    try:
        open(os.path.expanduser(folder) + "/attack {marker}", "w").close()
    except OSError as error:
        print(error)
"""
    )


@attack(dangerous=True)
def next_start(s: Submission) -> None:
    """Writes into files that run with every kernel or shell: IPython's startup folder, .bashrc, .pth files, crontab"""
    s.code(
        """
import os, site, sys
for name in ("~/.ipython/profile_default/startup/attack.py", "~/.bashrc", site.getusersitepackages() + "/attack.pth",
             site.getsitepackages()[0] + "/attack {marker}.pth", "/etc/cron.d/attack {marker}",
             "/var/spool/cron/crontabs/attack {marker}", sys.prefix + "/attack {marker}"):
    try:
        path = os.path.expanduser(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "a").write("# attack {marker}\\n")
    except OSError as error:
        print(error)
"""
    )


@attack(dangerous=True)
def other_namespaces(s: Submission) -> None:
    """Creates namespaces and a mount of its own, and tries to become root"""
    s.code(
        STAY
        + """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for flag in (0x10000000, 0x20000, 0x20000000, 0x40000000):  # user, mounts, processes, network
    if libc.unshare(flag) == 0:
        print("LEAKED: namespace", hex(flag))
if libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0:
    print("LEAKED: mount")
if libc.setuid(0) == 0 and os.getuid() == 0:
    print("LEAKED: root")
stay(start_new_session=True)
"""
    )


@attack()
def course_written(s: Submission) -> None:
    """Overwrites other students' answers and the source with its own"""
    s.code(
        """
import glob
for name in glob.glob("{course}/release/*/*.csv") + glob.glob("{course}/submitted/empty/numbers/*.txt"):
    open(name, "a").write(" ")
open("{course}/attack {marker}", "w").close()
"""
    )
