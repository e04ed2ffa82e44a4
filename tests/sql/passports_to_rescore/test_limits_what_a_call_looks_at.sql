begin;
select plan(2);

call community(7);
call community(8);
insert into registry_passport (id, address, community_id)
select n, '0x' || lpad(n::text, 40, '0'), case when n in (5, 10001) then 7 else 8 end
from generate_series(1, 10003) as n;

select results_eq(
    'select ids, last_id, ids_left from passports_to_rescore(7, null, null, 0)',
    $$ values ('{5}'::bigint[], 10000::bigint, 3::bigint) $$,
    'a call looks at 10,000 passports'
);
select results_eq(
    'select ids, last_id, ids_left from passports_to_rescore(7, null, null, 10000)',
    $$ values ('{10001}'::bigint[], 10003::bigint, 0::bigint) $$,
    'the next one at those after'
);

select * from finish();
rollback;
