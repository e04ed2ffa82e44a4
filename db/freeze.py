"""Writes what db/functions and db/views hold into the newest revision, or, once that is released, a new one.

python -m db.freeze ["what changed", for a new revision]
"""

import json
import re
import shutil
import sys
from pathlib import Path

from db.load import FUNCTIONS, VIEWS
from db.migrations import frozen

SOURCES = {"functions": FUNCTIONS, "adopted/views": VIEWS}

VERSION = """{message}

from db.migrations import frozen

revision = "{revision}"
down_revision = {down_revision}


def upgrade() -> None:
    frozen.upgrade(revision)


def downgrade() -> None:
    frozen.downgrade(revision)
"""


def changed(before: str = "~") -> dict[str, str]:
    """What differs from the revisions before the given one: of each file of a function or a view its path
    below the revision's folder and its text, for one that is gone the text that drops it."""
    return {
        f"{folder}/{name}": text
        for folder, source in SOURCES.items()
        for name, text in sorted(changed_in(folder, source, before).items())
    }


def changed_in(folder: str, source: Path, before: str) -> dict[str, str]:
    """The same of one folder, by name."""
    now = {path.name: path.read_text() for path in source.glob("*.sql")}
    then = {path.name for revision in frozen.revisions() for path in frozen.frozen(revision, folder)}
    dropped = frozen.DROPPED[folder]
    texts = now | {name: dropped.format(name=Path(name).stem) for name in then - now.keys()}
    return {
        name: text
        for name, text in texts.items()
        if text != ((last := frozen.latest(name, folder, before)) and last.read_text())
        and not (last is None and name not in now)
    }


def freeze(message: str = "") -> str | None:
    """Gives the revision that was written; None where nothing changed. Raises SystemExit where a new revision
    lacks a message."""
    if not changed():
        return None
    newest = frozen.revisions()[-1]
    if frozen.is_released(newest):
        if not message:
            raise SystemExit(
                f'{newest} has been released. Say what changed: make freeze message="what changed"'
            )
        newest = new_revision(message, after=newest)
    for folder in SOURCES:
        shutil.rmtree(frozen.FROZEN / newest / folder, ignore_errors=True)
    for path, text in changed(before=newest).items():
        (frozen.FROZEN / newest / path).parent.mkdir(parents=True, exist_ok=True)
        (frozen.FROZEN / newest / path).write_text(text)
    return newest


def new_revision(message: str, after: str) -> str:
    """Makes an empty revision and gives its name."""
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")
    # As long as the column that Alembic keeps it in.
    revision = f"{int(after[:4]) + 1:04}_{slug}"[:32].rstrip("_")
    (frozen.FROZEN / revision).mkdir()
    (frozen.MIGRATIONS / f"versions/{revision}.py").write_text(
        VERSION.format(
            message=json.dumps(message, ensure_ascii=False), revision=revision, down_revision=f'"{after}"'
        )
    )
    return revision


if __name__ == "__main__":
    print(
        freeze(" ".join(sys.argv[1:]).strip()) or "No function or view has changed since the newest revision."
    )
