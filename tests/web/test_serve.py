"""`huifang serve` as a process: what it refuses at the start; one part breaks, the others go on."""

import socket
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from app.readiness import web_findings
from app.wiring import opened
from config.loading import load
from storage.schema import DoNotCall, TextMessage, TextPart
from tests.peers.serving import Serving
from tests.peers.twilio_messages import ACCOUNT, TOKEN, calls_back

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
CLOUD = f"""\
  - name: cloud
    driver: twilio
    account_sid: {ACCOUNT}
    auth_token: {{env: T_TOKEN}}
    sender: "+15005550006"
    api_url: http://127.0.0.1:9
"""
BROKEN_TRUNK = """\
trunks:
  - {name: line, uri: "sip:127.0.0.1:9", channels: 1, calls_per_second: 1}
sip: {bind_address: 192.0.2.1}
"""
SECRETS = {"T_HOOK": "t0ken", "T_TOKEN": TOKEN}
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


async def kept(house: Serving) -> int:
    """Return how many rows hold something that a provider told."""
    async with opened(load(house.config, SECRETS)) as database, database.read() as session:
        counts = [
            await session.scalar(select(func.count()).select_from(table))
            for table in (TextMessage, TextPart, DoNotCall)
        ]
    return sum(count or 0 for count in counts)


async def test_what_is_refused_changes_nothing_and_is_counted(tmp_path: Path) -> None:
    reply = {"mobile": "13800138000", "smsContent": "TD", "sendTime": "", "addSerial": "01"}
    text = {"MessageSid": "SM1", "From": "+8613800138000", "To": "+15005550006", "Body": "STOP"}
    large = {"Body": "1" * 70_000}
    async with (
        Serving(tmp_path, HOUSE + GATEWAY + CLOUD, SECRETS) as house,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        mas, cloud = f"{house.url}/hooks/mas", f"{house.url}/hooks/cloud/incoming"
        genuine = f"{mas}/incoming?token=t0ken"
        refused = [
            (await client.post(f"{mas}/incoming", json=reply), 403),
            (await client.post(f"{mas}/incoming?token=guessed", json=reply), 403),
            (await client.post(f"{mas}/elsewhere?token=t0ken", json=reply), 404),
            (await client.get(genuine), 405),
            (await client.post(genuine, content=b"{"), 400),
            (await client.post(genuine, json={"smsContent": "TD"}), 400),
            (await client.post(genuine, json=reply | {"smsContent": "1" * 70_000}), 413),
            (await calls_back(cloud, text, signed=False), 403),
            (await calls_back(cloud, text, token="guessed"), 403),
            (await calls_back(cloud, text | {"AccountSid": "AC" + "9" * 32}), 403),
            (await calls_back(cloud, {"MessageSid": "SM1"}), 400),
            (await calls_back(cloud, text | large), 413),
            (await calls_back(f"{house.url}/hooks/nobody/incoming", text), 404),
        ]
        assert [answer.status_code for answer, _ in refused] == [status for _, status in refused]
        assert await kept(house) == 0
        known = await house.health()
        assert known["webhooks"] == {
            "taken": 0,
            "refused": {"signature": 4, "unknown": 3, "malformed": 4, "oversized": 2},
        }
        # The same, genuine, is taken.
        assert (await client.post(genuine, json=reply)).status_code == 200
        assert (await calls_back(cloud, text)).status_code == 200
        assert await kept(house) >= 2
        assert await house.drain() == 0
        shown = "\n".join(house.shown)
        assert all(secret not in shown for secret in ("t0ken", "guessed", TOKEN, "13800138000"))
