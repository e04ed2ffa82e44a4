begin;
select plan(17);

call community(7);
insert into account_apikey (account_id, prefix, hashed_key) values (1, 'good', api_key('good.key'));
create role stranger;
grant usage on schema tap, scorer to stranger;
grant usage on schema tap to scorer_api, scorer_caller;

-- Acting as each role.
set local role stranger;
select throws_ok('select ask()', '42501', null, 'a stranger cannot ask for a score');
select throws_ok(
    $$ select score_passport(wallet('a'), 7, '[]') $$, '42501', null, 'a stranger cannot score'
);

set local role scorer_caller;
select is(
    score_passport(wallet('a'), 7, stamps(stamp('Github', '{g}'))) ->> 'score', '2.25000', 'scorer_caller scores'
);
select throws_ok('select ask()', '42501', null, 'scorer_caller cannot ask for a score with checks of its own');
select throws_ok(
    $$ select keep_checks('v1', '[]') $$, '42501', null, 'nor keep checks'
);

set local role scorer_api;
select is(
    score_passport(wallet('a'), 7, stamps(stamp('Github', '{g}'))) ->> 'score', '2.25000', 'scorer_api scores'
);
select is((ask()).outcome, 'invalid_key', 'scorer_api asks for a score');
select throws_ok(
    $$ select * from authenticate_api_key('good', api_key('good.key')) $$, '42501', null,
    'scorer_api does not look up keys but by answer_request'
);
select throws_ok(
    'alter function score_passport reset search_path', '42501', null, 'scorer_api cannot change a function'
);
select throws_ok('create table scorer.mine ()', '42501', null, 'scorer_api makes nothing in the schema');
reset role;

-- Reading the catalog: each object of the schema against each role, with what public may do.
create temporary view callers (role) as
values ('stranger'), ('scorer_admin'), ('scorer_api'), ('scorer_caller'), ('scorer_checker');

select results_eq(
    $$
    select r.role, p.proname
    from callers as r, pg_proc as p
    where p.pronamespace = 'scorer'::regnamespace and has_function_privilege(r.role, p.oid, 'execute')
    order by 1, 2
    $$,
    $$ values
    ('scorer_admin', 'change_api_key'::name),
    ('scorer_admin', 'change_scorer'),
    ('scorer_admin', 'create_account'),
    ('scorer_admin', 'create_api_key'),
    ('scorer_admin', 'create_community'),
    ('scorer_admin', 'ensure_event_partitions'),
    ('scorer_admin', 'event_partitions'),
    ('scorer_admin', 'explain_score'),
    ('scorer_admin', 'list_accounts'),
    ('scorer_admin', 'list_api_keys'),
    ('scorer_admin', 'list_communities'),
    ('scorer_admin', 'list_credentials'),
    ('scorer_admin', 'passports_to_rescore'),
    ('scorer_admin', 'prune_checks'),
    ('scorer_admin', 'put_credential'),
    ('scorer_admin', 'rescore_wallet'),
    ('scorer_admin', 'revoke_api_key'),
    ('scorer_admin', 'revoke_credentials'),
    ('scorer_admin', 'rotate_api_key'),
    ('scorer_admin', 'show_scorer'),
    ('scorer_api', 'admit_batch'), ('scorer_api', 'answer_credentials'), ('scorer_api', 'answer_history'),
    ('scorer_api', 'answer_request'), ('scorer_api', 'score_passport'), ('scorer_caller', 'score_passport'),
    ('scorer_checker', 'ensure_event_partitions'), ('scorer_checker', 'keep_checks'),
    ('scorer_checker', 'prune_checks'), ('scorer_checker', 'unchecked_documents') $$,
    'of the functions, each may execute these alone'
);
select is_empty(
    $$
    select r.role, c.oid::regclass
    from callers as r, pg_class as c
    where
        c.relnamespace = 'scorer'::regnamespace
        and case
            when c.relkind = 'S' then has_sequence_privilege(r.role, c.oid, 'usage, select, update')
            when c.relkind in ('r', 'p') then
                has_table_privilege(r.role, c.oid, 'select, insert, update, delete, truncate, references, trigger')
                or has_any_column_privilege(r.role, c.oid, 'select, insert, update, references')
        end
    $$,
    'no table, column or sequence may be used by any'
);
select is_empty(
    $$ select r.role from callers as r where has_schema_privilege(r.role, 'scorer', 'create') $$,
    'none makes anything in the schema'
);
select is_empty(
    $$
    select a.grantee::regrole, c.relname from pg_class as c, aclexplode(c.relacl) as a
    where c.relnamespace = 'scorer'::regnamespace and a.grantee <> c.relowner
    union all
    select a.grantee::regrole, c.relname
    from pg_class as c
    inner join pg_attribute as t on t.attrelid = c.oid
    cross join lateral aclexplode(t.attacl) as a
    where c.relnamespace = 'scorer'::regnamespace
    union all
    select a.grantee::regrole, 'schema scorer: ' || a.privilege_type
    from pg_namespace as n, aclexplode(n.nspacl) as a
    where
        n.nspname = 'scorer' and a.grantee <> n.nspowner
        and (a.grantee::regrole::text, a.privilege_type) not in (
            ('scorer_admin', 'USAGE'), ('scorer_api', 'USAGE'), ('scorer_caller', 'USAGE'), ('scorer_checker', 'USAGE'),
            ('stranger', 'USAGE')
        )
    union all
    select a.grantee::regrole, 'to come: ' || a.privilege_type
    from pg_default_acl as d, aclexplode(d.defaclacl) as a
    $$,
    'nothing is granted to anybody else, now or by default'
);

-- The owner.
select is_empty(
    $$
    select c.oid::regclass::text from pg_class as c
    where c.relnamespace = 'scorer'::regnamespace and c.relowner <> 'scorer_owner'::regrole
    union all
    select p.oid::regprocedure::text from pg_proc as p
    where p.pronamespace = 'scorer'::regnamespace and p.proowner <> 'scorer_owner'::regrole
    union all
    select n.nspname from pg_namespace as n where n.nspname = 'scorer' and n.nspowner <> 'scorer_owner'::regrole
    $$,
    'scorer_owner owns the schema and all that is in it'
);
select is_empty(
    $$
    select rolname from pg_roles
    where
        rolname like 'scorer\_%'
        and (rolcanlogin or rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)
    $$,
    'our roles cannot log in, nor do anything to the server'
);
select is_empty(
    $$
    select m.roleid::regrole, m.member::regrole from pg_auth_members as m
    where
        m.member in (
            'scorer_owner'::regrole, 'scorer_admin'::regrole, 'scorer_api'::regrole, 'scorer_caller'::regrole,
            'scorer_checker'::regrole
        )
    union all
    select 'scorer_owner'::regrole, 'scorer_owner'::regrole
    where has_database_privilege('scorer_owner', current_database(), 'create')
    $$,
    'and are members of no other; the owner makes nothing outside its schema'
);

select * from finish();
rollback;
