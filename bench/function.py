"""The packaged function inside Lambda's runtime: python -m bench.function [--starts N] [--invocations N]

Builds the package, starts it N times (15) as Lambda does, and prints medians: until it asks for an event, of
its first two answers, of which the first opens the connection, and of the first where it goes on from a
snapshot. Then invokes one instance N times (10,000) with a load balancer's events, and prints its memory as
it goes. Ends with 1 where the last tenth needs a twentieth more than the second.
"""

import argparse
import statistics
import sys
import time
from typing import Any

import psutil

from bench.packaged import packaged
from bench.report import line, title
from harness.lambda_runtime import MEMORY_MB, Instance
from harness.world import World

SNAPSTART = {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}
PARTS = 10
GROWTH = 1.05


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.function", description=__doc__)
    parser.add_argument("--starts", type=int, default=15)
    parser.add_argument("--invocations", type=int, default=10_000)
    arguments = parser.parse_args()
    with packaged(8) as given:
        function, environment, output = given.function, given.environment, given.folder / "log"
        asked = [event(given.world, address) for address in given.addresses]
        starts = []
        for _ in range(arguments.starts):
            began = time.perf_counter()
            with Instance(function, output, environment) as instance:
                instance.start()
                times = [time.perf_counter() - began]
                for _ in range(2):
                    began = time.perf_counter()
                    assert instance.invoke(asked[0])["statusCode"] == 200
                    times.append(time.perf_counter() - began)
            with Instance(function, output, environment | SNAPSTART) as instance:
                instance.start()
                began = time.perf_counter()
                instance.restore()
                assert instance.invoke(asked[0])["statusCode"] == 200
                times.append(time.perf_counter() - began)
            starts.append(times)
        if starts:
            print(title("of a cold start", "median ms"))
            parts = ("until it asks for an event", "first answer", "second answer", "restored, first answer")
            for part, seconds in zip(parts, zip(*starts, strict=True), strict=True):
                print(line(part, f"{statistics.median(seconds) * 1000:.1f}"), flush=True)
            print()
        with Instance(function, output, environment) as instance:
            instance.start()
            return endured(instance, asked, arguments.invocations)


def event(world: World, address: str) -> dict[str, Any]:
    """A load balancer's request for a wallet's score."""
    return {
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:targetgroup/scorer"}},
        "httpMethod": "GET",
        "path": world.path(address),
        "headers": {"x-api-key": world.key, "x-forwarded-proto": "https", "x-forwarded-port": "443"},
        "body": "",
        "isBase64Encoded": False,
    }


def endured(instance: Instance, asked: list[dict[str, Any]], invocations: int) -> int:
    """Invokes an instance, prints its memory, and gives the exit status."""
    process = psutil.Process(instance.process.pid)
    memory = []
    print(title("invocations", f"memory of the process, MB of {MEMORY_MB}", "median ms"))
    for part in range(PARTS):
        seconds = []
        for number in range(invocations // PARTS):
            began = time.perf_counter()
            assert instance.invoke(asked[number % len(asked)])["statusCode"] == 200
            seconds.append(time.perf_counter() - began)
        memory.append(process.memory_info().rss)
        count, median = (part + 1) * invocations // PARTS, statistics.median(seconds) * 1000
        print(line(f"{count:,}", f"{memory[-1] / 1e6:.1f}", f"{median:.1f}"), flush=True)
    return 1 if memory[-1] > memory[1] * GROWTH else 0


if __name__ == "__main__":
    sys.exit(main())
