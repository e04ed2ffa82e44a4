"""What is known of the request that is under way: the fields of its line in the log, each filled in by who
knows it."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TypedDict


class Record(TypedDict, total=False):
    """What is known of a request. docs/operations.md says what each field means, and its unit."""

    event: str
    request_id: str
    invocation_id: str
    method: str
    route: str
    status: int
    outcome: str
    duration_ms: float
    database_ms: float
    round_trips: int
    pool_in_use: int
    verification_ms: float
    documents_checked: int
    attempts: int
    cold_start: bool
    account_id: int
    api_key_id: str
    scorer_id: int
    address: str
    score: float
    passing: bool
    stamps_clean: int
    stamps_deduped: int
    left_out: int
    # In the line a field for each reason: left_out_expired.
    left_out_by_reason: Mapping[str, int]
    providers_left_out: Mapping[str, list[str]]
    sqlstate: str
    failures: list[str]
    error: str
    traceback: str
    # Of a batch, each with a line of its own.
    wallets: list["Record"]


_thread = threading.local()


def current() -> Record:
    """The record of the request that is under way, to be filled in; where there is none, one that nobody
    reads."""
    record: Record | None = getattr(_thread, "record", None)
    return new() if record is None else record


def begin(record: Record) -> None:
    """The thread's request has this record from now on."""
    _thread.record = record


def end() -> None:
    """The thread has no request under way."""
    _thread.record = None


@contextmanager
def wallet() -> Iterator[Record]:
    """Gives a wallet of a batch a record of its own, whose times and round trips are the request's too."""
    request = current()
    record: Record = new() | {"event": "wallet", "request_id": request.get("request_id", "")}
    begin(record)
    try:
        yield record
    finally:
        begin(request)
        request["database_ms"] += record["database_ms"]
        request["round_trips"] += record["round_trips"]
        request["attempts"] = request.get("attempts", 0) + record.get("attempts", 0)
        request["pool_in_use"] = max(request.get("pool_in_use", 0), record.get("pool_in_use", 0))
        if "documents_checked" in record:
            request["documents_checked"] = request.get("documents_checked", 0) + record["documents_checked"]
            request["verification_ms"] = request.get("verification_ms", 0.0) + record["verification_ms"]
        if "failures" in record:
            request["failures"] = request.get("failures", []) + record["failures"]
            request["sqlstate"] = record.get("sqlstate", request.get("sqlstate", ""))
        request.setdefault("wallets", []).append(record)


def asks(scorer_id: int | None, address: str | None) -> None:
    """Notes the scorer and the wallet that a request asks for, where they can be one."""
    record = current()
    if scorer_id is not None:
        record["scorer_id"] = scorer_id
    if address:
        record["address"] = address


def failed(outcome: str, error: Exception) -> None:
    """Notes what made the request fail that is under way."""
    current().update({"outcome": outcome, "error": str(error)})


def new() -> Record:
    """A record of nothing yet."""
    return {"event": "request", "database_ms": 0.0, "round_trips": 0}
