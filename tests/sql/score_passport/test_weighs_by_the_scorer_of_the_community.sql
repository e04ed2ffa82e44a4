begin;
select plan(2);

call community(7, '{"Github": 1}', 1);
call community(8, '{"Github": 2}', 5);
update account_community set scorer_id = 8
where id = 7;

create temporary table answer as
select score_passport(wallet('a'), 7, stamps(stamp('Github', '{g}'))) as body;

select is(body ->> 'score', '2.00000', 'weights are those of the scorer that the community names') from answer;
select is(body ->> 'threshold', '5.00000', 'and so is the threshold') from answer;

select * from finish();
rollback;
