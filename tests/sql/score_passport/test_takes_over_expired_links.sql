begin;
select plan(3);

call community(7);
insert into registry_hashscorerlink (hash, address, community_id, expires_at)
values ('g1', wallet('b'), 7, now()), ('g2', wallet('b'), 7, '2020-01-01Z'), ('g3', wallet('a'), 7, '2090-01-01Z');

select is(
    score_passport(wallet('a'), 7, stamps(stamp('Github', '{g1,g2,g3}'))) ->> 'score', '2.25000',
    'an expired link is free; one that expires now is expired'
);

select results_eq('select links(7)', array['g1 a 2090', 'g2 a 2090', 'g3 a 2090'], 'its link changes hands');

select is(
    score_passport(wallet('b'), 7, stamps(stamp('Github', '{g2}'))) ->> 'score', '0.00000',
    'the wallet that let it expire is deduped from then on'
);

select * from finish();
rollback;
