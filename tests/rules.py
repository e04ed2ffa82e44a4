"""The code that decides what the check of a document says, and whether it has changed: python -m tests.rules

Records the code's fingerprint beside the number of the rules in api/credentials.py. It is that of what the
code does: comments, docstrings, formatting and the names that it gives itself are no part of it.
"""

import ast
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from db.migrate import ROOT

NUMBERED = ROOT / "api/credentials.py"
FILES = (NUMBERED, ROOT / "api/shapes.py", ROOT / "api/rfc3339.py")
RECORDED = re.compile(r"(?<=# fingerprint )[0-9a-f]+")

Functions = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def recorded() -> str:
    """The fingerprint that stands beside the number."""
    (fingerprint,) = RECORDED.findall(NUMBERED.read_text())
    return str(fingerprint)


def fingerprint(sources: dict[str, str] | None = None) -> str:
    """Of the code, given as the text of each module by its name; without it of the files as they are."""
    sources = sources or {path.stem: path.read_text() for path in FILES}
    trees = {name: ast.parse(text) for name, text in sources.items()}
    modules = set(trees)
    public = canonical((n for tree in trees.values() for s in tree.body for n in given(s)), "module")
    texts = [described(tree, modules, public, {}) for tree in trees.values()]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def canonical(names: Iterator[str], scope: str) -> dict[str, str]:
    """Each name's number in the order of appearance."""
    return {name: f"{scope} {number}" for number, name in enumerate(dict.fromkeys(names))}


def given(statement: ast.AST) -> Iterator[str]:
    """The names that a statement of a module gives to what it defines, but for those that it imports."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Assign | ast.AnnAssign):
        yield from stored(statement)


def stored(node: ast.AST) -> Iterator[str]:
    """The names that are bound anywhere within a node."""
    for inner in ast.walk(node):
        match inner:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name
            case ast.ExceptHandler(name=str(name)):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if inner is not node:
                yield name


def described(node: object, modules: set[str], public: dict[str, str], local: dict[str, str]) -> str:
    """A node as text, without what is empty, and so the same in every version of Python; local are the names
    of the function that it stands in."""
    if isinstance(node, list):
        return f"[{' '.join(described(item, modules, public, local) for item in node)}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    if isinstance(node, Functions) and not local:
        local = canonical(stored(node), "local")
    fields = dict(ast.iter_fields(node))
    match node:
        case ast.Module() | ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
            fields["body"] = node.body[ast.get_docstring(node) is not None :]
    for field in ("id", "arg", "name"):
        # A keyword may be any function's.
        if isinstance(name := fields.get(field), str) and not isinstance(node, ast.keyword):
            fields[field] = local.get(name) or public.get(name) or name
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
        fields["attr"] = public.get(node.attr, node.attr)
    said = (
        f"{field}={described(value, modules, public, local)}"
        for field, value in fields.items()
        if value not in (None, []) and field != "ctx"
    )
    return f"{type(node).__name__}({' '.join(said)})"


def record(path: Path = NUMBERED) -> None:
    """Writes the fingerprint of the files as they are beside the number."""
    path.write_text(RECORDED.sub(fingerprint(), path.read_text()))


if __name__ == "__main__":
    record()
    print(f"The fingerprint of the rules is {recorded()}.")
