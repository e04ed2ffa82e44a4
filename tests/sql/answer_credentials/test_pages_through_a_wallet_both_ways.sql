begin;
select plan(18);

call api_access();
call put_numbered(1, 5);
insert into ceramic_cache (id, address, provider, stamp) values (6, wallet('b'), 'Other', '{}');

create function pg_temp.page(
    p_limit integer default 10, p_older bigint default null, p_newer bigint default null, p_bytes integer default 100000
)
returns text
language sql
as $function$
/* Providers, then the ids on either side. */
select concat_ws(
    ' ',
    (
        select string_agg(i.item #>> '{credential,credentialSubject,provider}', ',' order by i.n)
        from jsonb_array_elements(l.items::jsonb) with ordinality as i (item, n)
    ),
    'next', l.next_id, 'prev', l.prev_id
)
from scorer.answer_credentials('test', tap.api_key('test.key'), null, tap.wallet('a'), p_limit, p_older, p_newer, p_bytes)
    as l;
$function$;

select is(pg_temp.page(), 'P5,P4,P3,P2,P1 next prev', 'all of a wallet, the newest first');
select is(pg_temp.page(2), 'P5,P4 next 4 prev', 'a page tells what is older');
select is(pg_temp.page(2, 4), 'P3,P2 next 2 prev 3', 'the next one what is newer too');
select is(pg_temp.page(2, 2), 'P1 next prev 1', 'the last one that nothing is older');
select is(pg_temp.page(2, null, 1), 'P3,P2 next 2 prev 3', 'back, the nearest, the newest of them first');
select is(pg_temp.page(2, null, 3), 'P5,P4 next 4 prev', 'to the first');
select is(pg_temp.page(5), 'P5,P4,P3,P2,P1 next prev', 'a limit that is just met');
select is(pg_temp.page(2, 1), 'next prev', 'beyond the end there is nothing');
select is(pg_temp.page(2, null, 5), 'next prev', 'nor before the beginning');
select is(pg_temp.page(2, 100), 'P5,P4 next 4 prev', 'a credential that is gone may have been the last of a page');

update ceramic_cache
set deleted_at = now()
where id = 4;
insert into ceramic_cache_revocation (ceramic_cache_id) values (2);
select is(pg_temp.page(), 'P5,P3,P1 next prev', 'deleted and revoked ones are not there');
select is(pg_temp.page(1, 5), 'P3 next 3 prev 3', 'and nowhere counted');
select is(pg_temp.page(1, 3), 'P1 next prev 1', 'to the last');

-- Of the bytes of the answer.
select is(pg_temp.page(10, p_bytes => 1), 'P5 next 5 prev', 'a page has one credential, however small');
select is(pg_temp.page(10, p_older => 5, p_bytes => 1), 'P3 next 3 prev 3', 'and the next one the next');
select is(pg_temp.page(10, p_newer => 1, p_bytes => 1), 'P3 next 3 prev 3', 'back too');

select is(
    (
        select l.items::jsonb
        from
            scorer.answer_credentials(
                'test', tap.api_key('test.key'), null, wallet('a'), 1, 2, null, 100000
            ) as l
    ),
    jsonb_build_array(jsonb_build_object('version', '1.0.0', 'credential', document('P1', '{n1}'))),
    'an item is a version and the document as it is'
);
select is(
    (
        select l.items
        from
            scorer.answer_credentials(
                'test', tap.api_key('test.key'), null, wallet('c'), 10, null, null, 100000
            ) as l
    ),
    '[]', 'a wallet without credentials has an empty page'
);

select * from finish();
rollback;
