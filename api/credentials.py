"""Which documents are valid credentials by what a document alone decides, checked with didkit. What time,
wallet and trusted issuers decide is decided in the database, by request_score."""

import asyncio
import hashlib
import json
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import didkit

TYPED_PROOF = "EthereumEip712Signature2021"
RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
# Limits of the tables: registry_stamp.provider and registry_hashscorerlink.hash.
MAX_PROVIDER = 256
MAX_NULLIFIER = 100
# Methods whose DIDs didkit resolves from the identifier alone, so that a proof once checked stays checked.
SELF_CONTAINED = ("did:key:", "did:ethr:")
# Whose checks these are: another didkit, or another rule in this file, checks every document anew.
VERIFIER = (
    f"didkit {didkit.get_version()}, rules {hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]}"
)

_thread = threading.local()


class Rejected(Exception):
    """The document never counts, whoever holds it; the message is the reason, one word for the log."""


@dataclass(frozen=True)
class Claims:
    """What a document says that may count, if its proof holds."""

    issuer: str
    subject: str
    provider: str
    nullifiers: tuple[str, ...]
    expires_at: datetime
    typed: bool


@dataclass(frozen=True)
class Check:
    """What checking a document established: its claims, or the fault for which it does not count. Kept where
    the document alone decided it, so that it holds for good."""

    digest: str
    kept: bool
    fault: str | None
    claims: Claims | None = None

    def as_json(self) -> str:
        """The check as an element of request_score's p_checks."""
        said = {} if self.fault else vars(self.claims)
        return json.dumps(
            {"digest": self.digest, "kept": self.kept, "fault": self.fault} | said, default=datetime.isoformat
        )


def check(documents: Sequence[str], now: datetime) -> list[Check]:
    """Checks documents, given as JSON text. A proof that was made later than now does not hold.

    Never raises for what a document holds.
    """
    checks = {document: checked_without_proof(document) for document in documents}
    claimed = [document for document, found in checks.items() if not found.fault]
    for document, errors in zip(claimed, proof_errors(claimed, now), strict=True):
        checks[document] = with_proof(checks[document], document, errors, now)
    return [checks[document] for document in documents]


def checked_without_proof(text: str) -> Check:
    """What a document says, or the fault that it has whatever its proof."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    try:
        return Check(digest, True, None, claims_of(json.loads(text)))
    except Rejected as fault:
        return Check(digest, True, str(fault))
    except (ValueError, RecursionError):
        return Check(digest, False, "unreadable")


def with_proof(found: Check, text: str, errors: list[str] | None, now: datetime) -> Check:
    """The check once the proof has been checked too; errors are the proof's, None where didkit failed."""
    assert found.claims
    if errors is None:
        return Check(found.digest, False, "unverifiable")
    kept = found.claims.issuer.startswith(SELF_CONTAINED)
    if errors:
        return Check(
            found.digest,
            kept and all(made_by(proof, now) for proof in proofs_of(json.loads(text))),
            "bad_proof",
        )
    return Check(found.digest, kept, None, found.claims)


def proof_errors(documents: Sequence[str], now: datetime) -> list[list[str] | None]:
    """Has didkit check the proofs of documents, all at the same time; gives the errors of each, or None."""
    # Without a time didkit takes the clock of this machine.
    options = json.dumps({"proofPurpose": "assertionMethod", "created": now.isoformat()})
    # A loop a thread, kept: making one costs a tenth of checking twenty proofs.
    if not hasattr(_thread, "runner"):
        _thread.runner = asyncio.Runner()
    runner: asyncio.Runner = _thread.runner
    results = runner.run(_verify(documents, options))
    return [json.loads(result)["errors"] if isinstance(result, str) else None for result in results]


async def _verify(documents: Sequence[str], options: str) -> list[str | BaseException]:
    return await asyncio.gather(
        *(didkit.verify_credential(document, options) for document in documents), return_exceptions=True
    )


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
    typed = all(isinstance(proof, dict) and proof.get("type") == TYPED_PROOF for proof in proofs_of(document))
    if not typed and not has_plain_terms(subject):
        raise Rejected("unsigned_terms")
    return Claims(issuer, subject_id.lower(), provider, nullifiers, expires_at, typed)


def nullifiers_of(subject: dict[str, Any]) -> tuple[str, ...]:
    """The legacy hash alone, else the nullifiers; raises Rejected."""
    legacy_hash = subject.get("hash")
    nullifiers = [legacy_hash] if isinstance(legacy_hash, str) else subject.get("nullifiers")
    if not isinstance(nullifiers, list) or not nullifiers:
        raise Rejected("no_nullifiers")
    if not all(isinstance(n, str) and 1 <= len(n) <= MAX_NULLIFIER for n in nullifiers):
        raise Rejected("bad_nullifier")
    return tuple(nullifiers)


def time_of(text: object) -> datetime | None:
    """The time in UTC that an RFC 3339 text names; None for anything else."""
    if not isinstance(text, str) or not RFC3339.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def proofs_of(document: dict[str, Any]) -> list[Any]:
    """A document has one proof or an array of them."""
    proof = document.get("proof")
    return proof if isinstance(proof, list) else [proof]


def made_by(proof: object, now: datetime) -> bool:
    """Whether a proof says that it was made by then; one that was made later may hold later."""
    created = time_of(proof.get("created")) if isinstance(proof, dict) else None
    return created is not None and created <= now


def has_plain_terms(subject: dict[str, Any]) -> bool:
    """Whether a JSON-LD proof, if it holds, covers the provider and the nullifiers that we read.

    An EIP-712 proof signs the document's fields, and didkit refuses any other field. A JSON-LD proof signs
    what the fields mean under the subject's own @context, which the holder can rewrite unnoticed: a term
    mapped to null drops out of what is signed, and a value can move to another term. So there the subject
    may hold nothing but id, provider and one of hash and nullifiers, each with a plain meaning of its own.
    """
    if subject.keys() - {"@context"} not in (
        {"id", "provider", "hash"},
        {"id", "provider", "nullifiers"},
    ):
        return False
    context = subject.get("@context")
    meanings: dict[str, Any] = {}
    for part in context if isinstance(context, list) else [context]:
        if not isinstance(part, dict):
            return False
        meanings |= part
    terms = subject.keys() - {"@context", "id"}
    return not any(name.startswith("@") or name in ("id", "type") for name in meanings) and all(
        has_plain_meaning(meanings.get(term)) for term in terms
    )


def has_plain_meaning(meaning: object) -> bool:
    """Whether a JSON-LD term definition turns each value of the term into one signed literal."""
    if isinstance(meaning, dict):
        return (
            is_iri(meaning.get("@id"))
            and meaning.keys() <= {"@id", "@type", "@container"}
            and is_iri(meaning.get("@type", meaning.get("@id")))
            and meaning.get("@container", "@set") in ("@set", "@list")
        )
    return is_iri(meaning)


def is_iri(value: object) -> bool:
    return isinstance(value, str) and value.startswith(("https://", "http://"))
