"""`huifang people` tells who answers, listens, and leaves on Ctrl-C."""

import asyncio
import json
import os
import signal

import pytest

from app.commands.people import _run, rows
from app.web.server import WebServer
from core.clock import SystemClock
from ivr.people.directory import BY_ENDING
from ivr.people.sip.endpoint import SipPeople
from ivr.people.texting.gateway import PeopleGateway
from ivr.people.texting.sendsms import Account
from ivr.people.writing import texter_of
from ivr.texting.people import TextPeople


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_person_has_a_number_and_is_described(language: str) -> None:
    found = rows(language)
    assert {row["person"] for row in found} == set(BY_ENDING.values())
    assert all(row["does"] and row["disposition"] for row in found)
    assert all(row["writes"] and row["text_disposition"] for row in found)


async def test_it_listens_until_ctrl_c(capsys: pytest.CaptureFixture[str]) -> None:
    listening = asyncio.Event()

    class Endpoint(SipPeople):
        async def start(self) -> None:
            await super().start()
            listening.set()

    endpoint = Endpoint()
    gateway = PeopleGateway("t", SystemClock(), TextPeople(texter_of), Account("people", "people"))
    texts = WebServer(gateway)
    running = asyncio.create_task(_run(endpoint, gateway, texts, "en", as_json=True))
    async with asyncio.timeout(5):
        await listening.wait()
        os.kill(os.getpid(), signal.SIGINT)
        await running
    said = json.loads(capsys.readouterr().out)
    assert said["uri"] == f"sip:127.0.0.1:{endpoint.port}"
    assert said["sendsms"] == texts.url
