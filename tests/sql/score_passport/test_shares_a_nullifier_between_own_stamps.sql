begin;
select plan(4);

call community(7);

select is(
    score_passport(
        wallet('a'),
        7,
        stamps(
            stamp('Github', '{n,n,g}', '2081-01-01T00:00:00Z'), stamp('Google', '{n,o}', '2082-01-01T00:00:00Z')
        )
    ) ->> 'score',
    '3.25000',
    'both stamps count'
);

select results_eq(
    'select links(7)', array['g a 2081', 'n a 2082', 'o a 2082'],
    'the shared link lives as long as any stamp that claims it'
);

select is(
    score_passport(wallet('a'), 7, stamps(stamp('Github', '{n,n,g}', '2081-01-01T00:00:00Z'))) ->> 'score',
    '2.25000',
    'one of them may go'
);

select results_eq(
    'select links(7)', array['g a 2081', 'n a 2081', 'o a 2082'], 'then the link expires with the other'
);

select * from finish();
rollback;
