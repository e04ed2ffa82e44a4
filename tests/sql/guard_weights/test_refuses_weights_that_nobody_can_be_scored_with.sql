begin;
select plan(22);

select
    lives_ok(
        format('call community(%s, %L)', c.id, c.weights), 'weights may be ' || c.weights
    )
from (
    values
    (7, '{}'), (8, '{"Github": 1, "Ens": "2.5", "Low": -0.25, "Old": "1e2"}')
) as c (id, weights);

select
    throws_ok(
        format('update scorer_weighted_binaryweightedscorer set weights = %L where scorer_ptr_id = 7', c.weights),
        '23514', 'weights are not an object', 'no weights: ' || c.weights
    )
from (values ('[]'), ('null'), ('"Github"'), ('1')) as c (weights);

select
    throws_ok(
        format('call community(9, %L)', jsonb_build_object('Ens', 1, 'Github', c.weight)),
        '23514', 'a weight is not a number', 'no weight: ' || c.weight::text
    )
from (
    values
    ('"much"'::jsonb), ('null'), ('{"weight": 1}'), ('[1]'), ('true'), ('"NaN"'), ('"1,5"'), ('12345678901')
) as c (weight);

create function pg_temp.detail() returns text language plpgsql as $$
declare
    v_detail text;
begin
    call community(9, '{"Ens": "x", "Fine": 1, "Ap\n''s": null}');
exception
    when check_violation then
        get stacked diagnostics v_detail = pg_exception_detail;
        return v_detail;
end;
$$;
select is(
    pg_temp.detail(), E'In the weights of scorer 9: ''Ap\n''''s'', ''Ens''.', 'the message names the providers'
);

select throws_ok(
    $$ update scorer_weighted_binaryweightedscorer set threshold = 'NaN' $$,
    '23514', 'threshold is not a number', 'no threshold'
);

-- As another service writes, with rights on the table alone.
create role writer;
grant usage on schema scorer, tap to writer;
grant select, insert, update on scorer_weighted_binaryweightedscorer to writer;
set local role writer;
select lives_ok(
    $$ insert into scorer_weighted_binaryweightedscorer values (20, '{"Github": "1e-05"}', 2) $$,
    'whoever may write the table writes weights'
);
select throws_ok(
    $$ update scorer_weighted_binaryweightedscorer set weights = '{"Github": "x"}' $$,
    '23514', 'a weight is not a number', 'and is refused those that are none'
);
reset role;

-- As a row from before there was a guard.
alter table scorer_weighted_binaryweightedscorer disable trigger guard_weights;
insert into scorer_weighted_binaryweightedscorer values (21, '{"A": null}', 'NaN');
alter table scorer_weighted_binaryweightedscorer enable trigger guard_weights;
select lives_ok(
    $$ update scorer_weighted_binaryweightedscorer set threshold = 3, weights = weights where scorer_ptr_id = 21 $$,
    'bad weights that stay as they are keep nobody from writing the threshold'
);
select throws_ok(
    $$ update scorer_weighted_binaryweightedscorer set weights = '{"B": null}' where scorer_ptr_id = 21 $$,
    '23514', 'a weight is not a number', 'others are refused'
);
select
    is(
        weight_of('{"A": "1e-05", "B": "2.5e+03"}', w.provider),
        w.weight,
        'a weight as Python writes small and large ones'
    )
from (values ('A', 0.00001), ('B', 2500)) as w (provider, weight);

select * from finish();
rollback;
