begin;
select plan(9);

call community(7, '{"Github": "2.25", "Google": 1.0, "Tiny": "0.000005"}', 2.5);

create temporary table answer as
select score_passport(
    '0x' || repeat('A', 40),
    7,
    stamps(
        stamp('Github', '{g1,g2}', '2091-02-03T04:05:06.5+01:00'),
        stamp('Google', '{o1}', '2090-01-01T00:00:00Z'),
        stamp('Tiny', '{t1}'),
        stamp('Unweighted', '{u1}')
    )
) as body;

select
    is(
        body - 'last_score_timestamp',
        '{
        "address": "0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "score": "3.25000",
        "passing_score": true,
        "expiration_timestamp": "2090-01-01T00:00:00+00:00",
        "threshold": "2.50000",
        "error": null,
        "stamps": {
            "Github": {"score": "2.25000", "dedup": false, "expiration_date": "2091-02-03T03:05:06.500000+00:00"},
            "Google": {"score": "1.00000", "dedup": false, "expiration_date": "2090-01-01T00:00:00+00:00"},
            "Tiny": {"score": "0.00000", "dedup": false, "expiration_date": "2090-01-01T00:00:00+00:00"},
            "Unweighted": {"score": "0.00000", "dedup": false, "expiration_date": "2090-01-01T00:00:00+00:00"}
        },
        "points_data": null, "possible_points_data": null, "linked_score": null
    }'::jsonb,
        'the answer holds the raw score, rounded half to even, and each stamp'
    )
from answer;

select
    is(
        body ->> 'last_score_timestamp', iso_timestamp(now()), 'the answer was made now'
    )
from answer;

select results_eq(
    $$
    select p.address, s.score, s.status, s.evidence, s.stamp_scores, s.stamps, s.expiration_date, s.error,
        s.last_score_timestamp = now()
    from registry_score as s inner join registry_passport as p on p.id = s.passport_id
    where p.community_id = 7
    $$,
    $$
    select wallet('a')::varchar(100), 1.000000000::numeric(18, 9), 'DONE'::varchar(20),
        '{"type": "ThresholdScoreCheck", "success": true, "rawScore": "3.250005", "threshold": "2.50000"}'::jsonb,
        '{"Github": 2.25, "Google": 1.0, "Tiny": 0.000005, "Unweighted": 0}'::jsonb,
        body -> 'stamps', '2090-01-01T00:00:00Z'::timestamptz, null::text, true
    from answer
    $$,
    'the score row holds the binary score, the evidence and the stamps'
);

select results_eq(
    $$
    select s.provider::text, s.credential
    from registry_stamp as s inner join registry_passport as p on p.id = s.passport_id
    where p.address = wallet('a') order by 1
    $$,
    $$
    select e.stamp ->> 'provider', e.stamp -> 'credential'
    from jsonb_array_elements(stamps(
        stamp('Github', '{}', '2091-02-03T04:05:06.5+01:00'), stamp('Google', '{}'), stamp('Tiny', '{}'),
        stamp('Unweighted', '{}')
    )) as e (stamp) order by 1
    $$,
    'the stamps are stored with their credentials'
);

select results_eq(
    'select links(7)',
    array['g1 a 2091', 'g2 a 2091', 'o1 a 2090', 't1 a 2090', 'u1 a 2090'],
    'each nullifier is linked to the wallet until its stamp expires'
);

select results_eq(
    $$
    select e.action::text, e.address::text, e.community_id, e.data
    from registry_event as e
    $$,
    $$
    select 'SCORE_UPDATE', wallet('a'), 7::bigint, jsonb_build_object(
        'scorer_id', 7, 'model', 'registry.score', 'pk', s.id, 'fields', jsonb_build_object(
            'passport', s.passport_id, 'score', '1.000000000', 'status', 'DONE', 'error', null,
            'last_score_timestamp', iso_timestamp(now()), 'expiration_date', '2090-01-01T00:00:00+00:00',
            'evidence', s.evidence, 'stamp_scores', s.stamp_scores, 'stamps', s.stamps
        )
    )
    from registry_score as s
    $$,
    'one event holds the score as it was stored'
);

select is(
    score_passport(wallet('b'), 7, stamps(stamp('Google', '{o2}'))) -> 'passing_score',
    'false',
    'below the threshold is no passing score'
);

select is(
    score_passport(wallet('c'), 7, stamps(stamp('Google', '{o3}'), stamp('Tiny', '{t3}', '2099-01-01T00:00:00Z')))
    ->> 'expiration_timestamp',
    '2090-01-01T00:00:00+00:00',
    'a score expires with the first of its stamps'
);

update scorer_weighted_binaryweightedscorer set threshold = 1
where scorer_ptr_id = 7;
select is(
    score_passport(wallet('b'), 7, stamps(stamp('Google', '{o2}'))) -> 'passing_score',
    'true',
    'the threshold itself is a passing score'
);

select * from finish();
rollback;
