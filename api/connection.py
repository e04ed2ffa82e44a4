"""How the database is reached: over TLS unless its URL says otherwise, and without a wait that never ends."""

from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict, make_conninfo

# Where the URL says nothing else: how long opening a connection may take (seconds), how long a host that is
# gone may keep a request waiting (milliseconds), and when one that is silent is asked whether it is gone
# (seconds).
DEFAULTS = {
    "application_name": "passport-scorer",
    "connect_timeout": "5",
    "tcp_user_timeout": "15000",
    "keepalives_idle": "5",
    "keepalives_interval": "5",
    "keepalives_count": "2",
}
# What goes to these never leaves the machine.
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
# The certificates of public authorities on Debian, Amazon Linux and Alpine; the driver brings an OpenSSL of
# its own, which looks in none of these places.
AUTHORITIES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)


def conninfo(url: str) -> str:
    """The connection string for a database URL, with what the service sets where the URL is silent.

    Beyond a Unix socket and loopback the server must prove by TLS that it is the host of the URL: sslmode is
    verify-full, against the system's certificate authorities. Only the URL changes that.
    """
    given: dict[str, Any] = conninfo_to_dict(url)
    hosts = str(given.get("hostaddr") or given.get("host") or "").split(",")
    tls = {} if "sslmode" in given or LOOPBACK.issuperset(hosts) else verified_tls()
    return make_conninfo("", **(DEFAULTS | tls | given))


def verified_tls() -> dict[str, str]:
    """libpq's parameters; it ignores them on a Unix socket."""
    file = next((path for path in AUTHORITIES if Path(path).exists()), "system")
    return {"sslmode": "verify-full", "sslrootcert": file}
