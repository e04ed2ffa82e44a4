"""The demo key: the same answers for the same wallets, wherever it is turned on, without a database.

An integrator's tests can ask for each kind of answer. What is asked, refused and sent goes the way of real
requests: only the database's part is played here.
"""

import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from api.database import Asked, Credentials, Database, Past, Reply, Unavailable, Unfinished
from api.refused import UNEXPECTED, Refused

PASSING = "0x1111111111111111111111111111111111111111"
FAILING = "0x2222222222222222222222222222222222222222"
DEDUPED = "0x3333333333333333333333333333333333333333"
EXPIRED = "0x4444444444444444444444444444444444444444"
EMPTY = "0x5555555555555555555555555555555555555555"
UNAVAILABLE = "0x6666666666666666666666666666666666666666"
FAULTY = "0x7777777777777777777777777777777777777777"
LIMITED = "0x8888888888888888888888888888888888888888"

NO_DEMO_WALLET = "The demo key knows the demo wallets alone: see /v2/docs."
SCORED_AT = "2026-01-01T00:00:00+00:00"
EXPIRES_AT = "2090-01-01T00:00:00+00:00"
# When the stamps of the expired wallet did, and when it was scored with them.
EXPIRED_AT = "2025-06-01T00:00:00+00:00"
SCORED_BEFORE = "2025-01-01T00:00:00+00:00"
# Requests and seconds of a window, how many requests are left of it, and its seconds that are.
USED_UP = [125, 900, 0, 310]

# Of each stamp its score, and the string of its own where it is deduped.
STAMPS: dict[str, dict[str, str | None]] = {
    PASSING: {"Github": "2.25000", "Ens": "3.00000"},
    FAILING: {"Google": "1.00000"},
    DEDUPED: {"Ens": None, "Google": "1.00000"},
    EXPIRED: {},
    EMPTY: {},
}
SCORES = {PASSING: "5.25000", FAILING: "1.00000", DEDUPED: "1.00000", EXPIRED: "0.00000", EMPTY: "0.00000"}


def is_demo(key: str | None, demo_key: str | None) -> bool:
    """Whether a request's key is the demo key, where there is one."""
    return bool(key and demo_key) and hmac.compare_digest(str(key).encode(), str(demo_key).encode())


class DemoDatabase(Database):
    """What a database would give for the demo wallets. Every scorer id is one of the demo key's."""

    def __init__(self) -> None:
        super().__init__("")

    def answer_request(self, arguments: Mapping[str, Any]) -> Reply:
        outcome, answer, window = "scored", None, None
        if fault := fault_of(arguments, Unfinished):
            outcome = fault
        elif arguments["address"] == LIMITED:
            outcome, window = "rate_limited", USED_UP
        else:
            answer = json.dumps(answer_of(arguments["address"]))
        return Reply(outcome, rate_window=window, answer=answer)

    def answer_history(self, arguments: Mapping[str, Any]) -> Past:
        outcome, answer, window = "no_score", None, None
        address, time = arguments["address"], arguments["created_at"]
        if fault := fault_of(arguments):
            outcome = fault
        elif address == LIMITED:
            outcome, window = "rate_limited", USED_UP
        elif time is None:
            outcome = "invalid_time"
        elif time >= datetime.fromisoformat(SCORED_AT):
            outcome, answer = "found", json.dumps(answer_of(address))
        elif address == EXPIRED and time >= datetime.fromisoformat(SCORED_BEFORE):
            outcome, answer = "found", json.dumps(answer_before_expiry())
        return Past(outcome, rate_window=window, answer=answer)

    def answer_credentials(self, arguments: Mapping[str, Any]) -> Credentials:
        address = arguments["address"]
        if fault := fault_of({"scorer_id": 1, **arguments}):
            return Credentials(fault)
        if address == LIMITED:
            return Credentials("rate_limited", rate_window=USED_UP)
        held = dict(enumerate(STAMPS[address], 1))
        older, newer = arguments["older_than"], arguments["newer_than"]
        ids = [i for i in sorted(held, reverse=True) if (not older or i < older) and (not newer or i > newer)]
        page = ids[-arguments["limit"] :] if newer else ids[: arguments["limit"]]
        items = [{"version": "1.0.0", "credential": credential(address, held[i])} for i in page]
        next_id = page[-1] if page and page[-1] > min(held) else None
        prev_id = page[0] if page and page[0] < max(held) else None
        return Credentials("listed", items=json.dumps(items), next_id=next_id, prev_id=prev_id)

    def admit_batch(self, arguments: Mapping[str, Any]) -> Asked:
        return Asked("unknown_scorer" if arguments["scorer_id"] is None else "admitted")


def fault_of(arguments: Mapping[str, Any], unavailable: type[Unavailable] = Unavailable) -> str | None:
    """The outcome for what no wallet is asked about. Raises what the wallet's answer is where it has none:
    unavailable is what only later may be answered."""
    if arguments["scorer_id"] is None:
        return "unknown_scorer"
    match arguments["address"]:
        case None:
            return "invalid_address"
        case address if address == UNAVAILABLE:
            raise unavailable(f"{address} is the demo wallet that is never answered")
        case address if address == FAULTY:
            raise Refused(500, UNEXPECTED)
        case address if address not in STAMPS and address != LIMITED:
            raise Refused(404, NO_DEMO_WALLET)
    return None


def answer_of(address: str) -> dict[str, Any]:
    """The score of a demo wallet."""
    counted = any(STAMPS[address].values())
    return {
        "address": address,
        "score": SCORES[address],
        "passing_score": address == PASSING,
        "last_score_timestamp": SCORED_AT,
        "expiration_timestamp": EXPIRES_AT if counted else None,
        "threshold": "2.50000",
        "error": None,
        "stamps": {
            provider: {
                "score": score or "0.00000",
                "dedup": score is None,
                "expiration_date": EXPIRES_AT if score else "2090-01-01T00:00:00Z",
            }
            for provider, score in STAMPS[address].items()
        },
        "points_data": None,
        "possible_points_data": None,
        "linked_score": None,
    }


def answer_before_expiry() -> dict[str, Any]:
    """The score that the expired wallet had while its stamps counted."""
    answer = answer_of(PASSING)
    stamps = {
        provider: stamp | {"expiration_date": EXPIRED_AT} for provider, stamp in answer["stamps"].items()
    }
    return answer | {
        "address": EXPIRED,
        "last_score_timestamp": SCORED_BEFORE,
        "expiration_timestamp": EXPIRED_AT,
        "stamps": stamps,
    }


def credential(address: str, provider: str) -> dict[str, Any]:
    """A document in the form that issuers write, with a proof that holds for nobody."""
    did = "did:ethr:0x0000000000000000000000000000000000000000"
    return {
        "@context": ["https://www.w3.org/2018/credentials/v1"],
        "type": ["VerifiableCredential"],
        "issuer": did,
        "issuanceDate": "2026-01-01T00:00:00Z",
        "expirationDate": "2090-01-01T00:00:00Z",
        "credentialSubject": {
            "id": f"did:pkh:eip155:1:{address}",
            "provider": provider,
            "nullifiers": [f"v1:{provider.lower()}"],
        },
        "proof": {
            "type": "EthereumEip712Signature2021",
            "created": "2026-01-01T00:00:00.000Z",
            "proofPurpose": "assertionMethod",
            "verificationMethod": f"{did}#controller",
            "proofValue": "0x" + "0" * 130,
        },
    }
