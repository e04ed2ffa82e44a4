create or replace function scorer.create_community(
    p_account_id bigint,
    p_name text,
    p_weights jsonb,
    p_threshold numeric,
    p_human_points_program boolean default false,
    p_external_scorer_id text default null
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
Makes a community and its scorer.

Arguments
  p_account_id            whose keys may ask for its scores
  p_name                  at most 100 characters
  p_weights               object of provider to number or numeric string
  p_threshold             the score from which a wallet passes; rounded to five decimals
  p_human_points_program  whether human points are awarded
  p_external_scorer_id    another id that the account's requests may ask by, of at most 42 characters; null for none

Result: its id.

Errors (nothing is written)
  SC101 where the tables are another service's
  SC102 unknown account
  SC104 an argument that cannot be
  SC108 another community has this p_external_scorer_id
  23514 weights or a threshold with which nobody can be scored: see guard_weights
*/
declare
    v_scorer_id bigint;
    v_id bigint;
begin
    perform require_own_tables('create a community');
    perform require_account(p_account_id);

    if num_nulls(p_name, p_weights, p_threshold, p_human_points_program) > 0 or length(p_name) > 100 then
        raise exception 'invalid argument' using
            errcode = 'SC104',
            detail = 'A name, weights or a threshold is missing, or the name is longer than 100 characters.',
            hint = 'Pass a short name, an object of weights and a threshold.';
    end if;

    if p_external_scorer_id !~ '^-?[0-9]{1,41}$' then
        raise exception 'invalid argument' using
            errcode = 'SC104',
            detail = format('%L is no scorer id.', left(p_external_scorer_id, 100)),
            hint = 'Pass an integer of at most 41 digits: paths name scorers by integers.';
    end if;

    if abs(p_threshold) >= 100000 or p_threshold = 'NaN' then
        raise exception 'invalid argument' using
            errcode = 'SC104',
            detail = format('%s is no threshold.', p_threshold),
            hint = 'Pass a number below 100000.';
    end if;

    insert into scorer_weighted_binaryweightedscorer (weights, threshold)
    values (p_weights, p_threshold)
    returning scorer_ptr_id into v_scorer_id;

    insert into account_community (account_id, scorer_id, name, human_points_program, external_scorer_id)
    values (p_account_id, v_scorer_id, p_name, p_human_points_program, p_external_scorer_id)
    on conflict (external_scorer_id) do nothing
    returning id into v_id;

    if v_id is null then
        raise exception 'scorer id taken' using
            errcode = 'SC108',
            detail = format('Another community has the external scorer id %L.', p_external_scorer_id),
            hint = 'Choose another one.';
    end if;

    return v_id;
end;
$function$;

revoke execute on function scorer.create_community(
    bigint, text, jsonb, numeric, boolean, text
) from public;
grant execute on function scorer.create_community(
    bigint, text, jsonb, numeric, boolean, text
) to scorer_admin;
