begin;
select plan(3);

-- Link k of twenty is of another wallet each, and expires in the year 2040 + k. Stamp s has all of them, from its own
-- on; a nullifier of its own that nobody holds; and, backwards where s is even, ten that all stamps have.
call community(7);
insert into registry_hashscorerlink (hash, address, community_id, expires_at)
select 'k' || k, '0x' || lpad(k::text, 40, '0'), 7, make_timestamptz(2040 + k, 1, 1, 0, 0, 0, 'UTC')
from generate_series(1, 20) as k;

create temporary table answer as
select score_passport(wallet('a'), 7, jsonb_agg(stamp('P' || s, n.nullifiers) order by s)) as body
from generate_series(1, 20) as s
cross join lateral (
    select
        (
            select array_agg('shared' || i order by case when s % 2 = 0 then -i else i end)
            from generate_series(1, 10) as i
        )
        || (select array_agg('k' || (s + i - 1) % 20 + 1 order by i) from generate_series(0, 19) as i)
        || ('own' || s)
) as n (nullifiers);

select results_eq(
    $$ select distinct address::text, extract(year from expires_at at time zone 'UTC')
    from registry_hashscorerlink where hash like 'shared%' $$,
    $$ values ('0x' || lpad('1', 40, '0'), 2041::numeric) $$,
    'what many stamps have goes to the owner that the first of them clashes with'
);

select results_eq(
    $$ select hash::text, address::text, extract(year from expires_at at time zone 'UTC')
    from registry_hashscorerlink where hash like 'own%' order by expires_at $$,
    $$ select 'own' || s, '0x' || lpad(s::text, 40, '0'), 2040::numeric + s from generate_series(1, 20) as s $$,
    'a stamp clashes with the first of its nullifiers, wherever its link stands'
);

select results_eq(
    $$ select data ->> 'provider' from registry_event where action = 'LIFO_DEDUPLICATION' order by id $$,
    $$ select 'P' || s from generate_series(1, 20) as s $$,
    'and the events come in the order of the stamps'
);

select * from finish();
rollback;
