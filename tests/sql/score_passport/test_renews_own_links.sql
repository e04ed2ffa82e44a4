begin;
select plan(4);

call community(7);
insert into registry_hashscorerlink (hash, address, community_id, expires_at)
values
('later', wallet('a'), 7, '2080-01-01Z'),
('sooner', wallet('a'), 7, '2099-01-01Z'),
('expired', wallet('a'), 7, '2020-01-01Z'),
('same', wallet('a'), 7, '2090-01-01Z');

create temporary table same as select ctid as place from registry_hashscorerlink
where hash = 'same';

select is(
    score_passport(wallet('a'), 7, stamps(stamp('Github', '{later,sooner,expired,same}'))) ->> 'score', '2.25000',
    'own links do not clash, live or expired'
);

select results_eq(
    'select links(7)', array['expired a 2090', 'later a 2090', 'same a 2090', 'sooner a 2090'],
    'own links expire with the stamp, be that later or sooner than before'
);

select results_eq(
    $$ select ctid from registry_hashscorerlink where hash = 'same' $$,
    'select place from same',
    'a link that is right already is not rewritten'
);

select is(
    (select count(*) from registry_hashscorerlink), 4::bigint, 'no link is added'
);

select * from finish();
rollback;
