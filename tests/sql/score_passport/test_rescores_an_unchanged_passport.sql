begin;
select plan(7);

call community(7);

create temporary table given as
select stamps(stamp('Github', '{g1,g2}'), stamp('Google', '{o1}'), stamp('Ens', '{e1}')) as valid_stamps;

create temporary table other_score as
select score_passport(wallet('b'), 7, stamps(stamp('Ens', '{e1}'))) as body;

create temporary table answer as
select 1 as round, score_passport(wallet('a'), 7, valid_stamps) as body from given;

create temporary table links as select id, ctid as place, hash, address, expires_at from registry_hashscorerlink;
create temporary table stamps as select id, ctid as place from registry_stamp;
create temporary table score as select id, passport_id, last_score_timestamp from registry_score;

insert into answer select 2, score_passport(wallet('a'), 7, valid_stamps) from given;

select
    is((
        select body from answer
        where round = 2), (
        select body from answer
        where round = 1
    ), 'the answer is the same');
select results_eq(
    'select id, ctid, hash, address, expires_at from registry_hashscorerlink order by id',
    'select * from links order by id',
    'no link is rewritten'
);
select results_eq(
    'select id, ctid from registry_stamp order by id', 'select * from stamps order by id', 'no stamp is rewritten'
);
select results_eq(
    'select id, passport_id, last_score_timestamp from registry_score order by id', 'select * from score order by id',
    'the score keeps its row'
);
select is((select count(*) from registry_passport), 2::bigint, 'the passport keeps its row');
select is(
    (
        select count(*) from registry_event
        where action = 'SCORE_UPDATE'
    ), 3::bigint, 'each scoring has its event'
);
select is(
    (
        select count(*) from registry_event
        where action = 'LIFO_DEDUPLICATION'
    ), 2::bigint,
    'and each deduped stamp of each scoring'
);

select * from finish();
rollback;
