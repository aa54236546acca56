"""Keeps a fault of Python's `ssl` from a cluster: with OpenSSL 3.4 or later, one connection that the other side closed
makes all others of its thread fail, as if they were closed, too (https://github.com/python/cpython/issues/148594).
"""

import _ssl
import ctypes
import functools
from collections.abc import Callable
from typing import Any

from tornado.iostream import SSLIOStream


@functools.cache
def clear_errors() -> None:
    """From now on, clear what is left in OpenSSL's queue of errors before each use of one of Dask's connections."""
    try:
        clear = ctypes.PyDLL(getattr(_ssl, "__file__", None)).ERR_clear_error
    except (AttributeError, OSError):  # a Python with an OpenSSL within, which nobody else can reach
        return
    for name in ("read_from_fd", "write_to_fd", "_do_ssl_handshake"):
        setattr(SSLIOStream, name, _clearing(getattr(SSLIOStream, name), clear))


def dask_setup(_: Any) -> None:
    """As a preload of `dask scheduler` and `dask worker`."""
    clear_errors()


def _clearing(use: Callable[..., Any], clear: Callable[[], Any]) -> Callable[..., Any]:
    @functools.wraps(use)
    def clearing(*arguments: Any) -> Any:
        clear()
        return use(*arguments)

    return clearing
