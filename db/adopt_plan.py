"""What adopting a database would do, to be read by those whose database it is."""

import re

from db.migrations import frozen

# What each kind of statement locks of an existing table, in PostgreSQL's words, and who waits for that. All
# locks are held until the transaction ends; a trigger comes last.
LOCKS = {
    "grant": "access share: nobody waits but other changes of the schema",
    "create view": "access share: nobody waits but other changes of the schema",
    "create rule": "row exclusive: nobody waits but other changes of the schema",
    "create or replace trigger": "share row exclusive: writers wait for the commit, which comes next",
}


def lines(done: str | None) -> list[str]:
    """The statements, by their files, that follow the revision that a database is at, each with what it locks
    of tables that are not ours."""
    first = ["create schema scorer;", "create table scorer.alembic_version;"] if done is None else []
    return first + [
        line
        for revision in frozen.revisions()
        if revision > (done or "")
        for path in frozen.upgrade_files(revision, "adopted")
        for line in [
            f"-- {path.relative_to(frozen.MIGRATIONS)}",
            *(line for statement in statements(path.read_text()) for line in described(statement)),
        ]
    ]


def described(statement: str) -> list[str]:
    """A statement without the body of a view or function, and a line for each table that it locks; of a block
    its commands."""
    if statement.startswith("do "):
        commands = re.findall(r"(?m)^ +((?:grant|revoke|create|alter|execute) .*)$", statement)
        return ["do", *(f"    {command}" for command in commands)]
    head = re.split(r"\n\s*returns | as\nselect\b|\ndeclare\b| is '", statement)[0]
    shown = re.sub(r"\s+", " ", head).replace("( ", "(").replace(" )", ")")
    return [shown, *(f"    locks {table}, {how}" for table, how in locks(statement).items())]


def locks(statement: str) -> dict[str, str]:
    """The existing tables that a statement locks, and how."""
    kind = next((kind for kind in LOCKS if statement.startswith(kind)), None)
    if kind is None:
        return {}
    tables = sorted(set(re.findall(r"\bpublic\.\w+", statement)))
    return dict.fromkeys(tables, LOCKS[kind])


def statements(text: str) -> list[str]:
    """The statements of a file of ours, without the comments before them: each ends with a semicolon at the
    end of a line, outside of strings."""
    text = re.sub(r"(?m)^--.*\n", "", text)
    pattern = r"(?s)\S(?:(\$\w*\$).*?\1|'[^']*'|(?!;\n).)*;\n"
    return [found[0].strip() for found in re.finditer(pattern, text)]
