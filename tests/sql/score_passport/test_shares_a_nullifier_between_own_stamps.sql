begin;
select plan(12);

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

select is(
    score_passport(
        wallet('a'),
        7,
        stamps(
            stamp('Github', '{n,g}', '2081-01-01T00:00:00Z'), stamp('Google', '{n,o}', '2082-01-01T00:00:00Z')
        )
    ) ->> 'score',
    '3.25000',
    'and it may come back'
);

select results_eq(
    'select links(7)', array['g a 2081', 'n a 2082', 'o a 2082'], 'then the link lives as long as the later of them'
);

select is(
    score_passport(
        wallet('a'),
        7,
        stamps(
            stamp('Google', '{n,o}', '2084-01-01T00:00:00Z'), stamp('Github', '{n,g}', '2083-01-01T00:00:00Z')
        )
    ) ->> 'score',
    '3.25000',
    'both may be renewed'
);

select results_eq(
    'select links(7)', array['g a 2083', 'n a 2084', 'o a 2084'], 'in whichever order they come'
);

insert into registry_hashscorerlink (hash, address, community_id, expires_at)
values ('taken', wallet('b'), 7, '2099-01-01Z');

select is(
    score_passport(
        wallet('a'),
        7,
        stamps(
            stamp('Google', '{n,o,taken}', '2084-01-01T00:00:00Z'),
            stamp('Github', '{n,g,f}', '2083-01-01T00:00:00Z'),
            stamp('Ens', '{taken,f}', '2085-01-01T00:00:00Z')
        )
    ) ->> 'score',
    '2.25000',
    'one of them may be deduped'
);

select results_eq(
    'select links(7)', array['f a 2083', 'g a 2083', 'n a 2083', 'o a 2084', 'taken b 2099'],
    'then the link, be it old or new, expires with the one that is clean'
);

select is(
    score_passport(
        wallet('a'),
        7,
        stamps(stamp('Google', '{n,taken}', '2084-01-01T00:00:00Z'), stamp('Ens', '{n,taken}', '2085-01-01T00:00:00Z'))
    ) ->> 'score',
    '0.00000',
    'both may be deduped'
);

select results_eq(
    'select links(7)', array['f a 2083', 'g a 2083', 'n a 2083', 'o a 2084', 'taken b 2099'], 'then the link stays'
);

select * from finish();
rollback;
