"""The place on a machine where a function with SnapStart, or a container, has its credentials."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

PASSWORD = "password"


@contextmanager
def credentials_served(given: Mapping[str, str]) -> Iterator[str]:
    """Gives its URL, which whoever sends the password is answered with what is given at the time."""

    class Place(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            right = self.headers["Authorization"] == PASSWORD and self.path == "/credentials"
            self.send_response(200 if right else 403)
            self.end_headers()
            self.wfile.write(json.dumps(dict(given)).encode())

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Keeps quiet."""

    server = HTTPServer(("127.0.0.1", 0), Place)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/credentials"
    finally:
        server.shutdown()
        server.server_close()
