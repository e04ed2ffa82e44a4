begin;
select plan(5);

call community(7);

create function pg_temp.many(p_stamps integer, p_nullifiers integer)
returns jsonb language sql as $$
select jsonb_agg(
    tap.stamp('P' || s, (select array_agg(format('%s.%s', s, n)) from generate_series(1, p_nullifiers) as n))
)
from generate_series(1, p_stamps) as s
$$;

select lives_ok(
    $$ select score_passport(wallet('a'), 7, pg_temp.many(1000, 10)) $$, '1,000 stamps of 10 nullifiers are scored'
);
select is((select count(*) from registry_hashscorerlink), 10000::bigint, 'and all of them claimed');
select throws_ok(
    $$ select score_passport(wallet('b'), 7, pg_temp.many(1001, 1)) $$, 'SC007', 'too many stamps', 'not one stamp more'
);
select throws_ok(
    $$ select score_passport(wallet('b'), 7, pg_temp.many(1, 10001)) $$, 'SC007', 'too many stamps',
    'not one nullifier more'
);
select is_empty(
    $$ select from registry_passport where address = wallet('b') $$, 'a refusal writes nothing'
);

select * from finish();
rollback;
