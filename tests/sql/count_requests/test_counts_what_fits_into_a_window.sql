begin;
select plan(26);

create function pg_temp.counted(p_limit text, p_count integer default 1, p_key text default 'k') returns text
language sql
as $function$
select concat_ws(' ', case when c.is_refused then 'refused' else 'counted' end, array_to_string(c.rate_window, ' '))
from count_requests(p_key, p_limit, p_count) as c;
$function$;

select is(pg_temp.counted('3/15m', 0), 'counted 3 900 3 900', 'to look before the first request');
select is_empty('select from api_key_window', 'begins no window');
select is(pg_temp.counted('3/15m'), 'counted 3 900 2 900', 'the first request begins a window');
select is(pg_temp.counted('3/15m'), 'counted 3 900 1 900', 'the second is counted to it');
select
    is(
        pg_temp.counted('3/15m', 2),
        'refused 3 900 1 900',
        'several that do not all fit are refused, and nothing is counted'
    );
select is(pg_temp.counted('3/15m', 0), 'counted 3 900 1 900', 'to look counts nothing');
select is(pg_temp.counted('3/15m'), 'counted 3 900 0 900', 'the last one fits');
select is(pg_temp.counted('3/15m', 0), 'refused 3 900 0 900', 'who looks is told that one more does not');
select is(pg_temp.counted('3/15m'), 'refused 3 900 0 900', 'one more does not');
select is(pg_temp.counted('3/15m', 1, 'another'), 'counted 3 900 2 900', 'another key has a window of its own');

select is(pg_temp.counted('3/15m', -2), 'counted 3 900 2 900', 'what is given back is left again');
select is(pg_temp.counted('3/15m', -2), 'counted 3 900 3 900', 'no more than was taken');
select is(pg_temp.counted('3/15m', 3), 'counted 3 900 0 900', 'and can be used');
select is(pg_temp.counted('3/15m', -1, 'none'), 'counted 3 900 3 900', 'nothing is given to whoever has no window');

update api_key_window
set window_start = now() - interval '590 s'
where api_key_id = 'k';
select is(pg_temp.counted('3/15m'), 'refused 3 900 0 310', 'it is told when the window ends');
select is(pg_temp.counted('4/15m'), 'counted 4 900 0 310', 'a higher limit holds at once');
select is(pg_temp.counted('2/15m'), 'refused 2 900 0 310', 'a lower one too');
update api_key_window
set window_start = now() - interval '899.5 s'
where api_key_id = 'k';
select is(pg_temp.counted('4/15m'), 'refused 4 900 0 1', 'a part of a second is a second');
update api_key_window
set window_start = now() - interval '900 s'
where api_key_id = 'k';
select is(pg_temp.counted('4/15m', -1), 'counted 4 900 4 900', 'nothing is given back to a window that is over');
select is(pg_temp.counted('4/15m', 5), 'refused 4 900 4 900', 'more than a window has never fit');
select is(pg_temp.counted('4/15m', 4), 'counted 4 900 0 900', 'afterwards a new one begins');
update api_key_window
set window_start = now() + interval '1 s'
where api_key_id = 'k';
select is(
    pg_temp.counted('5/15m'), 'counted 5 900 0 900',
    'a request that began before the one that began the window is told no more than the period'
);
select is(pg_temp.counted('5/15m', -1), 'counted 5 900 0 900', 'and gives nothing back to it');

select is(
    array(
        select pg_temp.counted(p.period, 1, p.period)
        from unnest('{1/s,1/10s,1/m,1/2h,1/d,1/9999d}'::text[]) as p (period)
    ),
    array[
        'counted 1 1 0 1', 'counted 1 10 0 10', 'counted 1 60 0 60', 'counted 1 7200 0 7200', 'counted 1 86400 0 86400',
        'counted 1 863913600 0 863913600'
    ],
    'periods are seconds, minutes, hours and days, one or several'
);
select is(pg_temp.counted('0/m', 1, 'none'), 'refused 0 60 0 60', 'a limit of none refuses everything');
select is_empty($$ select from api_key_window where api_key_id = 'none' $$, 'and counts nothing');

select * from finish();
rollback;
