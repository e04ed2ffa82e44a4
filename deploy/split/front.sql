-- The database in front: it holds where communities live and, replicated from the home, which key and which community
-- are of which account. deploy.split.functions adds the functions.
do $block$
declare
    v_role text;
begin
    foreach v_role in array array['scorer_api', 'scorer_caller', 'scorer_owner'] loop
        continue when exists (select from pg_roles as r where r.rolname = v_role);
        execute format('create role %I nologin', v_role);
    end loop;

    if not exists (select from pg_language as l where l.lanname = 'plproxy') then
        create extension plproxy;
    end if;
end;
$block$;

create schema scorer authorization scorer_owner;
create schema split authorization scorer_owner;
grant usage on schema scorer to scorer_api, scorer_caller;

set local role scorer_owner;

create table scorer.account_apikey (
    id bigint primary key,
    account_id bigint not null,
    prefix varchar(8) not null
);

create index account_apikey_prefix on scorer.account_apikey (prefix);

create table scorer.account_community (
    id bigint primary key,
    account_id bigint not null,
    external_scorer_id varchar(42)
);

create index account_community_external_scorer_id on scorer.account_community (external_scorer_id);

-- A community that is not named lives in partition 0, the home.
create table split.community_home (
    community_id bigint primary key,
    partition integer not null
);

create function split.partition_of(p_scorer_id bigint)
returns integer
language sql
stable
return coalesce(
    (
        select h.partition from split.community_home as h
        where h.community_id = p_scorer_id
    ),
    0
);

-- As answer_request finds the community. What it will refuse, any partition refuses alike.
create function split.partition_of(p_key_prefix text, p_scorer_id numeric)
returns integer
language sql
stable
as $function$
select split.partition_of(
    coalesce(
        (
            select c.id
            from scorer.account_apikey as k
            inner join scorer.account_community as c on c.account_id = k.account_id
            where k.prefix = p_key_prefix and c.external_scorer_id = p_scorer_id::text
        ),
        case when abs(p_scorer_id) < 9223372036854775808 then p_scorer_id::bigint end
    )
)
$function$;

reset role;
