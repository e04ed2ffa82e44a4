"""The HTTP service: routes, and the answer to each way a request can fail."""

import json
import traceback
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException

from api import readiness, request_log, scoring
from api.database import Database, Misconfigured, Unavailable, Unfinished
from api.logged import Logged
from api.settings import Settings

OPENAPI = Path(__file__).parent / "openapi.json"
# Seconds after which a client refused for want of the database is asked to come back.
RETRY_AFTER = 1
UNEXPECTED = "Unexpected error while submitting passport"
# Any web page may call the service: a browser's user sends its key knowingly, never a cookie.
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type, X-API-Key, X-Request-ID",
    "Access-Control-Expose-Headers": "Allow, Retry-After, X-Request-ID",
    "Access-Control-Max-Age": "86400",
}
# An answer is of its moment and for its asker, and is what its type says.
HEADERS = CORS | {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def create_app(settings: Settings, database: Database | None = None, service: str | None = None) -> Flask:
    """The WSGI application for one database: that of the settings, unless it is given. service, where it is
    given, is whose metrics CloudWatch is to read from the log."""
    app = Flask(__name__, static_folder=None)
    asked = database or Database(settings.database_url, settings.database_password)

    @app.get("/v2/stamps/<scorer_id>/score/<address>")
    def score(scorer_id: str, address: str) -> Response:
        return answer(200, scoring.score(asked, settings, api_key(), scorer_id, address))

    @app.get("/health")
    def health() -> Response:
        return answer(200, json.dumps({"status": "ok"}))

    @app.get("/ready")
    def ready() -> Response:
        missing = readiness.missing(asked, settings)
        return try_again(missing) if missing else answer(200, json.dumps({"status": "ready"}))

    @app.get("/v2/openapi.json")
    def openapi() -> Response:
        return answer(200, OPENAPI.read_text())

    @app.get("/v2/docs")
    def docs() -> str:
        return render_template("docs.html", api=contract(), server=request.host_url.rstrip("/"))

    @app.errorhandler(scoring.Refused)
    def refused(error: scoring.Refused) -> Response:
        return problem(error.status, error.detail)

    @app.errorhandler(Unavailable)
    def unavailable(error: Unavailable) -> Response:
        request_log.failed("unavailable", error)
        return try_again("The service is temporarily unavailable. Please try again.")

    @app.errorhandler(Unfinished)
    def unfinished(error: Unfinished) -> Response:
        request_log.failed("unfinished", error)
        return try_again("The credentials of this address are still being checked. Please try again.")

    @app.errorhandler(Misconfigured)
    def misconfigured(error: Misconfigured) -> Response:
        request_log.failed("misconfigured", error)
        return problem(500, UNEXPECTED)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        response = problem(error.code or 500, error.description or error.name)
        if allowed := getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(sorted(allowed))
        return response

    @app.errorhandler(Exception)
    def unforeseen(error: Exception) -> Response:
        request_log.failed("unforeseen", error)
        request_log.current()["traceback"] = traceback.format_exc()
        return problem(500, UNEXPECTED)

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(HEADERS)
        if rule := request.url_rule:
            request_log.current()["route"] = rule.rule.replace("<", "{").replace(">", "}")
        return response

    app.wsgi_app = Logged(app.wsgi_app, settings.log_sample, service)  # type: ignore[method-assign]
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


@cache
def contract() -> dict[str, Any]:
    """The OpenAPI document."""
    document: dict[str, Any] = json.loads(OPENAPI.read_text())
    return document
