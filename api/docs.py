"""The docs page: what a browser needs to show the contract, all of it from here."""

from functools import partial
from pathlib import Path

from flask import Flask, Response, redirect, request
from werkzeug.exceptions import NotFound

STATIC = Path(__file__).parent / "static"
# The renderer of OpenAPI as its makers publish it. A new version has a new name: browsers keep this one.
RENDERER = "scalar-1.76.0"
# The page runs no script but ours and the renderer's, loads nothing from elsewhere, and can send what is
# typed there to this service alone. The renderer writes style attributes, hence 'unsafe-inline'.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'unsafe-inline'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
FOREVER = "public, max-age=31536000, immutable"


def add_docs(app: Flask) -> None:
    """Adds the page at /v2/docs, the ways that lead there, and what it loads."""

    @app.get("/v2/docs")
    def docs() -> Response:
        headers = {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"}
        return Response((STATIC / "docs.html").read_text(), mimetype="text/html", headers=headers)

    # Relative, as a path may go before ours that we do not know.
    for path, to in {"/": "v2/docs", "/docs": "v2/docs", "/v2/docs/": "../docs"}.items():
        app.add_url_rule(path, f"docs from {path}", partial(redirect, to), methods=["GET"])

    @app.get("/v2/docs/<any('start.js', 'samples.js'):name>")
    def ours(name: str) -> Response:
        return script((STATIC / name).read_bytes())

    @app.get(f"/v2/docs/{RENDERER}/<path:name>")
    def renderer(name: str) -> Response:
        response = script(of_renderer(name))
        response.headers["Cache-Control"] = FOREVER
        return response


def of_renderer(name: str) -> bytes:
    """A file of the renderer; raises NotFound."""
    # Only who reads the page needs it, not the start.
    from zipfile import ZipFile

    with ZipFile(STATIC / f"{RENDERER}.zip") as files:
        try:
            return files.read(name)
        except KeyError:
            raise NotFound from None


def script(text: bytes) -> Response:
    """A script, compressed for whoever takes that: Lambda gives a load balancer at most 1 MB."""
    # As above: it is not the start that needs it.
    import gzip

    response = Response(mimetype="text/javascript")
    response.headers["Vary"] = "Accept-Encoding"
    if request.accept_encodings.quality("gzip"):
        text = gzip.compress(text, mtime=0)
        response.headers["Content-Encoding"] = "gzip"
    response.set_data(text)
    return response
