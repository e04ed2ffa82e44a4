"""All tests, or those of some parts: python -m tests [sql] [py] [pooler]

Runs pytest for each part and PostgreSQL version, once for what meets no server of a version, and passes on
what each prints, a line at a time after its name. Prints the last line of each at the end, and ends with 1
where one failed. JOBS of them run at the same time, one by default.
"""

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from db.migrate import ROOT

# What is written to a server's log, and so must hold no key, belongs to each run.
PRINTED = "tests/py/test_keys.py::test_nothing_printed_in_the_whole_run_holds_a_key"
# The longest first: the others fit in beside it.
RUNS = {
    "py": {
        "py 18": ["tests/py", "--server", "yes", "--postgres", "18"],
        "py": ["tests/py", "--server", "no"],
        "py 15": ["tests/py", "--server", "yes", "--postgres", "15"],
    },
    "pooler": {"pooler": ["tests/py", "--server", "yes", "--pooler"]},
    "sql": {
        "sql 18": ["tests/sql", PRINTED, "--postgres", "18"],
        "sql 15": ["tests/sql", PRINTED, "--postgres", "15"],
    },
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(RUNS))
    parts = parser.parse_args().parts or list(RUNS)
    for part in parts:
        if part not in RUNS:
            parser.error(f"{part} is none of {', '.join(RUNS)}")
    runs = {name: arguments for part in parts for name, arguments in RUNS[part].items()}
    with ThreadPoolExecutor(int(os.environ.get("JOBS", "1"))) as executor:
        ended = list(executor.map(run, runs, runs.values()))
    print()
    for name, (_, last) in zip(runs, ended, strict=True):
        print(f"{name}: {last}")
    return 1 if any(status for status, _ in ended) else 0


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
