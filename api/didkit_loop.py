"""How didkit, whose functions are asynchronous and answered by its own threads, is called from ours."""

import asyncio
import atexit
import ctypes
import math
import threading
import time
from collections.abc import Awaitable, Callable, Iterable
from functools import cache
from queue import SimpleQueue
from typing import Any, cast

# Of each thread of didkit's that has come to us: that the interpreter keeps its state.
known = threading.local()


def results(calls: Iterable[Awaitable[str]]) -> list[str | BaseException]:
    """Takes calls of didkit, each of which begins when it is come to; gives what each gave or raised, once
    all are done."""
    wait_at_exit()
    loop = Loop()
    before = asyncio._get_running_loop()
    asyncio._set_running_loop(cast(asyncio.AbstractEventLoop, loop))
    try:
        begun = cast(list[asyncio.Future[str]], list(calls))
    finally:
        asyncio._set_running_loop(before)
    loop.wait_for(len(begun))
    return [call.exception() or call.result() for call in begun]


def result(call: Callable[[], Awaitable[str]]) -> str:
    """Makes one call of didkit; gives what it gives, raises what it raises."""
    (made,) = results(begin() for begin in [call])
    if isinstance(made, BaseException):
        raise made
    return made


class Loop:
    """All that didkit needs of an event loop. Its threads finish their calls themselves, and wake ours once,
    after the last: asyncio's own loop, which is woken for each, has twenty proofs take a third longer."""

    def __init__(self) -> None:
        self._finished: list[None] = []
        self._awaited: float = math.inf
        self._all_finished = SimpleQueue[None]()

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=cast(asyncio.AbstractEventLoop, self))

    def call_soon(self, callback: Callable[..., object], *arguments: Any, context: object) -> None:
        """What a future wants to be called once it is done: didkit's own, for one that was cancelled, as none
        is."""

    def call_soon_threadsafe(self, finish: Callable[..., object], *arguments: Any, context: object) -> None:
        """Finishes a call, in the thread that made it."""
        keep_state()
        try:
            finish(*arguments)
        finally:
            self._finished.append(None)
            if len(self._finished) >= self._awaited:
                self._all_finished.put(None)

    def get_debug(self) -> bool:
        return False

    def wait_for(self, calls: int) -> None:
        """Returns once so many calls are finished."""
        self._awaited = calls
        if len(self._finished) < calls:
            self._all_finished.get()


def keep_state() -> None:
    """Has the interpreter keep the state that it makes for a thread of didkit's. It would throw that away,
    and unmap its memory, each time the thread leaves, and make another when it comes back: a tenth of the
    time of twenty proofs."""
    if not hasattr(known, "state"):
        known.state = ctypes.pythonapi.PyGILState_Ensure()


@cache
def wait_at_exit() -> None:
    """Has the process wait before it ends, once it has asked didkit for anything: didkit's threads must have
    left the interpreter, for one that is still inside aborts the process. They tell nobody when they have
    left; it takes them microseconds."""
    atexit.register(time.sleep, 0.05)
