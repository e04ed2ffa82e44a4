create or replace function scorer.explain_score(
    p_address text,
    p_scorer_id bigint,
    p_trusted_issuers text[],
    p_verifier text,
    p_checks jsonb default '[]'
)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, scorer, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
as $function$
/*
What a request for a wallet's score would be answered now, and why: of each credential that the wallet has stored
whether it counts, and if not the reason, who holds its nullifiers until when, and what would change it. Writes nothing
and locks nothing.

Arguments
  p_address          the wallet
  p_scorer_id        the community's id
  p_trusted_issuers  the DIDs whose credentials count
  p_verifier         whose checks of documents are used, as answer_request takes it
  p_checks           checks to use besides those that are kept, as keep_checks takes them; they are not kept

Result
  object with
    address, scorer_id, community
                 who is asked for, and where: the community's id and name
    outcome      'scored'; 'unchecked' where documents have to be checked first, without which the rest holds;
                 'too_many_credentials' where the wallet is refused
    score, passing_score, threshold, expiration_timestamp
                 as the answer would have them; the score holds until the timestamp, unless the wallet's credentials
                 change or it is scored by other weights. Null where the wallet is refused
    stored       score, passing_score and last_score_timestamp of when it was last scored; null if it never was
    credentials  array, by provider, the newest first, of objects with
                   id, provider, issuer, updated_at
                               the row's; the issuer as the document or its check says
                   counts      whether it does
                   reason      null where it counts, else 'deleted', 'revoked', one of left_out_reason, 'older' beside a
                               newer one of its provider that is taken instead, or 'deduped'
                   why, change what the reason means and what would change it: see reason_text
                   weight      of its provider
                   expires_at, signed_at
                               null where they are not known
                   nullifiers  array of {"nullifier", "owner", "until"}: who holds it in the community until when; both
                               null where nobody does
                   claimed_until
                               of one that is deduped: until when others hold its nullifiers
                   document    of one that is unchecked: what to check

Errors
  SC001 address malformed
  SC002 unknown scorer
  SC006 as in score_passport
*/
declare
    v_address constant text := require_address(p_address);
    v_now constant timestamptz := now();
    v_name text;
    v_weights jsonb;
    v_threshold numeric;
    v_credentials jsonb;
    v_live bigint;
    v_nullifiers bigint;
    v_unchecked boolean;
    v_unweighted text;
    v_score numeric;
    v_expires_at timestamptz;
    v_is_refused boolean;
    v_stored jsonb;
