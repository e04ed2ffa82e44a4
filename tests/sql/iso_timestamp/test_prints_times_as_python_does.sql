begin;
select plan(3);

select results_eq(
    $$ select iso_timestamp(v) from unnest(array[
        '2027-06-01 00:00:00Z', '2027-06-01 02:30:00+02:30', '2026-11-23 15:27:13.05479Z',
        '2026-11-23 23:59:59.999999Z', '0987-01-01 00:00:00.000001Z'
    ]::timestamptz[]) with ordinality as t (v, i) order by i $$,
    array[
        '2027-06-01T00:00:00+00:00', '2027-06-01T00:00:00+00:00', '2026-11-23T15:27:13.054790+00:00',
        '2026-11-23T23:59:59.999999+00:00', '0987-01-01T00:00:00.000001+00:00'
    ],
    'in UTC, with six fractional digits or none'
);
select is(iso_timestamp(null), null, 'null stays null');
set local timezone to 'America/New_York';
set local datestyle to 'German';
select is(iso_timestamp('2027-06-01 00:00:00Z'), '2027-06-01T00:00:00+00:00', 'whatever the session prefers');

select * from finish();
rollback;
