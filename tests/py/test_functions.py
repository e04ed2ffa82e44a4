"""plpgsql_check reads the bodies of the functions, which a linter of SQL files takes for one string."""

import re

from tests.conftest import CACHE, connect, debian_unpack

PACKAGE = "postgresql-15-plpgsql-check"
CHECK = """
select p.oid::regprocedure::text, c.lineno, c.level, c.message
from pg_proc as p
inner join pg_language as l on l.oid = p.prolang and l.lanname = 'plpgsql'
cross join lateral public.plpgsql_check_function_tb(
    p.oid,
    coalesce((select t.tgrelid from pg_trigger as t where t.tgfoid = p.oid), 0),
    other_warnings => true,
    extra_warnings => true,
    performance_warnings => true,
    security_warnings => true
) as c
where p.pronamespace = 'scorer'::regnamespace
"""


def test_plpgsql_check_finds_nothing(database_url: str, postgres_version: int) -> None:
    """On the version that the library is built for."""
    if postgres_version == 15:
        install(database_url)
        with connect(database_url) as connection:
            found = connection.execute(CHECK).fetchall()
        assert [" ".join(map(str, row)) for row in found] == []


def test_plpgsql_check_would_find_something(database_url: str, postgres_version: int) -> None:
    if postgres_version == 15:
        install(database_url)
        with connect(database_url) as connection:
            connection.execute(
                "create function faulty() returns int language plpgsql as"
                " $$ declare v_unused int; begin return (select nothing from registry_score); end $$"
            )
            assert {row[2] for row in connection.execute(CHECK)} >= {"error"}


def install(url: str) -> None:
    """Makes the extension's functions, with its library where it was unpacked."""
    folder = CACHE / "plpgsql_check"
    if not folder.exists():
        debian_unpack(str(folder), PACKAGE)
    (library,) = folder.glob("usr/lib/postgresql/*/lib/plpgsql_check.so")
    (script,) = folder.glob("usr/share/postgresql/*/extension/plpgsql_check--*.sql")
    text = script.read_text().replace("MODULE_PATHNAME", str(library)).replace("@extschema@", "public")
    # A line for psql alone, which keeps it from being run as a plain script.
    text = re.sub(r"^\\echo .*", "", text, flags=re.MULTILINE)
    with connect(url) as connection:
        connection.execute("set search_path = public")
        connection.execute(text.encode())
