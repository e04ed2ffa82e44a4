"""Writes db/schema.sql anew, from an embedded server that lasts as long.

python -m local.snapshot
"""

import tempfile
from pathlib import Path

from db import snapshot
from local import postgres

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, postgres.server(Path(folder) / "data") as url:
        snapshot.write(url, postgres.programs())
