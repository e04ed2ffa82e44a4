create or replace function scorer.list_communities(p_account_id bigint default null)
returns table (
    id bigint,
    account_id bigint,
    name text,
    external_scorer_id text,
    human_points_program boolean,
    threshold numeric,
    providers bigint,
    deleted_at timestamptz
)
language plpgsql
stable
security definer
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
Communities with what their scorers come to, oldest first.

Arguments
  p_account_id  of this account alone; null for all

Result
  threshold  null where the community has no scorer
  providers  how many providers have a weight
  deleted_at when it was deleted; it is answered all the same

Errors: none.
*/
begin
    return query
    select
        c.id,
        c.account_id,
        c.name::text,
        c.external_scorer_id::text,
        c.human_points_program,
        s.threshold,
        case
            when jsonb_typeof(s.weights) = 'object' then (select count(*) from jsonb_object_keys(s.weights))
        end,
        c.deleted_at
    from account_community as c
    left join scorer_weighted_binaryweightedscorer as s on s.scorer_ptr_id = c.scorer_id
    where c.account_id = p_account_id or p_account_id is null
    order by c.id;
end;
$function$;

revoke execute on function scorer.list_communities(bigint) from public;
grant execute on function scorer.list_communities(bigint) to scorer_admin;
