begin;
select plan(4);

call put_numbered(1, 3);
select is((select providers from unchecked()), '{P3,P2,P1}'::text[], 'one verifier checks all');
select is(
    (select providers from unchecked(2, p_verifier => 'v2')), '{P3,P2}'::text[], 'another one all of them again'
);
call put_numbered(4, 4);
select is((select providers from unchecked()), '{P4}'::text[], 'each goes on from where it is');
select is((select providers from unchecked(p_verifier => 'v2')), '{P4}'::text[], 'as if it were alone');

select * from finish();
rollback;
