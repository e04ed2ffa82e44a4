create or replace function scorer.change_scorer(
    p_scorer_id bigint,
    p_digest text,
    p_weights jsonb default null,
    p_threshold numeric default null
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, scorer, pg_temp
set lock_timeout = '10s'
as $function$
/*
Changes the weights or the threshold of a community's scorer, for all communities that have it, from the next request
on. Scores that are stored stay until their wallets are asked for again.

Arguments
  p_scorer_id  the community's id
  p_digest     as show_scorer gave it: what the change was decided on
  p_weights    all weights, object of provider to number or numeric string; null leaves them
  p_threshold  rounded to five decimals; null leaves it

Result: how many passports the communities of this scorer have.

Errors (nothing is written)
  SC002 unknown scorer
  SC101 where the tables are another service's
  SC104 a threshold that cannot be
  SC105 weights or threshold have changed meanwhile
  23514 weights or a threshold with which nobody can be scored: see guard_weights
  55P03 when the lock is not had within 10 seconds

Locks: the scorer's row.
*/
declare
    v_scorer record;
begin
    perform require_own_tables('change a scorer');

    perform from scorer_weighted_binaryweightedscorer as s
    where s.scorer_ptr_id = (select c.scorer_id from account_community as c where c.id = p_scorer_id)
    for no key update;

    -- A statement of its own sees what was written until the lock was had.
    select s.digest, s.passports
    into v_scorer
    from show_scorer(p_scorer_id) as s;

    if v_scorer.digest is distinct from p_digest then
        raise exception 'changed meanwhile' using
            errcode = 'SC105',
            detail = format('The scorer of community %s is no longer what the change was made for.', p_scorer_id),
            hint = 'Look at it again with show_scorer, and decide anew.';
    end if;

    if abs(p_threshold) >= 100000 or p_threshold = 'NaN' then
        raise exception 'invalid argument' using
            errcode = 'SC104',
            detail = format('%s is no threshold.', p_threshold),
            hint = 'Pass a number below 100000.';
    end if;

    update scorer_weighted_binaryweightedscorer as s
    set weights = coalesce(p_weights, s.weights), threshold = coalesce(p_threshold, s.threshold)
    where s.scorer_ptr_id = (select c.scorer_id from account_community as c where c.id = p_scorer_id);

    return v_scorer.passports;
end;
$function$;

revoke execute on function scorer.change_scorer(bigint, text, jsonb, numeric) from public;
grant execute on function scorer.change_scorer(bigint, text, jsonb, numeric) to scorer_admin;
