create or replace function scorer.guard_weights()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
Refuses weights and a threshold with which nobody can be scored, when they are written: later they would be an error
for every client of the scorer. What counts as a weight is what weight_of reads.

Arguments: none; fired for each scorer that is inserted, or whose weights or threshold are updated. What an update
leaves as it was is not looked at.

Result: the row as it is.

Errors
  23514 (check_violation), with a detail that names the providers

It runs with the rights of its owner: a writer may lack every right on schema scorer but those on the table.
*/
declare
    v_providers text;
begin
    -- Of an insert the old row is null throughout.
    if new.weights is distinct from old.weights then
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
    end if;

    if new.threshold = 'NaN' and new.threshold is distinct from old.threshold then
        raise exception 'threshold is not a number' using
            errcode = 'check_violation',
            detail = format('The threshold of scorer %s is NaN.', new.scorer_ptr_id),
            hint = 'Write a number.';
    end if;

    return new;
end;
$function$;

revoke execute on function scorer.guard_weights() from public;
