begin;
select plan(9);

-- Each is of a document of its own, which the wallet holds but for Gone, and is a year old but for New.
call put(document('Kept', '{k}'));
call put(document('Faulty', '{f}'));
call put(document('Expired', '{x}', '2026-01-01T00:00:00Z'));
call put(document('Superseded', '{s}'));
call put(document('Lately', '{l}'));
select is(
    keep_checks(
        'v1',
        stamps(
            check_of(document('Kept', '{k}')), check_of(document('Faulty', '{f}'), 'bad_proof'),
            check_of(document('Expired', '{x}', '2026-01-01T00:00:00Z')), check_of(document('Gone', '{g}'))
        )
    ),
    4::bigint, 'checks of the verifier'
);
select is(
    keep_checks('v0', stamps(check_of(document('Superseded', '{s}')), check_of(document('Lately', '{l}')))),
    2::bigint, 'and of another'
);
update credential_check set checked_at = now() - interval '1 year';
select is(
    keep_checks(
        'v1',
        stamps(
            check_of(document('Superseded', '{s}')), check_of(document('Lately', '{l}')),
            check_of(document('New', '{n}'))
        )
    ),
    3::bigint, 'what the other has checked, the verifier checks'
);
update credential_check set checked_at = now() - interval '31 days'
where provider = 'Superseded' and verifier = 'v1';

select results_eq(
    $$ select p.looked_at, p.removed from prune_checks('v1', 9) as p $$, 'values (9::bigint, 4::bigint)',
    'checks that hardly anybody asks for go'
);
select results_eq(
    'select provider, verifier from credential_check order by provider, verifier',
    $$ values ('Kept', 'v1'), ('Lately', 'v0'), ('Lately', 'v1'), ('New', 'v1'), ('Superseded', 'v1') $$,
    'what counts stays, and what is new, and what the verifier has checked only lately'
);

-- In several calls.
select results_eq(
    $$ select p.looked_at, p.removed from prune_checks('v1', 2) as p $$, 'values (0::bigint, 0::bigint)',
    'after the last one it begins anew'
);
update credential_check set checked_at = now() - interval '2 days'
where provider = 'New';
create temporary table calls as select p.looked_at, p.removed from prune_checks('v1', 2) as p;
insert into calls select p.looked_at, p.removed from prune_checks('v1', 2) as p;
insert into calls select p.looked_at, p.removed from prune_checks('v1', 2) as p;
select results_eq(
    'select max(looked_at), sum(removed) from calls', 'values (2::bigint, 1::numeric)',
    'a call goes on where the last one stopped'
);
select is_empty($$ select from credential_check where provider = 'New' $$, 'and comes to all');
select ok((select count(*) = 4 from credential_check), 'the others stay');

select * from finish();
rollback;
