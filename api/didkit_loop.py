"""How didkit, whose functions are asynchronous and answered by its own threads, is called from ours."""

import asyncio
import atexit
import threading
import time
from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar

Result = TypeVar("Result")

_thread = threading.local()


def run(call: Coroutine[Any, Any, Result]) -> Result:
    """Runs a call to its end on the calling thread's loop; gives its result, raises what it raises."""
    if not hasattr(_thread, "loop"):
        wait_at_exit()
        # Kept: making one costs a tenth of checking twenty proofs.
        _thread.loop = Loop()
    result: Result = _thread.loop.run(call)
    return result


class Loop:
    """An event loop that is closed with the thread that it belongs to."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self.run = self._runner.run

    def __del__(self) -> None:
        self._runner.close()


@cache
def wait_at_exit() -> None:
    """Has the process wait before it ends, once it has asked didkit for anything. didkit's threads, which
    give their results to a loop, must have left the interpreter: one that is still inside aborts the process.
    They tell nobody when they have left; it takes them microseconds."""

    def let_go() -> None:
        _thread.__dict__.pop("loop", None)
        time.sleep(0.05)

    atexit.register(let_go)
