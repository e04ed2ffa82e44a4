create or replace function scorer.weight_of(p_weights jsonb, p_provider text)
returns numeric
language plpgsql
immutable
security invoker
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
The weight of a provider.

Arguments
  p_weights   a scorer's weights: object of provider to number or numeric string
  p_provider  the provider's name

Result
  the weight; 0 for a provider that p_weights does not name; null for a weight that is neither a number nor
  a numeric string, or has more than nine digits before or twenty after the point.

Errors: none.
*/
declare
    v_weight constant text := p_weights ->> p_provider;
begin
    return case
        when p_weights -> p_provider is null then 0
        when
            jsonb_typeof(p_weights -> p_provider) in ('number', 'string')
            and v_weight ~ '^\s*[-+]?([0-9]{1,9}([.][0-9]{0,20})?|[.][0-9]{1,20})([eE][-+]?[0-9])?\s*$'
            then v_weight::numeric
    end;
end;
$function$;

revoke execute on function scorer.weight_of(jsonb, text) from public;
