begin;
select plan(5);

call api_access();
call put(document('Github', '{old}'), p_updated_at => '2026-01-01Z');
call put(document('Github', '{new}'), p_updated_at => '2026-01-03Z');
call put(document('Github', '{newest}'), p_updated_at => '2026-01-04Z');
call put(document('Google', '{o}'), p_updated_at => '2026-01-02Z');

select is(
    (
        ask(stamps(
            check_of(document('Github', '{old}')),
            check_of(document('Github', '{new}')),
            check_of(document('Github', '{newest}'), 'bad_proof'),
            check_of(document('Google', '{o}'))
        ))
    ).left_out,
    '[["Github", "bad_proof"]]'::jsonb, 'an older valid one is no fault'
);
select results_eq(
    'select links(7)', $$ values ('new a 2090'), ('o a 2090') $$,
    'of the valid ones the newest counts, and claims its nullifiers alone'
);

update ceramic_cache set created_at = '2026-02-01Z'
where stamp = document('Github', '{old}');
select
    is((ask()).left_out, '[["Github", "bad_proof"]]'::jsonb, 'newest is what was updated last, whenever it was made');

-- Of rows made at once the last.
update ceramic_cache set updated_at = '2026-01-01Z';
delete from registry_hashscorerlink;
select is((ask()).left_out, '[["Github", "bad_proof"]]'::jsonb, 'of rows of one time');
select results_eq('select links(7)', $$ values ('new a 2090'), ('o a 2090') $$, 'the last counts');

select * from finish();
rollback;
