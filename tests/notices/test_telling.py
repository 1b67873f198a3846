"""What is told, to whom, and how often: each thing once, a flood as one mail."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from followup.notices.letter import Kind
from followup.notices.rules import NoticeRules
from followup.notices.smtp import SmtpServer
from followup.notices.telling import Teller, Telling
from storage import notice_facts
from storage.batches import ask
from storage.running_batches import pause_for, resume_from
from storage.schema import Batch, FollowUpItem
from tests.notices.office import BOSS, SHANGHAI, TECHNICIAN, Office, SetClock, put_item
from tests.peers.mail import MailPeer, mail_peer


@pytest.fixture
async def peer() -> AsyncIterator[MailPeer]:
    async with mail_peer() as found:
        yield found


@pytest.fixture
def office(world: Any, peer: MailPeer) -> Office:
    return Office(world.database, SetClock(world.now), SmtpServer("127.0.0.1", peer.port, "none"))


async def test_an_urgent_item_is_told_once_and_others_are_not(world: Any, office: Office) -> None:
    urgent = await put_item(world, "dissatisfied")
    key = await put_item(world, "not_reached", key_incident=True)
    await put_item(world, "not_reached")
    assert await office.teller.look() == 2
    assert await office.teller.look() == 0
    assert sorted(each.key for each in await office.kept()) == [f"urgent:{urgent}", f"urgent:{key}"]


async def test_an_item_that_becomes_urgent_later_is_told_then(world: Any, office: Office) -> None:
    item = await put_item(world, "not_reached")
    assert await office.teller.look() == 0
    async with world.database.write() as session:
        await session.execute(update(FollowUpItem).values(rank=2, reason="dissatisfied"))
    assert await office.teller.look() == 1
    assert [each.key for each in await office.kept()] == [f"urgent:{item}"]


async def test_an_overdue_item_is_told_once_for_each_deadline(world: Any, office: Office) -> None:
    deadline = world.now + timedelta(hours=1)
    item = await put_item(world, "not_reached", deadline=deadline)
    assert await office.teller.look() == 0
    office.clock.later(hours=1, seconds=1)
    assert await office.teller.look() == 1
    assert await office.teller.look() == 0
    later = deadline + timedelta(days=1)
    async with world.database.write() as session:
        await session.execute(update(FollowUpItem).values(deadline=later))
    assert await office.teller.look() == 0
    office.clock.later(days=1)
    assert await office.teller.look() == 1
    assert [each.key for each in await office.kept()] == [
        f"overdue:{item}:{deadline.isoformat()}",
        f"overdue:{item}:{later.isoformat()}",
    ]


async def test_a_closed_item_is_told_no_more(world: Any, office: Office) -> None:
    await put_item(world, "dissatisfied", deadline=world.now - timedelta(days=1))
    async with world.database.write() as session:
        await session.execute(update(FollowUpItem).values(state="closed"))
    assert await office.teller.look() == 0


async def test_a_batch_that_stands_still_is_told_each_time_it_does(
    world: Any, office: Office
) -> None:
    batch = await world.batch(state="running", name="emergency")
    await world.batch(state="finished")
    await world.batch(state="paused")  # by a person, who knows
    assert await office.teller.look() == 0
    async with world.database.write() as session:
        paused = await pause_for(session, [batch.id], "no trunk answers")
    assert await office.teller.look() == 1
    assert await office.teller.look() == 0
    async with world.database.write() as session:
        await resume_from(session, paused)
    assert await office.teller.look() == 0
    office.clock.later(minutes=5)
    async with world.database.write() as session:
        row = (await session.scalars(select(Batch).where(Batch.id == batch.id))).one()
        await ask(session, row, "stop", by="wang", now=office.clock.now(), reason="enough")
    assert await office.teller.look() == 1
    first, second = await office.kept()
    assert (first.facts["state"], first.facts["reason"]) == ("paused", "no trunk answers")
    assert (second.facts["state"], second.facts["reason"]) == ("stopped", "enough")


async def test_a_batch_that_was_stopped_long_ago_is_no_news(world: Any, office: Office) -> None:
    batch = await world.batch(state="running")
    async with world.database.write() as session:
        row = (await session.scalars(select(Batch).where(Batch.id == batch.id))).one()
        await ask(session, row, "stop", by="wang", now=world.now - timedelta(days=8))
    assert await office.teller.look() == 0


async def test_a_dead_trunk_is_told_to_technicians_until_it_lives_again(office: Office) -> None:
    assert await office.teller.look(None) == 0  # not checked yet
    assert await office.teller.look({"telecom"}) == 1
    office.clock.later(minutes=1)
    assert await office.teller.look(None) == 0
    assert await office.teller.look({"telecom", "unicom"}) == 1
    assert await office.teller.look(set()) == 0
    office.clock.later(minutes=1)
    assert await office.teller.look({"telecom"}) == 1
    kept = await office.kept()
    assert [each.facts["trunk"] for each in kept] == ["telecom", "unicom", "telecom"]
    assert {each.recipient for each in kept} == {TECHNICIAN}
    # Another machine sees its own trunks: that ours lives does not end its trouble.
    there = Teller(
        office.database,
        office.clock,
        Telling(office.recipients, zone=SHANGHAI, machine="caller2"),
    )
    assert await there.look({"telecom"}) == 1
    assert await office.teller.look(set()) == 0
    assert await there.look({"telecom"}) == 0


async def test_the_summary_is_made_once_a_day_and_counts_that_day(
    world: Any, office: Office
) -> None:
    office.recipients = {Kind.DAILY: (BOSS, TECHNICIAN)}
    day = datetime(2025, 11, 3, 12, 30, tzinfo=UTC)  # 20:30 in Shanghai
    batch = await world.batch(state="running", name="emergency")
    for ended, disposition in (
        (day - timedelta(days=1, minutes=3), "busy"),
        (day - timedelta(days=1), "no_answer"),
        (day - timedelta(minutes=2), "no_answer"),
        (day, "busy"),
    ):
        case = await world.case()
        made = await world.callback(batch, case, await world.party(case))
        await world.attempt(made, ended - timedelta(minutes=1), disposition)
    world.now = day - timedelta(hours=2)
    await put_item(world, "not_reached", deadline=day - timedelta(minutes=1))
    office.clock.at = day - timedelta(seconds=1)
    assert await office.teller.look() == 2  # yesterday's, which nobody was there to send
    office.clock.at = day
    assert await office.teller.look() == 2
    office.clock.later(hours=3)
    assert await office.teller.look() == 0
    *_, last = await office.kept()
    assert last.key == "daily:2025-11-03"
    facts = json.loads(json.dumps(last.facts))
    assert (facts["calls"], facts["dispositions"]) == (2, {"no_answer": 2})
    assert (facts["opened"], facts["open"], facts["overdue"], facts["closed"]) == (1, 1, 1, 0)
    assert facts["batches"] == [{"name": "emergency", "state": "running", "all": 4, "done": 0}]


async def test_nobody_is_told_what_nobody_wants_to_hear(world: Any, office: Office) -> None:
    office.recipients = {}
    await put_item(world, "dissatisfied", deadline=world.now - timedelta(days=1))
    assert await office.teller.look({"telecom"}) == 0


async def test_a_flood_becomes_a_few_mails_and_one_digest_a_window(
    world: Any, office: Office, peer: MailPeer
) -> None:
    office.rules = NoticeRules(digest_above=3, digest_window=timedelta(minutes=30))
    for _ in range(2):
        await put_item(world)
    await _round(office)
    assert len(peer.mails) == 2  # few: mails of their own
    for _ in range(22):
        await put_item(world)
    await _round(office)
    assert len(peer.mails) == 3
    assert peer.mails[2]["Subject"] == "【汇总】紧急人工回访事项 22 件"
    body = peer.mails[2].get_body(("plain",))
    assert body is not None
    assert "另有 2 条未列出" in body.get_content()
    for _ in range(5):
        office.clock.later(minutes=5)
        await put_item(world)
        await _round(office)
    assert len(peer.mails) == 3  # they wait for the next digest
    office.clock.later(minutes=5)
    await _round(office)
    assert len(peer.mails) == 4
    assert peer.mails[3]["Subject"] == "【汇总】紧急人工回访事项 5 件"
    office.clock.later(hours=1)
    await put_item(world)
    await _round(office)
    assert peer.mails[4]["Subject"].startswith("【急】")
    states = await office.states()
    assert states.count("gathered") == 27
    assert states.count("sent") == 5


async def test_a_flood_of_items_does_not_hide_a_dead_trunk(
    world: Any, office: Office, peer: MailPeer
) -> None:
    office.recipients[Kind.TRUNK] = (BOSS,)
    for _ in range(7):
        await put_item(world)
    await office.teller.look({"telecom"})
    await office.postman.post()
    assert sorted(mail["Subject"][:4] for mail in peer.mails) == ["【故障】", "【汇总】"]


async def test_more_items_than_one_transaction_takes_are_told_in_one_look(
    world: Any, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notice_facts, "AT_ONCE", 3)
    for _ in range(7):
        await put_item(world)
    assert await office.teller.look() == 7


async def _round(office: Office) -> None:
    await office.teller.look()
    await office.postman.post()
