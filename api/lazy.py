"""Modules that a start need not wait for: they are loaded when what was imported from them is first used."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any


class Imported:
    """Stands for what a module that is not loaded yet has by a name, to whoever calls it, derives from it or
    reads its attributes."""

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return loaded(self._module, self._name)(*arguments, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(loaded(self._module, self._name), name)

    def __mro_entries__(self, bases: tuple[object, ...]) -> tuple[Any]:
        return (loaded(self._module, self._name),)

    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, loaded(self._module, self._name))


class Module(ModuleType):
    """Takes the place of a module that is not loaded yet."""

    def __getattr__(self, name: str) -> Imported:
        # What the machinery of imports asks for, this module is too.
        if name.startswith("__"):
            raise AttributeError(name)
        return Imported(self.__name__, name)


def loaded(module: str, name: str) -> Any:
    """What a module has by a name, once it is loaded."""
    put_back(module)
    return getattr(import_module(module), name)


def put_back(module: str) -> None:
    """Has the next import of a module load it."""
    if isinstance(sys.modules.get(module), Module):
        del sys.modules[module]


@contextmanager
def lazily(*modules: str) -> Iterator[None]:
    """While the block runs, whoever imports from these modules is given what loads them when it is used.
    Those that are loaded already stay as they are."""
    for module in modules:
        sys.modules.setdefault(module, Module(module))
    try:
        yield
    finally:
        for module in modules:
            put_back(module)
