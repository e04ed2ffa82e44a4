begin;
select plan(14);

call community(1, '{"Github": 3, "metamaskDeveloperDao": 0}', 2.5, true);
call community(2, '{"Github": 3}', 2.5, true);
call community(3, '{"Github": 3}', 2.5, true);
call community(4, '{"Github": 3}', 2.5, true);
call community(5, '{"Github": 3}', 2.5, false);
call community(6, '{"Github": 3}', 3.5, true);

create temporary table round (name text, body jsonb);
insert into round
select 'off', score_passport(wallet('a'), 1, stamps(stamp('Github', '{g}')));
select is_empty(
    'select from human_points_passingscorerecord union all select from human_points_stampaction
    union all select from human_points_bonusaward',
    'human points are off unless asked for'
);

insert into round
select 'not yet', score_passport(wallet('a'), 1, stamps(stamp('Github', '{g}')), true, now() + interval '1 second');
select is_empty('select from human_points_passingscorerecord', 'nothing before the start');

insert into round
select 'no program', score_passport(wallet('a'), 5, stamps(stamp('Github', '{g}')), true, '-infinity');
select is_empty('select from human_points_passingscorerecord', 'nothing in a community without the program');

insert into round
select 'failing', score_passport(wallet('a'), 6, stamps(stamp('Github', '{g}')), true, '-infinity');
select is_empty('select from human_points_passingscorerecord', 'nothing for a score that does not pass');

insert into round
select 'first', score_passport(wallet('a'), 1, stamps(stamp('Github', '{g}'), stamp('Ens', '{e}')), true, now());
select results_eq(
    'select address::text, community_id from human_points_passingscorerecord',
    $$ values (wallet('a'), 1::bigint) $$,
    'from the start on a passing score is recorded'
);
select results_eq(
    'select address::text, provider::text, action::text from human_points_stampaction order by provider',
    $$ values (wallet('a'), 'Ens', 'VERIFIED'), (wallet('a'), 'Github', 'VERIFIED') $$,
    'and each clean provider'
);
select is_empty('select from human_points_bonusaward', 'one community earns no bonus');

insert into round
select 'deduped', score_passport(
    wallet('b'), 1, stamps(stamp('Github', '{g2}'), stamp('Ens', '{e}'), stamp('metamaskDeveloperDao', '{m}')), true
);
select results_eq(
    $$ select provider::text from human_points_stampaction where address = wallet('b') order by provider $$,
    array['Github', 'metamaskDeveloperDao'],
    'a deduped provider is not recorded'
);
select results_eq(
    'select address::text, bonus_type::text, points from human_points_bonusaward',
    $$ values (wallet('b'), 'METAMASK_OG', 100) $$,
    'a clean stamp of metamaskDeveloperDao earns METAMASK_OG'
);
insert into round
select 'deduped og', score_passport(
    wallet('c'), 1, stamps(stamp('Github', '{g3}'), stamp('metamaskDeveloperDao', '{m}')), true
);
select is(
    (select count(*) from human_points_bonusaward), 1::bigint, 'a deduped one does not'
);

insert into round
select 'third', score_passport(wallet('a'), c.id, stamps(stamp('Github', '{g}')), true)
from (values (2), (3)) as c (id);
select is(
    (
        select count(*) from human_points_bonusaward
        where address = wallet('a')
    ), 0::bigint, 'three earn no bonus'
);
insert into round select 'fourth', score_passport(wallet('a'), 4, stamps(stamp('Github', '{g}')), true);
select results_eq(
    $$ select bonus_type::text, points from human_points_bonusaward where address = wallet('a') $$,
    $$ values ('SCORING_BONUS', 50) $$,
    'four earn SCORING_BONUS'
);

create temporary table before as
select
    (select count(*) from human_points_passingscorerecord) as passing,
    (select count(*) from human_points_stampaction) as actions,
    (select count(*) from human_points_bonusaward) as awards;
insert into round select 'again', score_passport(wallet('a'), 4, stamps(stamp('Github', '{g}')), true);
insert into round
select 'again', score_passport(
    wallet('b'), 1, stamps(stamp('Github', '{g2}'), stamp('metamaskDeveloperDao', '{m}')), true
);
select results_eq(
    $$ select (select count(*) from human_points_passingscorerecord),
    (select count(*) from human_points_stampaction), (select count(*) from human_points_bonusaward) $$,
    'select * from before',
    'each is given once'
);
select is(
    score_passport(wallet('b'), 1, stamps(stamp('Github', '{g2}')), null) ->> 'score', '3.00000', 'null is off'
);

select * from finish();
rollback;
