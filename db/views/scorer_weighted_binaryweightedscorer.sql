-- The scorer of a community: weights and threshold of its scorer, of either type, and over these weights those that
-- the community's customization gives to lists of addresses and to credentials of its own. Every part is a subquery by
-- an index: a join would read the tables from end to end.
drop view if exists scorer.scorer_weighted_binaryweightedscorer;

create view scorer.scorer_weighted_binaryweightedscorer as
select
    c.id as scorer_ptr_id,
    case (
        select t.type from public.scorer_weighted_scorer as t
        where t.id = c.scorer_id)
        when 'WEIGHTED_BINARY'
            then
                (
                    select b.weights from public.scorer_weighted_binaryweightedscorer as b
                    where b.scorer_ptr_id = c.scorer_id
                )
        else (
            select w.weights from public.scorer_weighted_weightedscorer as w
            where w.scorer_ptr_id = c.scorer_id
        )
    end
    || coalesce(
        (
            select
                jsonb_object_agg(
                    'AllowList#'
                    || (
                        select n.name from public.account_addresslist as n
                        where n.id = l.address_list_id
                    ),
                    l.weight
                )
            from public.account_allowlist as l
            where
                l.customization_id
                = (
                    select u.id from public.account_customization as u
                    where u.scorer_id = c.id
                )
        ),
        '{}'
    )
    || coalesce(
        (
            select
                jsonb_object_agg(
                    (
                        select r.provider_id from public.account_customcredentialruleset as r
                        where r.id = d.ruleset_id
                    ),
                    d.weight
                )
            from public.account_customcredential as d
            where
                d.customization_id
                = (
                    select u.id from public.account_customization as u
                    where u.scorer_id = c.id
                )
        ),
        '{}'
    ) as weights,
    case (
        select t.type from public.scorer_weighted_scorer as t
        where t.id = c.scorer_id)
        when 'WEIGHTED_BINARY'
            then
                (
                    select b.threshold from public.scorer_weighted_binaryweightedscorer as b
                    where b.scorer_ptr_id = c.scorer_id
                )
        else (
            select w.threshold from public.scorer_weighted_weightedscorer as w
            where w.scorer_ptr_id = c.scorer_id
        )
    end as threshold
from public.account_community as c;
