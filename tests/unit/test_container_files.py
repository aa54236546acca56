"""What the container is made from and started with: manifest, locks, seccomp profile, documented flags."""

import json
import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from containers import FLAGS
from repository import ROOT

from autograder import __version__
from autograder.cli.submission import UNGRADABLE
from autograder.container.__main__ import COURSE, DASK, KEYS

ROOM = ROOT / "autograder" / "container"
MANIFEST = (ROOM / "kubernetes.yaml").read_text(encoding="utf-8")
FOR_ONE = (ROOM / "kubernetes-submission.yaml").read_text(encoding="utf-8")
CLUSTER = (ROOM / "kubernetes-cluster.yaml").read_text(encoding="utf-8")
BY_CLUSTER = (ROOM / "kubernetes-cluster-grade.yaml").read_text(encoding="utf-8")
WATCH = (ROOM / "kubernetes-watch.yaml").read_text(encoding="utf-8")
CONTAINERFILE = (ROOT / "autograder" / "Containerfile").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "container.md").read_text(encoding="utf-8")
PROFILE = json.loads((ROOM / "seccomp.json").read_text(encoding="utf-8"))


@pytest.fixture
def job() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(MANIFEST)
    return loaded


@pytest.mark.parametrize("version", ["1.31", kubernetes_validate.latest_version()])
@pytest.mark.parametrize(
    "manifest",
    [MANIFEST, FOR_ONE, CLUSTER, BY_CLUSTER, WATCH],
    ids=["class", "submission", "cluster", "class by cluster", "watch"],
)
def test_the_manifest_is_valid_by_the_official_schema(manifest: str, version: str) -> None:
    for one in yaml.safe_load_all(manifest):
        kubernetes_validate.validate(one, version, strict=True)


def test_the_clusters_pods_have_its_keys_and_no_privilege_and_find_each_other(job: dict[str, Any]) -> None:
    service, scheduler, worker = yaml.safe_load_all(CLUSTER)
    grader = yaml.safe_load(BY_CLUSTER)
    pods = {one["metadata"].get("name", "grader"): one["spec"]["template"] for one in (scheduler, worker, grader)}
    for name, template in pods.items():
        pod, (container,) = template["spec"], template["spec"]["containers"]
        mounted = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        assert mounted.keys() == {volume["name"] for volume in pod["volumes"]}
        assert (mounted["keys"], mounted["tmp"]) == (KEYS, "/tmp")
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert {"cpu", "memory", "ephemeral-storage"} <= container["resources"]["limits"].keys()
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        if name != "autograder-scheduler":  # these make sandboxes
            assert pod["securityContext"] == job["spec"]["template"]["spec"]["securityContext"]
    assert service["spec"]["selector"] == pods["autograder-scheduler"]["metadata"]["labels"]
    for one in (scheduler, worker):
        assert one["spec"]["selector"]["matchLabels"] == one["spec"]["template"]["metadata"]["labels"]
    (port,) = (str(one["port"]) for one in service["spec"]["ports"])
    assert f"--port={port}" in DASK["scheduler"]
    address = f"tls://{service['metadata']['name']}:{port}"
    assert pods["autograder-worker"]["spec"]["containers"][0]["args"][:2] == ["worker", address]
    assert pods["grader"]["spec"]["containers"][0]["args"][-1] == f"--cluster={address}"


