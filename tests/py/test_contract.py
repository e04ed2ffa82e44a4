"""The published contract: valid OpenAPI 3.1, true to the service."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from flask import Flask
from openapi_spec_validator import validate

from api.app import create_app
from harness.service import Service
from harness.world import World
from local.postgres import EMBEDDED_VERSION

pytestmark = pytest.mark.http

ADDRESS = "0x" + "f" * 40


@pytest.fixture
def contract(world: World) -> dict[str, object]:
    document: dict[str, object] = json.loads(world.client().get("/v2/openapi.json").data)
    return document


def test_it_is_valid_openapi_3_1(contract: dict[str, object]) -> None:
    assert str(contract["openapi"]).startswith("3.1.")
    validate(contract)


def test_it_names_every_route(world: World, contract: dict[str, object]) -> None:
    app: Flask = create_app(world.settings())
    served = {re.sub(r"<(\w+)>", r"{\1}", rule.rule) for rule in app.url_map.iter_rules()}
    page = {path for path in served if path in ("/", "/docs") or path.startswith("/v2/docs")}
    assert served - page - {"/v2/openapi.json"} == set(contract["paths"])  # type: ignore[call-overload]


def test_a_score_is_as_it_says(world: World, contract: dict[str, object]) -> None:
    world.put_valid(ADDRESS, "Github", "v0:g")
    world.put_valid(ADDRESS, "Ens", "v0:taken")
    world.execute(
        "insert into registry_hashscorerlink (hash, address, community_id, expires_at)"
        " values ('v0:taken', '0x1', 1, '2090-01-01Z')"
    )
    schema = {"$ref": "#/components/schemas/Score", "components": contract["components"]}
    for address in (ADDRESS, "0x" + "0" * 40):
        answer = world.client().get(world.path(address), headers={"X-API-Key": world.key}).json
        jsonschema.validate(answer, schema, jsonschema.Draft202012Validator)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**(answer or {}), "score": 1}, schema, jsonschema.Draft202012Validator)


def test_random_requests_get_what_it_says(
    world: World, serve: Callable[..., Service], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Over HTTP, with every check that Schemathesis knows: thousands of requests in the main run, hundreds in
    the others, as neither the server's version nor a pooler shows in a contract."""
    options = request.config.option
    is_main_run = options.postgres == EMBEDDED_VERSION and not options.pooler
    requests = 1000 if is_main_run else 100
    world.put_valid(ADDRESS, "Github", "v0:g")
    world.execute("update account_apikey set historical_endpoint = true")
    service = serve(world.service_url, TRUSTED_IAM_ISSUERS=f'["{world.issuer.did}"]')
    report = tmp_path / "report.json"
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run"),
        f"http://127.0.0.1:{service.port}/v2/openapi.json",
        *("--header", f"X-API-Key: {world.key}"),
        "--checks=all",
        f"--max-examples={requests}",
        "--generation-database=none",
        "--no-color",
        "--report=json",
        f"--report-json-path={report}",
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert result.returncode == 0, result.stdout
    assert json.loads(report.read_text())["test_cases"]["generated"] > requests
    assert "unforeseen" not in service.output.read_text()
