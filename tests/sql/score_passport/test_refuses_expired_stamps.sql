begin;
select plan(3);

call community(7);

select
    throws_ok(
        format(
            'select score_passport(wallet(%L), 7, stamps(stamp(%L, %L), stamp(%L, %L, %L)))',
            'a', 'Github', '{g}', 'Google', '{o}', c.time
        ),
        'SC005', 'expired stamp', c.why
    )
from (
    values ('2020-01-01T00:00:00Z', 'long ago'), (iso_timestamp(now()), 'this instant')
) as c (time, why);

select is_empty('select from registry_passport', 'a refusal writes nothing');

select * from finish();
rollback;
