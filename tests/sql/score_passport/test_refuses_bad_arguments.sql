begin;
select plan(44);

call community(7);
-- As older rows, and those of other services' tables.
call unguard_weights();
call community(8, 'null');
call community(9, '{"Github": "much", "Google": null, "Ens": "NaN", "Fine": "1"}');
call community(10, '{"Github": 1}', 'NaN');
insert into account_community (id, account_id, scorer_id) values (11, 1, 12345);

select
    throws_ok(
        format('select score_passport(%L, 7, %L)', c.address, '[]'), 'SC001', 'invalid address',
        'an address is 0x and 40 hex digits: ' || coalesce(c.address, 'null')
    )
from (
    values
    (null), (''), ('0x'), ('0x' || repeat('a', 39)), ('0x' || repeat('a', 41)), ('0x' || repeat('g', 40)),
    (repeat('a', 42)), (' 0x' || repeat('a', 40)), ('0x' || repeat('a', 40) || E'\n')
) as c (address);

select
    throws_ok(
        format('select score_passport(wallet(%L), %s, %L)', 'a', c.id, '[]'), 'SC002', 'unknown scorer',
        'there is no scorer ' || c.id
    )
from (values ('6'), ('-1'), ('null')) as c (id);

select
    throws_ok(
        format('select score_passport(wallet(%L), 7, %L)', 'a', c.stamps), 'SC003', 'invalid stamps',
        'no array of stamps: ' || coalesce(c.stamps, 'null')
    )
from (
    values
    (null), ('null'), ('{}'), ('"x"'), ('[null]'), ('[[]]'), ('[{}]')
) as c (stamps);

select
    throws_ok(
        format(
            'select score_passport(wallet(%L), 7, jsonb_build_array(stamp(%L, %L) || %L))',
            'a',
            'Github',
            '{g}',
            c.change
        ),
        'SC003', 'invalid stamps', 'a field of a stamp is missing or malformed: ' || left(c.change, 40)
    )
from (
    values
    ('{"provider": ""}'), ('{"provider": null}'), ('{"provider": 1}'), ('{"credential": "x"}'),
    (format('{"provider": "%s"}', repeat('p', 257))),
    ('{"nullifiers": "g"}'), ('{"nullifiers": []}'), ('{"nullifiers": null}'), ('{"expires_at": null}'),
    ('{"expires_at": "tomorrow"}'), ('{"expires_at": "infinity"}'), ('{"expires_at": "2090-01-01"}'),
    ('{"expires_at": "2090-01-01T00:00:00"}'), ('{"expires_at": 3}')
) as c (change);

select
    throws_ok(
        format('select score_passport(wallet(%L), 7, stamps(stamp(%L, %L, %L)))', 'a', 'Github', '{g}', c.time),
        'SC003', 'invalid stamps', 'no such time: ' || c.time
    )
from
    (
        values ('2090-13-01T00:00:00Z'),
        ('2090-02-30T00:00:00Z'),
        ('2090-01-01T00:00:00+99:00'),
        ('9999-12-31T23:59:59-15:00')
    ) as c (time);

select
    throws_ok(
        format(
            'select score_passport(wallet(%L), 7, jsonb_build_array(stamp(%L, %L) || %L))', 'a', 'Github', '{g}',
            jsonb_build_object('nullifiers', c.nullifiers)
        ),
        'SC004', 'invalid stamps', 'no nullifiers: ' || left(c.nullifiers::text, 20)
    )
from (
    values ('[""]'::jsonb), ('["g", 1]'), ('[null]'), (to_jsonb(array[repeat('n', 101)]))
) as c (nullifiers);

select
    throws_ok(
        format('select score_passport(wallet(%L), %s, stamps(stamp(%L, %L)))', 'a', c.id, c.provider, '{g}'),
        'SC006', 'misconfigured scorer', c.why
    )
from (
    values
    (8, 'Github', 'weights are an object'),
    (11, 'Github', 'a community has a scorer')
) as c (id, provider, why);

select is_empty(
    $$
    select from registry_passport union all select from registry_hashscorerlink
    union all select from registry_stamp union all select from registry_score union all select from registry_event
    $$,
    'a refusal writes nothing'
);

select * from finish();
rollback;
