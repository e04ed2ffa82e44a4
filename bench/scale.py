"""The arithmetic of docs/scale.md: python -m bench.scale [--vcpu-hour USD] [...]

What one writer answers, what it holds and what a million requests cost, from what was measured; prices are
assumptions, and options. Prints tables of Markdown.
"""

import argparse
from collections.abc import Iterator

from bench.report import line, title

# Measured by make bench, the case "unchanged" with 20 stamps: processors with 8 clients, the call with one.
POSTGRES_MS = 1.23
PYTHON_MS = 0.74
CALL_MS = 1.28
WAL_BYTES = 1210
# Measured by python -m bench.split.
BYTES = {
    "ceramic_cache": 1681,
    "registry_passport": 206,
    "registry_stamp": 1399,
    "registry_score": 2792,
    "registry_hashscorerlink": 264,
    "registry_event": 978,
}
# In proportion to what the partition takes, as bench.split shows both.
FRONT_MS = 0.44

STAMPS = 20
NULLIFIERS = 2
# The load that leaves room for a peak, and for a node that is gone.
LOAD = 0.5
VCPUS = (2, 8, 32, 64, 128)
# A wallet's share of a community; its credentials are of the wallet, however many communities ask.
OF_A_WALLET = {"ceramic_cache": STAMPS}
OF_A_PASSPORT = {
    "registry_passport": 1,
    "registry_score": 1,
    "registry_stamp": STAMPS,
    "registry_hashscorerlink": STAMPS * NULLIFIERS,
}
DAY, HOUR, MILLION = 86_400, 3600, 1_000_000
# US dollars, on demand, us-east-1, as far as they were known at the end of 2025.
PRICES = {
    "vcpu-hour": (0.169, "of an Aurora writer, I/O-Optimized, r6g"),
    "proxy-vcpu-hour": (0.015, "of RDS Proxy, for each vCPU of the writer"),
    "gb-month": (0.225, "of Aurora's storage, I/O-Optimized"),
    "lambda-gb-second": (0.0000133334, "of Lambda on arm64"),
    "lambda-million": (0.20, "of a million calls of Lambda"),
    "lcu-hour": (0.008, "of a load balancer's capacity unit, which is 1 GB"),
    "log-gb": (0.50, "of what CloudWatch takes in"),
}
MEMORY_MB = 256
WHOLE_VCPU_MB = 1769
ANSWER_BYTES, LOG_BYTES = 3000, 400


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    for name, (price, what) in PRICES.items():
        parser.add_argument(f"--{name}", type=float, default=price, help=f"US dollars {what}; {price}")
    prices = vars(parser.parse_args())
    print("\n\n".join("\n".join(table) for table in (writers(), holdings(), costs(prices))))


def per_second(vcpus: int) -> float:
    return vcpus * LOAD * 1000 / POSTGRES_MS


def writers() -> Iterator[str]:
    """What a writer answers at half load."""
    yield title("vCPU of the writer", "requests/s", "wallets once a day", "WAL MB/s", "events GB a day")
    for vcpus in VCPUS:
        rate = per_second(vcpus)
        yield line(
            str(vcpus),
            f"{rate:,.0f}",
            f"{rate * DAY / MILLION:,.0f} million",
            f"{rate * WAL_BYTES / 1e6:,.1f}",
            f"{rate * DAY * BYTES['registry_event'] / 1e9:,.0f}",
        )


def weight(rows: dict[str, int]) -> float:
    """Bytes of so many rows of each table."""
    return sum(BYTES[table] * count for table, count in rows.items())


def holdings() -> Iterator[str]:
    """What a writer holds."""
    yield title("wallets", "credentials", "a community's passports", "events, once a day for a month")
    for wallets in (MILLION, 2 * MILLION, 100 * MILLION):
        sizes = (
            wallets * weight(OF_A_WALLET),
            wallets * weight(OF_A_PASSPORT),
            wallets * 30 * BYTES["registry_event"],
        )
        yield line(f"{wallets / MILLION:,.0f} million", *(f"{size / 1e9:,.0f} GB" for size in sizes))


def costs(prices: dict[str, float]) -> Iterator[str]:
    """US dollars for a million requests of known credentials."""
    seconds = (CALL_MS + PYTHON_MS * WHOLE_VCPU_MB / MEMORY_MB) / 1000
    busy = MILLION * POSTGRES_MS / 1000 / LOAD / HOUR
    parts = {
        f"writer, {busy:.2f} vCPU-hours at half load": busy * prices["vcpu_hour"],
        "RDS Proxy": busy * prices["proxy_vcpu_hour"],
        "their events for a month": MILLION * BYTES["registry_event"] / 1e9 * prices["gb_month"],
        f"Lambda, {seconds * 1000:.1f} ms of {MEMORY_MB} MB": (
            prices["lambda_million"] + MILLION * seconds * MEMORY_MB / 1024 * prices["lambda_gb_second"]
        ),
        "load balancer": MILLION * ANSWER_BYTES / 1e9 * prices["lcu_hour"],
        "log": MILLION * LOG_BYTES / 1e9 * prices["log_gb"],
    }
    yield title("a million requests", "US dollars")
    for part, price in parts.items():
        yield line(part, f"{price:.3f}")
    yield line("together", f"{sum(parts.values()):.2f}")
    front = MILLION * FRONT_MS / 1000 / LOAD / HOUR * prices["vcpu_hour"]
    yield line("more where the database is split, for the front", f"{front:.3f}")


if __name__ == "__main__":
    main()
