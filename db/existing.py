"""What an existing database must be, for the functions to run on views over its tables."""

import psycopg

OLDEST = 15
ROLES = ("scorer_owner", "scorer_admin", "scorer_api", "scorer_caller", "scorer_checker")

# The columns that are read, with their types. Of varchar any length is read.
READ = {
    "account_account": {"id": "bigint", "address": "character varying", "user_id": "integer"},
    "account_accountapikey": {
        "id": "character varying",
        "account_id": "bigint",
        "prefix": "character varying",
        "hashed_key": "character varying",
        "hashed_key_sha256": "character varying",
        "name": "character varying",
        "created": "timestamp with time zone",
        "revoked": "boolean",
        "expiry_date": "timestamp with time zone",
        "rate_limit": "character varying",
        "read_scores": "boolean",
        "historical_endpoint": "boolean",
    },
    "account_community": {
        "id": "bigint",
        "account_id": "bigint",
        "scorer_id": "bigint",
        "name": "character varying",
        "human_points_program": "boolean",
        "external_scorer_id": "character varying",
        "deleted_at": "timestamp with time zone",
    },
    "account_customization": {"id": "bigint", "scorer_id": "bigint"},
    "account_allowlist": {"customization_id": "bigint", "address_list_id": "bigint", "weight": "numeric"},
    "account_addresslist": {"id": "bigint", "name": "character varying"},
    "account_customcredential": {"customization_id": "bigint", "ruleset_id": "bigint", "weight": "numeric"},
    "account_customcredentialruleset": {"id": "bigint", "provider_id": "character varying"},
    "scorer_weighted_scorer": {"id": "bigint", "type": "character varying"},
    "scorer_weighted_binaryweightedscorer": {
        "scorer_ptr_id": "bigint",
        "weights": "jsonb",
        "threshold": "numeric",
    },
    "scorer_weighted_weightedscorer": {
        "scorer_ptr_id": "bigint",
        "weights": "jsonb",
        "threshold": "numeric",
    },
    "ceramic_cache_ceramiccache": {
        "id": "bigint",
        "address": "character varying",
        "provider": "character varying",
        "stamp": "jsonb",
        "proof_value": "character varying",
        "created_at": "timestamp with time zone",
        "updated_at": "timestamp with time zone",
        "deleted_at": "timestamp with time zone",
    },
    "ceramic_cache_revocation": {
        "id": "bigint",
        "proof_value": "character varying",
        "ceramic_cache_id": "bigint",
    },
    "registry_passport": {"id": "bigint", "address": "character varying", "community_id": "bigint"},
    "registry_stamp": {
        "id": "bigint",
        "passport_id": "bigint",
        "provider": "character varying",
        "credential": "jsonb",
    },
    "registry_score": {
        "id": "bigint",
        "passport_id": "bigint",
        "score": "numeric",
        "status": "character varying",
        "last_score_timestamp": "timestamp with time zone",
        "evidence": "jsonb",
        "stamp_scores": "jsonb",
        "stamps": "jsonb",
        "expiration_date": "timestamp with time zone",
        "error": "text",
    },
    "registry_hashscorerlink": {
        "id": "bigint",
        "hash": "character varying",
        "address": "character varying",
        "community_id": "bigint",
        "expires_at": "timestamp with time zone",
    },
    "registry_event": {
        "id": "bigint",
        "action": "character varying",
        "address": "character varying",
        "data": "jsonb",
        "community_id": "bigint",
        "created_at": "timestamp with time zone",
    },
    "registry_humanpointscommunityqualifiedusers": {
        "id": "bigint",
        "address": "character varying",
        "community_id": "bigint",
    },
}

# The columns that are given when a row is inserted, with the room that a varchar must have.
INSERTED: dict[str, dict[str, int]] = {
    "registry_passport": {"address": 42, "community_id": 0},
    "registry_stamp": {"passport_id": 0, "provider": 256, "credential": 0},
    "registry_score": {name: 4 * (name == "status") for name in READ["registry_score"] if name != "id"},
    "registry_hashscorerlink": {"hash": 100, "address": 42, "community_id": 0, "expires_at": 0},
    "registry_event": {"action": 3, "address": 42, "data": 0, "community_id": 0, "created_at": 0},
    "registry_humanpointscommunityqualifiedusers": {"address": 42, "community_id": 0},
}

