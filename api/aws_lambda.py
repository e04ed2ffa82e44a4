"""The AWS Lambda handler: api.aws_lambda.handler.

aws-wsgi speaks the events of API Gateway REST APIs and of load balancers. Events of HTTP APIs and function
URLs (payload 2.0) are put in that shape first, and what a valid event may leave out is filled in.

Scripts of the docs page are sent in base64: a REST API decodes them where its binaryMediaTypes name
text/javascript, all others do always.
"""

import gc
import logging
import os
from importlib import import_module
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, unquote_to_bytes

import awsgi

from api import json_lines, memory, put_off
from api.lazy import lazily

# What is imported stays: to look for garbage in it takes a twelfth of the start.
gc.disable()
with lazily(*put_off.MODULES, known=put_off.KNOWN):
    from api.app import create_app
    from api.logged import Logged
    from api.settings import Settings

Event = dict[str, Any]

json_lines.write_by_lambda()
# The runtime sets it with each invocation.
memory.keep_to_python(b"_X_AMZN_TRACE_ID")
# A bad setting is an error of the function's initialization, which Lambda reports by its type and message.
settings = Settings.from_environment()
logging.getLogger().setLevel(settings.log_level)
app = create_app(settings, service=os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "passport-scorer"))
if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand") != "on-demand":
    # No request waits for this start, and one may have proofs to check.
    import_module("api.didkit_loop")
gc.freeze()
gc.enable()
# Answers that are compressed, and so no text: scripts of the docs page.
SCRIPTS = {"text/javascript"}
# What an event is answered that holds no request that could be answered.
UNREADABLE = {
    "statusCode": 400,
    "statusDescription": "400 Bad Request",
    "headers": {"Content-Type": "application/json", "Cache-Control": "no-store"},
    "body": '{"detail": "The event is not an HTTP request."}',
    "isBase64Encoded": False,
}


def handler(event: Event, context: object) -> Event:
    """Answers an event of API Gateway (REST, HTTP), a function URL or a load balancer. Never raises: to
    Lambda that is an error of the function."""
    try:
        return answer(event, context)
    except Exception:
        assert isinstance(app.wsgi_app, Logged)
        app.wsgi_app.unreadable(context)
        return UNREADABLE


def answer(event: Event, context: object) -> Event:
    """The answer to an event; raises where it cannot be read."""
    request = rest_event_of_http(event) if event.get("version") == "2.0" else complete(event)
    response: Event = awsgi.response(app, request, context, SCRIPTS)
    response["statusCode"] = int(response["statusCode"])
    # A load balancer that sends headers of several values reads no others.
    if "multiValueHeaders" in event and "elb" in request["requestContext"]:
        response["multiValueHeaders"] = {k: [v] for k, v in response.pop("headers").items()}
    return response


def complete(event: Event) -> Event:
    """A REST or load balancer event with every field that aws-wsgi reads."""
    query = event.get("queryStringParameters") or last_values(event.get("multiValueQueryStringParameters"))
    if "elb" in (event.get("requestContext") or {}):
        # A load balancer, alone of all, passes on what the client encoded.
        query = {unquote_plus(name): unquote_plus(value) for name, value in (query or {}).items()}
    headers = event.get("headers") or last_values(event.get("multiValueHeaders"))
    return event | {
        "path": wsgi_path(event.get("path") or "/"),
        "queryStringParameters": query,
        "headers": with_scheme(headers),
        "requestContext": event.get("requestContext") or {},
    }


def rest_event_of_http(event: Event) -> Event:
    """An event of payload 2.0 in the shape of a REST event."""
    context = event["requestContext"]
    # The path of a named stage starts with its name.
    path = event.get("rawPath") or "/"
    stage = f"/{context.get('stage', '$default')}"
    if path == stage or path.startswith(f"{stage}/"):
        path = path.removeprefix(stage) or "/"
    return {
        "httpMethod": context["http"]["method"],
        "path": wsgi_path(path),
        "queryStringParameters": dict(parse_qsl(event.get("rawQueryString") or "")),
        "headers": with_scheme(event.get("headers") or {}),
        "body": event.get("body"),
        "isBase64Encoded": event.get("isBase64Encoded", False),
        "requestContext": {},
    }


def wsgi_path(path: str) -> str:
    """A percent-encoded path as WSGI has it: its bytes, each a character."""
    return unquote_to_bytes(path).decode("latin-1")


def last_values(values: dict[str, list[str]] | None) -> dict[str, str]:
    """Of each name the last value, as the single-value fields of an event have it."""
    return {name: given[-1] for name, given in (values or {}).items() if given}


def with_scheme(headers: dict[str, str]) -> dict[str, str]:
    """The headers with what WSGI cannot do without: scheme, host and port of the request."""
    given = {name.lower(): value for name, value in headers.items()}
    return {"host": "localhost", "x-forwarded-proto": "https", "x-forwarded-port": "443"} | given
