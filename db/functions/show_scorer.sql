create or replace function scorer.show_scorer(
    p_scorer_id bigint,
    p_providers text[] default null,
    out id bigint,
    out name text,
    out threshold numeric,
    out weights jsonb,
    out digest text,
    out passports bigint
)
language plpgsql
stable
security definer
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
The scorer of a community.

Arguments
  p_scorer_id  the community's id
  p_providers  for passports: the providers whose weights are to change; null for any change

Result
  id, name   the community's
  digest     what change_scorer is to be given: another one once weights or threshold have changed
  passports  how many the communities of this scorer have whose score can change: those whose stored score counts one of
             p_providers, without it all

Errors
  SC002 unknown scorer

Passports are counted one by one: it is for an operator, not for a request.
*/
begin
    select
        c.id,
        c.name::text,
        s.threshold,
        s.weights,
        encode(sha256(convert_to(concat_ws(' ', s.threshold, s.weights), 'UTF8')), 'hex'),
        (
            select count(*) from registry_passport as p
            where
                p.community_id in (select o.id from account_community as o where o.scorer_id = c.scorer_id)
                and (
                    p_providers is null
                    or exists (
                        select from registry_score as r
                        where r.passport_id = p.id and r.stamp_scores ?| p_providers
                    )
                )
        )
    into id, name, threshold, weights, digest, passports
    from account_community as c
    left join scorer_weighted_binaryweightedscorer as s on s.scorer_ptr_id = c.scorer_id
    where c.id = p_scorer_id;

    if not found then
        raise exception 'unknown scorer' using
            errcode = 'SC002',
            detail = format('There is no community %s.', coalesce(p_scorer_id::text, 'null')),
            hint = 'Pass the id of a row of account_community.';
    end if;
end;
$function$;

revoke execute on function scorer.show_scorer(bigint, text[]) from public;
grant execute on function scorer.show_scorer(bigint, text[]) to scorer_admin;