# What a row is found by, so that there is one: unique indexes, by table and columns.
UNIQUE = (
    ("account_accountapikey", ("prefix",)),
    ("account_community", ("id",)),
    ("account_community", ("external_scorer_id",)),
    ("account_customization", ("scorer_id",)),
    ("account_addresslist", ("id",)),
    ("account_customcredentialruleset", ("id",)),
    ("scorer_weighted_scorer", ("id",)),
    ("scorer_weighted_binaryweightedscorer", ("scorer_ptr_id",)),
    ("scorer_weighted_weightedscorer", ("scorer_ptr_id",)),
    ("ceramic_cache_revocation", ("ceramic_cache_id",)),
    ("registry_passport", ("address", "community_id")),
    ("registry_score", ("passport_id",)),
    ("registry_hashscorerlink", ("hash", "community_id")),
    ("registry_humanpointscommunityqualifiedusers", ("address", "community_id")),
)

# What rows are found by: indexes that begin with the columns.
INDEXED = (
    ("ceramic_cache_ceramiccache", ("address",)),
    ("registry_stamp", ("passport_id",)),
    ("registry_event", ("action", "address", "community_id", "created_at")),
    ("account_allowlist", ("customization_id",)),
    ("account_customcredential", ("customization_id",)),
)

# What scorer_owner is granted beyond select: see adopted/grants.sql of the baseline.
GRANTED = {
    "registry_passport": "insert, update",
    "registry_stamp": "insert, delete",
    "registry_score": "insert, update",
    "registry_hashscorerlink": "insert, update",
    "registry_event": "insert",
    "registry_humanpointscommunityqualifiedusers": "insert",
    "account_accountapikey": "update",
}

COLUMNS = """
select
    c.relname::text, a.attname::text, format_type(a.atttypid, null),
    case when a.atttypid = 'varchar'::regtype and a.atttypmod > 0 then a.atttypmod - 4 end,
    a.attnotnull and not a.atthasdef and a.attidentity = '' as is_required
from pg_class as c
inner join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = to_regnamespace('public') and c.relkind in ('r', 'p') and c.relname = any(%s)
"""
INDEXES = """
select
    c.relname::text,
    array(
        select a.attname::text
        from unnest(i.indkey::smallint[]) with ordinality as k (attnum, position)
        inner join pg_attribute as a on a.attrelid = c.oid and a.attnum = k.attnum
        where k.position <= i.indnkeyatts
        order by k.position
    ),
    i.indisunique and i.indimmediate,
    am.amname = 'btree'
from pg_index as i
inner join pg_class as c on c.oid = i.indrelid
inner join pg_class as x on x.oid = i.indexrelid
inner join pg_am as am on am.oid = x.relam
where
    c.relnamespace = to_regnamespace('public') and c.relname = any(%s)
    and i.indisvalid and i.indpred is null and i.indexprs is null
"""
# Whoever owns the views sees what a policy lets it see.
HIDDEN = """
select c.relname::text
from pg_class as c
where
    c.relnamespace = to_regnamespace('public') and c.relname = any(%s) and c.relrowsecurity
    and not exists (select from pg_roles as r where r.rolname = 'scorer_owner' and r.rolbypassrls)
"""
RIGHTS = """
select
    c.relname::text,
    pg_has_role(current_user, c.relowner, 'usage'),
    array(
        select r.privilege
        from unnest(array['select', 'insert', 'update', 'delete']) as r (privilege)
        where has_table_privilege(c.oid, r.privilege || ' with grant option')
    ),
    has_table_privilege(c.oid, 'trigger')
from pg_class as c
where c.relnamespace = to_regnamespace('public') and c.relname = any(%s)
"""
SERVER = """
select
    current_setting('server_version_num')::integer / 10000,
    current_setting('server_encoding'),
    pg_is_in_recovery() or current_setting('transaction_read_only')::boolean,
    has_database_privilege(current_database(), 'create with grant option'),
    r.rolsuper or r.rolcreaterole,
    r.rolsuper or r.rolinherit,
    quote_ident(current_user),
    quote_ident(current_database()),
    (select quote_ident(pg_get_userbyid(n.nspowner)) from pg_namespace as n where n.nspname = 'scorer')
from pg_roles as r
where r.rolname = current_user
"""
# Since 16 a login that makes roles governs those alone that it has made.
ROLE = """
select
    pg_has_role(current_user, oid, 'usage'),
    pg_has_role(current_user, oid, 'usage with admin option')
    or current_setting('server_version_num')::integer < 160000
    and (select r.rolcreaterole from pg_roles as r where r.rolname = current_user)
from pg_roles where rolname = 'scorer_owner'
"""
MADE = "select to_regclass('scorer.credential_check') is not null"


