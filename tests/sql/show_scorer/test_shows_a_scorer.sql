begin;
select plan(6);

call community(7, '{"Github": "2.25"}', 2.5);
call community(8);
do $$ begin perform score_passport(wallet('a'), 7, '[]'); end $$;
do $$ begin perform score_passport(wallet('b'), 7, '[]'); end $$;
do $$ begin perform score_passport(wallet('a'), 8, '[]'); end $$;
select results_eq(
    'select s.id, s.weights, s.threshold, s.passports from show_scorer(7) as s',
    $$ values (7::bigint, '{"Github": "2.25"}'::jsonb, 2.5::numeric, 2::bigint) $$,
    'its weights, its threshold, and how many passports there are'
);
do $$ begin perform score_passport(wallet('a'), 7, stamps(stamp('Github', '{g}'), stamp('Lens', '{l}'))); end $$;
do $$ begin perform score_passport(wallet('b'), 7, stamps(stamp('Github', '{g}'))); end $$;
select is((show_scorer(7, '{Github,Ens}')).passports, 1::bigint, 'of those whose score counts one of the providers');
select is((show_scorer(7, '{Lens}')).passports, 1::bigint, 'whether that has a weight or not');
select is((show_scorer(7)).digest, (show_scorer(7)).digest, 'its digest stays');
select isnt((show_scorer(7)).digest, (show_scorer(8)).digest, 'and is of its weights and its threshold');
select throws_ok('select show_scorer(9)', 'SC002', 'unknown scorer', 'a community that is not there');

select * from finish();
rollback;
