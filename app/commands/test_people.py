"""`huifang people` tells who answers, listens, and leaves on Ctrl-C."""

import asyncio
import os
import signal

import pytest

from app.commands.people import _run, rows
from ivr.people.directory import BY_ENDING
from ivr.people.sip.endpoint import SipPeople


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_person_has_a_number_and_is_described(language: str) -> None:
    found = rows(language)
    assert {row["person"] for row in found} == set(BY_ENDING.values())
    assert all(row["does"] and row["disposition"] for row in found)


async def test_it_listens_until_ctrl_c(capsys: pytest.CaptureFixture[str]) -> None:
    listening = asyncio.Event()

    class Endpoint(SipPeople):
        async def start(self) -> None:
            await super().start()
            listening.set()

    endpoint = Endpoint()
    running = asyncio.create_task(_run(endpoint, "en", as_json=True))
    async with asyncio.timeout(5):
        await listening.wait()
        os.kill(os.getpid(), signal.SIGINT)
        await running
    assert f"sip:127.0.0.1:{endpoint.port}" in capsys.readouterr().out
