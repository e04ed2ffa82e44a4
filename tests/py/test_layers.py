"""Which folder stands on which: no import leads back."""

import ast
from collections.abc import Iterator

from db.migrate import ROOT

# Each folder, and the others that it may import from.
STANDS_ON = {
    "api": set(),
    "db": {"api"},
    "deploy": {"api", "db"},
    "local": {"api", "db", "deploy"},
    "cli": {"api", "db", "local"},
    "compare": {"api", "db", "local"},
    "harness": {"api", "db", "deploy", "local"},
    # A load test reads lists of wallets as a comparison does.
    "bench": {"api", "compare", "db", "deploy", "local", "harness"},
    "tests": {"api", "bench", "cli", "compare", "db", "deploy", "local", "harness"},
}


def imports(folder: str) -> Iterator[tuple[str, str]]:
    """Each import of the project's own modules in a folder: the file, and the module."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            modules: list[str] = []
            if isinstance(node, ast.ImportFrom) and node.module:
                modules = [node.module]
            elif isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            for module in modules:
                if module.split(".")[0] in STANDS_ON:
                    yield str(path.relative_to(ROOT)), module


def test_a_folder_imports_only_from_those_that_it_stands_on() -> None:
    for folder, others in STANDS_ON.items():
        found = list(imports(folder))
        assert found
        for path, module in found:
            assert module.split(".")[0] in others | {folder}, f"{path} imports {module}"


def test_nothing_is_imported_from_tests_that_run_nor_from_a_program() -> None:
    for folder in STANDS_ON:
        for path, module in imports(folder):
            assert not module.startswith(("tests.py", "tests.conftest")), f"{path} imports {module}"
            assert not module.endswith("__main__"), f"{path} imports {module}"
