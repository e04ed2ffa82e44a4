begin;
select plan(8);

select results_eq(
    'select claim, providers, ids_left from unchecked()', 'values (null::bigint, null::text[], 0::bigint)',
    'where there is no credential there is nothing to check'
);

call put_numbered(1, 5);
select results_eq(
    'select providers, ids_left from unchecked(2)', $$ values ('{P5,P4}'::text[], 3::bigint) $$,
    'documents come by their credentials'' ids from the newest down'
);
call put_numbered(6, 6);
select results_eq(
    'select providers, ids_left from unchecked(2)', $$ values ('{P6}'::text[], 3::bigint) $$,
    'a new one comes before those that are left'
);
select results_eq(
    'select providers, ids_left from unchecked(2)', $$ values ('{P3,P2}'::text[], 1::bigint) $$, 'then those'
);
select results_eq(
    'select claim is null, providers, ids_left from unchecked(0)',
    'values (true, null::text[], 1::bigint)', 'with a limit of 0 none is given'
);
select results_eq(
    'select providers, ids_left from unchecked()', $$ values ('{P1}'::text[], 0::bigint) $$, 'down to the oldest'
);
select results_eq(
    'select claim, providers, ids_left from unchecked()', 'values (null::bigint, null::text[], 0::bigint)',
    'each is given once'
);

-- The same document as a row of another wallet, and again as a new row.
insert into ceramic_cache (id, address, provider, stamp)
select i.id, wallet('b'), 'P9', document('P9', '{n9}')
from generate_series(7, 9) as i (id);
select results_eq(
    'select providers, ids_left from unchecked()', $$ values ('{P9}'::text[], 0::bigint) $$,
    'a document that several credentials hold is given once'
);

select * from finish();
rollback;
