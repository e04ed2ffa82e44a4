CREATE SCHEMA scorer;

ALTER SCHEMA scorer OWNER TO scorer_owner;

CREATE FUNCTION scorer.authenticate_api_key(p_key_prefix text, p_key_hash text, p_legacy_key_hash text DEFAULT NULL::text, OUT account_id bigint, OUT legacy_parameters text) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp'
    AS $_$
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

    if v_given is distinct from p_key_hash then
        update account_apikey as k
        set hashed_key = p_key_hash
        where k.id = v_key.id and k.hashed_key = v_key.hashed_key;
    end if;
end;
$_$;

ALTER FUNCTION scorer.authenticate_api_key(p_key_prefix text, p_key_hash text, p_legacy_key_hash text, OUT account_id bigint, OUT legacy_parameters text) OWNER TO scorer_owner;

CREATE FUNCTION scorer.five_decimals(p_value numeric) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN (round((p_value - CASE WHEN ((((trunc(p_value, 5) * (100000)::numeric) % (2)::numeric) = (0)::numeric) AND (abs((p_value - trunc(p_value, 5))) = 0.000005)) THEN (p_value - trunc(p_value, 5)) ELSE (0)::numeric END), 5))::text;

ALTER FUNCTION scorer.five_decimals(p_value numeric) OWNER TO scorer_owner;

COMMENT ON FUNCTION scorer.five_decimals(p_value numeric) IS '
A number as the answer prints it.

Arguments
  p_value  a finite number

Result
  five decimals, rounded half to even, as Python''s format(Decimal, ''.5f'') rounds; null for null.

Errors: none.
';

CREATE FUNCTION scorer.guard_live_link() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp'
    AS $$
/*
Keeps a live hash link with its owner, whoever writes the table: another writer that read the link while it
was expired may update it by its id after score_passport has given it to a new owner.

Arguments: none; fired for an update that changes the owner of a link while expires_at > now().

Result: none, it always raises.

Errors
  23505 (unique_violation), as the insert of a hash that another wallet has claimed raises

It runs with the rights of the writer, who may lack every right on schema scorer but those on the table, so it
calls nothing of the schema.
*/
begin
    raise exception 'hash link is live' using
        errcode = 'unique_violation',
        detail = format('Another wallet holds link %s until %s.', old.id, old.expires_at),
        hint = 'Read the link again. To move it by hand, set its expires_at to a past time first.';
end;
$$;

ALTER FUNCTION scorer.guard_live_link() OWNER TO scorer_owner;

CREATE FUNCTION scorer.guard_weights() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp'
    AS $$
/*
Refuses weights and a threshold with which nobody can be scored, when they are written: later they would be an error
for every client of the scorer. What counts as a weight is what weight_of reads.

Arguments: none; fired for each scorer that is inserted, or whose weights or threshold are updated.

Result: the row as it is.

Errors
  23514 (check_violation), with a detail that names the providers
*/
declare
    v_providers text;
begin
    if jsonb_typeof(new.weights) is distinct from 'object' then
        raise exception 'weights are not an object' using
            errcode = 'check_violation',
            detail = format('The weights of scorer %s are %s.', new.scorer_ptr_id, jsonb_typeof(new.weights)),
            hint = 'Write an object of provider to number or numeric string.';
    end if;

    select string_agg(format('%L', left(w.provider, 100)), ', ' order by w.provider)
    into v_providers
    from (
        select k.provider
        from jsonb_object_keys(new.weights) as k (provider)
        where weight_of(new.weights, k.provider) is null
        order by k.provider
        limit 10
    ) as w;

    if v_providers is not null then
        raise exception 'a weight is not a number' using
            errcode = 'check_violation',
            detail = format('In the weights of scorer %s: %s.', new.scorer_ptr_id, v_providers),
            hint = 'A weight is a number or a numeric string, with at most nine digits before the point.';
    end if;

    if new.threshold = 'NaN' then
        raise exception 'threshold is not a number' using
            errcode = 'check_violation',
            detail = format('The threshold of scorer %s is NaN.', new.scorer_ptr_id),
            hint = 'Write a number.';
    end if;

    return new;
end;
$$;

ALTER FUNCTION scorer.guard_weights() OWNER TO scorer_owner;

