begin;
select plan(8);

call community(7);
call community(8);
insert into registry_passport (id, address, community_id)
values (1, wallet('1'), 7), (2, wallet('2'), 8), (3, wallet('3'), 7), (4, wallet('4'), 7), (5, wallet('5'), 7);
delete from registry_score;
insert into registry_score (passport_id, score, last_score_timestamp, expiration_date)
values
(1, 1, '2026-01-01Z', '2027-01-01Z'), (2, 1, '2026-01-01Z', '2027-01-01Z'), (3, 1, '2026-01-02Z', '2028-01-01Z'),
(4, 1, '2026-01-01Z', null);

create function tap.due(
    p_scorer_id bigint, p_since timestamptz default null, p_expires_before timestamptz default null,
    p_after_id bigint default 0
)
returns text
language sql
as $function$
select concat_ws(' ', r.ids, r.scorer_ids, r.last_id, r.ids_left)
from scorer.passports_to_rescore(p_scorer_id, p_since, p_expires_before, p_after_id) as r;
$function$;

select is(due(7), '{1,3,4,5} {7,7,7,7} 5 0', 'all of a community, by their ids');
select is(due(null), '{1,2,3,4,5} {7,8,7,7,7} 5 0', 'all of every community');
select is(due(7, '2026-01-02Z'), '{1,4,5} {7,7,7} 5 0', 'those without a score of that time or later');
select is(due(null, null, '2028-01-01Z'), '{1,2} {7,8} 5 0', 'those that expire before a time');
select is(due(7, null, null, 3), '{4,5} {7,7} 5 0', 'those after an id');
select is(due(7, null, null, 5), '0', 'none is left');
select is(
    (select addresses from passports_to_rescore(8, null, null, 0)), array[wallet('2')], 'each with its wallet'
);
select throws_ok('select due(9)', 'SC002', 'unknown scorer', 'an unknown community is an error');

select * from finish();
rollback;
