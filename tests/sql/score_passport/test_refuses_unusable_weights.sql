begin;
select plan(7);

-- As older rows, and those of other services' tables.
call unguard_weights();
call community(9, '{"Text": "much", "Null": null, "Nan": "NaN", "Object": {}, "Huge": "1e100", "Fine": " 1.5e1 "}');
call community(10, '{"Github": 1}', 'NaN');

select
    throws_ok(
        format('select score_passport(wallet(%L), %s, stamps(stamp(%L, %L)))', 'a', c.id, c.provider, '{g}'),
        'SC006', 'misconfigured scorer', 'neither number nor numeric string: ' || c.provider
    )
from (
    values (9, 'Text'), (9, 'Null'), (9, 'Nan'), (9, 'Object'), (9, 'Huge'), (10, 'Github')
) as c (id, provider);

select is(
    score_passport(wallet('a'), 9, stamps(stamp('Fine', '{g}'))) ->> 'score', '15.00000',
    'the weights that are not asked for do not matter'
);

select * from finish();
rollback;
