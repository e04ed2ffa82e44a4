begin;
select plan(4);

insert into ceramic_cache (address, provider, stamp)
select wallet('a'), 'P' || d.i, d.document::jsonb
from unnest(array[
    'null', '0', '"text"', '[]', '{"b": 1, "a": [1.50, "\\"]}', '"back\\slash \\101 \\x41 \\\\"', '"\u0001\n\t\""',
    '"übergröße \ud83d\ude00 日本"', '{"a": "\\\\u0041"}'
]) with ordinality as d (document, i);
insert into ceramic_cache (address, provider, stamp)
select wallet('b'), 'P' || n, to_jsonb(repeat('x', n - 2)) from generate_series(65536, 65537) as n;

select is(
    (
        select count(*) from ceramic_cache
        where address = wallet('a') and digest = sha256(convert_to(stamp::text, 'UTF8'))
    ),
    9::bigint,
    'it is the sha256 of the document''s text in UTF-8'
);
select results_eq(
    $$ select provider::text, digest is null from ceramic_cache where address = wallet('b') order by provider $$,
    $$ values ('P65536', false), ('P65537', true) $$,
    'a document of more than 65,536 bytes has none'
);

update ceramic_cache set stamp = '"other"'
where provider = 'P1';
select is(
    (
        select digest from ceramic_cache
        where provider = 'P1'
    ), sha256('"other"'), 'it changes with the document'
);
select throws_ok(
    $$ update ceramic_cache set digest = sha256('x') where provider = 'P1' $$, '428C9', null,
    'and cannot be written by anybody'
);

select * from finish();
rollback;
