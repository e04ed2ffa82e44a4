"""What migrations make, as text for reviewers: db/schema.sql shows what no other file does. Of functions,
which have their files, it shows the signatures."""

import re
import subprocess
from pathlib import Path

import psycopg

from db.migrate import ROOT, migrate

SNAPSHOT = ROOT / "db/schema.sql"


def dump(url: str, programs: Path, schema: str = "scorer", *arguments: str) -> str:
    """A schema as pg_dump writes it, without what changes from dump to dump.

    programs is the bin folder with a pg_dump of the server's version, which takes further arguments.
    """
    text = subprocess.run(  # noqa: S603
        [programs / "pg_dump", "--schema-only", f"--schema={schema}", *arguments, url],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    noise = r"^(--.*|\\(un)?restrict .*|SET .*|SELECT pg_catalog\.set_config.*)\n"
    text = re.sub(noise, "", text, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def snapshot(url: str, programs: Path) -> str:
    """The roles and the dumped schema, functions without their bodies, and without the months of events,
    which are others each month."""
    text = dump(url, programs, "scorer", "--exclude-table=scorer.registry_event_2*")
    text = re.sub(r"\n    (AS (\$\w*\$).*?\2|RETURN .*?);\n", ";\n", text, flags=re.DOTALL)
    text = re.sub(r"COMMENT ON FUNCTION .*?\n';\n\n", "", text, flags=re.DOTALL)
    with psycopg.connect(url) as connection:
        roles = connection.execute("select rolname from pg_roles where rolname like 'scorer\\_%' order by 1")
        return "".join(f"CREATE ROLE {role} NOLOGIN;\n" for (role,) in roles) + f"\n{text}"


def write(url: str, programs: Path) -> None:
    """Migrates a database that is empty, and writes its schema down."""
    migrate(url)
    SNAPSHOT.write_text(snapshot(url, programs))
