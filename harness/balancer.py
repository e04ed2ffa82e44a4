"""nginx before two services, as deploy/nginx has it: the stand-in for a load balancer with weights."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.migrate import ROOT
from harness.debian import CACHE, unpacked
from harness.patience import wait_until
from harness.service import free_port

START_SECONDS = 30
STOP_SECONDS = 30


@dataclass(frozen=True)
class Balancer:
    port: int
    folder: Path

    def share(self, percent: int) -> str:
        """Gives the candidate so much of the requests; what the command says."""
        return subprocess.run(
            [self.folder / "share", str(percent)],
            env=environment(),
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def answered(self) -> list[dict[str, Any]]:
        """What the access log says, oldest first."""
        return [json.loads(line) for line in (self.folder / "access.log").read_text().splitlines()]

    def logged(self, request_id: str) -> dict[str, Any]:
        """What the access log says of a request, once it does: a line comes after its answer."""
        found: list[dict[str, Any]] = []

        def is_found() -> bool:
            found[:] = [line for line in self.answered() if line["request_id"] == request_id]
            return bool(found)

        wait_until(is_found, f"the log has {request_id}")
        return found[0]


@contextmanager
def balanced(existing: int, candidate: int) -> Iterator[Balancer]:
    """nginx before services on two ports of this machine, all requests to the existing one at first."""
    with tempfile.TemporaryDirectory(prefix="nginx-") as name:
        folder = Path(name)
        shutil.copytree(ROOT / "deploy/nginx", folder, dirs_exist_ok=True)
        # Workers of an nginx that is root belong to another user.
        folder.chmod(0o755)
        upstreams = (folder / "upstreams.conf").read_text()
        upstreams = upstreams.replace(":8001", f":{existing}").replace(":8000", f":{candidate}")
        (folder / "upstreams.conf").write_text(upstreams)
        port = free_port()
        (folder / "listen.conf").write_text(f"listen 127.0.0.1:{port};\n")
        process = subprocess.Popen(
            [program(), "-e", "stderr", "-p", folder, "-c", "rollout.conf", "-g", "daemon off;"],
            env=environment(),
        )
        try:
            wait_for(folder / "nginx.pid", process)
            yield Balancer(port, folder)
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


def program() -> str:
    """The system's nginx, else Debian's package unpacked."""
    for path in (os.environ.get("PATH"), "/usr/sbin"):
        if installed := shutil.which("nginx", path=path):
            return installed
    return str(unpacked("nginx", "nginx", "--with-dependencies") / "usr/sbin/nginx")


def environment() -> dict[str, str]:
    libraries = {str(path.parent) for path in (CACHE / "nginx").glob("**/*.so.*")}
    return os.environ | {"NGINX_PROGRAM": program(), "LD_LIBRARY_PATH": ":".join(sorted(libraries))}


def wait_for(pid: Path, process: subprocess.Popen[bytes]) -> None:
    for _ in range(START_SECONDS * 50):
        assert process.poll() is None, "nginx ended"
        if pid.exists() and pid.read_text().strip():
            return
        time.sleep(0.02)
    raise AssertionError("nginx does not come up")