def problems(connection: psycopg.Connection) -> list[str]:
    """Why the database cannot be adopted by the session's login as it stands, each in one line that says what
    to do; empty where it can. Reads the catalog alone."""
    return [*unfit_server(connection), *unfit_tables(connection), *missing_rights(connection)]


def unfit_server(connection: psycopg.Connection) -> list[str]:
    row = connection.execute(SERVER).fetchone()
    assert row
    version, encoding, reads_only, creates, makes_roles, inherits, login, database, schema_owner = row
    found = []
    if version < OLDEST:
        found.append(f"PostgreSQL {version} is too old: {OLDEST} or newer is needed.")
    if encoding != "UTF8":
        found.append(f"The database's encoding is {encoding}: documents are hashed as UTF8.")
    if reads_only:
        found.append("The database is read-only: give the URL of the primary, and let the login write.")
    if not inherits:
        found.append(f"{login} does not have the rights of its roles: alter role {login} inherit")
    if connection.execute(MADE).fetchone() == (True,):
        return found
    if not creates:
        found.append(
            f"{login} may not create a schema: grant create on database {database} to {login}"
            " with grant option"
        )
    if schema_owner:
        found.append(
            f"There is a schema scorer already, of {schema_owner}: alter schema scorer rename to another"
        )
    there = {role for (role,) in connection.execute("select rolname::text from pg_roles")}
    found += [
        f"{login} may not make role {role}: create role {role} nologin"
        for role in ROLES
        if role not in there and not makes_roles
    ]
    member, governs = connection.execute(ROLE).fetchone() or (makes_roles, makes_roles)
    if not (member or governs):
        found.append(f"{login} is no member of scorer_owner: grant scorer_owner to {login}")
    return found


def unfit_tables(connection: psycopg.Connection) -> list[str]:
    """What does not fit of tables, columns and indexes. Nothing else of the existing schema matters."""
    columns = {
        (table, column): (type_, length, required)
        for table, column, type_, length, required in connection.execute(COLUMNS, [list(READ)])
    }
    tables = {table for table, _ in columns}
    found = [f"There is no table public.{table}." for table in READ if table not in tables]
    for table, names in READ.items():
        if table not in tables:
            continue
        for name, wanted in names.items():
            type_, length, _ = columns.get((table, name), ("", None, False))
            room = INSERTED.get(table, {}).get(name, 0)
            if not type_:
                found.append(f"public.{table} has no column {name}.")
            elif type_ != wanted:
                found.append(f"public.{table}.{name} is {type_}, not {wanted}.")
            elif length is not None and length < room:
                found.append(f"public.{table}.{name} has room for {length} characters, not {room}.")
    found += [
        f"public.{table}.{name} must be given and has no default: alter table public.{table}"
        f" alter column {name} set default …, or drop its not null"
        for (table, name), (_, _, required) in sorted(columns.items())
        if required and table in INSERTED and name not in INSERTED[table]
    ]
    indexes = connection.execute(INDEXES, [list(READ)]).fetchall()
    unique = {(table, frozenset(keys)) for table, keys, is_unique, _ in indexes if is_unique}
    leading = {
        (table, tuple(keys[:length]))
        for table, keys, _, is_btree in indexes
        if is_btree
        for length in range(1, len(keys) + 1)
    }
    found += [
        f"public.{table} has no unique index on ({', '.join(keys)})."
        for table, keys in UNIQUE
        if table in tables and (table, frozenset(keys)) not in unique
    ]
    found += [
        f"public.{table} has no index that begins with {', '.join(columns)}."
        for table, columns in INDEXED
        if table in tables and (table, columns) not in leading
    ]
    found += [
        f"public.{table} has row level security, which would hide rows: alter role scorer_owner bypassrls"
        for (table,) in connection.execute(HIDDEN, [list(READ)])
    ]
    return found


def missing_rights(connection: psycopg.Connection) -> list[str]:
    """What the login may not grant or do to the tables."""
    found = []
    for table, owns, grantable, triggers in connection.execute(RIGHTS, [list(READ)]):
        needed = {"select", *GRANTED.get(table, "").split(", ")} - {""}
        if not owns and (missing := sorted(needed - set(grantable))):
            found.append(
                f"The login may not grant {', '.join(missing)} on public.{table}: as its owner,"
                f" grant {', '.join(missing)} on public.{table} to the login with grant option"
            )
        if table == "registry_hashscorerlink" and not owns and not triggers:
            found.append(
                f"The login may not make a trigger: as its owner,"
                f" grant trigger on public.{table} to the login"
            )
    return found
