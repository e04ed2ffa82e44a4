"""How long a fresh process takes to its first answer, python -m bench.cold_start [--starts N] [--other TASK]

Builds the function's package, unpacks it, and starts its Python on it N times (15); in turn with one that
imports flask and psycopg alone, and one on another unpacked package, if its folder is given. Prints how long
it took until the handler was imported, and until it had answered for a wallet with 20 stamps, whose
credentials are known; and what the imports consist of.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.packaged import packaged
from bench.report import line, title
from db.migrate import ROOT
from harness.lambda_runtime import Function

RUNS = 15
# What a Lambda container does: import the handler, and answer the event that it was started for.
FIRST_ANSWER = """
import json, sys
from api.aws_lambda import handler
event = {"httpMethod": "GET", "path": sys.argv[1], "headers": {"x-api-key": sys.argv[2]}}
assert handler(event, None)["statusCode"] == 200
"""
# Tells when a part is done, and how many seconds of the processor the process had used by then.
DONE = """
import sys, time
def done(part):
    print(part, time.monotonic(), time.process_time(), sep="\\t", file=sys.stderr, flush=True)
"""
# The same as above in parts.
PARTS = f"""{DONE}
done("Python runs")
from api.aws_lambda import handler
done("handler imported")
import psycopg
connect = psycopg.connect
def connected(*given, **named):
    done("connection begun")
    connection = connect(*given, **named)
    done("connection open")
    return connection
psycopg.connect = connected
event = {{"httpMethod": "GET", "path": sys.argv[1], "headers": {{"x-api-key": sys.argv[2]}}}}
for answer in ("first answer", "second answer"):
    assert handler(event, None)["statusCode"] == 200
    done(answer)
"""
LIBRARIES = "import flask, psycopg"


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
        imports.append(seconds(environment, "-c", LIBRARIES))
    answer, alone = statistics.median(first) * 1000, statistics.median(imports) * 1000
    return ColdStart(answer, alone, answer / alone)


def seconds(environment: dict[str, str], *arguments: str) -> float:
    """How long a Python process takes."""
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - start


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.cold_start", description=__doc__)
    parser.add_argument("--starts", type=int, default=RUNS)
    parser.add_argument("--other", type=Path, metavar="TASK")
    arguments = parser.parse_args()
    with packaged(1) as given:
        function, environment = given.function, given.environment
        (address,) = given.addresses
        asked = given.world.path(address), given.world.key
        alone = f"{LIBRARIES}\n{DONE}done('flask and psycopg imported, nothing else')"
        kinds = [("", alone, function.folder), ("", PARTS, function.folder)]
        if arguments.other:
            kinds.append(("other: ", PARTS, arguments.other))
        times: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for number in range(arguments.starts + 1):
            for kind, script, task in kinds:
                for part, taken in parts(function.python, task, environment, script, *asked):
                    # The first of each finds files that nobody has read and credentials nobody has checked.
                    if number:
                        times[kind + part].append(taken)
        print(title("since the start of a process", "median ms", "least", "of the processor", "least"))
        for part, all_taken in times.items():
            columns = [
                statistic(each)
                for each in zip(*all_taken, strict=True)
                for statistic in (statistics.median, min)
            ]
            print(line(part, *(f"{seconds * 1000:.1f}" for seconds in columns)))
        print(f"\n{title('imported', 'ms, of its own modules alone')}")
        for name, milliseconds in imported(function, environment, arguments.starts).items():
            if milliseconds >= 1:
                print(line(name, f"{milliseconds:.1f}"))
    return 0


def parts(
    python: str, task: Path, environment: dict[str, str], script: str, *arguments: str
) -> Iterator[tuple[str, tuple[float, float]]]:
    """Runs a script on an unpacked package; gives its parts, each with the seconds since its start and those
    of the processor."""
    start = time.monotonic()
    told = subprocess.run(
        [python, "-c", script, *arguments],
        cwd=task,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stderr
    for part in told.splitlines():
        name, at, processor = part.split("\t")
        yield name, (float(at) - start, float(processor))


def imported(function: Function, environment: dict[str, str], runs: int) -> dict[str, float]:
    """Milliseconds that importing the handler takes by package, its own modules alone, the longest first; of
    each module the least of so many runs."""
    least: dict[str, float] = {}
    for _ in range(runs):
        for name, own in import_times(function, environment):
            least[name] = min(own, least.get(name, own))
    packages: dict[str, float] = defaultdict(float)
    for name, own in least.items():
        packages[name.split(".")[0]] += own
    return dict(sorted(packages.items(), key=lambda item: -item[1]))


def import_times(function: Function, environment: dict[str, str]) -> Iterator[tuple[str, float]]:
    """Each module that importing the handler loads, with the milliseconds that it takes itself."""
    told = subprocess.run(
        [function.python, "-X", "importtime", "-c", "import api.aws_lambda"],
        cwd=function.folder,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stderr
    for own, name in re.findall(r"^import time:\s+(\d+) \|\s+\d+ \|\s+([\w.]+)$", told, re.MULTILINE):
        yield name, int(own) / 1000


if __name__ == "__main__":
    sys.exit(main())
