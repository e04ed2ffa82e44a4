"""How didkit, whose functions are asynchronous and answered by its own threads, is called from ours."""

import asyncio
import atexit
import time
from collections.abc import Awaitable, Callable, Iterable
from contextvars import Context
from functools import cache
from queue import SimpleQueue
from typing import Any, cast


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
    for call in begun:
        while not call.done():
            loop.take()
    return [call.exception() or call.result() for call in begun]


def result(call: Callable[[], Awaitable[str]]) -> str:
    """Makes one call of didkit; gives what it gives, raises what it raises."""
    (made,) = results(begin() for begin in [call])
    if isinstance(made, BaseException):
        raise made
    return made


class Loop:
    """All that didkit needs of an event loop: where its threads leave what they found. asyncio's own, which
    each of them wakes through a socket, has twenty proofs take a tenth longer."""

    def __init__(self) -> None:
        self._left: SimpleQueue[tuple[Callable[..., object], tuple[Any, ...], Context | None]] = SimpleQueue()

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=cast(asyncio.AbstractEventLoop, self))

    def call_soon(
        self, callback: Callable[..., object], *arguments: Any, context: Context | None = None
    ) -> None:
        self._left.put((callback, arguments, context))

    call_soon_threadsafe = call_soon

    def get_debug(self) -> bool:
        return False

    def take(self) -> None:
        """Waits for what is left next, and does it."""
        callback, arguments, context = self._left.get()
        if context is not None:
            context.run(callback, *arguments)
        else:
            callback(*arguments)


@cache
def wait_at_exit() -> None:
    """Has the process wait before it ends, once it has asked didkit for anything: didkit's threads must have
    left the interpreter, for one that is still inside aborts the process. They tell nobody when they have
    left; it takes them microseconds."""
    atexit.register(time.sleep, 0.05)
