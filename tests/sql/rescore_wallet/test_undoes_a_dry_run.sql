begin;
select plan(6);

call api_access();
call put(document('Github', '{g}'));
select is((ask(stamps(check_of(document('Github', '{g}'))))).outcome, 'scored', 'a request scores it');
update scorer_weighted_binaryweightedscorer set weights = '{"Github": 3, "Ens": 1}'
where scorer_ptr_id = 7;
call put(document('Ens', '{e}'));

select results_eq(
    $$
    select outcome, answer ->> 'score', (answer ->> 'passing_score')::boolean, was_passing
    from rescored(stamps(check_of(document('Ens', '{e}'))), p_dry_run => true)
    $$,
    $$ values ('scored', '4.00000', true, false) $$,
    'a dry run tells what the score would be'
);
select results_eq(
    $$ select evidence ->> 'rawScore' from registry_score $$, $$ values ('2.25') $$, 'the score is as it was'
);
select results_eq('select links(7)', $$ values ('g a 2090') $$, 'so are the links');
select is((select count(*) from registry_event), 1::bigint, 'there is no event');
select is((select count(*) from credential_check), 2::bigint, 'checks are kept');

select * from finish();
rollback;
