begin;
select plan(8);

call api_access();
call community(8, p_weights => '{"Github": 1}');
call community(77, p_weights => '{"Github": 2}');
call community(88, p_weights => '{"Github": 3}');
insert into account_account (id) values (2);
update account_community set external_scorer_id = '77001'
where id = 8;
update account_community set external_scorer_id = '8', deleted_at = now()
where id = 77;
update account_community set external_scorer_id = '7', account_id = 2
where id = 88;
call put(document('Github', '{g}'));

create function pg_temp.score_in(p_scorer_id numeric) returns text
language sql
as $function$
select coalesce(r.answer ->> 'score', r.outcome)
from scorer.answer_request(
    'test', tap.api_key('test.key'), null, p_scorer_id, tap.wallet('a'), '{did:key:i}', 'v1',
    tap.stamps(tap.check_of(tap.document('Github', '{g}'))), false, '-infinity'
) as r;
$function$;

select is(pg_temp.score_in(77001), '1.00000', 'the community that has it as its external id');
select is(pg_temp.score_in(8), '2.00000', 'rather than the one whose id it is, deleted or not');
select is(pg_temp.score_in(77), '2.00000', 'else the one whose id it is');
select is(pg_temp.score_in(7), '2.25000', 'an external id of another account is none');
select is(pg_temp.score_in(88), 'unknown_scorer', 'nor is the id of another account''s');
update account_community set external_scorer_id = '99999999999999999999'
where id = 8;
select is(pg_temp.score_in(99999999999999999999), '1.00000', 'an external id may be longer than an id');
select is(pg_temp.score_in(99999999999999999998), 'unknown_scorer', 'another of its length is unknown');
select results_eq(
    $$ select community_id, array_agg(hash::text) from registry_hashscorerlink group by 1 order by 1 $$,
    $$ values (7::bigint, '{g}'::text[]), (8, '{g}'), (77, '{g}') $$,
    'nullifiers are claimed in the community itself'
);

select * from finish();
rollback;
