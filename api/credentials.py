"""Which documents are valid credentials by what a document alone decides, checked with didkit. What time,
wallet and trusted issuers decide is decided in the database, by answer_request."""

import hashlib
import json
import math
import time
from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import didkit

from api import shapes
from api.didkit_loop import results
from api.rfc3339 import time_of

# Limits of the tables: registry_stamp.provider and registry_hashscorerlink.hash.
MAX_PROVIDER = 256
MAX_NULLIFIER = 100
# Documents that are checked at the same time. What a deadline can be late by is what these take.
BATCH = 20
# A proof that is dated later than this would not hold; whether it is dated later than now, the database says.
PROOF_OPTIONS = json.dumps({"proofPurpose": "assertionMethod", "created": "9999-12-31T23:59:59Z"})
# The number of the rules in this file, api/shapes.py and api/rfc3339.py: it is raised when a document's check
# can come out otherwise than before. python -m tests.rules records the fingerprint of their code.
RULES = 1  # fingerprint c0106609a82a3dc4
# Whose checks these are: other rules, or another didkit, check every document anew.
VERIFIER = f"rules {RULES}, didkit {didkit.get_version()}"


class Rejected(Exception):
    """The document never counts, whoever holds it; the message is the reason, one word for the log."""


class Claims(NamedTuple):
    """What a document says that may count, if its proof holds."""

    issuer: str
    subject: str
    provider: str
    nullifiers: tuple[str, ...]
    expires_at: datetime
    signed_at: datetime


class Check(NamedTuple):
    """What checking a document established, for good: its claims, or the fault for which it does not
    count."""

    digest: str
    fault: str | None
    claims: Claims | None = None


def as_json(checks: Sequence[Check]) -> str:
    """Checks as answer_request's p_checks, and keep_checks's."""
    said = [
        {"digest": check.digest, "fault": check.fault, **(check.claims._asdict() if check.claims else {})}
        for check in checks
    ]
    return json.dumps(said, default=datetime.isoformat)


def check(documents: Sequence[str], deadline: float = math.inf) -> list[Check]:
    """Checks documents, each given as its JSON text as jsonb prints it: with no name twice in an object.
    Stops once the deadline, of time.monotonic(), has passed, and gives the checks of those that it came to:
    of some, at least.

    Never raises for what a document holds.
    """
    checks: list[Check] = []
    for start in range(0, len(documents), BATCH):
        if start and time.monotonic() > deadline:
            break
        checks += check_together(documents[start : start + BATCH])
    return checks


def check_together(documents: Sequence[str]) -> list[Check]:
    """Checks documents, their proofs at the same time, once the shapes of all are known: a thread of didkit's
    that is done would wait for ours."""
    checks = [checked_without_proof(document) for document in documents]
    well_formed = [place for place, check in enumerate(checks) if not check.fault]
    proofs = results(begin_proof(documents[place]) for place in well_formed)
    for place, result in zip(well_formed, proofs, strict=True):
        if not isinstance(result, str):
            checks[place] = Check(checks[place].digest, "unverifiable")
        elif json.loads(result)["errors"]:
            checks[place] = Check(checks[place].digest, "bad_proof")
    return checks


def begin_proof(document: str) -> Awaitable[str]:
    """Has didkit check a document's proof, from now on; gives what it will say of it, as JSON, and raises
    where didkit cannot read it."""
    begun: Awaitable[str] = didkit.verify_credential(document, PROOF_OPTIONS)
    return begun


def checked_without_proof(text: str) -> Check:
    """What a document says, or the fault that it has whatever its proof."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    try:
        document = json.loads(text)
        claims = claims_of(document)
        shapes.check_shape(document)
        return Check(digest, None, claims)
    except (Rejected, shapes.Misshapen) as fault:
        return Check(digest, str(fault))
    except (ValueError, RecursionError):
        # Nested too deep, or with a number too long to read, as no form of a credential is.
        return Check(digest, "unreadable")


def claims_of(document: Any) -> Claims:
    """What a parsed document says; raises Rejected."""
    subject = document.get("credentialSubject") if isinstance(document, dict) else None
    if not isinstance(subject, dict):
        raise Rejected("no_subject")
    subject_id, provider, issuer = subject.get("id"), subject.get("provider"), document.get("issuer")
    if not isinstance(subject_id, str):
        raise Rejected("other_subject")
    if not isinstance(provider, str) or not 1 <= len(provider) <= MAX_PROVIDER:
        raise Rejected("other_provider")
    if not isinstance(issuer, str):
        raise Rejected("untrusted_issuer")
    nullifiers = nullifiers_of(subject)
    expires_at = time_of(document.get("expirationDate"))
    if expires_at is None:
        raise Rejected("bad_expiration_date")
    proof = document.get("proof")
    signed_at = time_of(proof.get("created")) if isinstance(proof, dict) else None
    if signed_at is None:
        raise Rejected("unknown_proof")
    return Claims(issuer, subject_id.lower(), provider, nullifiers, expires_at, signed_at)


def nullifiers_of(subject: dict[str, Any]) -> tuple[str, ...]:
    """The legacy hash alone, else the nullifiers; raises Rejected."""
    legacy_hash = subject.get("hash")
    nullifiers = [legacy_hash] if isinstance(legacy_hash, str) else subject.get("nullifiers")
    if not isinstance(nullifiers, list) or not nullifiers:
        raise Rejected("no_nullifiers")
    if not all(isinstance(n, str) and 1 <= len(n) <= MAX_NULLIFIER for n in nullifiers):
        raise Rejected("bad_nullifier")
    return tuple(nullifiers)
