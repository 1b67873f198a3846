"""People who ring the line back: recognised, asked where they left; strangers hear a sentence."""

import asyncio
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select, update
from twilio.request_validator import RequestValidator

from dialer.cloud.orphans import Orphans
from ivr.people.person import PEOPLE, Behaviour
from storage.database import Database
from storage.schema import Attempt, Callback, Case, CloudCall, IncomingCall
from tests.cloud.house import CloudHouse, house, people
from tests.peers.twilio_api import ACCOUNT, TOKEN
from tests.peers.twilio_voice import CALLER, TwilioVoice

pytestmark = pytest.mark.live
ONE, STRANGER = "+8613800000003", "+8613900000000"
TAKES = "takes_calls: true"
CHANNELS = 50
"""Of the house's line."""
LEAVES = PEOPLE[Behaviour.HANGS_UP_MIDWAY]
"""Answers one question and hangs up at the next."""


def hook(cloud: CloudHouse) -> str:
    return f"{cloud.server.url}/hooks/cloud"


async def settled(cloud: CloudHouse) -> None:
    """Wait until the ends of calls are written that no dialer waits for."""
    line = cloud.lines.calls["cloud"].line
    orphans = Orphans(cloud.database, cloud.clock, line)
    async with asyncio.timeout(30):
        while any(one.state == "open" for one in (await cloud.kept()).attempts):
            await orphans.look()
            await asyncio.sleep(0.1)  # a row, not an event


async def welcomes(database: Database) -> list[tuple[str, str]]:
    async with database.read() as session:
        rows = await session.scalars(select(IncomingCall).order_by(IncomingCall.id))
        return [(one.welcome, one.state) for one in rows]


async def test_who_rings_back_gets_his_survey(database: Database, tmp_path: Path) -> None:
    await people(database, [ONE])
    async with house(database, tmp_path, TwilioVoice(), trunk=TAKES) as cloud:
        await cloud.api.ring(ONE, hook(cloud))
        await settled(cloud)
        kept = await cloud.kept()
        assert cloud.api.faults == []
    attempt = kept.of(ONE)
    assert (attempt.direction, attempt.channel, attempt.state) == ("incoming", "twilio", "closed")
    assert (attempt.disposition, attempt.verdict) == ("completed", "dissatisfied")
    assert attempt.answered_at is not None
    assert kept.callbacks[0].tries == 0
    assert await welcomes(database) == [("survey", "closed")]


async def test_he_goes_on_at_the_question_where_he_left(sqlite: Database, tmp_path: Path) -> None:
    await people(sqlite, [ONE])
    async with house(sqlite, tmp_path, TwilioVoice(), trunk=TAKES) as cloud:
        await cloud.api.ring(ONE, hook(cloud), LEAVES)
        await settled(cloud)
        left = await cloud.kept()
        assert [one.step for one in left.answers] == ["overall"]
        again = await cloud.api.ring(ONE, hook(cloud), LEAVES)
        await settled(cloud)
        kept = await cloud.kept()
    assert [one.disposition for one in kept.attempts] == ["partial", "completed"]
    assert again.line is not None
    said = "".join(again.line.said)
    assert "上次的回访没有做完" in said
    # The question that was answered is not put again.
    asked = [one.step for one in kept.answers if one.attempt_id == kept.attempts[1].id]
    assert "overall" not in asked


async def test_a_stranger_hears_a_sentence_and_nothing_is_asked(
    sqlite: Database, tmp_path: Path
) -> None:
    await people(sqlite, [ONE])
    async with house(sqlite, tmp_path, TwilioVoice(), trunk=TAKES) as cloud:
        rang = await cloud.api.ring(STRANGER, hook(cloud), PEOPLE[Behaviour.SILENT])
        withheld = await cloud.api.ring("anonymous", hook(cloud), PEOPLE[Behaviour.SILENT])
        kept = await cloud.kept()
    for call in (rang, withheld):
        assert call.line is not None
        assert len(call.line.said) == 2  # in two languages
    assert kept.attempts == []
    assert await welcomes(sqlite) == [("unknown", "closed"), ("withheld", "closed")]


