"""All tests, or those of some parts: python -m tests [sql] [py] [adopted] [pooler]

Runs pytest for each part and PostgreSQL version, once for what meets no server of a version, and passes on
what each prints, a line at a time after its name. Prints the last line of each at the end, and ends with 1
where one failed. JOBS of them run at the same time, by default two where there are two cores; after them, one
after the other, those of the tests that judge how soon somebody is answered.
"""

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from db.migrate import ROOT
from harness.server import OLDEST, oldest_here
from local.postgres import EMBEDDED_VERSION

PARTS = ("py", "adopted", "pooler", "sql")
# What is written to a server's log, and so must hold no key, belongs to each run.
PRINTED = "tests/py/test_keys.py::test_nothing_printed_in_the_whole_run_holds_a_key"
# On the existing service's tables, of the oldest version: rules, the recorded walk, histories, races, plans.
RULES = ["tests/sql", *(f"tests/py/test_{name}.py" for name in ("replay", "model", "concurrency", "plans"))]
SHARED = ["-m", "not alone"]
ALONE = ["-m", "alone or last"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parts = parser.parse_args().parts or list(PARTS)
    for part in parts:
        if part not in PARTS:
            parser.error(f"{part} is none of {', '.join(PARTS)}")
    oldest = oldest_here() if parts != ["pooler"] else OLDEST
    runs = {name: arguments for part in parts for name, arguments in runs_of(part, oldest).items()}
    alone = {name: arguments for part in parts for name, arguments in alone_of(part, oldest).items()}
    with ThreadPoolExecutor(int(os.environ.get("JOBS") or min(os.cpu_count() or 1, 2))) as executor:
        ended = list(executor.map(run, runs, runs.values()))
    ended += map(run, alone, alone.values())
    runs |= alone
    print()
    for name, (_, last) in zip(runs, ended, strict=True):
        fallen_back = oldest != OLDEST and str(oldest) in name
        print(f"{name}: {last}{f' (no PostgreSQL {OLDEST} here)' if fallen_back else ''}")
    return 1 if any(status for status, _ in ended) else 0


def runs_of(part: str, oldest: int) -> dict[str, list[str]]:
    """The arguments of each run of pytest for a part, by its name; the longest first, as the others fit in
    beside it."""
    versions = [str(EMBEDDED_VERSION), str(oldest)]
    if part == "pooler":
        return {"pooler": ["tests/py", "--server", "yes", "--pooler", *SHARED]}
    if part == "sql":
        return {f"sql {v}": ["tests/sql", PRINTED, "--postgres", v] for v in versions}
    if part == "adopted":
        return {
            f"adopted {v}": [*files, "--server", "yes", "--adopted", "--postgres", v, *SHARED]
            for v, files in zip(versions, (["tests/py", "tests/sql"], RULES), strict=True)
        }
    newest, old = ({f"py {v}": ["tests/py", "--server", "yes", "--postgres", v, *SHARED]} for v in versions)
    return newest | {"py": ["tests/py", "--server", "no", *SHARED]} | old


def alone_of(part: str, oldest: int) -> dict[str, list[str]]:
    """The same, for the tests that nothing else may run beside."""
    if part != "py":
        return {}
    return {
        f"py {version} alone": ["tests/py", "--server", "yes", "--postgres", str(version), *ALONE]
        for version in (EMBEDDED_VERSION, oldest)
    }


def run(name: str, arguments: list[str]) -> tuple[int, str]:
    """Runs pytest; gives its exit status and its last line."""
    last = ""
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout
        for line in process.stdout:
            last = line.rstrip() or last
            print(f"{name}: {line.rstrip()}", flush=True)
    return process.returncode, last


if __name__ == "__main__":
    sys.exit(main())
