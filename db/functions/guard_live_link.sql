create or replace function scorer.guard_live_link()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, scorer, pg_temp
as $function$
/*
Keeps a live hash link with its owner, whoever writes the table: another writer that read the link while it
was expired may update it by its id after score_passport has given it to a new owner.

Arguments: none; fired for an update that changes the owner of a link while expires_at > now().

Result: none, it always raises.

Errors
  23505 (unique_violation), as the insert of a hash that another wallet has claimed raises

It runs with the rights of the writer, who may lack every right on schema scorer but those on the table, so it
calls nothing of the schema.
*/
begin
    raise exception 'hash link is live' using
        errcode = 'unique_violation',
        detail = format('Another wallet holds link %s until %s.', old.id, old.expires_at),
        hint = 'Read the link again. To move it by hand, set its expires_at to a past time first.';
end;
$function$;

revoke execute on function scorer.guard_live_link() from public;
