"""Freezes the functions of db/functions that differ from the last migration as a new migration.

python -m db.freeze "what changed"
"""

import re
import shutil
import sys
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from db.migrations import frozen

ROOT = Path(__file__).parent.parent


def changed() -> list[Path]:
    """The files of db/functions whose text is not the newest frozen one."""
    return [
        path
        for path in sorted((ROOT / "db/functions").glob("*.sql"))
        if not (last := frozen.latest(path.name)) or last.read_text() != path.read_text()
    ]


def freeze(message: str) -> str | None:
    """Writes the migration; returns its revision, None where nothing changed."""
    paths = changed()
    if not paths:
        return None
    scripts = ScriptDirectory.from_config(Config(ROOT / "alembic.ini"))
    number = len(list(scripts.walk_revisions())) + 1
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")
    revision = f"{number:04}_{slug}"[:32].rstrip("_")
    (frozen.FROZEN / revision).mkdir()
    for path in paths:
        shutil.copy(path, frozen.FROZEN / revision)
    script = scripts.generate_revision(revision, message)
    assert script is not None
    Path(script.path).rename(ROOT / f"db/migrations/versions/{revision}.py")
    return revision


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    print(freeze(sys.argv[1]) or "No function has changed since the last migration.")
