"""Keeps the digests of credentials on an adopted database, so that requests need not make them from the
documents.

python -m db.digests          keeps those that are missing, the newest credentials first
python -m db.digests --drop   forgets all of them
"""

import sys
import time

import psycopg

from api.connection import conninfo
from db.migrations import frozen
from db.one_line import errors_in_a_line, given_url

# Ids of credentials that a transaction goes through.
WINDOW = 5000
LAST = "select coalesce(max(id), 0) from public.ceramic_cache_ceramiccache"
# A document and the version of its row are read at once, so that they belong together whatever others write.
KEEP = """
insert into scorer.credential_digest as k (ceramic_cache_id, row_xmin, row_ctid, digest)
select c.id, c.xmin, c.ctid, sha256(d.document)
from public.ceramic_cache_ceramiccache as c
left join scorer.credential_digest as k
    on k.ceramic_cache_id = c.id and k.row_xmin = c.xmin and k.row_ctid = c.ctid
cross join lateral (select convert_to(c.stamp::text, 'UTF8') as document limit 1) as d
where
    c.id > %(after)s
    and c.id <= %(after)s + %(window)s
    and c.deleted_at is null
    and k.ceramic_cache_id is null
    and octet_length(d.document) <= 65536
on conflict (ceramic_cache_id) do update
    set row_xmin = excluded.row_xmin, row_ctid = excluded.row_ctid, digest = excluded.digest
"""


def keep(url: str, window: int = WINDOW) -> str:
    """Keeps what is missing; gives what was done as a sentence. Each transaction goes through so many ids,
    locks nothing that a request waits for, and may be the last: the next run goes on. Raises SystemExit where
    the database is not an adopted one."""
    begun = time.monotonic()
    kept = 0
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        refuse_others(connection)
        (last,) = connection.execute(LAST).fetchone() or (0,)
        for after in range(last - last % window, -1, -window):
            with connection.transaction():
                connection.execute("set local role scorer_owner")
                kept += connection.execute(KEEP, {"after": after, "window": window}).rowcount
    return f"Kept {kept:,} digests, in {time.monotonic() - begun:.1f} s."


def drop(url: str) -> str:
    """Forgets all digests."""
    with psycopg.connect(conninfo(url)) as connection:
        refuse_others(connection)
        connection.execute("set local role scorer_owner")
        connection.execute("set local lock_timeout = '3s'")
        connection.execute("truncate scorer.credential_digest")
    return "Forgot all digests."


def refuse_others(connection: psycopg.Connection) -> None:
    if frozen.kind(connection) != "adopted":
        raise SystemExit("This database is not an adopted one: the digests of ours are kept by themselves.")


if __name__ == "__main__":
    if sys.argv[1:] not in ([], ["--drop"]):
        sys.exit(__doc__)
    url = given_url()
    with errors_in_a_line():
        print(drop(url) if sys.argv[1:] else keep(url))
