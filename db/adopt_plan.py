"""What adopting a database would do, to be read by those whose database it is."""

import re

from db.migrations import frozen

# What each kind of statement locks of an existing table, in PostgreSQL's words, and who waits for that. All locks
# are held until the transaction ends; a trigger comes last.
LOCKS = {
    "create view": "access share: nobody waits but other changes of the schema",
    "create rule": "row exclusive: nobody waits but other changes of the schema",
    "create trigger": "share row exclusive: writers wait for the commit, which comes next",
    "drop trigger": "access exclusive: everybody waits for the commit, which comes next",
}


def lines(done: str | None) -> list[str]:
    """The statements that follow the revision that a database is at, each with what it locks of tables that are
    not ours."""
    return [
        line
        for revision in frozen.revisions()
        if revision > (done or "")
        for path in frozen.upgrade_files(revision, "adopted")
        for statement in statements(path.read_text())
        for line in described(statement)
    ]


def described(statement: str) -> list[str]:
    head = re.split(r"\n\s*returns |\nas\b|\nselect\b|\ndeclare\b", statement)[0]
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
    """The statements of a file of ours, without the comments before them: each ends with a semicolon at the end of a
    line, outside of a body between dollars."""
    text = re.sub(r"(?m)^--.*\n", "", text)
    found = re.findall(r"(?s)\S.*?(?:(\$\w*\$).*?\1.*?)?;(?:\n|$)", text)
    return found
