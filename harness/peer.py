"""The existing service's way of scoring: statements of its own, in its own order, on the same tables.

It reads links and decides, then inserts what was missing and updates by id what was expired; a link that
somebody made meanwhile fails its insert, and it starts again.
"""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg

from harness.model import Community


def score_as_peer(
    session: psycopg.Connection, address: str, number: int, stamps: list[dict[str, Any]], community: Community
) -> None:
    """Scores a wallet; stamps as p_valid_stamps has them, the expired ones left out here."""
    while True:
        try:
            with session.transaction():
                write_score(session, address, number, stamps, community)
            return
        except (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected):
            continue


def write_score(
    session: psycopg.Connection, address: str, number: int, stamps: list[dict[str, Any]], community: Community
) -> None:
    now: datetime = one(session, "select now()")
    stamps = [s for s in stamps if datetime.fromisoformat(s["expires_at"]) > now]
    passport = one(
        session, "select id from registry_passport where address = %s and community_id = %s", address, number
    ) or one(
        session,
        "insert into registry_passport (address, community_id) values (%s, %s) returning id",
        address,
        number,
    )
    session.execute("delete from registry_stamp where passport_id = %s", [passport])
    deduped = claim(session, address, number, stamps, now)
    clean = [s for s in stamps if s not in deduped]
    for stamp in clean:
        session.execute(
            "insert into registry_stamp (passport_id, provider, credential) values (%s, %s, %s)",
            [passport, stamp["provider"], json.dumps(stamp["credential"])],
        )
    weights = {s["provider"]: community.weights.get(s["provider"], Decimal(0)) for s in clean}
    total = sum(weights.values(), Decimal(0))
    score = one(session, "select id from registry_score where passport_id = %s", passport) or one(
        session, "insert into registry_score (passport_id) values (%s) returning id", passport
    )
    fields = {
        "passport": passport,
        "score": str(int(total >= community.threshold)),
        "status": "DONE",
        "last_score_timestamp": now.isoformat(),
        "expiration_date": min((s["expires_at"] for s in clean), default=None),
        "error": None,
        "evidence": {
            "type": "ThresholdScoreCheck",
            "success": total >= community.threshold,
            "rawScore": str(total),
            "threshold": str(community.threshold),
        },
        "stamp_scores": {provider: float(weight) for provider, weight in weights.items()},
        "stamps": {s["provider"]: {"dedup": s in deduped} for s in stamps},
    }
    session.execute(
        "update registry_score set score = %(score)s, status = %(status)s,"
        " last_score_timestamp = %(last_score_timestamp)s, evidence = %(evidence)s,"
        " stamp_scores = %(stamp_scores)s, stamps = %(stamps)s, expiration_date = %(expiration_date)s"
        " where id = %(id)s",
        {
            "id": score,
            **{
                name: json.dumps(value) if isinstance(value, dict) else value
                for name, value in fields.items()
            },
        },
    )
    events = [
        (
            "LIFO_DEDUPLICATION",
            {"nullifiers": s["nullifiers"], "provider": s["provider"], "community_id": number},
        )
        for s in deduped
    ]
    events.append(
        ("SCORE_UPDATE", {"scorer_id": number, "model": "registry.score", "pk": score, "fields": fields})
    )
    for action, data in events:
        session.execute(
            "insert into registry_event (action, address, data, community_id) values (%s, %s, %s, %s)",
            [action, address, json.dumps(data), number],
        )


def claim(
    session: psycopg.Connection, address: str, number: int, stamps: list[dict[str, Any]], now: datetime
) -> list[dict[str, Any]]:
    """Reads the links, then writes what follows from them; gives the deduped stamps."""
    hashes = sorted({n for s in stamps for n in s["nullifiers"]})
    rows = session.execute(
        "select hash, id, address, expires_at from registry_hashscorerlink"
        " where community_id = %s and hash = any(%s)",
        [number, hashes],
    ).fetchall()
    links = {name: (id_, owner, expires_at) for name, id_, owner, expires_at in rows}

    def clashes(nullifier: str) -> bool:
        return nullifier in links and links[nullifier][1] != address and links[nullifier][2] > now

    deduped = [s for s in stamps if any(map(clashes, s["nullifiers"]))]
    expiries: dict[str, str] = {}
    for stamp in stamps:
        if stamp not in deduped:
            for nullifier in stamp["nullifiers"]:
                expiries[nullifier] = max(stamp["expires_at"], expiries.get(nullifier, ""))
    for nullifier in reversed(expiries):
        if nullifier not in links:
            session.execute(
                "insert into registry_hashscorerlink (hash, address, community_id, expires_at)"
                " values (%s, %s, %s, %s)",
                [nullifier, address, number, expiries[nullifier]],
            )
    for nullifier in expiries:
        if nullifier in links:
            session.execute(
                "update registry_hashscorerlink set address = %s, expires_at = %s where id = %s",
                [address, expiries[nullifier], links[nullifier][0]],
            )
    return deduped


def one(session: psycopg.Connection, statement: str, *arguments: object) -> Any:
    """The first column of the first row; None where there is none."""
    row = session.execute(statement.encode(), arguments).fetchone()
    return row[0] if row else None
