begin;
select plan(8);

create procedure pg_temp.done()
language sql
begin atomic
    select unchecked(0, 0, c.id) from scorer.check_ahead_claim as c;
end;

call put_numbered(1, 5);
call put_numbered(7, 9);
select is((select providers from unchecked()), '{P9,P8,P7,P5,P4,P3,P2,P1}'::text[], 'all are given');
call pg_temp.done();

-- A transaction that was under way commits; a document is replaced in its row; a deletion is taken back.
call put_numbered(6, 6);
update ceramic_cache set stamp = document('New', '{n}')
where id = 2;
select is((select providers from unchecked()), null, 'what comes late is not seen');
select is((select providers from unchecked(p_look_back => 2)), '{P9,P8}'::text[], 'not where too few are looked at');
call pg_temp.done();
select is((select providers from unchecked(p_look_back => 4)), '{P9,P8,P7,P6}'::text[], 'but where it is among them');
call pg_temp.done();
select is(
    (select providers from unchecked(p_look_back => 4611686018427387904)), '{P9,P8,P7,P6,P5,P4,P3,New,P1}'::text[],
    'and where all are'
);
call pg_temp.done();

-- The newest go; others take their ids.
delete from ceramic_cache
where id > 4;
select is((select ids_left from unchecked()), 0::bigint, 'credentials that are gone are not left');
call put_numbered(5, 6);
select is((select providers from unchecked()), '{P6,P5}'::text[], 'those that take their ids are new');
call pg_temp.done();
delete from ceramic_cache
where id < 4;
select is(
    (select ids_left from unchecked(0, p_look_back => 4611686018427387904)), 3::bigint,
    'ids below the oldest credential are not left'
);

select * from finish();
rollback;
