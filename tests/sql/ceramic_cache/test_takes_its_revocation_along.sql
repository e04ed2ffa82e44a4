begin;
select plan(1);

call api_access();
call put(document('Github', '{g}'));
insert into ceramic_cache_revocation (ceramic_cache_id) select id from ceramic_cache;
delete from ceramic_cache;
select is_empty('select from ceramic_cache_revocation', 'a revocation goes with its credential');

select * from finish();
rollback;
