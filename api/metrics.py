"""Metrics for CloudWatch, which reads them from the log: a line in the embedded metric format."""

import time
from typing import Any

NAMESPACE = "PassportScorer"
# By what they are counted: neither ids nor addresses.
DIMENSIONS = ["service", "route"]
# The fields of a wallet's line that are metrics too, besides those of every reason to leave a credential out.
WALLET_UNITS = {"score": "None", "stamps_clean": "Count", "stamps_deduped": "Count", "left_out": "Count"}
# Those of a request's line.
UNITS = WALLET_UNITS | {
    "duration_ms": "Milliseconds",
    "database_ms": "Milliseconds",
    "round_trips": "Count",
    "pool_in_use": "Count",
    "verification_ms": "Milliseconds",
    "documents_checked": "Count",
    "attempts": "Count",
}
REASON = "left_out_"


def embedded(line: dict[str, Any], service: str, is_wanted: bool) -> dict[str, Any]:
    """The line with its metrics declared; of one that is not wanted itself, the metrics alone. A request that
    no route has counts for none."""
    if "route" not in line:
        return line if is_wanted else {}
    units = WALLET_UNITS if line["event"] == "wallet" else UNITS
    names = [name for name in line if name in units or name.startswith(REASON)]
    if not is_wanted:
        line = {name: line[name] for name in ("event", "route", *names)}
    definition = {
        "Namespace": NAMESPACE,
        "Dimensions": [DIMENSIONS],
        "Metrics": [{"Name": name, "Unit": units.get(name, "Count")} for name in names],
    }
    declared = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [definition]}
    return line | {"service": service, "_aws": declared}
