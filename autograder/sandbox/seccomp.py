"""The system calls that a student's code may not make: a seccomp filter for a process and all that it starts.

Refused are calls by which a program has memory that no limit sees, calls that only attacks on the machine need, and
locks that others would see on the files that they have in common. A refused call fails with ENOSYS, as on a kernel
without it.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Iterator
from typing import NamedTuple

# of linux/audit.h: AUDIT_ARCH_…
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_NAMESPACES = 0x7E020080  # of linux/sched.h: all CLONE_NEW…
_SHARED_ANONYMOUS = 0x21  # of linux/mman.h: MAP_SHARED or MAP_SHARED_VALIDATE, and MAP_ANONYMOUS
_LEASE, _NOTIFY, _PIPE_SIZE = 1024, 1026, 1031  # of linux/fcntl.h: F_SETLEASE, F_NOTIFY, F_SETPIPE_SZ
_SOCKET = 1  # SOL_SOCKET
_BUFFERS = (7, 8, 32, 33)  # SO_SNDBUF, SO_RCVBUF, SO_SNDBUFFORCE, SO_RCVBUFFORCE
_FAMILIES = (1, 2, 10, 16)  # AF_UNIX, AF_INET, AF_INET6, AF_NETLINK

# classic BPF: load a word of the call's description, and, jump always, if equal, if greater or equal, return
_LOAD, _AND, _JUMP, _EQUAL, _ABOVE, _RETURN = 0x20, 0x54, 0x05, 0x15, 0x35, 0x06
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000 | errno.ENOSYS
_Step = tuple[int, int, int, int]


class Condition(NamedTuple):
    """Holds where the argument at `place`, under `mask`, is one of `values`, or with `others` none of them."""

    place: int
    values: tuple[int, ...]
    mask: int = 0xFFFFFFFF
    others: bool = False

    def program(self) -> list[_Step]:
        """Goes on after its end where it holds, else to the step after that."""
        steps = [(_LOAD, 0, 0, 16 + 8 * self.place), (_AND, 0, 0, self.mask)]
        for left, value in zip(range(len(self.values) - 1, -1, -1), self.values, strict=True):
            if self.others:
                steps.append((_EQUAL, left + 1, 0, value))
            else:
                steps.append((_EQUAL, left, 0 if left else 1, value))
        return steps


class DeniedCalls(NamedTuple):
    """A system call by its numbers, refused where all conditions hold."""

    x86_64: int
    aarch64: int
    conditions: tuple[Condition, ...] = ()


REFUSED = {
    # memory that no limit sees
    "memfd_create": DeniedCalls(319, 279),
    "memfd_secret": DeniedCalls(447, 447),
    "shmget": DeniedCalls(29, 194),
    "msgget": DeniedCalls(68, 186),
    "semget": DeniedCalls(64, 190),
    "mq_open": DeniedCalls(240, 180),
    "mmap": DeniedCalls(9, 222, (Condition(3, (_SHARED_ANONYMOUS,), mask=_SHARED_ANONYMOUS),)),
    "vmsplice": DeniedCalls(278, 75),
    "tee": DeniedCalls(276, 77),
    "landlock_create_ruleset": DeniedCalls(444, 444),
    "add_key": DeniedCalls(248, 217),
    "request_key": DeniedCalls(249, 218),
    "keyctl": DeniedCalls(250, 219),
    "socket": DeniedCalls(41, 198, (Condition(0, _FAMILIES, others=True),)),
    "setsockopt": DeniedCalls(54, 208, (Condition(1, (_SOCKET,)), Condition(2, _BUFFERS))),
    # locks on files that others have too, and pipes of more than their usual size
    "flock": DeniedCalls(73, 32),
    "fcntl": DeniedCalls(72, 25, (Condition(1, (_LEASE, _NOTIFY, _PIPE_SIZE)),)),
    # what attacks on the machine need
    "io_uring_setup": DeniedCalls(425, 425),
    "bpf": DeniedCalls(321, 280),
    "userfaultfd": DeniedCalls(323, 282),
    "perf_event_open": DeniedCalls(298, 241),
    "fanotify_init": DeniedCalls(300, 262),
    # not every machine lets bubblewrap forbid user namespaces inside
    "clone3": DeniedCalls(435, 435),
    "unshare": DeniedCalls(272, 97),
    "setns": DeniedCalls(308, 268),
    "clone": DeniedCalls(56, 220, (Condition(0, (0,), mask=_NAMESPACES, others=True),)),
}


def is_known() -> bool:
    """Whether the numbers of this machine's system calls are known, without which there is no filter."""
    return os.uname().machine in _ARCHITECTURES


def refuse_calls() -> None:
    """Put the filter on this process and all that it starts.

    The process has to have PR_SET_NO_NEW_PRIVS. Raises OSError, on a machine that is not known as well.
    """
    machine = os.uname().machine
    if not is_known():
        raise OSError(f"machine (={machine!r}) must be one of {', '.join(_ARCHITECTURES)} for a seccomp filter")
    steps = list(_program(machine))
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HP", len(steps), ctypes.addressof(buffer))
    if ctypes.CDLL(None).prctl(22, 2, program, 0, 0):  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
        raise OSError("no seccomp filter")


def _program(machine: str) -> Iterator[_Step]:
    """A block for each call, which answers where it is refused, and else goes on to the next one."""
    yield from [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, _ARCHITECTURES[machine]), (_RETURN, 0, 0, _FAIL)]
    yield from [(_LOAD, 0, 0, 0), (_ABOVE, 0, 1, 0x40000000), (_RETURN, 0, 0, _FAIL)]  # x86's other numbers
    for call in REFUSED.values():
        body: list[_Step] = [(_RETURN, 0, 0, _FAIL)]
        for condition in reversed(call.conditions):
            # where it does not hold, over all that is left of the block
            body = [*condition.program(), (_JUMP, 0, 0, 1), (_JUMP, 0, 0, len(body)), *body]
        yield from [(_LOAD, 0, 0, 0), (_EQUAL, 0, len(body), getattr(call, machine)), *body]
    yield (_RETURN, 0, 0, _ALLOW)
