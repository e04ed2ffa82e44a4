"""Demo data: a community, an API key, and three wallets with freshly signed credentials."""

import json

import psycopg
from psycopg import sql

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
# Where the demo data bring their own ids, which the next row without one must not meet.
IDS = {
    "account_account": "id",
    "account_community": "id",
    "scorer_weighted_binaryweightedscorer": "scorer_ptr_id",
}
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
        for table, column in IDS.items():
            connection.execute(
                sql.SQL(
                    """
                    select setval(ids, max({column}))
                    from {table}, cast(pg_get_serial_sequence(%s, %s) as regclass) as ids
                    group by ids having max({column}) > coalesce(pg_sequence_last_value(ids), 0)
                    """
                ).format(table=sql.Identifier(table), column=sql.Identifier(column)),
                [table, column],
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
