drop view if exists scorer.account_account;

create view scorer.account_account as
select
    a.id,
    a.address,
    a.user_id
from public.account_account as a;
