begin;
select plan(3);

-- A row that a statement has locked names its transaction as xmax.
call community(7);
insert into registry_hashscorerlink (hash, address, community_id, expires_at)
values
('right', wallet('a'), 7, '2090-01-01Z'),
('theirs', wallet('b'), 7, '2091-01-01Z'),
('deduped', wallet('a'), 7, '2090-01-01Z'),
('later', wallet('a'), 7, '2080-01-01Z');

create temporary view written as
select n_tup_ins, n_tup_upd from pg_stat_xact_user_tables
where schemaname in ('scorer', 'public') and relname = 'registry_hashscorerlink';
create temporary table before as select * from written;

create temporary table answer as
select score_passport(
    wallet('a'),
    7,
    stamps(
        stamp('Github', '{right}'), stamp('Google', '{theirs,deduped,free}'), stamp('Ens', '{new,later}')
    )
) as body;

select results_eq(
    'select links(7)',
    array['deduped a 2090', 'free b 2091', 'later a 2090', 'new a 2090', 'right a 2090', 'theirs b 2091'],
    'beside links that are claimed, renewed and given away'
);

select results_eq(
    $$ select hash::text from registry_hashscorerlink
    where xmax = 0 and hash in ('right', 'theirs', 'deduped') order by hash $$,
    array['deduped', 'right', 'theirs'],
    'an own link that is right already and a live one of another wallet are not locked'
);

select results_eq(
    'select w.n_tup_ins - b.n_tup_ins, w.n_tup_upd - b.n_tup_upd from written as w, before as b',
    $$ values (2::bigint, 3::bigint) $$,
    'what is claimed or renewed is written once, and twice more what is given away'
);

select * from finish();
rollback;
