begin;
select plan(1);

call api_access();
call put(document('Ens', '{e}'));
call put(document('Lens', '{l}'));

-- As some wallets have: documents of which a thousand at once could not even be read.
alter table ceramic_cache alter column digest drop expression;
update ceramic_cache set digest = null;
select is(
    (ask()).left_out,
    '[["Ens", "too_large"], ["Lens", "too_large"]]'::jsonb,
    'what is too large is told by its digest alone'
);

select * from finish();
rollback;
