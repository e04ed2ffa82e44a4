"""Serves on PORT: the database DATABASE_URL, or an embedded one with demo data.

python -m local.run
"""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from types import FrameType

import psycopg

from api import scoring
from api.connection import conninfo
from api.database import Database
from api.settings import SettingError, Settings, trusted_issuers
from db.migrate import ROOT
from deploy.serve import COMMAND, number
from local import demo, postgres
from local.issuer import Issuer
from local.migrate import EMBEDDED, migrate_embedded


def main() -> int:
    """Serves until it is interrupted or told to stop; gives the exit status."""
    # SIGINT too: a shell that starts us in the background has it ignored.
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, interrupt)
    try:
        port = free_port()
        with ExitStack() as stack:
            if os.environ.get("DATABASE_URL", "").strip():
                settings = Settings.from_environment()
                check_database(settings)
                print(f"Serving on http://localhost:{port}")
            else:
                # Read before anything starts, so that a bad setting stops the run at once.
                issuer = Issuer.ethereum()
                given = Settings.from_environment(
                    os.environ
                    | {
                        "DATABASE_URL": "postgresql://",
                        "TRUSTED_IAM_ISSUERS": with_issuer(os.environ.get("TRUSTED_IAM_ISSUERS", ""), issuer),
                    }
                )
                settings = given._replace(database_url=embedded(stack, issuer))
                introduce(settings, port)
            return serve(settings, port)
    except SettingError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0


def interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def free_port() -> int:
    """The port to serve on; raises SettingError where PORT is none, or taken."""
    port = number("PORT", "8000", 1, 65535)
    with socket.socket() as probe:
        # As the server will: a connection of the last run that is still closing does not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((os.environ.get("HOST", "127.0.0.1"), port))
        except OSError as error:
            raise SettingError(
                f"Port {port} cannot be used ({error.strerror}): stop what listens there, or choose "
                "another one, as in: make run PORT=8001"
            ) from None
    return port


def check_database(settings: Settings) -> None:
    """Raises SettingError where DATABASE_URL names no database that can be served."""
    try:
        with psycopg.connect(conninfo(settings.database_url)) as connection:
            ready = connection.execute("select to_regproc('scorer.answer_request') is not null").fetchone()
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise SettingError(f"DATABASE_URL cannot be used: {reason}") from None
    if ready != (True,):
        raise SettingError("The database of DATABASE_URL lacks the newest schema: run make migrate.")


def with_issuer(text: str, issuer: Issuer) -> str:
    """TRUSTED_IAM_ISSUERS with the demo issuer besides."""
    given = trusted_issuers(text) if text.strip() else []
    return json.dumps([*given, issuer.did])


def embedded(stack: ExitStack, issuer: Issuer) -> str:
    """Starts the embedded database with demo data, signed by the issuer; gives its URL."""
    if postgres.is_run_by_another(EMBEDDED):
        raise SettingError("The embedded database of this folder is served already.")
    print(f"Starting PostgreSQL {postgres.EMBEDDED_VERSION} in {EMBEDDED} ...", flush=True)
    url = stack.enter_context(postgres.server(EMBEDDED))
    migrate_embedded(url)
    demo.load(url, issuer)
    return url


def introduce(settings: Settings, port: int) -> None:
    """Prints how to ask for a score and what comes back."""
    database = Database(settings.database_url)
    answers = {
        address: scoring.score(database, settings, demo.KEY, str(demo.COMMUNITY), address)
        for address in demo.STAMPS
    }
    url = f"http://localhost:{port}/v2/stamps/{demo.COMMUNITY}/score"
    print(
        f"""
Serving on http://localhost:{port}; the contract is at /v2/docs. Ctrl-C stops it and keeps the data.

Ask for the score of a wallet:

  curl -H 'X-API-Key: {demo.KEY}' {url}/{demo.PASSING}

It will answer, but for the time:

  {answers[demo.PASSING]}

{demo.FAILING} does not reach the threshold, and
{demo.CLASHING} holds an Ens stamp that the first wallet claimed before.
""",
        flush=True,
    )


def serve(settings: Settings, port: int) -> int:
    """Runs the WSGI server until it ends or this process is told to stop."""
    environment = os.environ | {
        "DATABASE_URL": settings.database_url,
        "TRUSTED_IAM_ISSUERS": json.dumps(sorted(settings.trusted_issuers)),
        "PORT": str(port),
    }
    # In a session of its own, so that Ctrl-C reaches it only once, through us.
    server = subprocess.Popen(COMMAND, cwd=ROOT, env=environment, start_new_session=True)  # noqa: S603
    try:
        return server.wait()
    except KeyboardInterrupt:
        server.terminate()
        server.wait()
        return 0


if __name__ == "__main__":
    sys.exit(main())
