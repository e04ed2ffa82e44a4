begin;
select plan(7);

call community(7, p_human_points_program => true);
insert into account_apikey (account_id, prefix, hashed_key) values (1, 'good', api_key('good.key'));
insert into ceramic_cache (address, provider, stamp) values (wallet('a'), 'Github', '{"issuer": "did:key:i"}');
insert into registry_hashscorerlink (hash, address, community_id, expires_at)
values ('taken', wallet('b'), 7, '2090-01-01Z');

create role attacker;
grant scorer_api to attacker;
grant usage on schema tap to attacker;
grant create on schema public to attacker;
create temporary table names as
select c.relname as name, 'table' as kind
from pg_class as c
where c.relnamespace = 'scorer'::regnamespace and c.relkind = 'r'
union all
select p.proname, 'function'
from pg_proc as p
where p.pronamespace = 'scorer'::regnamespace;
create temporary table results (what text, result text);
grant select on names to attacker;
grant insert on results to attacker;
set local role attacker;
set local search_path = pg_catalog, pg_temp;

-- In public and in pg_temp: a table, hence a type, of each of our names and of the types that we cast to; a
-- function of each of our names and of those that we call, and the operators that we compare with.
create function public.trap() returns boolean language plpgsql as $$ begin raise exception 'trapped'; end $$;
do $block$
declare
    v_schema text;
    v_name text;
begin
    foreach v_schema in array array['public', 'pg_temp'] loop
        for v_name in
            select n.name from names as n where n.kind = 'table'
            union all select * from unnest(array['text', 'jsonb', 'timestamptz', 'numeric', 'bigint', 'regclass'])
        loop
            execute format('create table %s.%I (id bigint, trap boolean default public.trap())', v_schema, v_name);
        end loop;

        for v_name in
            select distinct n.name from names as n where n.kind = 'function'
            union all
            select * from unnest(array[
                'now', 'lower', 'length', 'sha256', 'round', 'to_char', 'jsonb_array_elements', 'jsonb_build_object',
                'unnest', 'format', 'min', 'sum', 'gen_random_uuid', 'hashtextextended', 'pg_advisory_xact_lock', 'convert_to'
            ])
        loop
            execute format(
                'create function %s.%I(variadic anyarray) returns boolean language sql as %L',
                v_schema, v_name, 'select public.trap()'
            );
        end loop;
    end loop;
end;
$block$;
do $block$
declare
    v_type text;
    v_operator text;
begin
    foreach v_type in array array['text', 'varchar', 'int8'] loop
        execute format(
            'create function public.trap(pg_catalog.%1$s, pg_catalog.%1$s) returns boolean language sql as %2$L',
            v_type, 'select public.trap()'
        );
        foreach v_operator in array array['=', '<>'] loop
            execute format(
                'create operator public.%1$s (leftarg = pg_catalog.%2$s, rightarg = pg_catalog.%2$s, '
                || 'function = public.trap)',
                v_operator, v_type
            );
        end loop;
    end loop;
end;
$block$;
create function public.now() returns pg_catalog.timestamptz language sql
as $$ select '2100-01-01Z'::pg_catalog.timestamptz $$;
create function public.stamp_fault(pg_catalog.jsonb) returns pg_catalog.text language sql
as $$ select null::pg_catalog.text $$;
create function public.weight_of(pg_catalog.jsonb, pg_catalog.text) returns pg_catalog.numeric language sql
as $$ select 1000::pg_catalog.numeric $$;

-- What the attacker gets, in a path of the traps alone.
set local search_path = public, pg_catalog;
insert into results values (
    'clean',
    scorer.score_passport(
        '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 7,
        '[{"provider": "Github", "credential": {}, "nullifiers": ["g"], "expires_at": "2090-01-01T00:00:00Z"}]', true
    ) ->> 'score'
);
insert into results values (
    'clash',
    scorer.score_passport(
        '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 7,
        '[{"provider": "Ens", "credential": {}, "nullifiers": ["taken", "free"],
        "expires_at": "2090-01-01T00:00:00Z"}]', true
    ) #>> '{stamps,Ens,dedup}'
);
insert into results
select 'load', r.unchecked from scorer.answer_request(
    'good', 'sha256$06c41992aadbb67f2586b7fd76912a0f180f307b27cdc9491fe07439b8cb4bf5', null, 7,
    '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', '{did:key:i}', 'v', '[]', false, '-infinity'
) as r;
do $block$
begin
    perform scorer.score_passport('0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 7, '[{}]');
exception
    when others then
        insert into results values ('bad', sqlstate);
end;
$block$;
do $block$
begin
    perform 'x'::pg_catalog.text = 'x'::pg_catalog.text;
exception
    when others then
        insert into results values ('own path', sqlerrm);
end;
$block$;

reset role;
set local search_path = pg_catalog, scorer, tap, pg_temp;
select is(r.result, 'trapped', 'the traps work in the attacker''s own path')
from results as r
where r.what = 'own path';
select is(r.result, '2.25000', 'a stamp is scored by our tables and functions')
from results as r
where r.what = 'clean';
select is(r.result, 'true', 'and so is a clash')
from results as r
where r.what = 'clash';
select is(r.result, '{"issuer": "did:key:i"}', 'credentials are loaded from our table')
from results as r
where r.what = 'load';
select is(r.result, 'SC003', 'our own checks are made')
from results as r
where r.what = 'bad';
select results_eq(
    $$ select hash::text, address::text from scorer.registry_hashscorerlink order by hash $$,
    $$ values ('free', wallet('b')), ('g', wallet('a')), ('taken', wallet('b')) $$,
    'the links are in our table'
);
select is((select count(*) from scorer.registry_event), 3::bigint, 'and so are the events');

select * from finish();
rollback;
