begin;
select plan(3);

call api_access();
call put(document('Github', '{g}'));
select is((ask(stamps(check_of(document('Github', '{g}'))))).outcome, 'scored', 'a request scores it');
call unguard_weights();
update scorer_weighted_binaryweightedscorer set weights = '{"Github": "much"}'
where scorer_ptr_id = 7;

select throws_ok('select rescored()', 'SC006', 'misconfigured scorer', 'unusable weights are an error');
select throws_ok(
    'select rescored(p_dry_run => true)', 'SC006', 'misconfigured scorer', 'in a dry run too'
);

select * from finish();
rollback;
