"""The headers that every answer has."""

from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# Any web page may call the service: a browser's user sends its key knowingly, never a cookie.
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type, X-API-Key, X-Request-ID",
    "Access-Control-Expose-Headers": "Allow, RateLimit, RateLimit-Policy, Retry-After, X-Request-ID",
    "Access-Control-Max-Age": "86400",
}
# An answer is of its moment and for its asker, and is what its type says.
HEADERS = CORS | {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def with_headers(app: WSGIApplication) -> WSGIApplication:
    """The application, whose answers have these headers where it gives no others of their names. Here, since
    asking a response of Flask's for each takes ten times as long."""

    def answered(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def started(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[..., Any]:
            given = {name for name, _ in headers}
            headers.extend(header for header in HEADERS.items() if header[0] not in given)
            return start_response(status, headers, exc_info)

        return app(environ, started)

    return answered
