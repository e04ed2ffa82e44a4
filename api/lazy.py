"""Modules that a start need not wait for: they are loaded when what was imported from them is first used."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from types import ModuleType
from typing import Any


class Imported:
    """Stands for what a module that is not loaded yet has by a name, to whoever calls it, derives from it,
    subscripts it, prints it, or reads its attributes. It is no exception, so that nobody can catch it."""

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return loaded(self._module, self._name)(*arguments, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(loaded(self._module, self._name), name)

    def __getitem__(self, parameters: Any) -> Any:
        return loaded(self._module, self._name)[parameters]

    def __str__(self) -> str:
        return str(loaded(self._module, self._name))

    def __mro_entries__(self, bases: tuple[object, ...]) -> tuple[Any]:
        return (loaded(self._module, self._name),)

    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, loaded(self._module, self._name))


class Module(ModuleType):
    """Takes the place of a module that is not loaded yet, and has what is known of it."""

    def __init__(self, name: str, known: Mapping[str, object]) -> None:
        super().__init__(name)
        self.__dict__.update(known)

    def __getattr__(self, name: str) -> Imported:
        # What the machinery of imports asks for, this module is too.
        if name.startswith("__") and name != "__version__":
            raise AttributeError(name)
        return Imported(self.__name__, name)


def loaded(module: str, name: str) -> Any:
    """What a module has by a name, once it is loaded; it may be a module of its own. Raises AttributeError
    where it has none."""
    put_back(module)
    has = import_module(module)
    if not hasattr(has, name):
        with suppress(ModuleNotFoundError):
            import_module(f"{module}.{name}")
    return getattr(has, name)


def put_back(module: str) -> None:
    """Has the next import of a module load it."""
    if isinstance(sys.modules.get(module), Module):
        del sys.modules[module]


@contextmanager
def lazily(*modules: str, known: Mapping[str, Mapping[str, object]] | None = None) -> Iterator[None]:
    """While the block runs, whoever imports from these modules is given what loads them when it is used, or
    at once what is known of a module, by its name. Those that are loaded already stay as they are."""
    given: dict[str, Mapping[str, object]] = {module: {} for module in modules} | dict(known or {})
    for module, names in given.items():
        sys.modules.setdefault(module, Module(module, names))
    try:
        yield
    finally:
        for module in given:
            put_back(module)
