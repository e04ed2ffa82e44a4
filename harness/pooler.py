"""PgBouncer in transaction mode before a test server: the stand-in for RDS Proxy."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from harness import printed
from harness.debian import CACHE, unpacked

# Only a pooler that never comes up takes this long.
START_SECONDS = 30


@contextmanager
def pooled(url: str, **settings: object) -> Iterator[str]:
    """Gives a URL that leads to the same database through PgBouncer; settings are lines of its configuration.

    It serves every database of the server, to the users of the URL, of the service and of the operator.
    """
    server = conninfo_to_dict(url)
    # PgBouncer refuses to be root, and has to get at the server's socket: it runs as the server's user.
    owner = Path(str(server["host"])).stat()
    with tempfile.TemporaryDirectory(prefix="pgbouncer-") as folder:
        port = str(settings.get("listen_port", 6432))
        lines = {
            "pool_mode": "transaction",
            "default_pool_size": 2,
            "max_client_conn": 500,
            "auth_type": "trust",
            "auth_file": f"{folder}/users",
            "unix_socket_dir": folder,
            "listen_port": port,
            "logfile": f"{folder}/log",
        } | settings
        (Path(folder) / "users").write_text(f'"{server["user"]}" ""\n"service" ""\n"operator" ""\n')
        configuration = Path(folder) / "pgbouncer.ini"
        configuration.write_text(
            f"[databases]\n* = host={server['host']}\n[pgbouncer]\n"
            + "".join(f"{name} = {value}\n" for name, value in lines.items())
        )
        other_user = {}
        if os.getuid() == 0:
            os.chown(folder, owner.st_uid, owner.st_gid)
            other_user = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
        process = subprocess.Popen(
            [program(), "--quiet", configuration],
            env=os.environ | {"LD_LIBRARY_PATH": libraries()},
            cwd=folder,
            **other_user,  # type: ignore[call-overload]
        )
        try:
            wait_for(Path(folder) / f".s.PGSQL.{port}", process)
            yield make_conninfo(url, host=folder, port=port)
        finally:
            # Since 1.23 it waits, when it is asked to end, for clients that may never go.
            process.kill()
            process.wait()
            printed.texts.append((Path(folder) / "log").read_text())


def program() -> str:
    """The system's PgBouncer, else Debian's package unpacked."""
    for folder in (os.environ.get("PATH"), "/usr/sbin"):
        if installed := shutil.which("pgbouncer", path=folder):
            return installed
    return str(unpacked("pgbouncer", "pgbouncer", "--with-dependencies") / "usr/sbin/pgbouncer")


def libraries() -> str:
    """Where the unpacked PgBouncer finds what it is linked with."""
    return ":".join(sorted({str(path.parent) for path in (CACHE / "pgbouncer/usr/lib").glob("**/*.so.*")}))


def wait_for(address: Path, process: subprocess.Popen[bytes]) -> None:
    for _ in range(START_SECONDS * 50):
        assert process.poll() is None, "PgBouncer ended"
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(address)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("PgBouncer does not listen")
