create or replace function scorer.list_credentials(p_address text)
returns table (
    id bigint,
    provider text,
    state text,
    issuer text,
    expiration_date text,
    created_at timestamptz,
    updated_at timestamptz,
    deleted_at timestamptz
)
language plpgsql
stable
security definer
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
The credentials that a wallet has stored, newest first, whether they count or not: explain_score says that.

Arguments
  p_address  the wallet

Result
  state                    'live', 'deleted' or 'revoked'
  issuer, expiration_date  as the document says

Errors
  SC001 address malformed
*/
begin
    return query
    select
        c.id,
        c.provider::text,
        case
            when c.deleted_at is not null then 'deleted'
            when (select r.id from ceramic_cache_revocation as r where r.ceramic_cache_id = c.id) is not null
                then 'revoked'
            else 'live'
        end,
        left(c.stamp ->> 'issuer', 100),
        left(c.stamp ->> 'expirationDate', 100),
        c.created_at,
        c.updated_at,
        c.deleted_at
    from ceramic_cache as c
    where c.address = require_address(p_address)
    order by c.updated_at desc, c.id desc;
end;
$function$;

revoke execute on function scorer.list_credentials(text) from public;
grant execute on function scorer.list_credentials(text) to scorer_admin;
