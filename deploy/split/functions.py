"""The functions of the front: those of the partitions, by the same names and signatures."""

from dataclasses import dataclass

import psycopg

# Who calls functions of the front. Checks ahead are made in each partition by itself.
CALLERS = ("scorer_api", "scorer_caller")
# Each function that callers may call, as a partition has it.
CALLED = """
select
    p.proname::text,
    pg_get_function_arguments(p.oid),
    pg_get_function_identity_arguments(p.oid),
    pg_get_function_result(p.oid),
    coalesce(p.proargnames, '{}')::text[],
    coalesce(p.proargmodes, array_fill('i'::"char", array[p.pronargs::integer]))::text[],
    p.proretset,
    array(
        select r.rolname::text from pg_roles as r
        where r.rolname = any(%(callers)s) and has_function_privilege(r.oid, p.oid, 'execute')
        order by 1
    ) as callers
from pg_proc as p
where
    p.pronamespace = 'scorer'::regnamespace
    and exists (
        select from aclexplode(p.proacl) as a
        where a.privilege_type = 'EXECUTE' and a.grantee::regrole::text = any(%(callers)s)
    )
order by p.proname, p.oid
"""
# All that make_functions has made.
MADE_HERE = """
select p.oid::regprocedure::text from pg_proc as p
where
    p.pronamespace in (to_regnamespace('scorer'), to_regnamespace('split'))
    and p.proname <> 'partition_of'
"""
# What PL/Proxy itself fails with has no SQLSTATE of its own: that a partition is gone is told as such.
WRAPPER = """
create function scorer.{name}({arguments}) returns {result}
language plpgsql
volatile
security definer
set search_path = pg_catalog, split, pg_temp
as $function$
#variable_conflict use_column
begin
    {call}
exception
    when internal_error then
        if sqlerrm like 'PL/Proxy function %' then
            raise exception using errcode = 'connection_failure', message = sqlerrm;
        end if;

        raise;
end;
$function$
"""
PROXY = """
create function split.{name}({arguments}) returns {result}
language plproxy
as $function$
    cluster 'partitions';
    run on {where};
    target scorer.{name};
$function$
"""


@dataclass(frozen=True)
class Called:
    """A function as the catalog of a partition has it; names and modes are of its arguments, callers those
    roles that may call it."""

    name: str
    arguments: str
    identity: str
    result: str
    names: list[str]
    modes: list[str]
    is_set: bool
    callers: list[str]

    @property
    def given(self) -> list[str]:
        """The names of the arguments that a call gives."""
        return [name for name, mode in zip(self.names, self.modes, strict=False) if mode in "ib"]

    @property
    def where(self) -> str:
        """On which partition PL/Proxy runs it: what names no community is answered by the home."""
        if "p_scorer_id" not in self.given:
            return "0"
        named = [name for name in ("p_key_prefix", "p_scorer_id") if name in self.given]
        return f"split.partition_of({', '.join(named)})"

    @property
    def call(self) -> str:
        """The body of the function that is called at the front."""
        passed = f"split.{self.name}({', '.join(self.given)})"
        returned = [name for name, mode in zip(self.names, self.modes, strict=False) if mode in "ob"]
        if self.is_set:
            return f"return query select * from {passed};"  # noqa: S608
        if returned:
            columns = ", ".join(f"r.{name}" for name in returned)
            return f"select {columns} into {', '.join(returned)} from {passed} as r;"  # noqa: S608
        return f"return {passed};"

    def formatted(self, statement: str) -> bytes:
        """PROXY or WRAPPER, for this function."""
        return statement.format(
            name=self.name, arguments=self.arguments, result=self.result, where=self.where, call=self.call
        ).encode()


def make_functions(front: psycopg.Connection, partition: psycopg.Connection) -> None:
    """Makes each function that callers of a partition may call at the front, with the same rights, in the
    front's transaction; those that the front has are made anew. PL/Proxy's are made by the superuser, as
    PostgreSQL asks, and run with the rights of scorer_owner, whose way to the partitions they go."""
    for (function,) in front.execute(MADE_HERE).fetchall():
        front.execute(f"drop function {function}".encode())
    for row in partition.execute(CALLED, {"callers": list(CALLERS)}).fetchall():
        called = Called(*row)
        front.execute(called.formatted(PROXY))
        front.execute("set local role scorer_owner")
        front.execute(called.formatted(WRAPPER))
        signature = f"scorer.{called.name}({called.identity})"
        front.execute(f"revoke execute on function {signature} from public".encode())
        front.execute(f"grant execute on function {signature} to {', '.join(called.callers)}".encode())
        front.execute("set local role none")
