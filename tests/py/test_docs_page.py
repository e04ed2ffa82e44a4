"""What /v2/docs is made of: it comes from the service alone, and stores and sends nothing elsewhere."""

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from api.docs import RENDERER, STATIC
from harness import npm
from harness.contract import document, operations
from harness.service import Service
from harness.world import World
from local import demo

pytestmark = [pytest.mark.newest, pytest.mark.own_tables]

# What a load balancer takes from a function, of which base64 is four thirds.
MOST_BYTES = 1024 * 1024 * 3 // 4
ADDRESS = re.compile(r"""(?:src|href|action)=["']?([^"'\s>]+)""")


@pytest.fixture
def client(world: World) -> FlaskClient:
    return world.client()


def test_the_renderer_is_the_one_that_is_recorded() -> None:
    recorded, name = (STATIC / f"{RENDERER}.zip.sha256").read_text().split()
    assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == recorded
    version = RENDERER.partition("-")[2]
    assert f"`@scalar/api-reference` {version}" in (STATIC / "README.md").read_text()
    assert "MIT License" in (STATIC / f"{RENDERER}.LICENSE").read_text()
    assert f'"./{RENDERER}/standalone.esm.js"' in (STATIC / "start.js").read_text()


@pytest.mark.parametrize("path", ["/", "/docs", "/v2/docs/"])
def test_what_leads_to_the_page(client: FlaskClient, path: str) -> None:
    location = client.get(path).headers["Location"]
    # A path may go before it.
    assert not location.startswith(("/", "http"))
    assert urljoin(f"http://localhost/stage{path}", location) == "http://localhost/stage/v2/docs"
    assert client.get(urljoin(path, location)).mimetype == "text/html"


def test_the_page_may_load_and_reach_nothing_but_the_service(client: FlaskClient) -> None:
    response = client.get("/v2/docs")
    policy = dict(part.split(" ", 1) for part in response.headers["Content-Security-Policy"].split("; "))
    assert policy.pop("default-src") == "'none'"
    assert policy.pop("style-src") == "'unsafe-inline'"
    assert policy.pop("img-src") == "'self' data:"
    assert set(policy.values()) == {"'self'", "'none'"}
    assert "unsafe" not in policy["script-src"]
    assert {address.partition(":")[0] for address in ADDRESS.findall(response.text)} == {
        "data",
        "docs/start.js",
        "openapi.json",
    }
    assert "http" not in client.get("/v2/docs/start.js").text + client.get("/v2/docs/samples.js").text


def test_each_script_is_sent_whole_and_fits_into_an_answer_of_a_function(client: FlaskClient) -> None:
    with zipfile.ZipFile(STATIC / f"{RENDERER}.zip") as file:
        scripts = {f"{RENDERER}/{name}": file.read(name) for name in file.namelist()}
    assert len(scripts) > 20
    ours = {name: (STATIC / name).read_bytes() for name in ("start.js", "samples.js")}
    for name, content in (scripts | ours).items():
        plain = client.get(f"/v2/docs/{name}")
        compressed = client.get(f"/v2/docs/{name}", headers={"Accept-Encoding": "gzip, br"})
        assert plain.mimetype == compressed.mimetype == "text/javascript"
        assert "Content-Encoding" not in plain.headers
        assert plain.data == gzip.decompress(compressed.data) == content, name
        assert len(compressed.data) < MOST_BYTES, name
        kept = "public, max-age=31536000, immutable" if name in scripts else "no-store"
        assert plain.headers["Cache-Control"] == kept
        assert plain.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "name", ["nothing.js", f"{RENDERER}/nothing.js", f"{RENDERER}/../docs.html", "docs.html"]
)
def test_there_is_nothing_else(client: FlaskClient, name: str) -> None:
    assert client.get(f"/v2/docs/{name}").status_code == 404


# Prints as JSON the samples of each operation.
SAMPLES = """
import { readFileSync } from "node:fs";
const [module, contract, base] = process.argv.slice(2);
const { withSamples } = await import(module);
const { paths } = withSamples(JSON.parse(readFileSync(contract)), base);
const operations = Object.values(paths).flatMap((item) => Object.values(item));
console.log(JSON.stringify(operations.map((each) => [each.operationId, each["x-codeSamples"]])));
"""


@pytest.mark.own_tables
def test_each_sample_is_a_program_that_prints_the_answer(demo_service: Service, tmp_path: Path) -> None:
    if not shutil.which("node"):
        pytest.skip("Node.js is not there")
    (tmp_path / "samples.mjs").write_text(SAMPLES)
    shutil.copy(STATIC / "samples.js", tmp_path / "module.mjs")
    (tmp_path / "contract.json").write_text(json.dumps(document()))
    base = f"http://127.0.0.1:{demo_service.port}"
    samples = json.loads(run(tmp_path, "node", "samples.mjs", "./module.mjs", "contract.json", base))
    assert {operation for operation, _ in samples} == {operation.id for operation in operations()}
    for operation, given in samples:
        assert [sample["label"] for sample in given] == ["curl", "JavaScript", "Python"]
        curl, javascript, python = (sample["source"] for sample in given)
        (tmp_path / "sample.mjs").write_text(javascript)
        answers = [
            json.loads(run(tmp_path, *command))
            for command in (
                ("sh", "-c", f"{curl} --fail --silent --show-error"),
                ("node", "sample.mjs"),
                (sys.executable, "-c", python),
            )
        ]
        assert all(answer.keys() == answers[0].keys() != {"detail"} for answer in answers), operation


def run(folder: Path, *command: str) -> str:
    """What a program prints that knows the demo's key."""
    environment = os.environ | {"API_KEY": demo.KEY}
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.own_tables
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_reader_tries_every_operation(
    npm_packages: Path, demo_service: Service, tmp_path: Path, width: int, scheme: str
) -> None:
    """In a browser: nothing is loaded from or sent to elsewhere, nothing stays, nothing is cut off."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("Chromium is not there")
    (tmp_path / "node_modules").symlink_to(npm_packages / "node_modules")
    shutil.copy(npm.LOCKED / "visit.mjs", tmp_path)
    base = f"http://127.0.0.1:{demo_service.port}"
    visit = {"program": program, "url": f"{base}/", "key": demo.KEY, "width": width, "scheme": scheme}
    visited = npm.run(tmp_path, "visit.mjs", json.dumps(visit))
    assert visited.returncode == 0, visited.stdout
    found = json.loads(visited.stdout)
    assert found["complaints"] == []
    assert [url for url in found["requests"] if not url.startswith(base)] == []
    assert {answer["operation"] for answer in found["answers"]} == {each.id for each in operations()}
    assert {answer["status"] for answer in found["answers"]} == {200}
    assert found["stored"] == {"cookies": [], "origins": [], "session": [], "databases": []}
    assert set(found["widths"]) == {width}
    assert (max(map(int, re.findall(r"\d+", found["background"]))) < 64) == (scheme == "dark")
    begin = {"curl": "curl ", "JavaScript": "const ", "Python": "import "}
    assert len(found["samples"]) == len(operations()) * len(begin)
    assert all(sample.startswith(begin[label]) for label, sample in found["samples"])
    shown = " ".join(found["text"].split())
    contract: dict[str, Any] = document()
    for item in contract["paths"].values():
        for operation in item.values():
            for text in (operation["summary"], operation["description"]):
                assert text in shown
