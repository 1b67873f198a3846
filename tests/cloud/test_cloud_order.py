"""Requests of strangers, twice, out of order or not at all; an API that refuses or breaks off."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from twilio.request_validator import RequestValidator

from core.errors import AuthorError
from storage.database import Database
from storage.schema import CloudCall, FollowUpEvent, TrunkState
from tests.cloud.house import CloudHouse, Kept, house, people
from tests.dialing.line import running, until
from tests.peers.twilio_api import ACCOUNT, TOKEN
from tests.peers.twilio_voice import PlacedCall, TwilioVoice

pytestmark = pytest.mark.live
LEAVES_MIDWAY = "+8613800000006"
SATISFIED, DISSATISFIED, BUSY = "+8613800000001", "+8613800000003", "+8613800000007"


def given(kept: Kept, number: str) -> list[tuple[str, str]]:
    return [(one.step, one.raw) for one in kept.said(number).values()]


@pytest.mark.parametrize("how", [{"twice": True}, {"shuffled": True}])
async def test_requests_twice_or_out_of_order_change_nothing(
    database: Database, tmp_path: Path, how: dict[str, Any]
) -> None:
    await people(database, [SATISFIED, DISSATISFIED, BUSY])
    async with house(database, tmp_path, TwilioVoice(**how)) as cloud:
        kept = await cloud.call_all()
        assert cloud.api.faults == []
    assert kept.of(SATISFIED).disposition == "completed"
    assert kept.of(DISSATISFIED).verdict == "dissatisfied"
    assert kept.of(BUSY).disposition == "busy"
    assert given(kept, SATISFIED) == [("overall", "1")]
    assert given(kept, DISSATISFIED)[:2] == [("overall", "3"), ("reason", "2")]
    assert [call.status for call in kept.calls] == ["completed", "completed", "busy"]
    assert len(cloud.api.calls) == 3


async def test_an_old_turn_gets_the_turn_that_waits_and_is_not_answered_again(
    sqlite: Database, tmp_path: Path
) -> None:
    await people(sqlite, [DISSATISFIED])
    seen: list[tuple[str, dict[str, str]]] = []
    answers: list[str] = []

    async def before(word: str, _call: PlacedCall, sent: dict[str, str]) -> None:
        if "Digits" in sent and "RecordingSid" not in sent:
            seen.append((word, sent))
        elif "RecordingSid" in sent:  # two questions on: the first one once more
            word, old = seen[0]
            answers.append(await signed(cloud, word, old | {"Digits": "1"}))
            async with sqlite.read() as session:
                call = (await session.scalars(select(CloudCall))).one()
            answers.append(call.twiml)

    api = TwilioVoice(before=before)
    async with house(sqlite, tmp_path, api) as cloud:
        kept = await cloud.call_all()
    assert answers[0] == answers[1] != ""
    assert "<Record" in answers[0]
    assert given(kept, DISSATISFIED)[:2] == [("overall", "3"), ("reason", "2")]


async def signed(cloud: CloudHouse, word: str, fields: dict[str, str]) -> str:
    async with cloud.database.read() as session:
        call = (await session.scalars(select(CloudCall))).one()
    url = f"{cloud.server.url}/hooks/cloud/calls/{call.token}/{word}"
    headers = {"X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(url, fields)}
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(url, data=fields, headers=headers)
    assert answer.status_code == 200
    return answer.text


async def test_an_answer_that_comes_after_the_end_is_kept_and_shown_to_a_person(
    database: Database, tmp_path: Path
) -> None:
    await people(database, [LEAVES_MIDWAY])
    async with house(database, tmp_path, TwilioVoice()) as cloud:
        kept = await cloud.call_all()
        [call] = kept.calls
        assert (kept.of(LEAVES_MIDWAY).state, call.early != "") == ("closed", True)
        before = len(kept.answers)
        told = {
            "CallSid": call.call_sid,
            "AccountSid": ACCOUNT,
            "CallStatus": "completed",
            "Digits": "2",
        }
        nothing = {key: value for key, value in told.items() if key != "Digits"}
        await signed(cloud, call.early, nothing)
        assert len((await cloud.kept()).answers) == before
        for _ in range(2):  # the same once more changes nothing
            await signed(cloud, call.early, told)
        kept = await cloud.kept()
    assert len(kept.answers) == before + 1
    assert (kept.answers[-1].raw, kept.answers[-1].kind) == ("2", "key")
    assert kept.answers[-1].step == "reason"
    assert any(event.note == "late_reply" for event in await _events(database))


async def _events(database: Database) -> list[FollowUpEvent]:
    async with database.read() as session:
        return list(await session.scalars(select(FollowUpEvent)))


async def test_strangers_are_refused_counted_and_change_nothing(
    sqlite: Database, tmp_path: Path
) -> None:
    await people(sqlite, [SATISFIED])
    checked: list[int] = []

    async def before(word: str, call: PlacedCall, sent: dict[str, str]) -> None:
        if word != "answer" or checked:
            return
        async with cloud.database.read() as session:
            kept = (await session.scalars(select(CloudCall))).one()
        base = f"{cloud.server.url}/hooks/cloud"
        turn = f"{base}/calls/{kept.token}/{kept.awaited}"
        told = sent | {"Digits": "3"}

        async def post(url: str, fields: dict[str, str], secret: str = TOKEN) -> int:
            signature = RequestValidator(secret).compute_signature(url, fields) if secret else ""
            headers = {"X-Twilio-Signature": signature} if secret else {}
            async with httpx.AsyncClient(trust_env=False) as client:
                return (await client.post(url, data=fields, headers=headers)).status_code

        checked.extend(
            [
                await post(turn, told, secret=""),
                await post(turn, told, secret="somebody else's"),
                await post(turn, told | {"AccountSid": "AC" + "9" * 32}),
                await post(turn, told | {"CallSid": "CA" + "9" * 32}),
                await post(f"{base}/calls/unknown/answer", told),
                await post(f"{base}/incoming", told),
                await post(turn, told | {"Rubbish": "x" * 70_000}),
            ]
        )
        async with httpx.AsyncClient(trust_env=False) as client:
            for guessed in ("spoken/prompt.wav", "%2E%2E/huifang.yaml"):
                answer = await client.get(f"{base}/prompts/{'0' * 32}/{guessed}")
                checked.append(answer.status_code)
        async with cloud.database.read() as session:
            after = (await session.scalars(select(CloudCall))).one()
        assert (after.awaited, after.session, after.position) == (
            kept.awaited,
            kept.session,
            kept.position,
        )

    async with house(sqlite, tmp_path, TwilioVoice(before=before)) as cloud:
        kept = await cloud.call_all()
        refused = dict(cloud.server.tally.refused)
    assert checked == [403, 403, 403, 404, 404, 404, 413, 404, 404]
    assert refused["signature"] == 2
    assert sum(refused.values()) == len(checked)
    assert given(kept, SATISFIED) == [("overall", "1")]


async def test_without_any_status_callback_the_provider_is_asked(
    sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dialer.cloud.asking.QUIET", timedelta(seconds=1))
    await people(sqlite, [SATISFIED, BUSY])
    async with house(sqlite, tmp_path, TwilioVoice(silent=True)) as cloud:
        kept = await cloud.call_all()
    assert kept.of(SATISFIED).disposition == "completed"
    assert kept.of(BUSY).disposition == "busy"


async def test_too_many_requests_let_the_line_rest_as_long_as_it_asks(
    sqlite: Database, tmp_path: Path
) -> None:
    await people(sqlite, [SATISFIED])
    api = TwilioVoice(refusals=[(429, 20429, {"Retry-After": "77"})])
    async with house(sqlite, tmp_path, api) as cloud, running(cloud.dialer):
        await until(lambda: sum(cloud.dialer.tally.dispositions.values()) == 1)
        lane = await _resting(sqlite)
    kept = await cloud.kept()
    assert (kept.of(SATISFIED).disposition, kept.of(SATISFIED).sip_status) == ("failed", 429)
    assert kept.callbacks[0].state == "waiting"
    assert kept.callbacks[0].tries == 0
    assert lane.pause_seconds == 77
    assert len(api.calls) == 0


async def _resting(database: Database) -> TrunkState:
    async with asyncio.timeout(30):
        while True:
            async with database.read() as session:
                lane = await session.get(TrunkState, "cloud")
            if lane and lane.paused_until:
                return lane
            await asyncio.sleep(0.05)  # a row, not an event


async def test_a_number_that_is_none_goes_to_be_corrected(sqlite: Database, tmp_path: Path) -> None:
    await people(sqlite, [SATISFIED])
    api = TwilioVoice(refusals=[(400, 21211, {})])
    async with house(sqlite, tmp_path, api) as cloud:
        kept = await cloud.call_all()
    assert kept.of(SATISFIED).disposition == "invalid_number"
    assert [item.reason for item in kept.items] == ["invalid_number"]


async def test_a_call_of_which_no_answer_came_is_held_all_the_same_and_never_made_twice(
    sqlite: Database, tmp_path: Path
) -> None:
    await people(sqlite, [SATISFIED])
    async with house(sqlite, tmp_path, TwilioVoice(broken="answer")) as cloud:
        kept = await cloud.call_all()
    assert kept.of(SATISFIED).disposition == "completed"
    assert kept.calls[0].call_sid == next(iter(cloud.api.calls))
    assert len(cloud.api.calls) == 1


async def test_a_call_of_which_nobody_ever_hears_is_given_to_a_person(
    sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dialer.cloud.asking.QUIET", timedelta(0))
    monkeypatch.setattr("dialer.cloud.asking.NEVER", timedelta(seconds=-120))
    await people(sqlite, [SATISFIED])

    async def never(_word: str, _call: PlacedCall, _sent: dict[str, str]) -> None:
        await asyncio.Event().wait()

    api = TwilioVoice(broken="answer", before=never)
    async with house(sqlite, tmp_path, api) as cloud:
        await cloud.dialer.run()
        kept = await cloud.kept()
    assert (kept.of(SATISFIED).disposition, kept.of(SATISFIED).reason) == ("unknown", "lost")
    assert [item.reason for item in kept.items] == ["unknown"]


async def test_the_account_is_asked_without_calling(sqlite: Database, tmp_path: Path) -> None:
    await people(sqlite, [SATISFIED])
    async with house(sqlite, tmp_path, TwilioVoice()) as cloud:
        [health] = await cloud.lines.check()
        assert (health.trunk, health.reachable, health.sip_status) == ("cloud", True, 200)
        assert cloud.api.calls == {}
    async with cloud.lines.connected():
        [health] = await cloud.lines.check()
    assert not health.reachable


async def test_a_survey_that_the_provider_cannot_hold_is_refused_before_anybody_is_called(
    sqlite: Database, tmp_path: Path
) -> None:
    source = "flow: t\ntitle: t\nlanguages: [zh]\nsteps:\n  - text: 您好。\n  - end: completed\n"
    await people(sqlite, [SATISFIED], source)
    with pytest.raises(AuthorError) as refused:
        async with house(sqlite, tmp_path, TwilioVoice()):
            pass
    assert "flow-channel-cannot" in [one.code for one in refused.value.problems]
