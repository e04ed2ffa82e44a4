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
        'admit_batch', 'answer_history', 'answer_request', 'guard_weights', 'keep_checks', 'list_credentials',
        'score_passport', 'unchecked_documents'
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
        'answer_history scorer_api EXECUTE',
        'answer_request scorer_api EXECUTE',
        'keep_checks scorer_checker EXECUTE',
        'list_credentials scorer_api EXECUTE',
        'score_passport scorer_api EXECUTE',
        'score_passport scorer_caller EXECUTE',
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