async def test_a_key_incident_is_promised_a_person(sqlite: Database, tmp_path: Path) -> None:
    await people(sqlite, [ONE])
    async with sqlite.write() as session:
        await session.execute(update(Case).values(key_incident=True))
    async with house(sqlite, tmp_path, TwilioVoice(), trunk=TAKES) as cloud:
        await cloud.api.ring(ONE, hook(cloud))
        kept = await cloud.kept()
    assert (kept.attempts, kept.calls) == ([], [])
    assert [item.reason for item in kept.items] == ["key_incident"]


async def test_the_same_request_again_is_one_call(database: Database, tmp_path: Path) -> None:
    await people(database, [ONE])
    async with house(database, tmp_path, TwilioVoice(twice=True), trunk=TAKES) as cloud:
        await cloud.api.ring(ONE, hook(cloud))
        await cloud.api.ring(STRANGER, hook(cloud), PEOPLE[Behaviour.SILENT])
        await settled(cloud)
        kept = await cloud.kept()
        assert cloud.api.faults == []  # each got the same TwiML again
    assert len(kept.attempts) == 1
    assert [word for word, _ in await welcomes(database)] == ["survey", "unknown"]


async def test_no_line_is_free(sqlite: Database, tmp_path: Path) -> None:
    others = [f"+861370000{index:04}" for index in range(CHANNELS)]
    await people(sqlite, [ONE, *others])
    async with house(sqlite, tmp_path, TwilioVoice(), trunk=TAKES) as cloud:
        async with sqlite.write() as session:  # calls to others hold all channels
            for row in await session.scalars(select(Callback).where(Callback.e164.in_(others))):
                row.state = "calling"
                session.add(
                    Attempt(
                        callback_id=row.id,
                        sequence=1,
                        party_id=row.party_id,
                        e164=row.e164,
                        trunk="cloud",
                        dialer="another",
                        claimed_at=cloud.clock.now(),
                    )
                )
        call = await cloud.api.ring(ONE, hook(cloud))
        assert cloud.api.faults == []
    assert call.status == "busy"
    assert await welcomes(sqlite) == [("busy", "closed")]


async def test_strangers_cannot_say_that_somebody_rings(sqlite: Database, tmp_path: Path) -> None:
    await people(sqlite, [ONE])
    told = {
        "CallSid": "CA" + "1" * 32,
        "AccountSid": ACCOUNT,
        "From": ONE,
        "To": CALLER,
        "CallStatus": "ringing",
    }
    async with house(sqlite, tmp_path, TwilioVoice(), trunk=TAKES) as cloud:
        url = f"{hook(cloud)}/incoming"
        good = RequestValidator(TOKEN).compute_signature(url, told)
        forged = RequestValidator("somebody else's").compute_signature(url, told)
        nameless = {key: value for key, value in told.items() if key != "CallSid"}
        async with httpx.AsyncClient(trust_env=False) as client:

            async def post(fields: dict[str, str], signature: str) -> int:
                headers = {"X-Twilio-Signature": signature} if signature else {}
                return (await client.post(url, data=fields, headers=headers)).status_code

            assert await post(told, "") == 403
            assert await post(told, forged) == 403
            signature = RequestValidator(TOKEN).compute_signature(url, nameless)
            assert await post(nameless, signature) == 400
            assert dict(cloud.server.tally.refused) == {"signature": 2, "malformed": 1}
            assert await welcomes(sqlite) == []
            assert await post(told, good) == 200
    assert [word for word, _ in await welcomes(sqlite)] == ["survey"]


async def test_without_the_setting_nobody_is_answered(sqlite: Database, tmp_path: Path) -> None:
    await people(sqlite, [ONE])
    async with house(sqlite, tmp_path, TwilioVoice()) as cloud:
        call = await cloud.api.ring(ONE, hook(cloud))
        async with cloud.database.read() as session:
            assert (await session.scalars(select(CloudCall))).all() == []
    assert call.status == "busy"
    assert cloud.api.answers[-1] == ("incoming", 404)
