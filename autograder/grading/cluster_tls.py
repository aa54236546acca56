"""The keys by which scheduler, workers and grader of a cluster know each other, as a file of Dask's configuration."""

import json

from autograder.grading.backend import BackendError

ROLES = ("scheduler", "worker", "client")
LOST = "60 s"  # a worker that has not been heard of for so long is lost; Dask's own default is 5 minutes


def has_keys() -> bool:
    """Whether Dask's configuration here has them."""
    from distributed import Security

    return Security().get_connection_args("client")["ssl_context"] is not None


def tls_configuration() -> str:
    """New keys, as JSON: whoever has the file can take part, nobody else. Raises BackendError without Dask."""
    try:
        from distributed import Security

        made = Security.temporary()
    except ImportError:
        raise BackendError("making keys needs Dask: run `pip install autograder[cluster]`.") from None
    pairs = {
        role: {"cert": getattr(made, f"tls_{role}_cert"), "key": getattr(made, f"tls_{role}_key")} for role in ROLES
    }
    comm = {"require-encryption": True, "tls": {"ca-file": made.tls_ca_file, **pairs}}
    return json.dumps({"distributed": {"comm": comm, "scheduler": {"worker-ttl": LOST}}}, indent=2) + "\n"
