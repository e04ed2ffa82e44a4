"""The HTTP service: routes, and the answer to each way a request can fail."""

import json
import logging
from pathlib import Path

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from api import scoring
from api.database import Database, Misconfigured, Unavailable, Unfinished
from api.docs import add_docs
from api.settings import Settings

OPENAPI = Path(__file__).parent / "openapi.json"
# Seconds after which a client refused for want of the database is asked to come back.
RETRY_AFTER = 1
UNEXPECTED = "Unexpected error while submitting passport"
# Any web page may call the service: a browser's user sends its key knowingly, never a cookie.
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type, X-API-Key",
    "Access-Control-Expose-Headers": "Allow, Retry-After",
    "Access-Control-Max-Age": "86400",
}
# An answer is of its moment and for its asker, and is what its type says.
HEADERS = CORS | {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

log = logging.getLogger(__name__)


def create_app(settings: Settings, database: Database | None = None) -> Flask:
    """The WSGI application for one database: that of the settings, unless it is given."""
    app = Flask(__name__, static_folder=None)
    asked = database or Database(settings.database_url, settings.database_password)

    @app.get("/v2/stamps/<scorer_id>/score/<address>")
    def score(scorer_id: str, address: str) -> Response:
        return answer(200, scoring.score(asked, settings, api_key(), scorer_id, address))

    @app.get("/health")
    def health() -> Response:
        asked.ping()
        return answer(200, json.dumps({"status": "ok"}))

    @app.get("/v2/openapi.json")
    def openapi() -> Response:
        return answer(200, OPENAPI.read_text())

    add_docs(app)

    @app.errorhandler(scoring.Refused)
    def refused(error: scoring.Refused) -> Response:
        return problem(error.status, error.detail)

    @app.errorhandler(Unavailable)
    def unavailable(error: Unavailable) -> Response:
        log.error("database unavailable: %s", error)
        return try_again("The service is temporarily unavailable. Please try again.")

    @app.errorhandler(Unfinished)
    def unfinished(error: Unfinished) -> Response:
        log.warning("unfinished: %s", error)
        return try_again("The credentials of this address are still being checked. Please try again.")

    @app.errorhandler(Misconfigured)
    def misconfigured(error: Misconfigured) -> Response:
        log.error("scorer misconfigured: %s", error)
        return problem(500, UNEXPECTED)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        response = problem(error.code or 500, error.description or error.name)
        if allowed := getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(sorted(allowed))
        return response

    @app.errorhandler(Exception)
    def unforeseen(error: Exception) -> Response:
        log.exception("unforeseen error")
        return problem(500, UNEXPECTED)

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return app


def api_key() -> str | None:
    """The request's key: X-API-Key, else the second word of Authorization."""
    if key := request.headers.get("X-API-Key"):
        return key
    words = request.headers.get("Authorization", "").split()
    return words[1] if len(words) == 2 else None


def answer(status: int, body: str) -> Response:
    """A response of JSON text, sent as it is."""
    return Response(body, status, mimetype="application/json")


def problem(status: int, detail: str) -> Response:
    """An error as clients of the running service know it."""
    return answer(status, json.dumps({"detail": detail}))


def try_again(detail: str) -> Response:
    """An error that the same request may not meet again."""
    response = problem(503, detail)
    response.headers["Retry-After"] = str(RETRY_AFTER)
    return response
