begin;
select plan(9);

call api_access();
call put(document('Github', '{g}'));
call put(document('Google', '{o}', '2020-01-01T00:00:00Z'));
select is((ask(stamps(check_of(document('Github', '{g}'))))).outcome, 'unchecked', 'one document is not checked yet');
select results_eq(
    'select outcome, answer from rescored()',
    $$ values ('no_passport', null::jsonb) $$,
    'a passport that is not there is not scored'
);
select is_empty('select from registry_passport', 'nor made');

select is(
    (ask(stamps(check_of(document('Google', '{o}', '2020-01-01T00:00:00Z'))))).answer ->> 'score', '2.25000',
    'a request scores it'
);
update scorer_weighted_binaryweightedscorer set weights = '{"Github": 3}'
where scorer_ptr_id = 7;
call put(document('Ens', '{e}'));
select results_eq(
    'select outcome, unchecked::jsonb, answer, was_passing from rescored()',
    $$ values ('unchecked', document('Ens', '{e}'), null::jsonb, false) $$,
    'it asks for what was never checked'
);
select results_eq(
    $$ select outcome, answer ->> 'score', was_passing from rescored(stamps(check_of(document('Ens', '{e}')))) $$,
    $$ values ('scored', '3.00000', false) $$,
    'and scores by the weights as they are now'
);
select results_eq(
    'select s.answer from rescored() as s',
    'select a.answer from ask() as a',
    'its answer is that of a request'
);
select results_eq(
    $$ select data #>> '{fields,evidence,rawScore}' from registry_event where action = 'SCORE_UPDATE' order by id $$,
    $$ values ('2.25'), ('3'), ('3'), ('3') $$,
    'each scoring has its event'
);
select is(current_setting('synchronous_commit'), 'off', 'nobody waits for the disk');

select * from finish();
rollback;
