begin;
select plan(10);

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

update answer set body = score_passport(
    wallet('c'),
    7,
    stamps(
        stamp('Google', '{taken,o1}', '2081-01-01T00:00:00Z'),
        stamp('Google', '{g1}', '2082-01-01T00:00:00Z'),
        stamp('Ens', '{e1}', '2094-01-01T00:00:00Z'),
        stamp('Github', '{h1}', '2093-01-01T00:00:00Z'),
        stamp('Ens', '{e2}', '2095-01-01T00:00:00Z'),
        stamp('Ens', '{e3}', '2081-01-01T00:00:00Z'),
        stamp('Github', '{taken}', '2081-01-01T00:00:00Z')
    )
);

select
    is(
        body - '{address,last_score_timestamp,error,points_data,possible_points_data,linked_score}'::text[],
        '{
        "score": "5.25000", "passing_score": true, "threshold": "2.50000",
        "expiration_timestamp": "2093-01-01T00:00:00+00:00",
        "stamps": {
            "Github": {"score": "2.25000", "dedup": false, "expiration_date": "2093-01-01T00:00:00+00:00"},
            "Google": {"score": "0.00000", "dedup": true, "expiration_date": "2081-01-01T00:00:00Z"},
            "Ens": {"score": "3.00000", "dedup": false, "expiration_date": "2094-01-01T00:00:00+00:00"}
        }
    }'::jsonb,
        'a provider is deduped where all of its stamps are, and shown as the first of them'
    )
from answer;

select results_eq(
    $$ select array[data ->> 'provider', data -> 'nullifiers' ->> 0] from registry_event
    where action = 'LIFO_DEDUPLICATION' and address = wallet('c') order by id $$,
    $$ values (array['Google', 'taken']), (array['Google', 'g1']), (array['Github', 'taken']) $$,
    'each deduped stamp has its event, and no other'
);

select results_eq(
    $$ select s.provider::text, s.credential ->> 'expirationDate' from registry_stamp as s
    inner join registry_passport as p on p.id = s.passport_id where p.address = wallet('c') order by 1 $$,
    $$ values ('Ens', '2094-01-01T00:00:00Z'), ('Github', '2093-01-01T00:00:00Z') $$,
    'and each provider at most one stored stamp'
);

select results_eq(
    $$ select stamp_scores from registry_score where stamps -> 'Ens' is not null $$,
    array['{"Github": 2.25, "Ens": 3}'::jsonb],
    'a deduped provider has no weight in the score'
);

select is(
    score_passport(
        wallet('d'),
        7,
        stamps(
            stamp('Google', '{taken}', '2081-01-01T00:00:00Z') || '{"credential": {}}',
            stamp('Google', '{taken}', '2082-01-01T00:00:00Z')
        )
    ) #>> '{stamps,Google,expiration_date}',
    '2081-01-01T00:00:00+00:00',
    'the first of two deduped stamps shows, with its expiry where the document says none'
);

select * from finish();
rollback;
