-- What the files of this folder share. They run in a transaction that is rolled back, on a migrated database.

create procedure tap.community(
    p_id bigint,
    p_weights jsonb default '{"Github": "2.25", "Google": 1, "Ens": "3"}',
    p_threshold numeric default 2.5,
    p_human_points_program boolean default false
)
language sql
as $function$
/* Makes a community with a scorer of the same id, of account 1. */
insert into account_account (id) values (1) on conflict do nothing;
insert into scorer_weighted_binaryweightedscorer (scorer_ptr_id, weights, threshold)
values (p_id, p_weights, p_threshold);
insert into account_community (id, account_id, scorer_id, human_points_program)
values (p_id, 1, p_id, p_human_points_program);
$function$;

create procedure tap.unguard_weights()
language plpgsql
as $function$
/* Lets weights be written that are refused: as older rows hold them, or tables of another service. */
begin
    if exists (select from pg_trigger where tgname = 'guard_weights') then
        alter table scorer.scorer_weighted_binaryweightedscorer disable trigger guard_weights;
    end if;
end;
$function$;

create function tap.stamp(
    p_provider text,
    p_nullifiers text[],
    p_expires_at text default '2090-01-01T00:00:00Z'
)
returns jsonb
language sql
immutable
as $function$
/* An element of p_valid_stamps. */
select jsonb_build_object(
    'provider', p_provider,
    'credential', jsonb_build_object('provider', p_provider, 'expirationDate', p_expires_at),
    'nullifiers', to_jsonb(p_nullifiers),
    'expires_at', p_expires_at
);
$function$;

create function tap.stamps(variadic p_stamps jsonb[])
returns jsonb
language sql
immutable
as $function$
/* The array of the stamps. */
select to_jsonb(p_stamps);
$function$;

create function tap.wallet(p_digit text)
returns text
language sql
immutable
as $function$
/* The address of forty times the digit. */
select '0x' || repeat(p_digit, 40);
$function$;

create function tap.links(p_community_id bigint)
returns setof text
language sql
stable
as $function$
/* The community's links as "hash owner's-first-digit year", sorted. */
select concat_ws(' ', l.hash, substr(l.address, 3, 1), extract(year from l.expires_at at time zone 'UTC'))
from registry_hashscorerlink as l
where l.community_id = p_community_id
order by l.hash;
$function$;

create function tap.api_key(p_key text)
returns text
language sql
immutable
as $function$
/* What a key is stored as. */
select 'sha256$' || encode(sha256(convert_to(p_key, 'UTF8')), 'hex');
$function$;

create function tap.document(p_provider text, p_nullifiers text[], p_expires_at text default '2090-01-01T00:00:00Z')
returns jsonb
language sql
immutable
as $function$
/* What ceramic_cache holds: a credential of wallet a by the issuer did:key:i, whose proof is left out. */
select jsonb_build_object(
    'issuer', 'did:key:i',
    'expirationDate', p_expires_at,
    'credentialSubject', jsonb_build_object(
        'id', 'did:pkh:eip155:1:' || tap.wallet('a'), 'provider', p_provider, 'nullifiers', to_jsonb(p_nullifiers)
    )
);
$function$;

create function tap.check_of(p_document jsonb, p_fault text default null, p_signed_at text default '2026-01-01Z')
returns jsonb
language sql
immutable
as $function$
/* An element of p_checks: what the service finds where the proof holds, or the fault. */
select jsonb_build_object(
    'digest', encode(sha256(convert_to(p_document::text, 'UTF8')), 'hex'), 'fault', p_fault
) || case
    when p_fault is null then jsonb_build_object(
        'issuer', p_document ->> 'issuer',
        'subject', p_document #>> '{credentialSubject,id}',
        'provider', p_document #>> '{credentialSubject,provider}',
        'nullifiers', p_document #> '{credentialSubject,nullifiers}',
        'expires_at', p_document ->> 'expirationDate',
        'signed_at', p_signed_at
    )
    else '{}'
end;
$function$;

create function tap.ask(
    p_checks jsonb default '[]',
    p_address text default tap.wallet('a'),
    p_trusted_issuers text[] default '{did:key:i}',
    p_verifier text default 'v1',
    out outcome text,
    out unchecked text,
    out left_out jsonb,
    out answer jsonb
)
language sql
as $function$
/* answer_request with the key of test.key, in community 7. */
select r.outcome, r.unchecked, r.left_out, r.answer
from scorer.answer_request(
    'test', tap.api_key('test.key'), null, 7, p_address, p_trusted_issuers, p_verifier, p_checks, false, '-infinity'
) as r;
$function$;

create procedure tap.api_access()
language sql
as $function$
/* Makes community 7 and the key test.key of its account. */
call tap.community(7);
insert into account_apikey (account_id, prefix, hashed_key) values (1, 'test', tap.api_key('test.key'));
$function$;

create procedure tap.put(p_document jsonb, p_provider text default null, p_updated_at timestamptz default now())
language sql
as $function$
/* Puts a document into the credentials of wallet a, under its own provider unless another is given. */
insert into ceramic_cache (address, provider, stamp, updated_at)
values (
    tap.wallet('a'),
    coalesce(p_provider, p_document #>> '{credentialSubject,provider}', 'Odd'),
    p_document,
    p_updated_at
);
$function$;

create function tap.unchecked(
    p_limit integer default 200,
    p_look_back bigint default 0,
    p_done bigint default null,
    p_verifier text default 'v1',
    p_trusted_issuers text[] default '{did:key:i}',
    out claim bigint,
    out providers text[],
    out ids_left bigint
)
language sql
as $function$
/* unchecked_documents, of whose documents the providers are given, in their order. */
select
    u.claim,
    (
        select array_agg(d.document::jsonb #>> '{credentialSubject,provider}' order by d.n)
        from string_to_table(u.documents, E'\n') with ordinality as d (document, n)
    ),
    u.ids_left
from scorer.unchecked_documents(p_verifier, p_trusted_issuers, p_limit, p_look_back, p_done) as u;
$function$;

create procedure tap.put_numbered(p_first integer, p_last integer)
language sql
as $function$
/* Puts a document of provider P<number> for each number into the credentials of wallet a, with that id. */
insert into ceramic_cache (id, address, provider, stamp)
select n, tap.wallet('a'), 'P' || n, tap.document('P' || n, array['n' || n])
from generate_series(p_first, p_last) as n;
$function$;

create function tap.rescored(
    p_checks jsonb default '[]',
    p_since timestamptz default null,
    p_dry_run boolean default false,
    out outcome text,
    out unchecked text,
    out answer jsonb,
    out was_passing boolean
)
language sql
as $function$
/* rescore_wallet of wallet a in community 7. */
select r.outcome, r.unchecked, r.answer, r.was_passing
from scorer.rescore_wallet(
    tap.wallet('a'), 7, p_since, '{did:key:i}', 'v1', p_checks, false, '-infinity', p_dry_run
) as r;
$function$;
