begin;
select plan(11);

call community(7);
insert into registry_hashscorerlink (hash, address, community_id, expires_at)
values
('a1', wallet('a'), 7, '2081-01-01Z'),
('b1', wallet('b'), 7, '2082-01-01Z'),
('expired', wallet('d'), 7, '2020-01-01Z'),
('own', wallet('c'), 7, '2083-01-01Z'),
('own_expired', wallet('c'), 7, '2021-01-01Z');

select is(
    score_passport(
        wallet('c'), 7, stamps(stamp('Github', '{new,b1,expired,a1,own,own_expired}', '2090-01-01T00:00:00Z'))
    ) #>> '{stamps,Github,dedup}',
    'true',
    'one nullifier held live by another wallet is enough'
);

select results_eq(
    'select links(7)',
    array[
        'a1 a 2081', 'b1 b 2082', 'expired b 2082', 'new b 2082', 'own c 2083', 'own_expired c 2021'
    ],
    'what nobody holds goes to the owner of the first clashing link and expires with it; own links stay'
);

select is(
    score_passport(
        wallet('e'), 7, stamps(stamp('Github', '{a1,both}'), stamp('Google', '{both,o1}', '2084-01-01T00:00:00Z'))
    ) ->> 'score',
    '1.00000',
    'a clean stamp may share a nullifier with a deduped one'
);

select results_eq(
    $$ select l from links(7) as l where l ~ '^(both|o1)' $$,
    array['both e 2084', 'o1 e 2084'],
    'a nullifier of a clean stamp of the same request is not backfilled and expires with the clean stamp'
);

select is(
    score_passport(wallet('a'), 7, stamps(stamp('Google', '{own,fresh}'))) ->> 'score', '0.00000', 'c keeps its link'
);

select is(
    score_passport(
        wallet('f'),
        7,
        stamps(
            stamp('Github', '{b1,twice}', '2090-01-01T00:00:00Z'),
            stamp('Google', '{a1,b1,twice}', '2095-01-01T00:00:00Z'),
            stamp('Ens', '{again,own}', '2085-01-01T00:00:00Z'),
            stamp('Lens', '{a1,again}', '2090-01-01T00:00:00Z')
        )
    ) ->> 'score',
    '0.00000',
    'two deduped stamps may share a free nullifier'
);

select results_eq(
    $$ select l from links(7) as l where l ~ '^(twice|again|fresh)' $$,
    array['again c 2083', 'fresh c 2083', 'twice b 2082'],
    'which goes to the owner that the first of them clashes with, whichever expires last'
);

-- Of another community, and two of wallet a in this one.
call community(8);
insert into registry_hashscorerlink (hash, address, community_id, expires_at)
values
('x1', wallet('b'), 8, '2085-01-01Z'),
('x3', wallet('c'), 8, '2085-01-01Z'),
('x1', wallet('c'), 7, '2020-01-01Z'),
('x2', wallet('c'), 7, '2021-01-01Z'),
('a2', wallet('a'), 7, '2084-01-01Z');

select is(
    score_passport(
        wallet('c'), 7, stamps(stamp('Google', '{x1}', '2090-01-01T00:00:00Z'), stamp('Github', '{x2,x3,a2,a1}'))
    ) ->> 'score',
    '1.00000',
    'a stamp may clash twice'
);

select results_eq(
    $$ select l from links(7) as l where l ~ '^(x|a2|a1)' $$,
    array['a1 a 2081', 'a2 a 2084', 'x1 c 2090', 'x2 c 2021', 'x3 a 2084'],
    'with links of its own community; those that it clashes with stay as they are'
);

select results_eq(
    'select links(8)', array['x1 b 2085', 'x3 c 2085'], 'the other one keeps its own'
);

select is(
    score_passport(wallet('a'), 7, stamps(stamp('Github', '{a1}', '2070-01-01T00:00:00Z'))) ->> 'score',
    '2.25000',
    'the owner itself scores'
);

select * from finish();
rollback;
