begin;
select plan(9);

create temporary view functions as
select p.*, p.oid::regprocedure::text as signature
from pg_proc as p
where p.pronamespace = 'scorer'::regnamespace;

select isnt_empty('select from functions', 'there are functions');
select is_empty(
    $$ select signature from functions
    where prosqlbody is null and not coalesce(proconfig, '{}') @> '{"search_path=pg_catalog, scorer, pg_temp"}' $$,
    'each pins its search_path, with pg_temp last, or was bound to what it names when it was made'
);
select is_empty(
    $$ select signature from functions
    where
        coalesce(obj_description(oid, 'pg_proc'), substring(prosrc from '^\s*/\*(.*)\*/'), '')
        !~ '^\s*\n\S[^*]+Arguments[^*]+Result[^*]+Errors' $$,
    'each says in its body, or in the comment on it, what it takes, gives and raises'
);
select is_empty(
    $$ select signature from functions
    where pronargs > 0 and proargnames is null or exists (
        select from unnest(proargnames, proargmodes) as a (name, mode)
        where coalesce(a.mode, 'i') = 'i' and a.name not like 'p\_%'
    ) $$,
    'each argument starts with p_'
);
select results_eq(
    'select proname from functions where prosecdef order by 1',
    array[
        'admit_batch', 'answer_credentials', 'answer_history', 'answer_request', 'change_api_key',
        'change_scorer', 'create_account', 'create_api_key', 'create_community',
        'ensure_event_partitions', 'explain_score', 'guard_weights', 'keep_checks',
        'list_accounts', 'list_api_keys', 'list_communities', 'list_credentials', 'passports_to_rescore',
        'prune_checks', 'put_credential', 'rescore_wallet', 'revoke_api_key', 'revoke_credentials',
        'rotate_api_key', 'score_passport', 'show_scorer', 'unchecked_documents'
    ]::name[],
    'those that others call, or fire with rights on a table alone, run with the rights of their owner'
);
select is_empty(
    $$ select signature from functions
    where proacl is null or exists (select from aclexplode(proacl) as a where a.grantee = 0) $$,
    'none is granted to everybody'
);
select results_eq(
    $$ select format('%s %s %s', f.proname, a.grantee::regrole, a.privilege_type) collate "default"
    from functions as f, aclexplode(f.proacl) as a where a.grantee <> f.proowner order by 1 $$,
    array[
        'admit_batch scorer_api EXECUTE',
        'answer_credentials scorer_api EXECUTE',
        'answer_history scorer_api EXECUTE',
        'answer_request scorer_api EXECUTE',
        'change_api_key scorer_admin EXECUTE',
        'change_scorer scorer_admin EXECUTE',
        'create_account scorer_admin EXECUTE',
        'create_api_key scorer_admin EXECUTE',
        'create_community scorer_admin EXECUTE',
        'ensure_event_partitions scorer_admin EXECUTE',
        'ensure_event_partitions scorer_checker EXECUTE',
        'event_partitions scorer_admin EXECUTE',
        'explain_score scorer_admin EXECUTE',
        'keep_checks scorer_checker EXECUTE',
        'list_accounts scorer_admin EXECUTE',
        'list_api_keys scorer_admin EXECUTE',
        'list_communities scorer_admin EXECUTE',
        'list_credentials scorer_admin EXECUTE',
        'passports_to_rescore scorer_admin EXECUTE',
        'prune_checks scorer_admin EXECUTE',
        'prune_checks scorer_checker EXECUTE',
        'put_credential scorer_admin EXECUTE',
        'rescore_wallet scorer_admin EXECUTE',
        'revoke_api_key scorer_admin EXECUTE',
        'revoke_credentials scorer_admin EXECUTE',
        'rotate_api_key scorer_admin EXECUTE',
        'score_passport scorer_api EXECUTE',
        'score_passport scorer_caller EXECUTE',
        'show_scorer scorer_admin EXECUTE',
        'unchecked_documents scorer_checker EXECUTE'
    ],
    'what is granted is this'
);
select is_empty(
    $$ select c.oid::regclass from pg_class as c, aclexplode(c.relacl) as a
    where c.relnamespace = 'scorer'::regnamespace and a.grantee <> c.relowner $$,
    'no table is granted to anybody'
);
select is_empty(
    $$ select rolname from pg_roles where rolname like 'scorer\_%' and (rolcanlogin or rolsuper or rolbypassrls) $$,
    'the roles cannot log in'
);

select * from finish();
rollback;
