"""The simulated people of the demonstration: a process of their own, as `huifang people` is."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass

from core.errors import AuthorError, problem

START_SECONDS = 30.0
REPLY_SECONDS = 3
"""They take so long to write back."""


@dataclass(frozen=True)
class Reached:
    """Where the people are."""

    uri: str
    """Of their SIP endpoint."""
    sendsms: str
    """Address of their text gateway."""


@contextlib.asynccontextmanager
async def simulated_people(account: str, replies_to: str) -> AsyncIterator[Reached]:
    """Start them; end them at the end.

    `account`: NAME:PASSWORD of their text gateway; `replies_to`: where it tells replies. Raises
    AuthorError where they do not start.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "app", "people", "--port", "0", "--text-port", "0"),
        *("--reply-seconds", str(REPLY_SECONDS), "--format", "json"),
        env={
            **os.environ,
            "HUIFANG_PEOPLE_ACCOUNT": account,
            "HUIFANG_PEOPLE_REPLIES_TO": replies_to,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None  # noqa: S101 - asked for above
    try:
        async with asyncio.timeout(START_SECONDS):
            document = json.loads(await process.stdout.readuntil(b"\n}\n"))
        yield Reached(str(document["uri"]), str(document["sendsms"]))
    except (TimeoutError, asyncio.IncompleteReadError, ValueError):
        raise AuthorError(problem("demo-no-people")) from None
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
