"""How didkit, whose functions are asynchronous and answered by its own threads, is called from ours."""

import asyncio
import atexit
import ctypes
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
    loop.wait_for(begun)
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
        self._begun: list[asyncio.Future[str]] | None = None
        # None once all calls are done, or why one could not be finished.
        self._news = SimpleQueue[Exception | None]()

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=cast(asyncio.AbstractEventLoop, self))

    def call_soon(self, callback: Callable[..., object], *arguments: Any, context: object) -> None:
        """What a future wants to be called once it is done: didkit's own, for one that was cancelled, as none
        is."""

    def call_soon_threadsafe(self, finish: Callable[..., object], *arguments: Any, context: object) -> None:
        """Finishes a call, in the thread that made it."""
        failure = None
        try:
            keep_state()
            finish(*arguments)
        except Exception as error:
            failure = error
        if failure or (self._begun and is_done(self._begun)):
            self._news.put(failure)

    def get_debug(self) -> bool:
        return False

    def wait_for(self, calls: list[asyncio.Future[str]]) -> None:
        """Returns once all these calls are done."""
        # From here on who finishes the last says so; who did before is seen.
        self._begun = calls
        while not is_done(calls):
            failure = self._news.get()
            if failure:
                raise failure


def is_done(calls: list[asyncio.Future[str]]) -> bool:
    return all(call.done() for call in calls)


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
