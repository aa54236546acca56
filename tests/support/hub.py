"""A real JupyterHub on this machine, set up as docs/watch.md says, with any user whom its sign-in page is told of."""

import contextlib
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from clusters import free_port
from repository import ROOT

SECONDS = 60  # for the hub and its service to start
# What differs from a course's hub: free ports, where things are, and that nobody has a password or an account here.
CONFIGURATION = """
{page}
service = c.JupyterHub.services[0]
service.update(command={command!r}, cwd={course!r}, url="http://127.0.0.1:{service}", environment={environment!r})
del service["user"]  # the hub's own
c.JupyterHub.bind_url = "http://127.0.0.1:{proxy}"
c.JupyterHub.hub_port = {hub}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.ConfigurableHTTPProxy.command = [{scripts!r} + "/configurable-http-proxy"]
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {folder!r} + "/homes/{{username}}"
c.Spawner.cmd = [{scripts!r} + "/jupyterhub-singleuser"]
c.Spawner.args = ["--allow-root"]
c.Spawner.environment = {environment!r}
"""


@contextlib.contextmanager
def jupyterhub(folder: Path, course: Path, *watch: str) -> Iterator[str]:
    """A hub whose files are in `folder`, with `autograder watch` of a course as its service; gives its address.

    Kim, an instructor, has the course as home. `watch`: arguments of the service. Nobody needs a password.
    """
    (folder / "homes").mkdir(parents=True)
    (folder / "homes" / "kim").symlink_to(course)
    page = (ROOT / "docs" / "watch.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    ports = {name: free_port() for name in ("proxy", "hub", "api", "service")}
    configuration = CONFIGURATION.format(
        page="\n".join(block for block in blocks if "c.JupyterHub." in block or "c.Spawner." in block),
        command=[sys.executable, "-m", "autograder", "watch", *watch],
        course=str(course),
        environment={"PYTHONPATH": str(ROOT)},
        scripts=str(Path(sys.executable).parent),
        folder=str(folder),
        **ports,
    )
    (folder / "jupyterhub_config.py").write_text(configuration, encoding="utf-8")
    url, log = f"http://127.0.0.1:{ports['proxy']}/", folder / "hub.log"
    with (
        log.open("w", encoding="utf-8") as written,
        subprocess.Popen([sys.executable, "-m", "jupyterhub"], cwd=folder, stdout=written, stderr=written) as hub,
    ):
        try:
            end = time.monotonic() + SECONDS
            while not _answers(f"{url}services/grades/"):
                assert hub.poll() is None, log.read_text(encoding="utf-8")
                assert time.monotonic() < end, log.read_text(encoding="utf-8")
                time.sleep(0.2)
            yield url
        except BaseException as error:
            error.add_note(f"The hub's log:\n{log.read_text(encoding='utf-8')[-5000:]}")
            raise
        finally:
            hub.terminate()  # it ends its proxy, its service, and its users' servers


def _answers(url: str) -> bool:
    """Whether the hub's proxy leads to the service, which sends who is not signed in to the hub."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return "/hub/login" in str(answer.url)
    except OSError:
        return False
