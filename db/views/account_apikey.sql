-- Their id of a key holds its hash, which nobody is to see in a log: here a digest of it stands for it. A key's hash
-- stands in one of two columns, the newer before the older. An upgrade fills the newer one, and leaves the older as it
-- is.
drop view if exists scorer.account_apikey;

create view scorer.account_apikey as
select
    left(encode(sha256(convert_to(k.id, 'UTF8')), 'hex'), 16) as id,
    k.account_id,
    k.prefix,
    coalesce(nullif(k.hashed_key_sha256, ''), k.hashed_key) as hashed_key,
    k.name,
    k.created,
    k.revoked,
    k.expiry_date,
    k.rate_limit,
    k.read_scores,
    k.historical_endpoint
from public.account_accountapikey as k;

create rule upgrade as -- noqa: PRS
on update to scorer.account_apikey
do instead
update public.account_accountapikey as k
set hashed_key_sha256 = new.hashed_key
where k.prefix = old.prefix and coalesce(nullif(k.hashed_key_sha256, ''), k.hashed_key) = old.hashed_key;
