create or replace function scorer.community_of(p_account_id bigint, p_scorer_id numeric)
returns bigint
language plpgsql
stable
security invoker
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
The community that a scorer id names. One that has been deleted is answered too.

Arguments
  p_account_id  the account that it must belong to
  p_scorer_id   an integer: an external_scorer_id, which may be longer than an id, else an id; null matches none

Result
  the community's id; null where the account has none such

Errors: none.
*/
begin
    return coalesce(
        (
            select c.id from account_community as c
            where c.external_scorer_id = p_scorer_id::text and c.account_id = p_account_id
        ),
        (
            select c.id from account_community as c
            where
                c.id = case when abs(p_scorer_id) < 9223372036854775808 then p_scorer_id::bigint end
                and c.account_id = p_account_id
        )
    );
end;
$function$;

revoke execute on function scorer.community_of(bigint, numeric) from public;
