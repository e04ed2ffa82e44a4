"""The contract in the hands of others' tools: a strict linter, and clients generated in two languages that
call every operation."""

import importlib
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from api.app import OPENAPI
from harness import npm
from harness.contract import Operation, operations
from harness.service import Service
from local import demo

pytestmark = [pytest.mark.newest, pytest.mark.own_tables]

OPERATIONS = operations()
REDOCLY, GENERATE, COMPILE = (
    f"node_modules/{path}"
    for path in ("@redocly/cli/bin/cli.js", "openapi-typescript/bin/cli.js", "typescript/bin/tsc")
)
COMPILER_OPTIONS = (
    *("--strict", "--noEmitOnError", "--skipLibCheck"),
    *("--module", "nodenext", "--target", "es2022"),
)


def test_a_strict_linter_finds_nothing(npm_packages: Path) -> None:
    linted = npm.run(npm_packages, REDOCLY, "lint", "--config", npm.LOCKED / "redocly.yaml", OPENAPI)
    assert linted.returncode == 0, linted.stdout
    assert "Your API description is valid" in linted.stdout, linted.stdout


@pytest.mark.own_tables
def test_a_client_generated_in_typescript_calls_every_operation(
    npm_packages: Path, demo_service: Service, tmp_path: Path
) -> None:
    (tmp_path / "node_modules").symlink_to(npm_packages / "node_modules")
    (tmp_path / "calls.mts").write_text(
        f"""
        import createClient from "openapi-fetch";
        import type {{ paths }} from "./contract.js";

        const client = createClient<paths>({{
          baseUrl: "http://127.0.0.1:{demo_service.port}",
          headers: {{ "X-API-Key": "{demo.KEY}" }},
        }});
        {"".join(map(typescript_call, OPERATIONS))}
        """
    )
    for command in (
        (GENERATE, str(OPENAPI), "--output", "contract.ts"),
        (COMPILE, *COMPILER_OPTIONS, "calls.mts"),
        ("calls.mjs",),
    ):
        ran = npm.run(tmp_path, *command)
        assert ran.returncode == 0, ran.stdout
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [answer["operation"] for answer in answers] == [operation.id for operation in OPERATIONS]
    for answer in answers:
        assert 200 <= answer["status"] < 300, answer
        assert answer["data"], answer


def typescript_call(operation: Operation) -> str:
    """A call as the contract shows it, which prints a line of JSON; the compiler checks its types."""
    given: dict[str, Any] = {}
    for name, value in operation.arguments().items():
        place = operation.parameters[name]["in"]
        given.setdefault("params", {}).setdefault(place, {})[name] = value
    if operation.body is not None:
        given["body"] = operation.body
    return f"""
        {{
          const {{ data, response }} = await client.{operation.method.upper()}(
            {json.dumps(operation.path)}, {json.dumps(given)},
          );
          console.log(JSON.stringify({{ operation: "{operation.id}", status: response.status, data }}));
        }}
    """


@pytest.mark.own_tables
def test_a_client_generated_in_python_calls_every_operation(
    demo_service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = "generated_client"
    (tmp_path / "config.yml").write_text("post_hooks: []\n")
    command = [
        *(sys.executable, "-m", "openapi_python_client", "generate", "--path", str(OPENAPI)),
        *("--output-path", package, "--meta", "none", "--config", "config.yml", "--fail-on-warning"),
    ]
    generated = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert generated.returncode == 0, generated.stdout + generated.stderr
    monkeypatch.syspath_prepend(tmp_path)
    client = importlib.import_module(f"{package}.client").AuthenticatedClient(
        base_url=f"http://127.0.0.1:{demo_service.port}",
        token=demo.KEY,
        prefix="",
        auth_header_name="X-API-Key",
        raise_on_unexpected_status=True,
    )
    with client:
        for operation in OPERATIONS:
            module = importlib.import_module(f"{package}.api.{snake(operation.tag)}.{snake(operation.id)}")
            answer = module.sync_detailed(client=client, **python_arguments(operation, module.sync_detailed))
            assert 200 <= answer.status_code < 300, (operation.id, answer)
            assert answer.parsed.to_dict() == json.loads(answer.content)


def python_arguments(operation: Operation, function: Callable[..., Any]) -> dict[str, Any]:
    """The arguments of a generated function for the call that the contract shows."""
    kinds = {name: parameter.annotation for name, parameter in inspect.signature(function).parameters.items()}
    given = {snake(name): value for name, value in operation.arguments().items()}
    for name, value in given.items():
        if "datetime" in str(kinds[name]):
            given[name] = datetime.fromisoformat(value)
    if operation.body is not None:
        given["body"] = kinds["body"].from_dict(operation.body)
    return given


def snake(name: str) -> str:
    """A name as the generator writes it in Python."""
    return re.sub(r"[\s-]+|(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
