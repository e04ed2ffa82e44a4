"""What /v2/docs is made of: it comes from the service alone, and stores and sends nothing elsewhere."""

import gzip
import hashlib
import re
import zipfile
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from api.docs import RENDERER, STATIC
from harness.world import World

pytestmark = pytest.mark.http

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
    assert "http" not in client.get("/v2/docs/start.js").text


def test_each_script_is_sent_whole_and_fits_into_an_answer_of_a_function(client: FlaskClient) -> None:
    with zipfile.ZipFile(STATIC / f"{RENDERER}.zip") as file:
        scripts = {f"{RENDERER}/{name}": file.read(name) for name in file.namelist()}
    assert len(scripts) > 20
    for name, content in (scripts | {"start.js": (STATIC / "start.js").read_bytes()}).items():
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