CREATE FUNCTION scorer.iso_timestamp(p_time timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE
    RETURN to_char((p_time AT TIME ZONE 'UTC'::text), CASE WHEN (p_time = (p_time)::timestamp(0) with time zone) THEN 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"'::text ELSE 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'::text END);

ALTER FUNCTION scorer.iso_timestamp(p_time timestamp with time zone) OWNER TO scorer_owner;

COMMENT ON FUNCTION scorer.iso_timestamp(p_time timestamp with time zone) IS '
A time as the answer prints it.

Arguments
  p_time  a finite time

Result
  what Python''s datetime.isoformat() gives in UTC: six fractional digits, none when they are all zero;
  null for null.

Errors: none.
';

CREATE FUNCTION scorer.request_score(p_key_prefix text, p_key_hash text, p_legacy_key_hash text, p_scorer_id bigint, p_address text, p_trusted_issuers text[], p_verifier text, p_checks jsonb, p_human_points_enabled boolean, p_human_points_start timestamp with time zone, OUT outcome text, OUT legacy_parameters text, OUT unchecked text, OUT left_out jsonb, OUT answer jsonb) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp'
    SET lock_timeout TO '10s'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
/*
A whole request of the HTTP service: checks the API key, that the scorer belongs to the key's account, and scores
the wallet with those of its live credentials that count: not deleted, not revoked. What a credential's document
says and whether its proof holds is looked up by the digest of the document; documents of which nothing is known are
asked for instead, some at a time, and the call made again with their checks.

Arguments
  p_key_prefix, p_key_hash, p_legacy_key_hash  as authenticate_api_key takes them
  p_scorer_id             the community's id; null matches none
  p_address               the wallet, in lower case; null for what is none
  p_trusted_issuers       the DIDs whose credentials count
  p_verifier              names what checks documents, in its version: checks of another are not used
  p_checks                array of {"digest" (hex sha256 of the document's text in UTF-8), "fault" (null, or why the
                          document never counts), and without a fault "issuer", "subject" (in lower case),
                          "provider", "nullifiers", "expires_at", "signed_at"}; [] at first
  p_human_points_enabled, p_human_points_start
                          as score_passport takes them

Result
  outcome            'scored', or why not: 'invalid_key', 'legacy_key' (derive p_legacy_key_hash from
                     legacy_parameters and call again), 'unknown_scorer' (also when it is another account's),
                     'invalid_address', 'too_many_credentials' (more than 1,000, or more than 10,000 nullifiers),
                     'unchecked' (check the documents and call again)
  legacy_parameters  with 'legacy_key'
  unchecked          with 'unchecked', documents of trusted issuers of which nothing is known, one a line: of the
                     oldest credentials, until they are 2 MiB or more
  left_out           with 'scored', array of [provider, reason] of the credentials that did not count, or null
  answer             with 'scored', as score_passport gives it

Errors: those of score_stamps.

Locks, in this order: those of authenticate_api_key; the new rows of credential_check, sorted by digest; the
passport's name (transaction-level advisory lock), then its row where it has one; those of score_stamps.

It is planned as score_passport is.
*/
declare
    -- What a request may cost, whatever a wallet's owner has stored. A production credential has 2 kB.
    v_max_credentials constant integer := 1000;
    v_max_nullifiers constant integer := 10000;
    v_max_unchecked_bytes constant integer := 2097152;

    v_account_id bigint;
    v_owns_scorer boolean;
    -- One element a live credential, oldest first.
    v_providers text[];
    v_credentials jsonb[];
    v_digests bytea[];
    v_expires_at timestamptz[];
    v_nullifiers jsonb[];
    v_reasons text[];
    v_nullifier_count bigint;
    v_provider_count bigint;
begin
    select
        a.account_id,
        a.legacy_parameters,
        exists (select from account_community as c where c.id = p_scorer_id and c.account_id = a.account_id)
    into v_account_id, legacy_parameters, v_owns_scorer
    from authenticate_api_key(p_key_prefix, p_key_hash, p_legacy_key_hash) as a;

    if v_account_id is null then
        outcome := case when legacy_parameters is null then 'invalid_key' else 'legacy_key' end;
        return;
    end if;

    if not v_owns_scorer then
        outcome := 'unknown_scorer';
        return;
    end if;

    if p_address is null then
        outcome := 'invalid_address';
        return;
    end if;

    -- Kept even where this request cannot be answered yet.
    if p_checks <> '[]' then
        insert into credential_check (
            digest, verifier, fault, issuer, subject, provider, nullifiers, expires_at, signed_at
        )
        select
            decode(c.digest, 'hex'), p_verifier, c.fault, c.issuer, c.subject, c.provider, c.nullifiers,
            c.expires_at, c.signed_at
        from jsonb_to_recordset(p_checks) as c (
            digest text, fault text, issuer text, subject text, provider text, nullifiers jsonb,
            expires_at timestamptz, signed_at timestamptz
        )
        order by c.digest collate "C"
        on conflict (digest, verifier) do nothing;
    end if;

    -- What the wallet holds is read when no other request for its passport is under way: who reads last also writes
    -- last. By name, since a passport that is scored for the first time has no row; and by its row, where it has one,
    -- for the other writers of the table.
    perform pg_advisory_xact_lock(hashtextextended(format('passport %s %s', p_address, p_scorer_id), 0));

    perform from registry_passport as p
    where p.address = p_address and p.community_id = p_scorer_id
    for no key update;

    -- A document that is too large to have a digest is not read. Revocations are looked up one by one: a join would
    -- read them all.
    select array_agg(c.provider), array_agg(c.stamp), array_agg(c.digest)
    into v_providers, v_credentials, v_digests
    from (
        select l.provider, l.stamp, l.digest
        from (
            select
                c.id, c.updated_at, c.provider::text as provider, c.digest,
                case when c.digest is not null then c.stamp end as stamp
            from ceramic_cache as c
            where
                c.address = p_address
                and c.deleted_at is null
                and (select r.id from ceramic_cache_revocation as r where r.ceramic_cache_id = c.id) is null
            limit v_max_credentials + 1
        ) as l
        order by l.updated_at, l.id
    ) as c;

    -- One row a credential, whatever is known of it.
    select
        array_agg(j.expires_at order by j.i),
        array_agg(j.nullifiers order by j.i),
        array_agg(j.reason order by j.i),
        sum(jsonb_array_length(j.nullifiers)) filter (where j.reason is null),
        count(distinct j.provider) filter (where j.reason is null)
    into v_expires_at, v_nullifiers, v_reasons, v_nullifier_count, v_provider_count
    from (
        select
            l.i,
            l.provider,
            k.expires_at,
            k.nullifiers,
            case
                when l.digest is null then 'too_large'
                when
                    coalesce(k.issuer, v_credentials[l.i] ->> 'issuer') = any(p_trusted_issuers) is not true
                    then 'untrusted_issuer'
                when k.digest is null then 'unchecked'
                when k.fault is not null then k.fault
                when k.subject <> 'did:pkh:eip155:1:' || p_address then 'other_subject'
                when k.provider <> l.provider then 'other_provider'
                when k.signed_at > now() then 'future_proof'
                when k.expires_at <= now() then 'expired'
            end as reason
        from unnest(v_providers, v_digests) with ordinality as l (provider, digest, i)
        left join (
            select k.digest, k.fault, k.issuer, k.subject, k.provider, k.nullifiers, k.expires_at, k.signed_at
            from credential_check as k
            where k.verifier = p_verifier and k.digest = any(v_digests)
        ) as k on k.digest = l.digest
    ) as j;

    if cardinality(v_providers) > v_max_credentials or v_nullifier_count > v_max_nullifiers then
        outcome := 'too_many_credentials';
        return;
    end if;

    if 'unchecked' = any(v_reasons) then
        outcome := 'unchecked';
        select string_agg(d.document, E'\n' order by d.i)
        into unchecked
        from (
            select u.i, u.document, sum(octet_length(u.document)) over (order by u.i) as bytes
            from (
                select distinct on (v_digests[r.i]) r.i, v_credentials[r.i]::text as document
                from unnest(v_reasons) with ordinality as r (reason, i)
                where r.reason = 'unchecked'
                order by v_digests[r.i], r.i
            ) as u
        ) as d
        where d.bytes - octet_length(d.document) < v_max_unchecked_bytes;
        return;
    end if;

    -- Of each provider the newest that counts stays.
    if v_provider_count < cardinality(v_providers) then
        select
            array_agg(n.provider order by n.i) filter (where n.counts),
            array_agg(v_credentials[n.i] order by n.i) filter (where n.counts),
            array_agg(v_expires_at[n.i] order by n.i) filter (where n.counts),
            array_agg(v_nullifiers[n.i] order by n.i) filter (where n.counts),
            jsonb_agg(jsonb_build_array(n.provider, n.reason) order by n.i) filter (where n.reason is not null)
        into v_providers, v_credentials, v_expires_at, v_nullifiers, left_out
        from (
            select
                r.provider,
                r.reason,
                r.i,
                r.reason is null and r.i = max(r.i) over (partition by r.provider, r.reason is null) as counts
            from unnest(v_providers, v_reasons) with ordinality as r (provider, reason, i)
        ) as n;
    end if;

    outcome := 'scored';
    answer := score_stamps(
        p_address,
        p_scorer_id,
        v_providers,
        v_credentials,
        v_expires_at,
        v_nullifiers,
        p_human_points_enabled,
        p_human_points_start
    );
end;
$$;

ALTER FUNCTION scorer.request_score(p_key_prefix text, p_key_hash text, p_legacy_key_hash text, p_scorer_id bigint, p_address text, p_trusted_issuers text[], p_verifier text, p_checks jsonb, p_human_points_enabled boolean, p_human_points_start timestamp with time zone, OUT outcome text, OUT legacy_parameters text, OUT unchecked text, OUT left_out jsonb, OUT answer jsonb) OWNER TO scorer_owner;

CREATE FUNCTION scorer.score_passport(p_address text, p_scorer_id bigint, p_valid_stamps jsonb, p_human_points_enabled boolean DEFAULT false, p_human_points_start timestamp with time zone DEFAULT '-infinity'::timestamp with time zone) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp'
    SET lock_timeout TO '10s'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $_$
/*
Scores a passport: deduplicates its valid stamps against every other passport of the community, stores
stamps, score, events and human points, and returns the answer that the HTTP endpoint sends. Here the stamps are
checked and taken apart; score_stamps does the rest.

Arguments
  p_address               the wallet, 0x and 40 hex digits in any case
  p_scorer_id             the community's id
  p_valid_stamps          array of {"provider": text, "credential": object, "nullifiers": [text, ...],
                          "expires_at": RFC 3339 text}; the caller has verified each credential; at most
                          1,000 stamps with 10,000 nullifiers in all
  p_human_points_enabled  whether human points are awarded at all
  p_human_points_start    no human points before this time

Result
  {"address", "score" (raw sum, five decimals), "passing_score", "last_score_timestamp",
  "expiration_timestamp", "threshold", "error", "stamps": {provider: {"score", "dedup",
  "expiration_date"}}, "points_data", "possible_points_data", "linked_score"}

Errors (nothing is written)
  SC001 address malformed                SC004 nullifier malformed
  SC002 no such scorer                   SC005 stamp expired
  SC003 stamps malformed                 SC006 weights or threshold of the scorer unusable
  SC007 more stamps or nullifiers than allowed
  40001, 40P01 and 55P03 (no lock within 10 s) may be retried as they are.

Locks: those of score_stamps.

How the statements of this call are planned. Plans are made once for all calls, since making one takes longer
than running it. No nested loops: the planner cannot see how long an array is that a plan will be used for, and a
loop over two of them is quadratic. A table is always narrowed by an index before it is joined: never scanned,
even where it was empty when the plan was made. No compilation: before PostgreSQL 18 a loop that cannot be avoided
then looks dear enough to be compiled, for longer than it runs.
*/
declare
    v_max_stamps constant integer := 1000;
    v_max_nullifiers constant integer := 10000;
    v_bad_stamp bigint;
    v_nullifier_count bigint;
    v_problem text;
    v_providers text[];
    v_credentials jsonb[];
    v_expires_at timestamptz[];
    v_nullifiers jsonb[];
begin
    if p_address is null or p_address !~ '^0x[0-9a-fA-F]{40}$' then
        raise exception 'invalid address' using
            errcode = 'SC001',
            detail = format('%L is not an Ethereum address.', left(p_address, 100)),
            hint = 'Pass 0x followed by 40 hexadecimal digits.';
    end if;

    if jsonb_typeof(p_valid_stamps) is distinct from 'array' then
        raise exception 'invalid stamps' using
            errcode = 'SC003',
            detail = format(
                'p_valid_stamps is %s, not an array.', coalesce(jsonb_typeof(p_valid_stamps), 'null')
            ),
            hint = 'Pass a JSON array of stamps, [] for none.';
    end if;

    if jsonb_array_length(p_valid_stamps) > v_max_stamps then
        raise exception 'too many stamps' using
            errcode = 'SC007',
            detail = format('p_valid_stamps has %s stamps.', jsonb_array_length(p_valid_stamps)),
            hint = format('Pass at most %s stamps.', v_max_stamps);
    end if;

    select f.i, f.problem
    into v_bad_stamp, v_problem
    from (
        select e.i, stamp_fault(e.stamp) as problem
        from jsonb_array_elements(p_valid_stamps) with ordinality as e (stamp, i)
    ) as f
    where f.problem is not null
    order by f.i
    limit 1;

    if found then
        raise exception 'invalid stamps' using
            errcode = 'SC003',
            detail = format('Stamp %s of p_valid_stamps: %s.', v_bad_stamp, v_problem),
            hint = 'A stamp is {"provider", "credential", "nullifiers", "expires_at"}.';
    end if;

    begin
        select
            array_agg(e.stamp ->> 'provider' order by e.i),
            array_agg(e.stamp -> 'credential' order by e.i),
            array_agg(
                -- Cut, not rounded, as the service reads it.
                regexp_replace(e.stamp ->> 'expires_at', '([.][0-9]{6})[0-9]+', '\1')::timestamptz order by e.i
            ),
            array_agg(e.stamp -> 'nullifiers' order by e.i)
        into v_providers, v_credentials, v_expires_at, v_nullifiers
        from jsonb_array_elements(p_valid_stamps) with ordinality as e (stamp, i);
    exception
        when data_exception then
            raise exception 'invalid stamps' using
                errcode = 'SC003',
                detail = sqlerrm,
                hint = 'An expires_at is an existing date and time, as 2027-06-01T00:00:00Z.';
    end;

    -- The largest time that the answer, which has four digits for the year, can show.
    if '9999-12-31T23:59:59.999999Z' < any(v_expires_at) then
        raise exception 'invalid stamps' using
            errcode = 'SC003',
            detail = 'An expires_at is later than the year 9999.',
            hint = 'An expires_at is an existing date and time, as 2027-06-01T00:00:00Z.';
    end if;

    select
        count(*),
        min(s.i) filter (
            where jsonb_typeof(n.nullifier) <> 'string' or length(n.nullifier #>> '{}') not between 1 and 100
        )
    into v_nullifier_count, v_bad_stamp
    from unnest(v_nullifiers) with ordinality as s (nullifiers, i)
    cross join lateral jsonb_array_elements(s.nullifiers) as n (nullifier);

    if v_bad_stamp is not null then
        raise exception 'invalid stamps' using
            errcode = 'SC004',
            detail = format(
                'Stamp %s of p_valid_stamps: a nullifier is not a string of 1 to 100 characters.', v_bad_stamp
            ),
            hint = 'Pass the nullifiers that the issuer signed, as they are.';
    end if;

    if v_nullifier_count > v_max_nullifiers then
        raise exception 'too many stamps' using
            errcode = 'SC007',
            detail = format('p_valid_stamps has %s nullifiers.', v_nullifier_count),
            hint = format('Pass at most %s nullifiers in all.', v_max_nullifiers);
    end if;

    return score_stamps(
        lower(p_address),
        p_scorer_id,
        v_providers,
        v_credentials,
        v_expires_at,
        v_nullifiers,
        p_human_points_enabled,
        p_human_points_start
    );
end;
$_$;

ALTER FUNCTION scorer.score_passport(p_address text, p_scorer_id bigint, p_valid_stamps jsonb, p_human_points_enabled boolean, p_human_points_start timestamp with time zone) OWNER TO scorer_owner;

CREATE FUNCTION scorer.score_stamps(p_address text, p_scorer_id bigint, p_providers text[], p_credentials jsonb[], p_expires_at timestamp with time zone[], p_nullifiers jsonb[], p_human_points_enabled boolean, p_human_points_start timestamp with time zone) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp'
    AS $$
/*
Where a score is computed: deduplicates a wallet's stamps against every other passport of the community, stores
stamps, score, events and human points, and gives the answer. score_passport and request_score call it, each in
its own way sure that the stamps are well formed; they also set how it is planned (see score_passport).

Arguments
  p_address               the wallet, in lower case
  p_scorer_id             the community's id
  p_providers, p_credentials, p_expires_at, p_nullifiers
                          one element a stamp each, as in score_passport's p_valid_stamps; null for no stamps
  p_human_points_enabled, p_human_points_start
                          as score_passport takes them

Result
  the answer, as score_passport gives it

Errors
  SC002, SC005 and SC006 as in score_passport; 40001 when the passport was removed meanwhile

Locks, in this order: the passport's row; the hash links to be claimed, sorted by hash, in one statement;
the wallet's human points (transaction-level advisory lock).

A link is live while expires_at > now(). A live link never changes hands, which guard_live_link sees to for
every writer; and no decision rests on an unlocked link that was not live: whatever is missing or expired is
locked before its owner is looked at. Hence read committed is enough.
*/
declare
    v_now constant timestamptz := now();
    v_stamp bigint;

    v_human_points_program boolean;
    v_weights jsonb;
    v_threshold numeric;
    v_passport_id bigint;

    -- One element a nullifier, in the order of the stamps and of each stamp's list, and its stamp's position.
    v_hashes text[];
    v_hash_stamps bigint[];

    v_wanted bigint;
    v_claimed text[];
    v_locked_hashes text[];
    v_settled_hashes text[];
    v_settled_owners text[];
    v_settled_expiries timestamptz[];
    v_deduped bigint[] := array[]::bigint[];
    v_renewed_hashes text[];
    v_renewed_expiries timestamptz[];
    v_backfilled_hashes text[];
    v_backfilled_owners text[];
    v_backfilled_expiries timestamptz[];

    v_counted bigint[];
    v_stored bigint;
    v_kept bigint[];
    v_kept_providers text[];

    v_raw_score numeric;
    v_passing boolean;
    v_stamp_scores jsonb;
    v_stamps jsonb;
    v_expiration_date timestamptz;
    v_score registry_score;
begin
    ------------------------------------------------------------------------------------------------------
    -- Scorer.
    ------------------------------------------------------------------------------------------------------
    -- The concatenation takes long weights out of their compressed form, once.
    select c.human_points_program, s.weights || '{}', s.threshold
    into v_human_points_program, v_weights, v_threshold
    from account_community as c
    left join scorer_weighted_binaryweightedscorer as s on s.scorer_ptr_id = c.scorer_id
    where c.id = p_scorer_id;

    if not found then
        raise exception 'unknown scorer' using
            errcode = 'SC002',
            detail = format('There is no community %s.', coalesce(p_scorer_id::text, 'null')),
            hint = 'Pass the id of a row of account_community.';
    end if;

    if
        jsonb_typeof(v_weights) is distinct from 'object'
        or v_threshold is null
        or v_threshold = 'NaN'
    then
        raise exception 'misconfigured scorer' using
            errcode = 'SC006',
            detail = format('Community %s has no scorer with weights and a threshold.', p_scorer_id),
            hint = 'In scorer_weighted_binaryweightedscorer, weights is an object and threshold a number.';
    end if;

    if v_now >= any(p_expires_at) then
        select min(e.i)
        into v_stamp
        from unnest(p_expires_at) with ordinality as e (expires_at, i)
        where e.expires_at <= v_now;

        raise exception 'expired stamp' using
            errcode = 'SC005',
            detail = format(
                'Stamp %s of p_valid_stamps expired at %s.', v_stamp, iso_timestamp(p_expires_at[v_stamp])
            ),
            hint = 'Leave expired credentials out; compare with the time of the database.';
    end if;

    ------------------------------------------------------------------------------------------------------
    -- Passport: its row lock makes two scorings of one passport run one after the other.
    ------------------------------------------------------------------------------------------------------
    select p.id
    into v_passport_id
    from registry_passport as p
    where p.address = p_address and p.community_id = p_scorer_id
    for no key update;

    if not found then
        insert into registry_passport (address, community_id)
        values (p_address, p_scorer_id)
        on conflict (address, community_id) do nothing;

        select p.id
        into v_passport_id
        from registry_passport as p
        where p.address = p_address and p.community_id = p_scorer_id
        for no key update;

        if not found then
            raise exception 'passport removed while it was being scored' using
                errcode = 'serialization_failure',
                hint = 'Try again.';
        end if;
    end if;

    ------------------------------------------------------------------------------------------------------
    -- LIFO dedup.
    ------------------------------------------------------------------------------------------------------
    select array_agg(n.hash order by s.i, n.position), array_agg(s.i order by s.i, n.position)
    into v_hashes, v_hash_stamps
    from unnest(p_nullifiers) with ordinality as s (nullifiers, i)
    cross join lateral jsonb_array_elements_text(s.nullifiers) with ordinality as n (hash, position);

    -- A link is settled, as this statement sees it, when it is another wallet's and live, or our own with the
    -- expiry that it is to have.
    with wanted as (
        select n.hash, min(p_expires_at[n.i]) as earliest, max(p_expires_at[n.i]) as latest
        from unnest(v_hashes, v_hash_stamps) as n (hash, i)
        group by n.hash
    ),

    settled as (
        select l.hash, l.address, l.expires_at
        from registry_hashscorerlink as l
        inner join wanted as w on w.hash = l.hash
        where
            l.community_id = p_scorer_id
            and l.hash = any(v_hashes)
            and l.expires_at > v_now
            and (l.address <> p_address or (l.expires_at = w.earliest and l.expires_at = w.latest))
    )

    select
        (select count(*) from wanted),
        array_agg(s.hash::text),
        array_agg(s.address::text),
        array_agg(s.expires_at)
    into v_wanted, v_settled_hashes, v_settled_owners, v_settled_expiries
    from settled as s;

    -- All others are locked: whatever is missing or expired is claimed for this wallet; a row that somebody
    -- made or renewed meanwhile, or an own one, is left to be read once the lock is held. One sorted statement,
    -- hence no deadlock between wallets whose nullifiers overlap in opposite order.
    if v_wanted > coalesce(cardinality(v_settled_hashes), 0) then
        with unsettled as (
            select n.hash, max(p_expires_at[n.i]) as latest
            from unnest(v_hashes, v_hash_stamps) as n (hash, i)
            where n.hash not in (select s.hash from unnest(v_settled_hashes) as s (hash))
            group by n.hash
        ),

        claimed as (
            insert into registry_hashscorerlink as l (hash, address, community_id, expires_at)
            select u.hash, p_address, p_scorer_id, u.latest
            from unsettled as u
            order by u.hash collate "C"
            on conflict (hash, community_id) do update
                set address = excluded.address, expires_at = excluded.expires_at
                where l.expires_at <= v_now and l.address <> excluded.address
            returning l.hash
        )

        select
            (select array_agg(c.hash::text) from claimed as c),
            (select array_agg(u.hash) from unsettled as u)
        into v_claimed, v_locked_hashes;
    end if;

    -- Where each link is settled and ours there is nothing to decide. Else decide from the settled links as
    -- they were, whatever became of them meanwhile, and from the locked ones as they are. Claims that turn out
    -- to belong to a deduped stamp go to the owner of the link it clashes with, in the order of the stamp's own
    -- nullifiers.
    if v_locked_hashes is not null or p_address <> any(v_settled_owners) then
        with nullifier as (
            select n.hash, n.i, n.position
            from unnest(v_hashes, v_hash_stamps) with ordinality as n (hash, i, position)
        ),

        link as (
            select s.hash, s.address, s.expires_at
            from unnest(v_settled_hashes, v_settled_owners, v_settled_expiries) as s (hash, address, expires_at)
            union all
            select l.hash::text, l.address::text, l.expires_at
            from registry_hashscorerlink as l
            where l.community_id = p_scorer_id and l.hash = any(v_locked_hashes)
        ),

        deduped as (
            select distinct on (n.i) n.i, l.address, l.expires_at
            from nullifier as n
            inner join link as l on l.hash = n.hash
            where l.address <> p_address and l.expires_at > v_now
            order by n.i, n.position
        ),

        clean as (
            select n.hash, max(p_expires_at[n.i]) as expires_at
            from nullifier as n
            where n.i not in (select d.i from deduped as d)
            group by n.hash
        ),

        renewed as (
            select c.hash, c.expires_at
            from clean as c
            inner join link as l on l.hash = c.hash
            where l.expires_at <> c.expires_at
        ),

        backfilled as (
            select distinct on (n.hash) n.hash, d.address, d.expires_at
            from nullifier as n
            inner join deduped as d on d.i = n.i
            where n.hash = any(v_claimed) and n.hash not in (select c.hash from clean as c)
            order by n.hash, n.i
        )

        select
            coalesce((select array_agg(d.i order by d.i) from deduped as d), '{}'),
            (select array_agg(r.hash) from renewed as r),
            (select array_agg(r.expires_at) from renewed as r),
            (select array_agg(b.hash) from backfilled as b),
            (select array_agg(b.address::text) from backfilled as b),
            (select array_agg(b.expires_at) from backfilled as b)
        into
            v_deduped,
            v_renewed_hashes,
            v_renewed_expiries,
            v_backfilled_hashes,
            v_backfilled_owners,
            v_backfilled_expiries;
    end if;

    if v_renewed_hashes is not null then
        update registry_hashscorerlink as l
        set expires_at = r.expires_at
        from unnest(v_renewed_hashes, v_renewed_expiries) as r (hash, expires_at)
        where
            l.community_id = p_scorer_id
            and l.hash = any(v_renewed_hashes)
            and l.hash = r.hash
            and l.address = p_address;
    end if;

    -- guard_live_link lets no update change the owner of a live link, not even of one claimed just now, so it
    -- expires first. The row stays: another writer may have read its id, and an update of a row that is gone
    -- fails silently.
    if v_backfilled_hashes is not null then
        update registry_hashscorerlink as l
        set expires_at = v_now
        where l.community_id = p_scorer_id and l.hash = any(v_backfilled_hashes) and l.address = p_address;

        update registry_hashscorerlink as l
        set address = b.address, expires_at = b.expires_at
        from unnest(v_backfilled_hashes, v_backfilled_owners, v_backfilled_expiries)
            as b (hash, address, expires_at)
        where
            l.community_id = p_scorer_id
            and l.hash = any(v_backfilled_hashes)
            and l.hash = b.hash
            and l.address = p_address;
    end if;

    ------------------------------------------------------------------------------------------------------
    -- Stamps: exactly the clean ones, of each provider the first. Rows that hold the credential already, byte
    -- by byte, are kept; documents are compared within a provider only.
    ------------------------------------------------------------------------------------------------------
    with counted as materialized (
        select distinct on (c.provider) c.provider, c.i
        from unnest(p_providers) with ordinality as c (provider, i)
        where c.i <> all(v_deduped)
        order by c.provider, c.i
    ),

    kept as (
        select min(s.id) as id, s.provider
        from registry_stamp as s
        inner join counted as c
            on c.provider = s.provider and record_image_eq(row(p_credentials[c.i]), row(s.credential))
        where s.passport_id = v_passport_id
        group by s.provider
    )

    select
        (select coalesce(array_agg(c.i order by c.i), '{}') from counted as c),
        (select count(*) from registry_stamp as s where s.passport_id = v_passport_id),
        coalesce(array_agg(k.id), '{}'),
        coalesce(array_agg(k.provider::text), '{}')
    into v_counted, v_stored, v_kept, v_kept_providers
    from kept as k;

    if v_stored > cardinality(v_kept) then
        delete from registry_stamp as s
        where s.passport_id = v_passport_id and s.id <> all(v_kept);
    end if;

    if cardinality(v_counted) > cardinality(v_kept) then
        insert into registry_stamp (passport_id, provider, credential)
        select v_passport_id, c.provider, c.credential
        from unnest(p_providers, p_credentials) with ordinality as c (provider, credential, i)
        where c.i = any(v_counted) and c.provider <> all(v_kept_providers);
    end if;

    ------------------------------------------------------------------------------------------------------
    -- Score: numeric throughout; a provider without a weight is worth 0. A provider with a clean stamp beside a
    -- deduped one is shown as what it counts for: of one key, jsonb keeps the last value.
    ------------------------------------------------------------------------------------------------------
    with stamp as materialized (
        select
            s.i,
            s.provider,
            s.expires_at,
            weight_of(v_weights, s.provider) as weight,
            s.i = any(v_counted) as counts
        from unnest(p_providers, p_expires_at) with ordinality as s (provider, expires_at, i)
    )

    select
        min(s.i) filter (where s.weight is null),
        coalesce(sum(s.weight) filter (where s.counts), 0),
        coalesce(jsonb_object_agg(s.provider, s.weight) filter (where s.counts), '{}'),
        coalesce(
            jsonb_object_agg(
                s.provider,
                jsonb_build_object(
                    'score', five_decimals(case when s.counts then s.weight else 0 end),
                    'dedup', not s.counts,
                    'expiration_date', case
                        when s.counts then iso_timestamp(s.expires_at)
                        else coalesce(p_credentials[s.i] ->> 'expirationDate', iso_timestamp(s.expires_at))
                    end
                )
                order by s.counts, s.i desc
            ) filter (where s.counts or s.i = any(v_deduped)),
            '{}'
        ),
        min(s.expires_at) filter (where s.counts)
    into v_stamp, v_raw_score, v_stamp_scores, v_stamps, v_expiration_date
    from stamp as s;

    if v_stamp is not null then
        raise exception 'misconfigured scorer' using
            errcode = 'SC006',
            detail = format(
                'Community %s has an unusable weight for provider %L.', p_scorer_id, p_providers[v_stamp]
            ),
            hint = 'In scorer_weighted_binaryweightedscorer, each weight is a number or a numeric string.';
    end if;

    v_passing := v_raw_score >= v_threshold;

    insert into registry_score (
        passport_id, score, status, last_score_timestamp, evidence, stamp_scores, stamps, expiration_date, error
    )
    values (
        v_passport_id,
        v_passing::integer,
        'DONE',
        v_now,
        jsonb_build_object(
            'type', 'ThresholdScoreCheck',
            'success', v_passing,
            'rawScore', v_raw_score::text,
            'threshold', v_threshold::text
        ),
        v_stamp_scores,
        v_stamps,
        v_expiration_date,
        null
    )
    on conflict (passport_id) do update set
        score = excluded.score,
        status = excluded.status,
        last_score_timestamp = excluded.last_score_timestamp,
        evidence = excluded.evidence,
        stamp_scores = excluded.stamp_scores,
        stamps = excluded.stamps,
        expiration_date = excluded.expiration_date,
        error = excluded.error
    returning * into v_score;

    ------------------------------------------------------------------------------------------------------
    -- Events: one a deduped stamp, then the score as it was stored.
    ------------------------------------------------------------------------------------------------------
    if cardinality(v_deduped) > 0 then
        insert into registry_event (action, address, data, community_id, created_at)
        select
            'LIFO_DEDUPLICATION',
            p_address,
            jsonb_build_object(
                'nullifiers', p_nullifiers[d.i], 'provider', p_providers[d.i], 'community_id', p_scorer_id
            ),
            p_scorer_id,
            v_now
        from unnest(v_deduped) as d (i)
        order by d.i;
    end if;

    insert into registry_event (action, address, data, community_id, created_at)
    values (
        'SCORE_UPDATE',
        p_address,
        jsonb_build_object(
            'scorer_id', p_scorer_id,
            'model', 'registry.score',
            'pk', v_score.id,
            'fields', jsonb_build_object(
                'passport', v_passport_id,
                'score', v_score.score::text,
                'status', v_score.status,
                'last_score_timestamp', iso_timestamp(v_score.last_score_timestamp),
                'expiration_date', iso_timestamp(v_score.expiration_date),
                'error', v_score.error,
                'evidence', v_score.evidence,
                'stamp_scores', v_score.stamp_scores,
                'stamps', v_score.stamps
            )
        ),
        p_scorer_id,
        v_now
    );

    ------------------------------------------------------------------------------------------------------
    -- Human points: the lock lets the fourth community see the other three, whichever sessions bring them.
    ------------------------------------------------------------------------------------------------------
    if p_human_points_enabled and v_human_points_program and v_passing and v_now >= p_human_points_start then
        perform pg_advisory_xact_lock(hashtextextended('human_points ' || p_address, 0));

        insert into human_points_passingscorerecord (address, community_id)
        values (p_address, p_scorer_id)
        on conflict (address, community_id) do nothing;

        insert into human_points_stampaction (address, provider, action)
        select p_address, p_providers[c.i], 'VERIFIED'
        from unnest(v_counted) as c (i)
        order by p_providers[c.i] collate "C"
        on conflict (address, provider) do nothing;

        insert into human_points_bonusaward (address, bonus_type, points)
        select p_address, b.bonus_type, b.points
        from (
            values
            (
                'METAMASK_OG', 100,
                'metamaskDeveloperDao' in (select p_providers[c.i] from unnest(v_counted) as c (i))
            ),
            (
                'SCORING_BONUS', 50,
                (
                    select count(distinct r.community_id)
                    from human_points_passingscorerecord as r
                    where r.address = p_address
                ) >= 4
            )
        ) as b (bonus_type, points, earned)
        where b.earned
        order by b.bonus_type
        on conflict (address, bonus_type) do nothing;
    end if;

    ------------------------------------------------------------------------------------------------------
    -- Answer.
    ------------------------------------------------------------------------------------------------------
    return jsonb_build_object(
        'address', p_address,
        'score', five_decimals(v_raw_score),
        'passing_score', v_passing,
        'last_score_timestamp', iso_timestamp(v_score.last_score_timestamp),
        'expiration_timestamp', iso_timestamp(v_score.expiration_date),
        'threshold', five_decimals(v_threshold),
        'error', v_score.error,
        'stamps', v_score.stamps,
        'points_data', null,
        'possible_points_data', null,
        'linked_score', null
    );
end;
$$;

ALTER FUNCTION scorer.score_stamps(p_address text, p_scorer_id bigint, p_providers text[], p_credentials jsonb[], p_expires_at timestamp with time zone[], p_nullifiers jsonb[], p_human_points_enabled boolean, p_human_points_start timestamp with time zone) OWNER TO scorer_owner;

CREATE FUNCTION scorer.stamp_fault(p_stamp jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp'
    AS $_$
/*
Says what is wrong with one element of score_passport's p_valid_stamps.

Arguments
  p_stamp  any jsonb

Result
  null for a well-formed stamp, else what is wrong, for the detail of an error. Left to the caller: the single
  nullifiers, and whether expires_at names an existing date, and one in the future.

Errors: none.
*/
begin
    return case
        when jsonb_typeof(p_stamp) is distinct from 'object' then 'not an object'
        when
            jsonb_typeof(p_stamp -> 'provider') is distinct from 'string'
            or length(p_stamp ->> 'provider') not between 1 and 256
            then 'provider is not a string of 1 to 256 characters'
        when jsonb_typeof(p_stamp -> 'credential') is distinct from 'object'
            then 'credential is not an object'
        when jsonb_typeof(p_stamp -> 'expires_at') is distinct from 'string'
            then 'expires_at is not a string'
        when
            (p_stamp ->> 'expires_at')
            !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?([Zz]|[-+][0-9]{2}:[0-9]{2})$'
            then 'expires_at is not an RFC 3339 time'
        when jsonb_typeof(p_stamp -> 'nullifiers') is distinct from 'array'
            then 'nullifiers is not an array'
        when jsonb_array_length(p_stamp -> 'nullifiers') = 0 then 'nullifiers is empty'
    end;
end;
$_$;

ALTER FUNCTION scorer.stamp_fault(p_stamp jsonb) OWNER TO scorer_owner;

CREATE FUNCTION scorer.weight_of(p_weights jsonb, p_provider text) RETURNS numeric
    LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN ((p_weights -> p_provider) IS NULL) THEN (0)::numeric WHEN ((jsonb_typeof((p_weights -> p_provider)) = ANY (ARRAY['number'::text, 'string'::text])) AND ((p_weights ->> p_provider) ~ '^\s*[-+]?([0-9]{1,9}([.][0-9]{0,20})?|[.][0-9]{1,20})([eE][-+]?[0-9])?\s*$'::text)) THEN ((p_weights ->> p_provider))::numeric ELSE NULL::numeric END;

ALTER FUNCTION scorer.weight_of(p_weights jsonb, p_provider text) OWNER TO scorer_owner;

COMMENT ON FUNCTION scorer.weight_of(p_weights jsonb, p_provider text) IS '
The weight of a provider.

Arguments
  p_weights   a scorer''s weights: object of provider to number or numeric string
  p_provider  the provider''s name

Result
  the weight; 0 for a provider that p_weights does not name; null for a weight that is neither a number nor
  a numeric string, or has more than nine digits before or twenty after the point.

Errors: none.
';

CREATE TABLE scorer.account_account (
    id bigint NOT NULL,
    address character varying(100) DEFAULT ''::character varying NOT NULL,
    user_id integer
);

ALTER TABLE scorer.account_account OWNER TO scorer_owner;

ALTER TABLE scorer.account_account ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.account_account_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE scorer.account_apikey (
    id bigint NOT NULL,
    account_id bigint NOT NULL,
    prefix character varying(8) NOT NULL,
    hashed_key character varying(150) NOT NULL,
    name character varying(50) DEFAULT ''::character varying NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    revoked boolean DEFAULT false NOT NULL,
    expiry_date timestamp with time zone
);

ALTER TABLE scorer.account_apikey OWNER TO scorer_owner;

ALTER TABLE scorer.account_apikey ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.account_apikey_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE scorer.account_community (
    id bigint NOT NULL,
    account_id bigint NOT NULL,
    scorer_id bigint NOT NULL,
    name character varying(100) DEFAULT ''::character varying NOT NULL,
    human_points_program boolean DEFAULT false NOT NULL
);

ALTER TABLE scorer.account_community OWNER TO scorer_owner;

ALTER TABLE scorer.account_community ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.account_community_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE scorer.alembic_version (
    version_num character varying(32) NOT NULL
);

ALTER TABLE scorer.alembic_version OWNER TO scorer_owner;

CREATE TABLE scorer.ceramic_cache (
    id bigint NOT NULL,
    address character varying(100) NOT NULL,
    provider character varying(256) NOT NULL,
    stamp jsonb NOT NULL,
    proof_value character varying(256) DEFAULT ''::character varying NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    digest bytea GENERATED ALWAYS AS (
CASE
    WHEN (octet_length((stamp)::text) <= 65536) THEN sha256(decode(replace((stamp)::text, '\'::text, '\\'::text), 'escape'::text))
    ELSE NULL::bytea
END) STORED
);

ALTER TABLE scorer.ceramic_cache OWNER TO scorer_owner;

ALTER TABLE scorer.ceramic_cache ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.ceramic_cache_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE scorer.ceramic_cache_revocation (
    id bigint NOT NULL,
    proof_value character varying(256) DEFAULT ''::character varying NOT NULL,
    ceramic_cache_id bigint NOT NULL
);

ALTER TABLE scorer.ceramic_cache_revocation OWNER TO scorer_owner;

ALTER TABLE scorer.ceramic_cache_revocation ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.ceramic_cache_revocation_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE scorer.credential_check (
    digest bytea NOT NULL,
    verifier text NOT NULL,
    fault text,
    issuer text,
    subject text,
    provider text,
    nullifiers jsonb,
    expires_at timestamp with time zone,
    signed_at timestamp with time zone,
    checked_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT credential_check_check CHECK (((fault IS NOT NULL) OR ((num_nulls(issuer, subject, provider, nullifiers, expires_at, signed_at) = 0) AND (jsonb_array_length(nullifiers) > 0)))),
    CONSTRAINT credential_check_digest_check CHECK ((octet_length(digest) = 32))
);

ALTER TABLE scorer.credential_check OWNER TO scorer_owner;

CREATE TABLE scorer.human_points_bonusaward (
    id bigint NOT NULL,
    address character varying(42) NOT NULL,
    bonus_type character varying(30) NOT NULL,
    points integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE scorer.human_points_bonusaward OWNER TO scorer_owner;

ALTER TABLE scorer.human_points_bonusaward ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.human_points_bonusaward_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE scorer.human_points_passingscorerecord (
    id bigint NOT NULL,
    address character varying(42) NOT NULL,
    community_id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE scorer.human_points_passingscorerecord OWNER TO scorer_owner;

ALTER TABLE scorer.human_points_passingscorerecord ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.human_points_passingscorerecord_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE scorer.human_points_stampaction (
    id bigint NOT NULL,
    address character varying(42) NOT NULL,
    provider character varying(256) NOT NULL,
    action character varying(30) DEFAULT 'VERIFIED'::character varying NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE scorer.human_points_stampaction OWNER TO scorer_owner;

ALTER TABLE scorer.human_points_stampaction ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.human_points_stampaction_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE scorer.registry_event (
    id bigint NOT NULL,
    action character varying(30) NOT NULL,
    address character varying(42) NOT NULL,
    data jsonb DEFAULT '{}'::jsonb NOT NULL,
    community_id bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE scorer.registry_event OWNER TO scorer_owner;

ALTER TABLE scorer.registry_event ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.registry_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE scorer.registry_hashscorerlink (
    id bigint NOT NULL,
    hash character varying(100) NOT NULL,
    address character varying(42) NOT NULL,
    community_id bigint NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

ALTER TABLE scorer.registry_hashscorerlink OWNER TO scorer_owner;

ALTER TABLE scorer.registry_hashscorerlink ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.registry_hashscorerlink_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE scorer.registry_passport (
    id bigint NOT NULL,
    address character varying(100) NOT NULL,
    community_id bigint NOT NULL
);

ALTER TABLE scorer.registry_passport OWNER TO scorer_owner;

ALTER TABLE scorer.registry_passport ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.registry_passport_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE scorer.registry_score (
    id bigint NOT NULL,
    passport_id bigint NOT NULL,
    score numeric(18,9),
    status character varying(20),
    last_score_timestamp timestamp with time zone,
    evidence jsonb,
    stamp_scores jsonb,
    stamps jsonb,
    expiration_date timestamp with time zone,
    error text
)
WITH (fillfactor='50');

ALTER TABLE scorer.registry_score OWNER TO scorer_owner;

ALTER TABLE scorer.registry_score ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.registry_score_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE scorer.registry_stamp (
    id bigint NOT NULL,
    passport_id bigint NOT NULL,
    provider character varying(256) NOT NULL,
    credential jsonb NOT NULL
);

ALTER TABLE scorer.registry_stamp OWNER TO scorer_owner;

ALTER TABLE scorer.registry_stamp ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.registry_stamp_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE scorer.scorer_weighted_binaryweightedscorer (
    scorer_ptr_id bigint NOT NULL,
    weights jsonb DEFAULT '{}'::jsonb NOT NULL,
    threshold numeric(10,5) DEFAULT 0 NOT NULL
);

ALTER TABLE scorer.scorer_weighted_binaryweightedscorer OWNER TO scorer_owner;

ALTER TABLE scorer.scorer_weighted_binaryweightedscorer ALTER COLUMN scorer_ptr_id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.scorer_weighted_binaryweightedscorer_scorer_ptr_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY scorer.account_account
    ADD CONSTRAINT account_account_pkey PRIMARY KEY (id);

ALTER TABLE ONLY scorer.account_apikey
    ADD CONSTRAINT account_apikey_pkey PRIMARY KEY (id);

ALTER TABLE ONLY scorer.account_apikey
    ADD CONSTRAINT account_apikey_prefix_key UNIQUE (prefix);

ALTER TABLE ONLY scorer.account_community
    ADD CONSTRAINT account_community_pkey PRIMARY KEY (id);

ALTER TABLE ONLY scorer.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY scorer.ceramic_cache
    ADD CONSTRAINT ceramic_cache_pkey PRIMARY KEY (id);

ALTER TABLE ONLY scorer.ceramic_cache_revocation
    ADD CONSTRAINT ceramic_cache_revocation_ceramic_cache_id_key UNIQUE (ceramic_cache_id);

ALTER TABLE ONLY scorer.ceramic_cache_revocation
    ADD CONSTRAINT ceramic_cache_revocation_pkey PRIMARY KEY (id);

ALTER TABLE ONLY scorer.credential_check
    ADD CONSTRAINT credential_check_pkey PRIMARY KEY (digest, verifier);

ALTER TABLE ONLY scorer.human_points_bonusaward
    ADD CONSTRAINT human_points_bonusaward_address_bonus_type_key UNIQUE (address, bonus_type);

ALTER TABLE ONLY scorer.human_points_bonusaward
    ADD CONSTRAINT human_points_bonusaward_pkey PRIMARY KEY (id);

ALTER TABLE ONLY scorer.human_points_passingscorerecord
    ADD CONSTRAINT human_points_passingscorerecord_address_community_id_key UNIQUE (address, community_id);

ALTER TABLE ONLY scorer.human_points_passingscorerecord
    ADD CONSTRAINT human_points_passingscorerecord_pkey PRIMARY KEY (id);

ALTER TABLE ONLY scorer.human_points_stampaction
    ADD CONSTRAINT human_points_stampaction_address_provider_key UNIQUE (address, provider);

ALTER TABLE ONLY scorer.human_points_stampaction
    ADD CONSTRAINT human_points_stampaction_pkey PRIMARY KEY (id);

ALTER TABLE ONLY scorer.registry_event
    ADD CONSTRAINT registry_event_pkey PRIMARY KEY (id);

ALTER TABLE ONLY scorer.registry_hashscorerlink
    ADD CONSTRAINT registry_hashscorerlink_hash_community_id_key UNIQUE (hash, community_id);

ALTER TABLE ONLY scorer.registry_hashscorerlink
    ADD CONSTRAINT registry_hashscorerlink_pkey PRIMARY KEY (id);

ALTER TABLE ONLY scorer.registry_passport
    ADD CONSTRAINT registry_passport_address_community_id_key UNIQUE (address, community_id);

ALTER TABLE ONLY scorer.registry_passport
    ADD CONSTRAINT registry_passport_pkey PRIMARY KEY (id);

ALTER TABLE ONLY scorer.registry_score
    ADD CONSTRAINT registry_score_passport_id_key UNIQUE (passport_id);

ALTER TABLE ONLY scorer.registry_score
    ADD CONSTRAINT registry_score_pkey PRIMARY KEY (id);

ALTER TABLE ONLY scorer.registry_stamp
    ADD CONSTRAINT registry_stamp_pkey PRIMARY KEY (id);

ALTER TABLE ONLY scorer.scorer_weighted_binaryweightedscorer
    ADD CONSTRAINT scorer_weighted_binaryweightedscorer_pkey PRIMARY KEY (scorer_ptr_id);

CREATE INDEX ceramic_cache_live_address ON scorer.ceramic_cache USING btree (address) WHERE (deleted_at IS NULL);

CREATE INDEX registry_stamp_passport ON scorer.registry_stamp USING btree (passport_id);

CREATE TRIGGER guard_live_link BEFORE UPDATE OF address ON scorer.registry_hashscorerlink FOR EACH ROW WHEN (((old.expires_at > now()) AND ((new.address)::text <> (old.address)::text))) EXECUTE FUNCTION scorer.guard_live_link();

CREATE TRIGGER guard_weights BEFORE INSERT OR UPDATE OF weights, threshold ON scorer.scorer_weighted_binaryweightedscorer FOR EACH ROW EXECUTE FUNCTION scorer.guard_weights();

ALTER TABLE ONLY scorer.account_apikey
    ADD CONSTRAINT account_apikey_account_id_fkey FOREIGN KEY (account_id) REFERENCES scorer.account_account(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY scorer.account_community
    ADD CONSTRAINT account_community_account_id_fkey FOREIGN KEY (account_id) REFERENCES scorer.account_account(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY scorer.ceramic_cache_revocation
    ADD CONSTRAINT ceramic_cache_revocation_ceramic_cache_id_fkey FOREIGN KEY (ceramic_cache_id) REFERENCES scorer.ceramic_cache(id) ON DELETE CASCADE;

ALTER TABLE ONLY scorer.registry_passport
    ADD CONSTRAINT registry_passport_community_id_fkey FOREIGN KEY (community_id) REFERENCES scorer.account_community(id) DEFERRABLE;

ALTER TABLE ONLY scorer.registry_score
    ADD CONSTRAINT registry_score_passport_id_fkey FOREIGN KEY (passport_id) REFERENCES scorer.registry_passport(id) DEFERRABLE;

ALTER TABLE ONLY scorer.registry_stamp
    ADD CONSTRAINT registry_stamp_passport_id_fkey FOREIGN KEY (passport_id) REFERENCES scorer.registry_passport(id) DEFERRABLE;

GRANT USAGE ON SCHEMA scorer TO scorer_api;
GRANT USAGE ON SCHEMA scorer TO scorer_caller;

REVOKE ALL ON FUNCTION scorer.authenticate_api_key(p_key_prefix text, p_key_hash text, p_legacy_key_hash text, OUT account_id bigint, OUT legacy_parameters text) FROM PUBLIC;

REVOKE ALL ON FUNCTION scorer.five_decimals(p_value numeric) FROM PUBLIC;

REVOKE ALL ON FUNCTION scorer.guard_live_link() FROM PUBLIC;

REVOKE ALL ON FUNCTION scorer.guard_weights() FROM PUBLIC;

REVOKE ALL ON FUNCTION scorer.iso_timestamp(p_time timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION scorer.request_score(p_key_prefix text, p_key_hash text, p_legacy_key_hash text, p_scorer_id bigint, p_address text, p_trusted_issuers text[], p_verifier text, p_checks jsonb, p_human_points_enabled boolean, p_human_points_start timestamp with time zone, OUT outcome text, OUT legacy_parameters text, OUT unchecked text, OUT left_out jsonb, OUT answer jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.request_score(p_key_prefix text, p_key_hash text, p_legacy_key_hash text, p_scorer_id bigint, p_address text, p_trusted_issuers text[], p_verifier text, p_checks jsonb, p_human_points_enabled boolean, p_human_points_start timestamp with time zone, OUT outcome text, OUT legacy_parameters text, OUT unchecked text, OUT left_out jsonb, OUT answer jsonb) TO scorer_api;

REVOKE ALL ON FUNCTION scorer.score_passport(p_address text, p_scorer_id bigint, p_valid_stamps jsonb, p_human_points_enabled boolean, p_human_points_start timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.score_passport(p_address text, p_scorer_id bigint, p_valid_stamps jsonb, p_human_points_enabled boolean, p_human_points_start timestamp with time zone) TO scorer_api;
GRANT ALL ON FUNCTION scorer.score_passport(p_address text, p_scorer_id bigint, p_valid_stamps jsonb, p_human_points_enabled boolean, p_human_points_start timestamp with time zone) TO scorer_caller;

REVOKE ALL ON FUNCTION scorer.score_stamps(p_address text, p_scorer_id bigint, p_providers text[], p_credentials jsonb[], p_expires_at timestamp with time zone[], p_nullifiers jsonb[], p_human_points_enabled boolean, p_human_points_start timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION scorer.stamp_fault(p_stamp jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION scorer.weight_of(p_weights jsonb, p_provider text) FROM PUBLIC;
