begin;
select plan(7);

call put_numbered(1, 4500);
select results_eq(
    'select cardinality(providers), providers[1], ids_left from unchecked(1000)',
    $$ values (200, 'P4500', 4300::bigint) $$, 'a call gives 200 documents at most'
);

-- All but the oldest are checked.
insert into credential_check (digest, verifier, fault)
select digest, 'v1', 'odd' from ceramic_cache
where id > 1;
select results_eq(
    'select claim is null, providers, ids_left from unchecked()', 'values (true, null::text[], 2300::bigint)',
    'a call reads 2,000 credentials at most'
);
select results_eq(
    'select providers, ids_left from unchecked()', 'values (null::text[], 300::bigint)', 'the next 2,000 more'
);
select results_eq(
    'select providers, ids_left from unchecked()', $$ values ('{P1}'::text[], 0::bigint) $$, 'until none is left'
);

-- Ids that nobody has are not read.
insert into ceramic_cache (id, address, provider, stamp)
select
    1000000000000 + n, wallet('b'), 'L' || n,
    document('L' || n, '{l}') || jsonb_build_object('more', repeat('x', 60000))
from generate_series(1, 50) as n;
select results_eq(
    $$ select cardinality(providers), providers[1], providers[35] from unchecked() $$,
    $$ values (35, 'L50', 'L16') $$, 'a call gives 2 MiB, and the document that exceeds them'
);
select results_eq(
    $$ select cardinality(providers), providers[1], ids_left from unchecked() $$,
    $$ values (15, 'L15', 0::bigint) $$, 'the rest comes next, over a gap of ids'
);
select is_empty('select from check_ahead_progress where not isempty(left_ids)', 'nothing is left');

select * from finish();
rollback;
