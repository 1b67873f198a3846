"""The simulated people against SIPp, an independent caller: UDP and TCP, every kind of answer."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.people.directory import person_of
from ivr.people.person import Person
from ivr.people.sip import sound
from ivr.people.sip.endpoint import SipPeople
from tests.peers.ports import free_port

pytestmark = pytest.mark.live
SCENARIOS = Path(__file__).parent / "sipp"


@pytest.fixture
async def people(tmp_path: Path) -> AsyncIterator[SipPeople]:
    endpoint = SipPeople(people=quickly, ring_log=tmp_path / "rings.jsonl")
    await endpoint.start()
    yield endpoint
    await endpoint.close()


def quickly(number: str) -> Person:
    """Return who answers `number`, after a short ring."""
    person = person_of(number)
    return replace(person, rings=min(person.rings, 0.3))


def prompt(folder: Path) -> Path:
    """Return a prompt of 3 s in the raw A-law that SIPp streams."""
    path = folder / "prompt.al"
    path.write_bytes(sound.babble(3.0, 8))
    return path


async def call(
    people: SipPeople, scenario: str, number: str, folder: Path, *options: str
) -> tuple[int, str]:
    """Let SIPp play `scenario`; return its exit code (0: as written) and what it complained of."""
    script = (SCENARIOS / f"{scenario}.xml").read_text("utf-8")
    own = folder / f"{scenario}.xml"
    own.write_text(script.replace("{sound}", str(prompt(folder))), "utf-8")
    errors = folder / "errors.log"
    process = await asyncio.create_subprocess_exec(
        "sipp", f"127.0.0.1:{people.port}", "-sf", str(own), "-s", number, "-m", "1",
        "-i", "127.0.0.1", "-p", str(free_port()), "-mi", "127.0.0.1",
        "-mp", str(free_port(span=4)),
        "-nostdin", "-timeout", "20", "-timeout_error",
        "-trace_err", "-error_file", str(errors), *options,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    code = await process.wait()
    return code, errors.read_text("utf-8", "replace") if errors.exists() else ""


@pytest.mark.parametrize("transport", ["u1", "t1"], ids=["udp", "tcp"])
@pytest.mark.parametrize(
    ("scenario", "number"),
    [
        ("declined_486", "13800000007"),
        ("declined_404", "13800000000"),
        ("declined_480", "13800000090"),
        ("declined_603", "13800000010"),
        ("no_answer", "13800000008"),
        ("hangs_up", "13800000050"),
        ("info", "13800000070"),
        ("talks", "13800000001"),
    ],
)
async def test_everybody_answers_as_his_number_says(
    people: SipPeople, scenario: str, number: str, transport: str, tmp_path: Path
) -> None:
    code, complaints = await call(people, scenario, number, tmp_path, "-t", transport)
    assert code == 0, complaints
    rings = [json.loads(line) for line in (tmp_path / "rings.jsonl").read_text().splitlines()]
    assert [ring["number"] for ring in rings] == [number]


async def test_an_options_request_finds_the_address_alive(people: SipPeople) -> None:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setblocking(False)
        asking.bind(("127.0.0.1", 0))
        here = f"127.0.0.1:{asking.getsockname()[1]}"
        request = (
            f"OPTIONS sip:127.0.0.1:{people.port} SIP/2.0\r\nv: SIP/2.0/UDP {here};rport;"
            f"branch=z9hG4bK1\r\nf: <sip:a@{here}>;tag=1\r\nt: <sip:127.0.0.1>\r\n"
            "i: 1@here\r\nCSeq: 7 OPTIONS\r\nl: 0\r\n\r\n"
        )
        await loop.sock_sendto(asking, request.encode(), ("127.0.0.1", people.port))
        answer = (await asyncio.wait_for(loop.sock_recv(asking, 4096), 5)).decode()
    assert answer.startswith("SIP/2.0 200 OK")
    assert "CSeq: 7 OPTIONS" in answer


async def test_a_hundred_calls_are_held_at_once(people: SipPeople, tmp_path: Path) -> None:
    code, complaints = await call(
        people, "talks", "13800000004", tmp_path, "-m", "100", "-r", "50", "-l", "100"
    )
    assert code == 0, complaints
    assert people.rings == 100
    assert people.most_at_once == 100
