begin;
select plan(4);

-- As older rows, and those of other services' tables.
call unguard_weights();
call community(7, '{"Text": "much", "Null": null}');

create function pg_temp.detail_of(p_scorer_id bigint, variadic p_stamps jsonb[])
returns text language plpgsql as $$
declare
    v_detail text;
begin
    perform scorer.score_passport(tap.wallet('a'), p_scorer_id, to_jsonb(p_stamps));
    return null;
exception
    when others then
        get stacked diagnostics v_detail = pg_exception_detail;
        return v_detail;
end
$$;

select is(pg_temp.detail_of(null, stamp('Ens', '{e}')), 'There is no community null.', 'a scorer that is none');

select is(
    pg_temp.detail_of(
        7,
        stamp('Ens', '{e}'),
        stamp('Github', '{g}', iso_timestamp(now())),
        stamp('Google', '{o}', '2020-01-01T00:00:00Z')
    ),
    format('Stamp 2 of p_valid_stamps expired at %s.', iso_timestamp(now())),
    'the first stamp that has expired'
);

select is(
    pg_temp.detail_of(7, stamp('Ens', '{e}'), stamp('Text', '{t}'), stamp('Null', '{n}')),
    'Community 7 has an unusable weight for provider ''Text''.',
    'the first provider whose weight is unusable'
);

update scorer_weighted_binaryweightedscorer set threshold = 'NaN';
select is(
    pg_temp.detail_of(7, stamp('Ens', '{e}')), 'Community 7 has no scorer with weights and a threshold.',
    'a community whose scorer is unusable'
);

select * from finish();
rollback;
