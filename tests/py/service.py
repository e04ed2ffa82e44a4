"""The service as it runs in production: gunicorn on a free port, its output in a file."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.migrate import ROOT

# Only a service that never comes up takes this long.
START_SECONDS = 60


@dataclass(frozen=True)
class Service:
    port: int
    output: Path
    pid: int

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of a GET; a header's name is given with _ for -."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        client.request("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        response = client.getresponse()
        try:
            return response.status, dict(response.getheaders()), response.read()
        finally:
            client.close()

    def get_json(self, path: str, **headers: str) -> tuple[int, Any]:
        status, _, body = self.get(path, **headers)
        return status, json.loads(body)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(output: Path, database_url: str, **environment: str) -> Iterator[Service]:
    port = free_port()
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "api.wsgi:app"],
            cwd=ROOT,
            env=os.environ
            | {"PORT": str(port), "DATABASE_URL": database_url, "WEB_CONCURRENCY": "1"}
            | {"TRUSTED_IAM_ISSUERS": '["did:key:nobody"]'}
            | environment,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(port, process)
        yield Service(port, output, process.pid)
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int, process: subprocess.Popen[Any]) -> None:
    """Returns once something listens on the port; fails if the process ends before."""
    for _ in range(START_SECONDS * 20):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            assert process.poll() is None, "the service ended"
            time.sleep(0.05)
    raise AssertionError("the service does not listen")
