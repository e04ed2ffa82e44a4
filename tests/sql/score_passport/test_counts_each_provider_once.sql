begin;
select plan(5);

call community(7);
insert into registry_hashscorerlink (hash, address, community_id, expires_at)
values ('taken', wallet('b'), 7, '2099-01-01Z');

create temporary table answer as
select score_passport(
    wallet('a'),
    7,
    stamps(
        stamp('Github', '{taken}', '2085-01-01T00:00:00Z'),
        stamp('Github', '{g1}', '2083-01-01T00:00:00Z'),
        stamp('Github', '{g2}', '2082-01-01T00:00:00Z')
    )
) as body;

select is(body ->> 'score', '2.25000', 'a provider counts once') from answer;

select
    is(
        body #> '{stamps,Github}',
        '{"score": "2.25000", "dedup": false, "expiration_date": "2083-01-01T00:00:00+00:00"}'::jsonb,
        'the first clean stamp in array order is the one that counts and shows'
    )
from answer;

select is(body ->> 'expiration_timestamp', '2083-01-01T00:00:00+00:00', 'and that expires the score') from answer;

select results_eq(
    $$ select credential ->> 'expirationDate' from registry_stamp $$, array['2083-01-01T00:00:00Z'],
    'and that is stored'
);

select results_eq(
    'select links(7)', array['g1 a 2083', 'g2 a 2082', 'taken b 2099'], 'each clean stamp claims its nullifiers'
);

select * from finish();
rollback;
