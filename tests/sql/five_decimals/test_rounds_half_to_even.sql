begin;
select plan(3);

select results_eq(
    $$ select five_decimals(v) from unnest(array[
        0, 1, 0.000005, 0.000015, 0.000025, 1.000005, 2.675005, 0.1234549, 0.123455, 0.123456, 0.12345500001,
        -0.000015, -1.5, 999999999.999995
    ]::numeric[]) with ordinality as t (v, i) order by i $$,
    array[
        '0.00000', '1.00000', '0.00000', '0.00002', '0.00002', '1.00000', '2.67500', '0.12345', '0.12346', '0.12346',
        '0.12346', '-0.00002', '-1.50000', '1000000000.00000'
    ],
    'numbers have five decimals, rounded half to even'
);
select is(five_decimals(null), null, 'null stays null');
select is(five_decimals(1e-30), '0.00000', 'a tiny number is 0');

select * from finish();
rollback;
