"""Whoever writes by himself gets his survey by text, at the question where he left it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from dialer.incoming.terms import RingBackRules
from flows.engine import start, step
from flows.exchange import HungUp, Keys
from storage.database import Database
from storage.schema import Attempt, Callback, Case, FollowUpItem, TextConversation
from tests.texting.desk import ONE, Desk, desk
from tests.texting.town import RULES, programs

RETURNING = replace(RULES, ring_back=RingBackRules())
RESUMED = "上次的回访没有做完"


async def waiting_desk(database: Database, **callback: Any) -> Desk:
    """Return a desk whose one person was asked, never replied, and waits for another try."""
    here = await desk(database, rules=RETURNING)
    here.clock.forward(hours=25)
    await here.look()
    here.clock.forward(hours=49)
    await here.look()
    values = {"state": "waiting", "next_at": here.clock.now() + timedelta(days=9), "due": False}
    async with database.write() as session:
        await session.execute(update(Callback).values(values | callback))
        await session.execute(update(FollowUpItem).values(state="closed", outcome="not_reached"))
    here.gateway.sent.clear()
    return here


async def attempts(database: Database) -> Sequence[Attempt]:
    async with database.read() as session:
        return (await session.scalars(select(Attempt).order_by(Attempt.id))).all()


async def reached_by_voice(database: Database, *keys: str) -> None:
    """Make the first attempt a call in which somebody pressed `keys` and hung up."""
    async with database.write() as session:
        conversation = (await session.scalars(select(TextConversation))).one()
        program = await programs(conversation.flow_version_id)
        talk = start(program, fields={}).session
        for key in keys:
            talk = step(program, talk, Keys(key)).session
        left = step(program, talk, HungUp()).session.to_json()
        await session.execute(
            update(Attempt).values(channel="sip", session=left, disposition="partial")
        )
        await session.delete(conversation)


async def test_any_text_begins_the_survey(database: Database) -> None:
    here = await waiting_desk(database)
    await here.writes("在吗")
    seen = await here.kept()
    assert len(here.texts()) == 1
    assert RESUMED not in here.texts()[0]
    last = seen.attempts[ONE][-1]
    assert (last.direction, last.channel, last.state) == ("incoming", "sms", "open")
    assert seen.callbacks[ONE].state == "calling"
    here.clock.forward(seconds=20)
    for words in ("1", "1", "无"):
        await here.writes(words)
        here.clock.forward(seconds=20)
    seen = await here.kept()
    assert (seen.callbacks[ONE].state, seen.callbacks[ONE].verdict) == ("done", "satisfied")
    (message,) = [one for one in seen.messages[ONE] if one.text == "在吗"]
    # It came after a survey that nobody answered: a person reads it all the same.
    assert (message.state, message.person) == ("begun", "wanted")


async def test_it_goes_on_where_a_call_was_left(database: Database) -> None:
    here = await waiting_desk(database)
    await reached_by_voice(database, "1")
    await here.writes("你好")
    (asked,) = here.texts()
    assert RESUMED in asked
    here.clock.forward(seconds=20)
    await here.writes("2")
    seen = await here.kept()
    assert list(seen.answers[ONE]) == ["arrival"]


async def test_a_message_that_comes_again_begins_nothing_new(database: Database) -> None:
    here = await waiting_desk(database)
    await here.writes("1", own="same")
    await here.writes("1", own="same")
    await here.writes("1", own="other", look=False)
    await here.writes("1", own="third")
    assert len(await attempts(database)) == 2


async def test_two_texts_at_once_begin_one_survey(database: Database) -> None:
    here = await waiting_desk(database)
    await here.writes("在吗", look=False)
    await here.writes("你好")
    assert len(await attempts(database)) == 2
    assert len(here.texts()) == 1


async def test_silence_costs_no_try_and_leaves_it_with_the_person(sqlite: Database) -> None:
    here = await waiting_desk(sqlite, tries=1)
    async with sqlite.write() as session:
        await session.execute(update(Callback).values(state="follow_up"))
        await session.execute(update(FollowUpItem).values(state="open", outcome=""))
    await here.writes("在吗")
    for hours in (25, 49):
        here.clock.forward(hours=hours)
        await here.look()
    seen = await here.kept()
    last = seen.attempts[ONE][-1]
    assert (last.direction, last.state, last.disposition) == ("incoming", "closed", "no_answer")
    assert (seen.callbacks[ONE].state, seen.callbacks[ONE].tries) == ("follow_up", 1)


async def test_who_has_answered_or_is_a_key_incident_gets_none(sqlite: Database) -> None:
    here = await waiting_desk(sqlite, state="done", disposition="completed")
    await here.writes("谢谢你们，还有一件事")
    seen = await here.kept()
    assert (seen.states(ONE, "in"), here.texts()) == (["late"], [])
    async with sqlite.write() as session:
        await session.execute(update(Callback).values(state="waiting", disposition="no_answer"))
        await session.execute(update(Case).values(key_incident=True))
    await here.writes("在吗")
    assert here.texts() == []
    assert len(await attempts(sqlite)) == 1


async def test_thanks_begin_nothing(sqlite: Database) -> None:
    here = await waiting_desk(sqlite)
    await here.writes("谢谢")
    assert here.texts() == []
    assert len(await attempts(sqlite)) == 1


async def test_a_stranger_is_shown_to_a_person_as_before(sqlite: Database) -> None:
    here = await waiting_desk(sqlite)
    await here.writes("你们是谁？", number="+8613999999999")
    (message,) = (await here.kept()).messages["+8613999999999"]
    assert (message.state, message.person) == ("unmatched", "wanted")
