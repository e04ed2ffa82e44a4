"""A copy of a service that is wrong on purpose: for the demo, and to see that a comparison can fail."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.serving import make_server
from werkzeug.wrappers import Response

# Given the path, the status and the body of an answer; gives what is answered instead.
Change = Callable[[str, int, Any], tuple[int, Any]]


def faulty(app: WSGIApplication, change: Change) -> WSGIApplication:
    """The service, its answers changed."""

    def changed(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        response = Response.from_app(app, environ)
        status, body = change(environ["PATH_INFO"], response.status_code, json.loads(response.get_data()))
        return Response(json.dumps(body), status, mimetype="application/json")(environ, start_response)

    return changed


@contextmanager
def served(app: WSGIApplication) -> Iterator[str]:
    """Serves an app over HTTP on a free port; its URL."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
