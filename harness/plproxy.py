"""Installs PL/Proxy, by which a front database calls functions of its partitions."""

from harness.debian import unpacked
from harness.server import OLDEST, connect

# The version that the library is built for.
VERSION = OLDEST


def install(url: str) -> None:
    """Makes the extension's language and foreign data wrapper, with its library where it was unpacked. Raises
    NotPackaged where the archive does not have it."""
    folder = unpacked("plproxy", f"postgresql-{VERSION}-plproxy")
    (library,) = folder.glob("usr/lib/postgresql/*/lib/plproxy.so")
    (script,) = folder.glob("usr/share/postgresql/*/extension/plproxy--?.??.?.sql")
    with connect(url) as connection:
        connection.execute("set search_path = public")
        connection.execute(script.read_text().replace("AS 'plproxy'", f"AS '{library}'").encode())
