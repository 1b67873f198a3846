"""`huifang serve` as a process: what it refuses at the start; one part breaks, the others go on."""

import socket
from pathlib import Path

import httpx
import pytest

from app.readiness import web_findings
from config.loading import load
from tests.peers.serving import Serving

pytestmark = pytest.mark.live

HOUSE = """\
database: {url: "sqlite:///huifang.db"}
folders: {data: .}
"""
GATEWAY = """\
text_gateways:
  - name: mas
    driver: http
    description: carrier-mas
    values: {address: "http://127.0.0.1:9", enterprise: e, sign: s}
    secrets: {account: {env: T_HOOK}, password: {env: T_HOOK}, hook: {env: T_HOOK}}
"""
BROKEN_TRUNK = """\
trunks:
  - {name: line, uri: "sip:127.0.0.1:9", channels: 1, calls_per_second: 1}
sip: {bind_address: 192.0.2.1}
"""
SECRETS = {"T_HOOK": "t0ken"}
REPORT = {"msgGroup": "1", "reportStatus": "CM:0000", "errorCode": "CM:0000"}


async def refused(house: Serving) -> str:
    """Return what it says when it does not start."""
    with pytest.raises(AssertionError):
        await house.start()
    assert house.process
    assert await house.process.wait() == 2
    return " ".join(house.shown)


async def checked(house: Serving) -> list[tuple[bool, str]]:
    """Return what `huifang check` finds of the web server."""
    known = load(house.config, SECRETS)
    return [(one.good, one.detail) async for one in web_findings(known, "en")]


async def test_a_port_that_is_taken_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        house = Serving(tmp_path, HOUSE + GATEWAY, SECRETS, port=other.getsockname()[1])
        said = await refused(house)
    assert "[web-port]" in said
    assert "huifang.yaml:10:" in said


@pytest.mark.parametrize(
    ("settings", "code"),
    [(HOUSE, "serve-nothing"), (HOUSE + GATEWAY, "gateway-url-missing")],
)
async def test_what_is_missing_is_refused(tmp_path: Path, settings: str, code: str) -> None:
    house = Serving(tmp_path, settings, SECRETS)
    text = house.config.read_text("utf-8")
    house.config.write_text(text.replace(f', public_url: "{house.url}"', ""), "utf-8")
    assert f"[{code}]" in await refused(house)


async def test_what_breaks_one_part_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    async with Serving(tmp_path, HOUSE + GATEWAY + BROKEN_TRUNK, SECRETS) as house:
        told = await house.until("calls stand still")
        assert "tried again by itself" in told
        async with httpx.AsyncClient(trust_env=False) as client:
            hook = f"{house.url}/hooks/mas/report"
            assert (await client.post(f"{hook}?token=t0ken", json=REPORT)).status_code == 200
            assert (await client.post(f"{hook}?token=guessed", json=REPORT)).status_code == 403
            assert (await client.post(f"{house.url}/hooks/other", json={})).status_code == 404
            # What monitoring asks is not to be had where the proxy comes in.
            for path in ("healthz", "metrics"):
                assert (await client.get(f"{house.url}/{path}")).status_code == 404
        health = await house.health()
        assert not health["well"]
        assert {name for name, why in health["parts"].items() if why} == {"calls"}
        assert set(health["parts"]) == {"calls", "texts", "webhooks", "monitor"}
        assert health["webhooks"] == {"taken": 1, "refused": {"signature": 1, "unknown": 3}}
        [(good, detail)] = await checked(house)
        assert not good
        assert "1 taken, refused signature 1  unknown 3" in detail
        assert "calls: " in detail
        assert await house.drain() == 0
        assert await checked(house) == [
            (True, f"huifang serve is not running; port {house.port} is free")
        ]
        with socket.create_server(("127.0.0.1", house.port)):
            [(good, detail)] = await checked(house)
        assert not good
        assert "[web-port]" in detail
        shown = "\n".join(house.shown)
        assert "webhook_refused" in shown
        assert "t0ken" not in shown
        assert "guessed" not in shown
