"""Installs plpgsql_check, which reads the bodies of functions."""

import re

from harness.debian import unpacked
from harness.server import OLDEST, connect

# The version that the library is built for.
VERSION = OLDEST


def install(url: str) -> None:
    """Makes the extension's functions, with its library where it was unpacked."""
    folder = unpacked("plpgsql_check", f"postgresql-{VERSION}-plpgsql-check")
    (library,) = folder.glob("usr/lib/postgresql/*/lib/plpgsql_check.so")
    (script,) = folder.glob("usr/share/postgresql/*/extension/plpgsql_check--*.sql")
    text = script.read_text().replace("MODULE_PATHNAME", str(library)).replace("@extschema@", "public")
    # A line for psql alone, which keeps it from being run as a plain script.
    text = re.sub(r"^\\echo .*", "", text, flags=re.MULTILINE)
    with connect(url) as connection:
        connection.execute("set search_path = public")
        connection.execute(text.encode())
