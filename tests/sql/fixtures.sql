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
insert into scorer.account_account (id) values (1) on conflict do nothing;
insert into scorer.scorer_weighted_binaryweightedscorer (scorer_ptr_id, weights, threshold)
values (p_id, p_weights, p_threshold);
insert into scorer.account_community (id, account_id, scorer_id, human_points_program)
values (p_id, 1, p_id, p_human_points_program);
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
from scorer.registry_hashscorerlink as l
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
