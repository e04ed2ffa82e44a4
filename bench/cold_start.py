"""How long a fresh process takes to its first answer; python -m bench.cold_start tells what imports take."""

import os
import re
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass

from db.migrate import ROOT

RUNS = 15
# What a Lambda container does: import the handler, and answer the event that it was started for.
FIRST_ANSWER = """
import json, sys
from api.aws_lambda import handler
event = {"httpMethod": "GET", "path": sys.argv[1], "headers": {"x-api-key": sys.argv[2]}}
assert handler(event, None)["statusCode"] == 200
"""


@dataclass(frozen=True)
class ColdStart:
    """Median milliseconds of a fresh process: to its first answer, and to import flask and psycopg alone."""

    first_answer: float
    imports: float
    ratio: float


def measured(environment: dict[str, str], path: str, key: str, runs: int = RUNS) -> ColdStart:
    """Starts processes of both kinds in turn, so many times, under settings of the service."""
    first, imports = [], []
    for _ in range(runs):
        first.append(seconds(environment, "-c", FIRST_ANSWER, path, key))
        imports.append(seconds(environment, "-c", "import flask, psycopg"))
    answer, alone = statistics.median(first) * 1000, statistics.median(imports) * 1000
    return ColdStart(answer, alone, answer / alone)


def seconds(environment: dict[str, str], *arguments: str) -> float:
    """How long a Python process takes."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, env=os.environ | environment, check=True)
    return time.perf_counter() - start


def imported() -> dict[str, float]:
    """Milliseconds that importing the handler takes by package, its own modules alone, the longest first."""
    environment = {
        "DATABASE_URL": "postgresql://127.0.0.1/none",
        "TRUSTED_IAM_ISSUERS": '["did:key:z6MkNobody"]',
    }
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import api.aws_lambda"],
        cwd=ROOT,
        env=os.environ | environment,
        check=True,
        capture_output=True,
        text=True,
    ).stderr
    packages: dict[str, float] = defaultdict(float)
    for own, name in re.findall(r"^import time:\s+(\d+) \|\s+\d+ \|\s+([\w.]+)$", told, re.MULTILINE):
        packages[name.split(".")[0]] += int(own) / 1000
    return dict(sorted(packages.items(), key=lambda item: -item[1]))


if __name__ == "__main__":
    for name, milliseconds in imported().items():
        if milliseconds >= 1:
            print(f"{milliseconds:8.1f} ms  {name}")