def test_a_submission_that_cannot_be_graded_is_not_tried_again_and_has_no_privilege(job: dict[str, Any]) -> None:
    one = yaml.safe_load(FOR_ONE)["spec"]
    assert one["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"] == [UNGRADABLE]
    (container,) = one["template"]["spec"]["containers"]
    assert one["podFailurePolicy"]["rules"][0]["onExitCodes"]["containerName"] == container["name"]
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/submission", "/results", "/cache", "/tmp"}
    assert one["template"]["spec"]["securityContext"] == job["spec"]["template"]["spec"]["securityContext"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_what_watches_is_one_pod_with_the_jobs_rights_and_folders(job: dict[str, Any]) -> None:
    one, pod = yaml.safe_load(WATCH)["spec"], job["spec"]["template"]["spec"]
    found, (container,) = one["template"]["spec"], one["template"]["spec"]["containers"]
    assert one["selector"]["matchLabels"] == one["template"]["metadata"]["labels"]
    assert (one["replicas"], one["strategy"]) == (1, {"type": "Recreate"})
    for name in ("securityContext", "volumes", "hostUsers", "automountServiceAccountToken"):
        assert found[name] == pod[name]
    for name in ("securityContext", "volumeMounts"):
        assert container[name] == pod["containers"][0][name]
    assert container["args"] == ["watch"]


def test_a_slip_in_the_manifest_would_be_seen(job: dict[str, Any]) -> None:
    job["spec"]["template"]["spec"]["automountServiceAccountTokens"] = False
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(job, "1.31", strict=True)


def test_the_pod_has_a_gpu_and_no_privilege(job: dict[str, Any]) -> None:
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert {"cpu", "memory", "ephemeral-storage"} <= container["resources"]["limits"].keys()
    assert pod["automountServiceAccountToken"] is False
    assert pod["hostUsers"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "procMount": "Unmasked",
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_what_the_pod_mounts_is_where_the_image_looks(job: dict[str, Any]) -> None:
    pod = job["spec"]["template"]["spec"]
    mounted = {mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
    assert mounted.keys() == {volume["name"] for volume in pod["volumes"]}
    assert mounted["course"] == str(COURSE)
    assert f"KERAS_HOME={mounted['datasets']}" in CONTAINERFILE
    assert "/tmp" in mounted.values()


def test_no_file_repeats_the_version() -> None:
    assert [
        file for file in (CONTAINERFILE, MANIFEST, FOR_ONE, CLUSTER, BY_CLUSTER, WATCH) if __version__ in file
    ] == []


def test_the_locks_pin_everything_and_each_once() -> None:
    lines = [*_lines(ROOT / "requirements.lock"), *_lines(ROOM / "image.lock")]
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.+]+", line)] == []
    names = [re.sub(r"[-_.]+", "-", line.split("==")[0].lower()) for line in lines]
    assert len(set(names)) == len(names)
    assert any(name.startswith("nvidia-cudnn") for name in names)


def test_the_seccomp_profile_refuses_what_nobody_needs_and_allows_a_sandbox() -> None:
    refused = {name for rule in PROFILE["syscalls"] if "args" not in rule for name in rule["names"]}
    assert {rule["action"] for rule in PROFILE["syscalls"]} == {"SCMP_ACT_ERRNO"}
    assert {"bpf", "kexec_load", "init_module", "io_uring_setup", "keyctl", "ptrace", "setns", "userfaultfd"} <= refused
    assert not refused & {"clone", "clone3", "unshare", "mount", "umount2", "pivot_root", "sethostname"}


# Flags as the tests start podman with them -> how a user of podman writes them, and one of docker.
SPELLED = {
    "--user UID:GID": ("--userns keep-id", '--user "$(id -u):$(id -g)"'),
    "--security-opt unmask=/proc/*": ("--security-opt 'unmask=/proc/*'", "--security-opt systempaths=unconfined"),
}
DOCKERS_OWN = {"--tmpfs /tmp", "--security-opt apparmor=unconfined"}


@pytest.mark.parametrize(("program", "place"), [("podman", 0), ("docker", 1)])
def test_the_page_starts_the_container_with_the_flags_that_are_tested(program: str, place: int) -> None:
    wanted = {SPELLED.get(flag, (flag, flag))[place] for flag in FLAGS} | (
        DOCKERS_OWN if program == "docker" else set()
    )
    block = re.search(rf"```bash\n({program} run .*?)```", PAGE, re.DOTALL)
    assert block is not None
    command = " ".join(block[1].replace("\\\n", " ").split())
    options = command.removeprefix(f"{program} run --rm ").partition(" --volume")[0]
    assert set(re.findall(r"--.+?(?= --|$)", options)) == wanted


@pytest.mark.parametrize("place", [0, 1])
def test_the_page_says_what_each_flag_is_for(place: int) -> None:
    table = PAGE.split("| podman | docker | what it is for |\n|---|---|---|\n")[1].split("\n\n")[0]
    told: set[str] = set()
    for row in table.splitlines():
        podman, docker, why = (cell.strip() for cell in row.split("|")[1:-1])
        assert why
        told |= set(re.findall(r"`(--[^`]+)`", podman if place == 0 or docker == "the same" else docker))
    wanted = {SPELLED.get(flag, (flag, flag))[place] for flag in FLAGS} | (DOCKERS_OWN if place else set())
    assert wanted <= told


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
