"""The schema as text, for reviewers: db/schema.sql shows what a migration changes."""

import re
import subprocess
from pathlib import Path

from db.migrate import ROOT, migrate

SNAPSHOT = ROOT / "db/schema.sql"


def dump(url: str, programs: Path) -> str:
    """The schema as pg_dump writes it, without what changes from dump to dump.

    programs is the bin folder with a pg_dump of the server's version.
    """
    text = subprocess.run(  # noqa: S603
        [programs / "pg_dump", "--schema-only", "--schema=scorer", url],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    noise = r"^(--.*|\\(un)?restrict .*|SET .*|SELECT pg_catalog\.set_config.*)\n"
    text = re.sub(noise, "", text, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def write(url: str, programs: Path) -> None:
    """Migrates a database that is empty, and writes its schema down."""
    migrate(url)
    SNAPSHOT.write_text(dump(url, programs))
