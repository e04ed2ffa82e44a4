"""Metrics for Prometheus: of all processes of the WSGI server together, on a port of their own. Imported once
PROMETHEUS_MULTIPROC_DIR names an empty folder, where the processes keep what they count."""

import os

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector

from api import logged
from api.request_log import Record

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
ANSWERS = Histogram("scorer_request_seconds", "Time to an answer", ["route", "status"], buckets=SECONDS)
DATABASE = Histogram("scorer_database_seconds", "Of a request in the database", ["route"], buckets=SECONDS)
ROUND_TRIPS = Counter("scorer_round_trips", "Statements sent to the database", ["route"])
POOL = Histogram(
    "scorer_pool_in_use",
    "Connections of a process in use, when one is taken",
    buckets=(1, 2, 3, 4, 5, 6, 7, 8),
)
VERIFICATION = Histogram("scorer_verification_seconds", "Of a request, checking documents", buckets=SECONDS)
DOCUMENTS = Counter("scorer_documents_checked", "Documents checked in requests")
ATTEMPTS = Counter("scorer_attempts", "Attempts at requests; one each, but for those tried again")
FAILURES = Counter("scorer_failures", "Failures of the database, by SQLSTATE", ["sqlstate"])
SCORES = Histogram(
    "scorer_score", "Raw scores answered", ["passing"], buckets=(0, 1, 2, 5, 10, 15, 20, 25, 30, 40, 60, 100)
)
STAMPS = Counter("scorer_stamps", "Valid stamps of scored wallets, by verdict", ["verdict"])
LEFT_OUT = Counter("scorer_left_out", "Credentials that did not count, by reason", ["reason"])


def observe(record: Record) -> None:
    """Counts a request that was answered, or a wallet of one."""
    if record["event"] == "request":
        count_request(record)
    if "score" in record:
        SCORES.labels(str(record["passing"]).lower()).observe(record["score"])
        STAMPS.labels("clean").inc(record["stamps_clean"])
        STAMPS.labels("deduped").inc(record["stamps_deduped"])
    for reason, count in record.get("left_out_by_reason", {}).items():
        LEFT_OUT.labels(reason).inc(count)


def count_request(record: Record) -> None:
    """Counts what a request took."""
    route = record.get("route", "none")
    ANSWERS.labels(route, record["status"]).observe(record["duration_ms"] / 1000)
    if record["round_trips"]:
        DATABASE.labels(route).observe(record["database_ms"] / 1000)
        ROUND_TRIPS.labels(route).inc(record["round_trips"])
        POOL.observe(record["pool_in_use"])
    if "attempts" in record:
        ATTEMPTS.inc(record["attempts"])
    if "documents_checked" in record:
        VERIFICATION.observe(record["verification_ms"] / 1000)
        DOCUMENTS.inc(record["documents_checked"])
    if "failures" in record:
        FAILURES.labels(record.get("sqlstate") or "none").inc(len(record["failures"]))


def serve(host: str, port: int) -> None:
    """Counts the requests of this process and of those that it starts, and has a thread serve what they
    counted; raises OSError where it cannot listen."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, os.environ["PROMETHEUS_MULTIPROC_DIR"])  # type: ignore[no-untyped-call]
    start_http_server(port, host, registry)
    logged.observers.append(observe)
