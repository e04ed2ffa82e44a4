create or replace function scorer.weight_of(p_weights jsonb, p_provider text)
returns numeric
language sql
immutable
security invoker
return case
    when p_weights -> p_provider is null then 0
    when
        jsonb_typeof(p_weights -> p_provider) in ('number', 'string')
        and p_weights ->> p_provider
        ~ '^\s*[-+]?([0-9]{1,9}([.][0-9]{0,20})?|[.][0-9]{1,20})([eE]([+]?0?[0-9]|-[0-9]{1,2}))?\s*$'
        then (p_weights ->> p_provider)::numeric
end;

comment on function scorer.weight_of(jsonb, text) is '
The weight of a provider.

Arguments
  p_weights   a scorer''s weights: object of provider to number or numeric string
  p_provider  the provider''s name

Result
  the weight; 0 for a provider that p_weights does not name; null for a weight that is neither a number nor
  a numeric string, or has more than nine digits before or twenty after the point.

Errors: none.
';

revoke execute on function scorer.weight_of(jsonb, text) from public;
