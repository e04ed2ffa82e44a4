"""What holds of the tables whatever ran on them, however it was interrupted; read after the fact.

Credentials are those of local.issuer, or stand-ins with the same nullifiers and expirationDate.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import psycopg

from deploy.split.install import IDS_OF_A_PARTITION
from harness.existing import base_table

# Every change of a link, with the time by which its writer judged what is live.
WATCH = """
create table link_history (
    id bigint generated always as identity,
    transaction_id xid8 not null default pg_current_xact_id(),
    judged_at timestamptz not null default now(),
    hash text, community_id bigint,
    old_address text, old_expires_at timestamptz, new_address text, new_expires_at timestamptz
);
create function record_link() returns trigger
language plpgsql security definer set search_path = world, scorer as $$
begin
    insert into link_history (
        hash, community_id, old_address, old_expires_at, new_address, new_expires_at
    ) values (
        coalesce(new.hash, old.hash), coalesce(new.community_id, old.community_id),
        old.address, old.expires_at, new.address, new.expires_at
    );
    return null;
end;
$$;
"""
WATCHED = """
create trigger record_link after insert or update or delete on {}
for each row execute function record_link()
"""

# Each gives a row for each violation.
INVARIANTS = {
    "a live link changed hands or vanished": """
        select hash, community_id, old_address, new_address
        from (
            select
                hash, community_id, judged_at,
                (array_agg(old_address order by id))[1] as old_address,
                (array_agg(old_expires_at order by id))[1] as old_expires_at,
                (array_agg(new_address order by id desc))[1] as new_address
            from link_history
            group by transaction_id, hash, community_id, judged_at
        ) as change
        where old_expires_at > judged_at and new_address is distinct from old_address
    """,
    "a nullifier counts in two passports of a community": """
        select community_id, nullifier, array_agg(address)
        from counted
        where expires_at > now()
        group by community_id, nullifier
        having count(distinct address) > 1
    """,
    "a stamp counts whose nullifier the wallet does not hold": """
        select c.*
        from counted as c
        left join registry_hashscorerlink as l on l.hash = c.nullifier and l.community_id = c.community_id
        where c.expires_at > now() and (l.address is distinct from c.address or l.expires_at < c.expires_at)
    """,
    "a provider counts twice in a passport": """
        select passport_id, provider from registry_stamp group by passport_id, provider having count(*) > 1
    """,
    "a passport without a score": """
        select id from registry_passport where id not in (select passport_id from registry_score)
    """,
    "a score that is not the sum of its stamps' weights": """
        select s.id, s.evidence, s.stamp_scores, w.*
        from registry_score as s
        inner join registry_passport as p on p.id = s.passport_id
        inner join account_community as c on c.id = p.community_id
        inner join scorer_weighted_binaryweightedscorer as b on b.scorer_ptr_id = c.scorer_id
        cross join lateral (
            select
                coalesce(sum(coalesce((b.weights ->> t.provider)::numeric, 0)), 0) as total,
                coalesce(jsonb_object_agg(
                    t.provider, coalesce((b.weights ->> t.provider)::numeric, 0)), '{}') as stamp_scores,
                coalesce(array_agg(t.provider::text order by t.provider collate "C"), '{}') as providers,
                min((t.credential ->> 'expirationDate')::timestamptz) as expiration_date
            from registry_stamp as t where t.passport_id = p.id
        ) as w
        where
            s.stamp_scores <> w.stamp_scores
            or (s.evidence ->> 'rawScore')::numeric <> w.total
            or s.score <> (w.total >= b.threshold)::integer
            or (s.evidence -> 'success')::boolean <> (w.total >= b.threshold)
            or s.expiration_date is distinct from w.expiration_date
            or s.status <> 'DONE'
            or w.providers <> coalesce((
                select array_agg(key order by key collate "C") from jsonb_each(s.stamps)
                where not (value ->> 'dedup')::boolean
            ), '{}')
    """,
    "a score without its event": """
        select s.id, s.passport_id, s.last_score_timestamp, e.id as event_id, e.fields
        from registry_score as s
        left join (
            -- Ids tell the order of what one partition has written. Which one wrote last, times do.
            select distinct on (score_id) id, score_id, fields
            from (
                select
                    id, (data ->> 'pk')::bigint as score_id, data -> 'fields' as fields,
                    max(created_at) over (partition by data -> 'pk', id / %(ids)s) as written_until
                from registry_event
                where action = 'SCORE_UPDATE'
            ) as w
            order by score_id, written_until desc, id desc
        ) as e on e.score_id = s.id
        where
            (e.fields ->> 'score')::numeric is distinct from s.score
            or (e.fields ->> 'last_score_timestamp')::timestamptz is distinct from s.last_score_timestamp
            or (e.fields ->> 'expiration_date')::timestamptz is distinct from s.expiration_date
            or e.fields -> 'evidence' is distinct from s.evidence
            or e.fields -> 'stamp_scores' is distinct from s.stamp_scores
            or e.fields -> 'stamps' is distinct from s.stamps
    """,
    "dedup events other than the scoring's deduped stamps": """
        select u.id, u.address, u.deduped, d.deduped
        from (
            select id, address, community_id, created_at, (
                select coalesce(array_agg(key), '{}')
                from jsonb_each(data #> '{fields,stamps}') where (value ->> 'dedup')::boolean
            ) as deduped
            from registry_event where action = 'SCORE_UPDATE'
        ) as u
        left join (
            select address, community_id, created_at, array_agg(data ->> 'provider') as deduped
            from registry_event where action = 'LIFO_DEDUPLICATION'
            group by address, community_id, created_at
        ) as d using (address, community_id, created_at)
        where not u.deduped <@ coalesce(d.deduped, '{}')
    """,
    "human points other than four passing communities earn": """
        select address
        from (select distinct address from registry_event) as w
        where (
            select count(*) >= 4 from human_points_passingscorerecord as r where r.address = w.address
        ) <> exists (
            select from human_points_bonusaward as b
            where b.address = w.address and b.bonus_type = 'SCORING_BONUS' and b.points = 50
        )
    """,
}
COUNTED = """
with counted as (
    select
        p.community_id, p.address, n.nullifier,
        (s.credential ->> 'expirationDate')::timestamptz as expires_at
    from registry_stamp as s
    inner join registry_passport as p on p.id = s.passport_id
    cross join lateral jsonb_array_elements_text(
        s.credential #> '{credentialSubject,nullifiers}'
    ) as n (nullifier)
)
"""


@dataclass(frozen=True)
class Answered:
    """A score that a client got."""

    address: str
    community: int
    last_score_timestamp: str


def watch(connection: psycopg.Connection) -> None:
    """Has the database keep the history of its links, which violations reads."""
    connection.execute(WATCH.encode())
    connection.execute(WATCHED.format(base_table(connection, "registry_hashscorerlink")).encode())


def violations(connection: psycopg.Connection) -> list[str]:
    """What does not hold of the tables."""
    return [
        f"{name}: {row}"
        for name, query in INVARIANTS.items()
        for row in connection.execute((COUNTED + query).encode(), {"ids": IDS_OF_A_PARTITION})
    ]


def lost(connection: psycopg.Connection, answered: Iterable[Answered]) -> list[Answered]:
    """The answers of which the database holds no event."""
    kept = {
        Answered(*row)
        for row in connection.execute(
            "select address, community_id, data #>> '{fields,last_score_timestamp}' from registry_event"
            " where action = 'SCORE_UPDATE'"
        )
    }
    return [answer for answer in answered if answer not in kept]
