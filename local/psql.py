"""psql on DATABASE_URL, without it on the embedded database: where make run serves that, on its server.

python -m local.psql
"""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from api.connection import conninfo
from api.settings import SettingError, database_url
from local import postgres
from local.migrate import EMBEDDED
from local.run import interrupt


def main() -> int:
    """Runs psql until it ends; gives its exit status."""
    # Ctrl-C is for psql, which ends a query with it.
    signal.signal(signal.SIGINT, lambda signum, frame: None)
    for signum in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, interrupt)
    try:
        with ExitStack() as stack:
            if given := os.environ.get("DATABASE_URL", "").strip():
                url = conninfo(database_url(given))
                return run(system_psql(), url)
            if not (EMBEDDED / "PG_VERSION").exists():
                raise SettingError(
                    "There is no embedded database yet: make run makes it. Or set DATABASE_URL."
                )
            return run(str(postgres.programs() / "psql"), stack.enter_context(postgres.server(EMBEDDED)))
    except SettingError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0


def system_psql() -> str:
    """The system's: the embedded one speaks no TLS."""
    program = shutil.which("psql")
    if not program:
        raise SettingError("There is no psql: install Debian's package postgresql-client.")
    return program


def run(program: str, url: str) -> int:
    parameters = conninfo_to_dict(url)
    # Whoever lists processes sees their arguments.
    password = {"PGPASSWORD": str(parameters.pop("password"))} if "password" in parameters else {}
    return subprocess.call([program, make_conninfo("", **parameters)], env=os.environ | password)  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