begin
    select c.name::text, s.weights, s.threshold
    into v_name, v_weights, v_threshold
    from account_community as c
    left join scorer_weighted_binaryweightedscorer as s on s.scorer_ptr_id = c.scorer_id
    where c.id = p_scorer_id;

    if not found then
        raise exception 'unknown scorer' using
            errcode = 'SC002',
            detail = format('There is no community %s.', coalesce(p_scorer_id::text, 'null')),
            hint = 'Pass the id of a row of account_community.';
    end if;

    if jsonb_typeof(v_weights) is distinct from 'object' or v_threshold is null or v_threshold = 'NaN' then
        raise exception 'misconfigured scorer' using
            errcode = 'SC006',
            detail = format('Community %s has no scorer with weights and a threshold.', p_scorer_id),
            hint = 'In scorer_weighted_binaryweightedscorer, weights is an object and threshold a number.';
    end if;

    with held as materialized (
        select c.id, c.updated_at, c.provider::text as provider, c.digest, c.stamp, c.deleted_at
        from ceramic_cache as c
        where c.address = v_address and c.deleted_at is null
        union all
        select c.id, c.updated_at, c.provider, c.digest, c.stamp, c.deleted_at
        from ceramic_cache as c
        where c.address = v_address and c.deleted_at is not null
    ),

    checked as (
        select k.digest, k.fault, k.issuer, k.subject, k.provider, k.nullifiers, k.expires_at, k.signed_at
        from credential_check as k
        where k.verifier = p_verifier and k.digest in (select h.digest from held as h)
        union
        select
            decode(g.digest, 'hex'), g.fault, g.issuer, g.subject, g.provider, g.nullifiers, g.expires_at, g.signed_at
        from jsonb_to_recordset(p_checks) as g (
            digest text, fault text, issuer text, subject text, provider text, nullifiers jsonb,
            expires_at timestamptz, signed_at timestamptz
        )
        where not exists (
            select from credential_check as k
            where k.verifier = p_verifier and k.digest = decode(g.digest, 'hex')
        )
    ),

    judged as (
        select
            h.id,
            h.updated_at,
            h.provider,
            case when h.digest is not null then coalesce(k.issuer, h.stamp ->> 'issuer') end as issuer,
            k.expires_at,
            k.signed_at,
            case when k.fault is null then k.nullifiers end as nullifiers,
            h.stamp,
            case
                when h.deleted_at is not null then 'deleted'
                when (select r.id from ceramic_cache_revocation as r where r.ceramic_cache_id = h.id) is not null
                    then 'revoked'
                else left_out_reason(
                    v_address, h.provider, h.digest,
                    coalesce(k.issuer, case when h.digest is not null then h.stamp ->> 'issuer' end),
                    p_trusted_issuers, k.digest is not null, k.fault, k.subject, k.provider, k.signed_at, k.expires_at
                )
            end as reason
        from held as h
        left join checked as k on k.digest = h.digest
    ),

    -- Of each provider the newest that counts stays.
    newest as (
        select
            j.*,
            case
                when
                    j.reason is null
                    and row_number() over (
                        partition by j.provider, j.reason is null order by j.updated_at desc, j.id desc
                    ) > 1
                    then 'older'
                else j.reason
            end as reason_so_far
        from judged as j
    ),

    linked as (
        select
            n.*,
            (
                select jsonb_agg(
                    jsonb_build_object(
                        'nullifier', e.nullifier, 'owner', l.address, 'until', iso_timestamp(l.expires_at)
                    )
                    order by e.position
                )
                from jsonb_array_elements_text(n.nullifiers) with ordinality as e (nullifier, position)
                left join registry_hashscorerlink as l
                    on l.hash = e.nullifier and l.community_id = p_scorer_id and l.expires_at > v_now
            ) as links,
            case when n.reason_so_far is null then (
                select max(l.expires_at)
                from jsonb_array_elements_text(n.nullifiers) as e (nullifier)
                inner join registry_hashscorerlink as l on l.hash = e.nullifier and l.community_id = p_scorer_id
                where l.expires_at > v_now and l.address <> v_address
            ) end as claimed_until
        from newest as n
    ),

    decided as materialized (
        select
            l.*,
            case when l.claimed_until is not null then 'deduped' else l.reason_so_far end as verdict,
            weight_of(v_weights, l.provider) as weight
        from linked as l
    )

    select
        coalesce(
            jsonb_agg(
                jsonb_build_object(
                    'id', d.id,
                    'provider', d.provider,
                    'issuer', left(d.issuer, 100),
                    'updated_at', iso_timestamp(d.updated_at),
                    'counts', d.verdict is null,
                    'reason', d.verdict,
                    'why', t.why,
                    'change', t.change,
                    'weight', five_decimals(d.weight),
                    'expires_at', iso_timestamp(d.expires_at),
                    'signed_at', iso_timestamp(d.signed_at),
                    'nullifiers', coalesce(d.links, '[]')
                )
                || case
                    when d.verdict = 'deduped'
                        then jsonb_build_object('claimed_until', iso_timestamp(d.claimed_until))
                    when d.verdict = 'unchecked' then jsonb_build_object('document', d.stamp::text)
                    else '{}'
                end
                order by d.provider, d.updated_at desc, d.id desc
            ),
            '[]'
        ),
        count(*) filter (where coalesce(d.reason, '') not in ('deleted', 'revoked')),
        sum(jsonb_array_length(d.nullifiers)) filter (where d.reason is null),
        coalesce(bool_or(d.verdict = 'unchecked'), false),
        min(d.provider) filter (where d.weight is null and d.reason_so_far is null),
        coalesce(sum(d.weight) filter (where d.verdict is null), 0),
        min(d.expires_at) filter (where d.verdict is null)
    into v_credentials, v_live, v_nullifiers, v_unchecked, v_unweighted, v_score, v_expires_at
    from decided as d
    cross join lateral reason_text(d.verdict) as t;

    if v_unweighted is not null then
        raise exception 'misconfigured scorer' using
            errcode = 'SC006',
            detail = format('Community %s has an unusable weight for provider %L.', p_scorer_id, v_unweighted),
            hint = 'In scorer_weighted_binaryweightedscorer, each weight is a number or a numeric string.';
    end if;

    -- As answer_request refuses them.
    v_is_refused := v_live > 1000 or v_nullifiers > 10000 is true;

    select jsonb_build_object(
        'score', five_decimals((s.evidence ->> 'rawScore')::numeric),
        'passing_score', s.score = 1,
        'last_score_timestamp', iso_timestamp(s.last_score_timestamp)
    )
    into v_stored
    from registry_passport as p
    inner join registry_score as s on s.passport_id = p.id
    where p.address = v_address and p.community_id = p_scorer_id;

    return jsonb_build_object(
        'address', v_address,
        'scorer_id', p_scorer_id,
        'community', v_name,
        'outcome', case
            when v_is_refused then 'too_many_credentials' when v_unchecked then 'unchecked' else 'scored'
        end,
        'score', case when not v_is_refused then five_decimals(v_score) end,
        'passing_score', case when not v_is_refused then v_score >= v_threshold end,
        'threshold', five_decimals(v_threshold),
        'expiration_timestamp', case when not v_is_refused then iso_timestamp(v_expires_at) end,
        'stored', v_stored,
        'credentials', v_credentials
    );
end;
$function$;

revoke execute on function scorer.explain_score(text, bigint, text[], text, jsonb) from public;
grant execute on function scorer.explain_score(text, bigint, text[], text, jsonb) to scorer_admin;
