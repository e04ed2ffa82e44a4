"""The HTTP service: routes, and the answer to each way a request can fail."""

import json
import re
from functools import cache, partial
from pathlib import Path

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from api import (
    answer_size,
    batch,
    credential_list,
    demo_answers,
    history,
    rate_limit,
    readiness,
    request_body,
    request_log,
    scoring,
)
from api.database import Database
from api.docs import add_docs
from api.failures import failed
from api.headers import with_headers
from api.logged import Logged
from api.refused import UNAVAILABLE, Refused
from api.settings import Settings
from api.url_rule import UrlRule

OPENAPI = Path(__file__).parent / "openapi.json"
# Seconds after which a client refused for want of the database is asked to come back.
RETRY_AFTER = 1


def create_app(settings: Settings, database: Database | None = None, service: str | None = None) -> Flask:
    """The WSGI application for one database: that of the settings, unless it is given. service, where it is
    given, is whose metrics CloudWatch is to read from the log."""
    app = Flask(__name__, static_folder=None)
    app.url_rule_class = UrlRule
    # A path with a slash too many is an unknown one, not one to be sent elsewhere.
    app.url_map.merge_slashes = False
    # Whole URLs are those that the client knows: a load balancer or proxy in front names them.
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=0, x_host=1)  # type: ignore[method-assign]
    asked = database or Database(settings.database_url, settings.database_password)
    demo = demo_answers.DemoDatabase()
    app.after_request(rate_limit.add_headers)

    def database_of(key: str | None) -> Database:
        return demo if demo_answers.is_demo(key, settings.demo_api_key) else asked

    @app.get("/v2/stamps/<scorer_id>/score/<address>")
    def score(scorer_id: str, address: str) -> Response:
        key = api_key()
        allowance = rate_limit.begin()
        return answer(200, scoring.score(database_of(key), settings, key, scorer_id, address, allowance))

    @app.get("/v2/stamps/<scorer_id>/score/<address>/history")
    def score_history(scorer_id: str, address: str) -> Response:
        key = api_key()
        created_at = request.args.get("created_at")
        allowance = rate_limit.begin()
        return answer(
            200,
            history.score_at(database_of(key), settings, key, scorer_id, address, created_at, allowance),
        )

    @app.post("/v2/stamps/<scorer_id>/scores")
    def scores(scorer_id: str) -> Response:
        key = api_key()
        read = partial(request_body.read, request.stream, request.content_length)
        room = answer_size.room(request.environ)
        allowance = rate_limit.begin()
        return answer(200, batch.scores(database_of(key), settings, key, scorer_id, read, room, allowance))

    @app.get("/v2/stamps/<address>")
    def credentials(address: str) -> Response:
        key = api_key()
        room = answer_size.room(request.environ)
        allowance = rate_limit.begin()
        found = credential_list.credentials(
            database_of(key), key, address, request.args.to_dict(), url_of_request(), room, allowance
        )
        return answer(200, found)

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

    add_docs(app)

    @app.errorhandler(Refused)
    def refused(error: Refused) -> Response:
        return problem(error.status, error.detail)

    @app.errorhandler(history.NoScore)
    def no_score(error: history.NoScore) -> Response:
        return answer(404, json.dumps({"detail": error.detail, "address": error.address}))

    @app.errorhandler(request_body.Busy)
    def busy(error: request_body.Busy) -> Response:
        request_log.failed("busy", error)
        return try_again(UNAVAILABLE)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        response = problem(error.code or 500, error.description or error.name)
        if allowed := getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(sorted(allowed))
        return response

    @app.errorhandler(Exception)
    def failure(error: Exception) -> Response:
        status, detail = failed(error)
        return try_again(detail) if status == 503 else problem(status, detail)

    @app.after_request
    def note_route(response: Response) -> Response:
        if rule := request.url_rule:
            request_log.current()["route"] = route_of(rule.rule)
        return response

    app.wsgi_app = Logged(with_headers(app.wsgi_app), settings.log_sample, service)  # type: ignore[method-assign]
    return app


@cache
def route_of(rule: str) -> str:
    """A rule of Flask's as the contract writes it; there are as many as routes."""
    return re.sub(r"<[^>]*?(\w+)>", r"{\1}", rule)


def api_key() -> str | None:
    """The request's key: X-API-Key, else the second word of Authorization."""
    if key := request.headers.get("X-API-Key"):
        return key
    words = request.headers.get("Authorization", "").split()
    return words[1] if len(words) == 2 else None


def url_of_request() -> str:
    """The request's URL without its query; raises Refused for one that no client can follow."""
    try:
        given = request.base_url
    except UnicodeError:
        given = ""
    if request.scheme not in ("http", "https") or not given:
        raise Refused(400, "The host of the request is no name of a host.")
    return given


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
