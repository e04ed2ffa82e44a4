begin;
select plan(10);

call put_numbered(1, 6);
create temporary table claims as select u.* from unchecked(2) as u;
insert into claims select u.* from unchecked(2) as u;
select results_eq(
    'select providers from claims order by claim', $$ values ('{P6,P5}'::text[]), ('{P4,P3}') $$,
    'what one caller has, the next does not get'
);
select results_eq(
    'select providers from unchecked(2, 6)', $$ values ('{P2,P1}'::text[]) $$,
    'not even where it looks at everything again'
);
select results_eq(
    'select providers, ids_left from unchecked(2)', 'values (null::text[], 0::bigint)', 'what is claimed is not left'
);

-- The first has kept the check of one of its two and ends; the others are gone.
select is(keep_checks('v1', stamps(check_of(document('P6', '{n6}')))), 1::bigint, 'a check is kept');
select results_eq(
    $$ select u.providers, u.ids_left from unchecked(0, 0, (select min(claim) from claims)) as u $$,
    'values (null::text[], 0::bigint)', 'a claim that is done is not left'
);
select is((select count(*) from check_ahead_claim), 2::bigint, 'and is gone');
update check_ahead_claim set claimed_at = now() - interval '59 seconds';
select results_eq('select ids_left from unchecked()', 'values (0::bigint)', 'a claim lasts for a minute');
update check_ahead_claim set claimed_at = now() - interval '61 seconds';
select results_eq(
    'select providers from unchecked()', $$ values ('{P4,P3,P2,P1}'::text[]) $$,
    'what was claimed for longer is given to the next caller'
);
select is((select count(*) from check_ahead_claim), 1::bigint, 'who has a claim of its own');
select results_eq(
    $$ select u.ids_left from unchecked(0, 0, (select max(claim) from claims)) as u $$, 'values (0::bigint)',
    'whoever ends late does no harm'
);

select * from finish();
rollback;
