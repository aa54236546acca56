"""Encrypted connections of a cluster: what is left of one that failed breaks no other."""

import _ssl
import asyncio
import ctypes
import errno

import pytest
from distributed import Security
from distributed.comm import Comm, connect, listen

from autograder.grading.cluster_openssl import clear_errors

ERR_LIB_SYS = 2


def leave_error() -> None:
    """Leave in OpenSSL's queue of errors what Python leaves there after a connection that the other side has closed."""
    library = ctypes.PyDLL(_ssl.__file__)
    library.ERR_new()
    library.ERR_set_error(ERR_LIB_SYS, errno.EPIPE, None)


@pytest.mark.skipif(
    not hasattr(_ssl, "__file__") or not hasattr(ctypes.PyDLL(_ssl.__file__), "ERR_set_error"),
    reason="this Python has an OpenSSL within, which nobody else can reach",
)
def test_an_error_that_another_connection_left_breaks_none() -> None:
    clear_errors()
    security = Security.temporary()

    async def echo(comm: Comm) -> None:
        while True:
            await comm.write(await comm.read())

    async def talk() -> list[str]:
        async with listen("tls://127.0.0.1:0", echo, **security.get_listen_args("scheduler")) as listener:
            leave_error()
            comm = await connect(listener.contact_address, **security.get_connection_args("client"))
            said = []
            for text in ("first", "second", "third"):
                leave_error()
                await comm.write(text)
                reading = asyncio.ensure_future(comm.read())
                await asyncio.sleep(0)
                leave_error()
                said.append(await reading)
            comm.abort()
            return said

    assert asyncio.run(talk()) == ["first", "second", "third"]
