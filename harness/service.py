"""The service as it runs in production, on a free port, its output in a file."""

import http.client
import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from db.migrate import ROOT
from deploy.serve import COMMAND

# Only a service that never comes up, or never answers, takes this long.
START_SECONDS = 60
ANSWER_SECONDS = 60


@dataclass(frozen=True)
class Service:
    port: int
    output: Path
    pid: int

    def get(
        self, path: str, timeout: float = ANSWER_SECONDS, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of a GET; names of headers go with _ for -, and come as in Retry-After."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        client.request("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        response = client.getresponse()
        try:
            received = {name.title(): value for name, value in response.getheaders()}
            return response.status, received, response.read()
        finally:
            client.close()

    def get_json(self, path: str, **headers: str) -> tuple[int, Any]:
        status, _, body = self.get(path, ANSWER_SECONDS, **headers)
        return status, json.loads(body)


def free_port() -> int:
    """A port that nothing listens on: below those that the kernel gives to clients, who might take it before
    it is used."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def running(output: Path, database_url: str, changed: str = "", **environment: str) -> Iterator[Service]:
    """The service on a database; changed is a statement that changes the module deploy.serve before."""
    port = free_port()
    environment = {
        "PORT": str(port),
        "DATABASE_URL": database_url,
        "WEB_CONCURRENCY": "1",
        "TRUSTED_IAM_ISSUERS": '["did:key:z6MkNobody"]',
    } | environment
    changing = [sys.executable, "-c", f"from deploy import serve; {changed}; raise SystemExit(serve.main())"]
    with output.open("wb") as file:
        process = subprocess.Popen(
            changing if changed else COMMAND,
            cwd=ROOT,
            env=os.environ | environment,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(port, process)
        wait_for_workers(process, int(environment["WEB_CONCURRENCY"]))
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


def wait_for_workers(process: subprocess.Popen[Any], count: int) -> None:
    """Returns once the service has so many processes that answer."""
    for _ in range(START_SECONDS * 20):
        if len(psutil.Process(process.pid).children()) == count:
            return
        time.sleep(0.05)
    raise AssertionError("the service does not start its processes")
