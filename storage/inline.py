"""SQLite without a thread: every statement runs at once, on the event loop itself.

For rehearsals only. A real dialer must not stand still while a commit reaches the disk; in
virtual time nobody waits, and handing each statement to a thread and back costs more than most
statements. It also makes a rehearsal repeatable: nothing depends on when a thread answers.
"""

import sqlite3
from collections.abc import Callable, Generator
from typing import Any, cast

import aiosqlite


class _AtOnce:
    """Stands where the worker thread's queue is: what is put in is done."""

    def put_nowait(self, item: tuple[Any, Callable[[], Any]]) -> None:
        future, function = item
        try:
            result = function()
        except Exception as error:
            if future is None:
                raise
            future.set_exception(error)
        else:
            if future is not None:
                future.set_result(result)


class InlineConnection(aiosqlite.Connection):
    """An `aiosqlite.Connection` whose statements block."""

    def __init__(self, file: str) -> None:
        super().__init__(
            # Lists in statements have many lengths: each is a statement that is prepared once.
            lambda: sqlite3.connect(file, check_same_thread=False, cached_statements=2000),
            64,
        )
        self._tx = cast(Any, _AtOnce())

    async def _execute(self, fn: Callable[..., Any], *args: Any, **named: Any) -> Any:
        return fn(*args, **named)

    async def _opened(self) -> "InlineConnection":
        if self._connection is None:
            self._connection = self._connector()
        return self

    def __await__(self) -> Generator[Any, None, "InlineConnection"]:
        return self._opened().__await__()

    def stop(self) -> None:
        """Close it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def close(self) -> None:
        """Close it."""
        self.stop()
