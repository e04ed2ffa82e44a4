"""AWS's own emulator of Lambda's runtime around a function, where Go is there to build it."""

import fcntl
import http.client
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.lambda_runtime import CACHE, NOT_ABOVE_MODES, SECONDS, Function, lambda_environment
from harness.service import free_port, wait_for

# It has no tags.
VERSION = "v0.0.0-20261030222936-bef5c4ba774d"
MODULE = f"github.com/aws/aws-lambda-runtime-interface-emulator/cmd/aws-lambda-rie@{VERSION}"
INVOCATIONS = "/2015-03-31/functions/function/invocations"
HANDLER = "api.aws_lambda.handler"


def emulator() -> Path | None:
    """The emulator, which is built once; None where Go is missing."""
    go = shutil.which("go")
    if not go:
        return None
    folder = CACHE / f"lambda-emulator-{VERSION}"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "lambda-emulator.lock").open("w") as waiting:
        fcntl.flock(waiting, fcntl.LOCK_EX)
        if not (folder / "aws-lambda-rie").exists():
            subprocess.run([go, "install", MODULE], env=os.environ | {"GOBIN": str(folder)}, check=True)
    return folder / "aws-lambda-rie"


@contextmanager
def emulated(
    program: Path, function: Function, output: Path, settings: dict[str, str]
) -> Iterator[Callable[[Any], Any]]:
    """Gives what invokes the function with an event and gives its answer."""
    port = free_port()
    command = [
        *(*NOT_ABOVE_MODES, str(program)),
        *("--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
        *("--runtime-api-address", f"127.0.0.1:{free_port()}"),
        *(function.python, "-m", "awslambdaric", HANDLER),
    ]

    def invoke(event: Any) -> Any:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
        client.request("POST", INVOCATIONS, json.dumps(event))
        try:
            return json.load(client.getresponse())
        finally:
            client.close()

    with output.open("ab") as file:
        process = subprocess.Popen(
            command,
            cwd=function.folder,
            env=lambda_environment(function, HANDLER) | settings,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for(port, process)
        yield invoke
    finally:
        # With the process that it has started.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
