"""Demo data: a community, an API key, and three wallets with freshly signed credentials."""

import json

import psycopg

from api import keys
from local.issuer import Issuer

KEY = "demo.0123456789abcdef"
COMMUNITY = 1
WEIGHTS = {"Github": "2.25", "Google": "1.0", "Ens": "3", "Linkedin": "0.123456"}
THRESHOLD = "2.5"
PASSING = "0x1111111111111111111111111111111111111111"
FAILING = "0x2222222222222222222222222222222222222222"
# Its Ens name is the passing wallet's.
CLASHING = "0x3333333333333333333333333333333333333333"
STAMPS = {
    PASSING: {"Github": ["v1:octocat"], "Ens": ["v1:alice.eth"]},
    FAILING: {"Google": ["v1:bob@example.com"]},
    CLASHING: {"Ens": ["v1:alice.eth"], "Google": ["v1:carol@example.com"]},
}


def load(url: str, issuer: Issuer) -> None:
    """Loads the demo data, or signs its credentials anew where it is loaded already."""
    with psycopg.connect(url, options="-c search_path=scorer") as connection:
        connection.execute(
            "insert into account_account (id, address) values (1, %s) on conflict do nothing",
            [PASSING],
        )
        connection.execute(
            """
            insert into account_apikey (account_id, prefix, hashed_key, name)
            values (1, %s, %s, 'demo') on conflict do nothing
            """,
            [keys.prefix(KEY), keys.sha256_hash(KEY)],
        )
        connection.execute(
            """
            insert into scorer_weighted_binaryweightedscorer (scorer_ptr_id, weights, threshold)
            values (%s, %s, %s) on conflict do nothing
            """,
            [COMMUNITY, json.dumps(WEIGHTS), THRESHOLD],
        )
        connection.execute(
            """
            insert into account_community (id, account_id, scorer_id, name, human_points_program)
            values (%s, 1, %s, 'Demo', true) on conflict do nothing
            """,
            [COMMUNITY, COMMUNITY],
        )
        connection.execute("delete from ceramic_cache where address = any(%s)", [list(STAMPS)])
        for address, stamps in STAMPS.items():
            for provider, nullifiers in stamps.items():
                credential = issuer.credential(address, provider, nullifiers)
                connection.execute(
                    """
                    insert into ceramic_cache (address, provider, stamp, proof_value)
                    values (%s, %s, %s, %s)
                    """,
                    [address, provider, json.dumps(credential), credential["proof"]["proofValue"]],
                )
