create or replace function scorer.authenticate_api_key(
    p_key_prefix text,
    p_key_hash text,
    p_legacy_key_hash text default null,
    out account_id bigint,
    out legacy_parameters text,
    out api_key_id text
)
language plpgsql
volatile
security invoker
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
Finds the account of an API key. The stored hash never leaves the database.

Arguments
  p_key_prefix       what stands before the key's first dot
  p_key_hash         sha256$ and the hex sha256 of the whole key
  p_legacy_key_hash  pbkdf2_sha256$iterations$salt$base64 of the whole key, once legacy_parameters were given

Result
  account_id         the key's account; null for a key that is unknown, wrong, revoked or expired
  legacy_parameters  pbkdf2_sha256$iterations$salt where the key is stored in the legacy form and
                     p_legacy_key_hash was not passed: derive it and call again. A key that takes more than
                     2,000,000 iterations is refused: whoever knows its prefix would have them made
  api_key_id         with account_id, what names the key in a log: its id, where that is a number, else the first
                     16 hexadecimal digits of the id's sha256: the existing service's ids repeat the stored hash

A legacy key that matches is stored as sha256 from then on.

Errors: none.

Locks: the key's row, when it is upgraded.
*/
declare
    v_nonce constant text := gen_random_uuid()::text;
    v_key account_apikey;
    v_given text := p_key_hash;
    v_max_iterations constant integer := 2000000;
begin
    select k.*
    into v_key
    from account_apikey as k
    where k.prefix = p_key_prefix and not k.revoked and (k.expiry_date is null or k.expiry_date > now());

    if v_key.hashed_key like 'pbkdf2\_sha256$%' then
        if p_legacy_key_hash is null then
            legacy_parameters := substring(v_key.hashed_key from '^pbkdf2_sha256[$][0-9]{1,7}[$][^$]+');

            if split_part(legacy_parameters, '$', 2)::integer > v_max_iterations then
                legacy_parameters := null;
            end if;

            return;
        end if;

        v_given := p_legacy_key_hash;
    end if;

    -- Digests under a fresh nonce are compared, so the time taken says nothing about the stored hash.
    if
        sha256(convert_to(v_nonce || v_given, 'UTF8'))
        is distinct from sha256(convert_to(v_nonce || v_key.hashed_key, 'UTF8'))
    then
        return;
    end if;

    account_id := v_key.account_id;
    api_key_id := v_key.id::text;

    if api_key_id !~ '^[0-9]+$' then
        api_key_id := left(encode(sha256(convert_to(api_key_id, 'UTF8')), 'hex'), 16);
    end if;

    if v_given is distinct from p_key_hash then
        update account_apikey as k
        set hashed_key = p_key_hash
        where k.id = v_key.id and k.hashed_key = v_key.hashed_key;
    end if;
end;
$function$;

revoke execute on function scorer.authenticate_api_key(text, text, text) from public;
