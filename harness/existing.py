"""Adopted databases for tests: the existing service's tables, and a schema through which tests fill them as
they fill ours."""

import psycopg

from db.adopt import adopt
from local import existing

# Its views have our names, and give what the existing service's code gives that its tables require. They come
# before schema scorer in the search_path of a test; functions never see them.
WORLD = """
create schema world;
grant usage on schema world to public;

create sequence world.types;

create function world.new_user() returns bigint language sql as
$$ insert into public.auth_user default values returning id $$;

create view world.account_account as select id, address, user_id from public.account_account;
alter view world.account_account alter column address set default '';
alter view world.account_account alter column user_id set default world.new_user();

create view world.account_apikey as
select
    id, account_id, prefix, hashed_key, hashed_key_sha256, name, created, revoked, expiry_date,
    create_scorers, read_scores, submit_passports, historical_endpoint, rate_limit
from public.account_accountapikey;
alter view world.account_apikey alter column id set default gen_random_uuid()::text;
alter view world.account_apikey alter column name set default '';
alter view world.account_apikey alter column created set default now();
alter view world.account_apikey alter column revoked set default false;
alter view world.account_apikey alter column create_scorers set default false;
alter view world.account_apikey alter column read_scores set default true;
alter view world.account_apikey alter column submit_passports set default false;
alter view world.account_apikey alter column historical_endpoint set default false;

create view world.account_community as
select id, account_id, scorer_id, name, description, rule, human_points_program, external_scorer_id,
    deleted_at
from public.account_community;
alter view world.account_community alter column name set default gen_random_uuid()::text;
alter view world.account_community alter column description set default '';
alter view world.account_community alter column rule set default 'LIFO';
alter view world.account_community alter column human_points_program set default false;

create function world.new_scorer() returns trigger language plpgsql as
$$
begin
    insert into public.scorer_weighted_scorer (id, type, exclude_from_weight_updates)
    values (new.scorer_ptr_id, 'WEIGHTED_BINARY', false)
    on conflict do nothing;
    return new;
end;
$$;
create trigger new_scorer before insert on public.scorer_weighted_binaryweightedscorer
for each row execute function world.new_scorer();

create view world.scorer_weighted_binaryweightedscorer as
select scorer_ptr_id, weights, threshold from public.scorer_weighted_binaryweightedscorer;
alter view world.scorer_weighted_binaryweightedscorer alter column weights set default '{}';
alter view world.scorer_weighted_binaryweightedscorer alter column threshold set default 0;

create view world.ceramic_cache as
select
    id, address, provider, stamp, proof_value, created_at, updated_at, deleted_at, type,
    compose_db_save_status, compose_db_stream_id,
    case
        when octet_length(stamp::text) <= 65536 then sha256(convert_to(stamp::text, 'UTF8'))
    end as digest
from public.ceramic_cache_ceramiccache;
alter view world.ceramic_cache alter column proof_value set default '';
alter view world.ceramic_cache alter column created_at set default now();
alter view world.ceramic_cache alter column updated_at set default now();
alter view world.ceramic_cache alter column type set default nextval('world.types');
alter view world.ceramic_cache alter column compose_db_save_status set default '';
alter view world.ceramic_cache alter column compose_db_stream_id set default '';

create view world.ceramic_cache_revocation as
select id, proof_value, ceramic_cache_id from public.ceramic_cache_revocation;
alter view world.ceramic_cache_revocation alter column proof_value set default '';

create view world.registry_passport as select ctid, id, address, community_id from public.registry_passport;
create view world.registry_stamp as
select ctid, id, passport_id, provider, credential from public.registry_stamp;
create view world.registry_score as
select
    ctid, id, passport_id, score, status, last_score_timestamp, evidence, stamp_scores, stamps,
    expiration_date, error
from public.registry_score;
create view world.registry_event as
select
    ctid, id,
    case action when 'LDP' then 'LIFO_DEDUPLICATION' when 'SCU' then 'SCORE_UPDATE' else action end as action,
    address, data, community_id, created_at
from public.registry_event;
create rule record as on insert to world.registry_event do instead
insert into public.registry_event (action, address, data, community_id, created_at)
values (
    case new.action when 'LIFO_DEDUPLICATION' then 'LDP' when 'SCORE_UPDATE' then 'SCU' else new.action end,
    new.address, coalesce(new.data, '{}'), new.community_id, coalesce(new.created_at, now())
);
create view world.registry_hashscorerlink as
select ctid, xmax, id, hash, address, community_id, expires_at from public.registry_hashscorerlink;
"""


# Their tables that have names of their own.
NAMES = {
    "account_apikey": "account_accountapikey",
    "ceramic_cache": "ceramic_cache_ceramiccache",
    "human_points_passingscorerecord": "registry_humanpointscommunityqualifiedusers",
}


def base_table(connection: psycopg.Connection, name: str) -> str:
    """The table of one of our names, with its schema: what a trigger or a constraint can stand on."""
    theirs = f"public.{NAMES.get(name, name)}"
    row = connection.execute("select to_regclass(%s) is not null", [theirs]).fetchone()
    return theirs if row == (True,) else f"scorer.{name}"


def make(url: str) -> None:
    """Makes an adopted database of an empty one."""
    with psycopg.connect(url) as connection:
        existing.create(connection)
    adopt(url)
    with psycopg.connect(url) as connection:
        connection.execute(WORLD.encode())
