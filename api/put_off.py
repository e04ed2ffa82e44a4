"""What the function imports when it is first used: what libraries import for uses that no request has."""

from collections.abc import Mapping
from threading import Lock
from types import SimpleNamespace

MODULES = (
    # Of Flask: a server of its own, tests, forms, templates, sessions, commands, wrong URLs.
    *("werkzeug.serving", "werkzeug.test", "werkzeug.formparser", "jinja2", "flask.templating"),
    *("itsdangerous", "click", "difflib", "pkgutil", "uuid"),
    # Of psycopg: its asynchronous half, copies, cursors of the server, two-phase commits, its version, which
    # takes a library to find out, and ways to find libpq.
    *("psycopg.connection_async", "psycopg.cursor_async", "psycopg.client_cursor", "psycopg.raw_cursor"),
    *("psycopg._server_cursor", "psycopg._server_cursor_async", "psycopg._pipeline_async"),
    *("psycopg.copy", "psycopg._copy_async", "psycopg._tpc", "psycopg.version", "psycopg_binary.version"),
    *("ctypes", "ctypes.util"),
    # Proofs are only checked where nobody has before.
    "api.didkit_loop",
)

# What is used of others at the start, and what takes its place until they are loaded.
KNOWN: Mapping[str, Mapping[str, object]] = {
    # An app has its commands, which nobody can give in Lambda.
    "flask.cli": {"AppGroup": SimpleNamespace},
    # The same.
    "psycopg._acompat": {"Lock": Lock},
    # psycopg names it beside this one, for its asynchronous half.
    "asyncio": {"CancelledError": KeyboardInterrupt},
}
