"""What a million wallets take on disk, table by table: python -m bench.sizes [--wallets N]

Makes N wallets (20,000) of 20 credentials each, in the form that issuers sign, with the checks, links,
stamps and scores that requests write, and multiplies. Then looks for checks that hardly anybody asks for, as
the schedule does, where there are none and where a sixteenth of the wallets has deleted its credentials.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from api.credentials import VERIFIER
from api.upkeep import CHECKS
from harness.server import OwnServer
from harness.world import World, fresh
from local import postgres
from local.issuer import Issuer

SETTINGS = {"autovacuum": "off", "shared_buffers": "1GB", "max_wal_size": "4GB"}
MILLION = 1_000_000
PRUNE = "select looked_at, removed from prune_checks(%s, %s)"
# A check is made a year ago: old enough for each rule.
FILL = """
create function pg_temp.nullifier(p_wallet bigint, p_stamp integer, p_version integer) returns text
language sql immutable
return 'v' || p_version || ':'
    || encode(sha256(convert_to(p_wallet || '.' || p_stamp || '.' || p_version, 'UTF8')), 'base64');

insert into ceramic_cache (address, provider, stamp)
select
    w.address, 'Provider' || s.n,
    jsonb_set(
        jsonb_set(
            jsonb_set(
                jsonb_set(
                    {document}::jsonb, '{{credentialSubject,id}}', to_jsonb('did:pkh:eip155:1:' || w.address)
                ),
                '{{credentialSubject,nullifiers}}',
                to_jsonb(array[pg_temp.nullifier(w.n, s.n, 0), pg_temp.nullifier(w.n, s.n, 1)])
            ),
            '{{credentialSubject,provider}}', to_jsonb('Provider' || s.n)
        ),
        '{{proof,proofValue}}',
        to_jsonb('0x' || encode(sha512(convert_to(w.n || '.' || s.n, 'UTF8')), 'hex') || '1b')
    )
from (
    select n, '0x' || lpad(to_hex(n * 2654435761 % 4294967296), 40, 'a') as address
    from generate_series(1::bigint, {wallets}) as n
) as w, generate_series(1, 20) as s (n);

insert into credential_check (
    digest, verifier, issuer, subject, provider, nullifiers, expires_at, signed_at, checked_at
)
select
    c.digest, {verifier}, c.stamp ->> 'issuer', c.stamp #>> '{{credentialSubject,id}}', c.provider,
    c.stamp #> '{{credentialSubject,nullifiers}}', '2090-01-01Z', now(), now() - interval '1 year'
from ceramic_cache as c
order by c.digest;

insert into registry_passport (address, community_id)
select distinct address, 1 from ceramic_cache;

insert into registry_stamp (passport_id, provider, credential)
select p.id, c.provider, c.stamp
from ceramic_cache as c
inner join registry_passport as p on p.address = c.address;

insert into registry_hashscorerlink (hash, address, community_id, expires_at)
select h.hash, c.address, 1, '2090-01-01Z'
from ceramic_cache as c, jsonb_array_elements_text(c.stamp #> '{{credentialSubject,nullifiers}}') as h (hash)
order by 1;

insert into registry_score (
    passport_id, score, status, last_score_timestamp, evidence, stamp_scores, stamps, expiration_date
)
select
    p.id, s.score, s.status, s.last_score_timestamp, s.evidence, s.stamp_scores, s.stamps, s.expiration_date
from registry_passport as p, registry_score as s
where s.passport_id = (select min(passport_id) from registry_score) and p.id <> s.passport_id;

insert into registry_event (action, address, data, community_id)
select 'SCORE_UPDATE', p.address, e.data, 1
from registry_passport as p, (select data from registry_event limit 1) as e;
"""
SIZES = """
select
    coalesce(m.inhparent, c.oid)::regclass::text, sum(c.reltuples)::bigint,
    sum(pg_table_size(c.oid))::float8, sum(pg_indexes_size(c.oid))::float8
from pg_class as c
left join pg_inherits as m on m.inhrelid = c.oid
where c.relnamespace = 'scorer'::regnamespace and c.relkind = 'r' and c.reltuples >= %s
group by 1
order by 3 desc
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.sizes", description=__doc__)
    parser.add_argument("--wallets", type=int, default=20_000)
    wallets = parser.parse_args().wallets
    with tempfile.TemporaryDirectory(prefix="sizes-", ignore_cleanup_errors=True) as folder:
        data = Path(folder) / "data"
        with OwnServer(data, postgres.programs(), postgres.EMBEDDED_VERSION, **SETTINGS) as server:
            issuer = Issuer.ethereum()
            with fresh(server.url, issuer, "sizes") as world:
                fill(world, wallets)
                for table, rows, table_bytes, index_bytes in world.execute(SIZES, wallets):
                    each = (table_bytes + index_bytes) / rows
                    print(
                        f"{table}: {rows / wallets:.0f} rows a wallet of {each:,.0f} bytes,"
                        f" {each * rows / wallets * MILLION / 1e9:.1f} GB a million wallets,"
                        f" {index_bytes / (table_bytes + index_bytes):.0%} of it indexes"
                    )
                print(f"prune_checks, nothing to remove: {swept(world)}")
                world.execute("update ceramic_cache set deleted_at = now() where address like '%1'")
                print(f"prune_checks, a sixteenth of the wallets without credentials: {swept(world)}")


def fill(world: World, wallets: int) -> None:
    first = "0x" + "0" * 40
    stamps = [
        {
            "provider": f"Provider{n}",
            "credential": {},
            "nullifiers": [f"n{n}"],
            "expires_at": "2090-01-01T00:00:00Z",
        }
        for n in range(20)
    ]
    world.execute("select score_passport(%s, 1, %s)", first, json.dumps(stamps))
    document = json.dumps(issuer_document(world))
    quoted = {"document": literal(document), "verifier": literal(VERIFIER)}
    world.execute(FILL.format(wallets=wallets, **quoted))
    world.execute("vacuum analyze")
    world.execute("checkpoint")


def issuer_document(world: World) -> object:
    return world.issuer.credential("0x" + "1" * 40, "Provider1", ["v0:a", "v1:a"], "2090-01-01T00:00:00Z")


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def swept(world: World) -> str:
    """Median milliseconds of a call, and what all calls removed."""
    taken, removed, looked_at = [], 0, CHECKS
    while looked_at == CHECKS:
        start = time.perf_counter()
        ((looked_at, gone),) = world.execute(
            "select looked_at, removed from prune_checks(%s, %s)", VERIFIER, CHECKS
        )
        taken.append(time.perf_counter() - start)
        removed += gone
    return (
        f"{statistics.median(taken) * 1000:.0f} ms a call of {CHECKS:,} checks,"
        f" {max(taken) * 1000:.0f} at most,"
        f" {removed:,} removed"
    )


if __name__ == "__main__":
    main()
