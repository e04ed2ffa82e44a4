"""Which of a wallet's credentials count: the rules of a valid credential, checked with didkit."""

import asyncio
import json
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import didkit

TYPED_PROOF = "EthereumEip712Signature2021"
RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
# Limits of the tables: registry_stamp.provider and registry_hashscorerlink.hash.
MAX_PROVIDER = 256
MAX_NULLIFIER = 100

_thread = threading.local()


class Rejected(Exception):
    """The credential does not count; the message is the reason, one word for the log."""


@dataclass(frozen=True)
class Credential:
    """A live row of ceramic_cache: its provider and its document as JSON text, None for one too large."""

    provider: str
    document: str | None


@dataclass(frozen=True)
class Stamp:
    """A credential that counts, with what score_passport needs of it."""

    provider: str
    document: str
    nullifiers: tuple[str, ...]
    expires_at: datetime

    def as_json(self) -> str:
        """The stamp as an element of p_valid_stamps; the document goes in as it was read."""
        return (
            f'{{"provider":{json.dumps(self.provider)},"nullifiers":{json.dumps(self.nullifiers)},'
            f'"expires_at":"{self.expires_at.isoformat()}","credential":{self.document}}}'
        )


def valid_stamps(
    credentials: Sequence[Credential], address: str, trusted_issuers: frozenset[str], now: datetime
) -> tuple[list[Stamp], list[tuple[str, str]]]:
    """Sorts a wallet's credentials, given oldest first, into those that count and those that do not.

    Gives the stamps, of each provider the newest, and a (provider, reason) for each credential left out.
    Never raises for what a document holds.
    """
    rejected: list[tuple[str, str]] = []
    candidates: list[Stamp] = []
    for credential in credentials:
        try:
            candidates.append(read(credential, address, trusted_issuers, now))
        except Rejected as reason:
            rejected.append((credential.provider, str(reason)))
    newest: dict[str, Stamp] = {}
    for stamp, error in zip(candidates, proof_errors(candidates, now), strict=True):
        if error:
            rejected.append((stamp.provider, error))
        else:
            newest.pop(stamp.provider, None)
            newest[stamp.provider] = stamp
    return list(newest.values()), rejected


def read(credential: Credential, address: str, trusted_issuers: frozenset[str], now: datetime) -> Stamp:
    """The stamp that a credential would be if its proof holds; raises Rejected."""
    if credential.document is None:
        raise Rejected("too_large")
    try:
        document = json.loads(credential.document)
    except (ValueError, RecursionError):
        raise Rejected("unreadable") from None
    subject = document.get("credentialSubject") if isinstance(document, dict) else None
    if not isinstance(subject, dict):
        raise Rejected("no_subject")
    subject_id = subject.get("id")
    if not isinstance(subject_id, str) or subject_id.lower() != f"did:pkh:eip155:1:{address}":
        raise Rejected("other_subject")
    provider = subject.get("provider")
    if not provider or provider != credential.provider or len(provider) > MAX_PROVIDER:
        raise Rejected("other_provider")
    nullifiers = nullifiers_of(subject)
    issuer = document.get("issuer")
    if not isinstance(issuer, str) or issuer not in trusted_issuers:
        raise Rejected("untrusted_issuer")
    expires_at = expiry_of(document)
    if expires_at <= now:
        raise Rejected("expired")
    if not covered_by_proof(document, subject):
        raise Rejected("unsigned_terms")
    return Stamp(provider, credential.document, nullifiers, expires_at)


def nullifiers_of(subject: dict[str, Any]) -> tuple[str, ...]:
    """The legacy hash alone, else the nullifiers; raises Rejected."""
    legacy_hash = subject.get("hash")
    nullifiers = [legacy_hash] if isinstance(legacy_hash, str) else subject.get("nullifiers")
    if not isinstance(nullifiers, list) or not nullifiers:
        raise Rejected("no_nullifiers")
    if not all(isinstance(n, str) and 1 <= len(n) <= MAX_NULLIFIER for n in nullifiers):
        raise Rejected("bad_nullifier")
    return tuple(nullifiers)


def expiry_of(document: dict[str, Any]) -> datetime:
    """The expirationDate in UTC; raises Rejected."""
    text = document.get("expirationDate")
    if not isinstance(text, str) or not RFC3339.fullmatch(text):
        raise Rejected("bad_expiration_date")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Rejected("bad_expiration_date") from None


def covered_by_proof(document: dict[str, Any], subject: dict[str, Any]) -> bool:
    """Whether the proof, if it holds, covers the provider and the nullifiers that we read.

    An EIP-712 proof signs the document's fields, and didkit refuses any other field. A JSON-LD proof signs
    what the fields mean under the subject's own @context, which the holder can rewrite unnoticed: a term
    mapped to null drops out of what is signed, and a value can move to another term. So there the subject
    may hold nothing but id, provider and one of hash and nullifiers, each with a plain meaning of its own.
    """
    proof = document.get("proof")
    proofs = proof if isinstance(proof, list) else [proof]
    if all(isinstance(p, dict) and p.get("type") == TYPED_PROOF for p in proofs):
        return True
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


def proof_errors(stamps: Sequence[Stamp], now: datetime) -> list[str | None]:
    """Checks the proofs at the same time; gives, in order, the reason why each fails or None.

    A proof that was made later than now does not hold; didkit left to itself takes the clock of this machine.
    """
    if not stamps:
        return []
    options = json.dumps({"proofPurpose": "assertionMethod", "created": now.isoformat()})
    # A loop a thread, kept: making one costs a tenth of checking twenty proofs.
    if not hasattr(_thread, "runner"):
        _thread.runner = asyncio.Runner()
    runner: asyncio.Runner = _thread.runner
    return runner.run(_proof_errors(stamps, options))


async def _proof_errors(stamps: Sequence[Stamp], options: str) -> list[str | None]:
    return await asyncio.gather(*(_proof_error(stamp.document, options) for stamp in stamps))


async def _proof_error(document: str, options: str) -> str | None:
    try:
        result = json.loads(await didkit.verify_credential(document, options))
    except (KeyboardInterrupt, SystemExit, asyncio.CancelledError):
        raise
    except BaseException:  # a panic in didkit is no Exception
        return "unverifiable"
    return "bad_proof" if result["errors"] else None
