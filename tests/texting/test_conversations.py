"""Conversations by text from the first question to the end, over simulated people."""

from datetime import datetime, timedelta

from sqlalchemy import update

from core.disposition import Disposition
from core.rules import CallingRules
from dialer.texting.terms import TextingRules
from ivr.texting.people import Texter
from storage.database import Database
from storage.schema import Batch, Callback
from tests.dialing.town import MORNING
from tests.texting.town import RULES, number, settle_texts, town

EVERYBODY = list(Texter)[:10]
ENDS = {
    Texter.BY_NUMBER: "completed",
    Texter.BY_WORD: "completed",
    Texter.DISSATISFIED: "completed",
    Texter.WRONG_FIRST: "completed",
    Texter.LATE: "no_answer",
    Texter.TWICE: "completed",
    Texter.STOPS: "refused",
    Texter.NEVER: "no_answer",
    Texter.ODD: "completed",
    Texter.UNREACHABLE: "unreachable",
}


async def test_everybody_comes_to_the_end_that_is_theirs(database: Database) -> None:
    numbers = [number(who, index) for index, who in enumerate(EVERYBODY)]
    await settle_texts(database, numbers)
    here = town(database)
    await here.run()
    seen = await here.kept()
    named = dict(zip(EVERYBODY, numbers, strict=True))
    assert {who: seen.attempts[n][0].disposition for who, n in named.items()} == ENDS
    # What is kept of everybody is what they meant, word for word.
    for person in here.people.people.values():
        kept = [(answer.label) for answer in seen.answers.get(person.number, {}).values()]
        assert kept == [meant for _, meant in person.meant]
    assert sum(len(person.meant) for person in here.people.people.values()) == 18
    # One reminder each for those who did not answer, none for the others.
    reminded = [n for n in numbers if any("提醒您" in text for text in seen.texts(n))]
    assert reminded == [named[Texter.LATE], named[Texter.NEVER]]
    assert all(seen.callbacks[n].state != "calling" for n in numbers)
    assert seen.items[named[Texter.DISSATISFIED]].reason == "dissatisfied"
    assert seen.items[named[Texter.NEVER]].reason == "not_reached"
    async with database.read() as session:
        assert (await session.get_one(Batch, 1)).state == "finished"


async def test_a_reply_after_the_reminder_goes_on_where_it_stood(sqlite: Database) -> None:
    await settle_texts(sqlite, ["+8613800000001"])
    here = town(sqlite, who=lambda _: Texter.AFTER_REMINDER)
    await here.run()
    seen = await here.kept()
    assert seen.attempts["+8613800000001"][0].disposition == "completed"
    assert [t[:5] for t in seen.texts("+8613800000001")][:2] == ["您好，这里", "提醒您回复"]


async def test_who_stops_answering_midway_is_partial_and_goes_to_a_person(
    sqlite: Database,
) -> None:
    await settle_texts(sqlite, ["+8613800000001"])
    here = town(sqlite, who=lambda _: Texter.STOPS_MIDWAY)
    await here.run()
    seen = await here.kept()
    (attempt,) = seen.attempts["+8613800000001"]
    assert (attempt.disposition, attempt.reason) == ("partial", "silence")
    assert attempt.verdict is not None
    assert seen.callbacks["+8613800000001"].state == "follow_up"
    assert list(seen.answers["+8613800000001"]) == ["overall"]


async def test_nothing_leaves_in_the_quiet_hours(sqlite: Database) -> None:
    evening = datetime.fromisoformat("2026-03-03T21:30:00+08:00")
    await settle_texts(sqlite, ["+8613800000000"])
    async with sqlite.write() as session:
        await session.execute(update(Callback).values(next_at=evening - timedelta(days=1)))
    here = town(sqlite, now=evening)
    await here.run()
    (question, *_) = (await here.kept()).messages["+8613800000000"]
    assert question.sent_at is not None
    assert question.sent_at >= datetime.fromisoformat("2026-03-04T09:00:00+08:00")


async def test_a_reminder_waits_for_the_calling_hours_and_an_answer_does_not(
    sqlite: Database,
) -> None:
    # Asked at 19:00, reminded 4 hours later: in the night. He answers it at once.
    evening = datetime.fromisoformat("2026-03-03T19:00:00+08:00")
    await settle_texts(sqlite, ["+8613800000000"])
    async with sqlite.write() as session:
        await session.execute(update(Callback).values(next_at=evening))
    rules = TextingRules(
        calling=CallingRules(tries=1),
        remind_after=timedelta(hours=4),
        expire_after=timedelta(hours=24),
        poll=3600.0,
    )
    here = town(sqlite, now=evening, rules=rules, who=lambda _: Texter.AFTER_REMINDER)
    here.people.seconds = 12.5 * 3600
    await here.run()
    sent = [m for m in (await here.kept()).messages["+8613800000000"] if m.direction == "out"]
    reminder = next(m for m in sent if m.purpose == "reminder")
    assert reminder.sent_at >= datetime.fromisoformat("2026-03-04T09:00:00+08:00")
    # Replies at 21:30: he wrote himself, so the next question leaves at once.
    second = sent[sent.index(reminder) + 1]
    assert second.sent_at.astimezone(evening.tzinfo).hour >= 21
    assert second.sent_at - second.created_at < timedelta(minutes=1)


async def test_no_answer_is_tried_again_as_calls_are(sqlite: Database) -> None:
    await settle_texts(sqlite, [number(Texter.NEVER)])
    rules = TextingRules(
        calling=CallingRules(tries=2), remind_after=timedelta(0), expire_after=RULES.expire_after
    )
    here = town(sqlite, rules=TextingRules(**{**rules.__dict__, "poll": 3600.0}))
    await here.run()
    seen = await here.kept()
    attempts = seen.attempts[number(Texter.NEVER)]
    assert [one.disposition for one in attempts] == [Disposition.NO_ANSWER] * 2
    assert seen.callbacks[number(Texter.NEVER)].state == "follow_up"
    assert attempts[1].claimed_at - attempts[0].claimed_at >= RULES.expire_after


async def test_two_people_of_one_number_are_asked_one_after_the_other(sqlite: Database) -> None:
    await settle_texts(sqlite, ["+8613800000000", "+8613800000000"])
    here = town(sqlite)
    async with here.time_passes():
        await here.worker.run()
    seen = await here.kept()
    first, second = seen.attempts["+8613800000000"]
    assert first.ended_at is not None
    assert second.claimed_at >= first.ended_at
    assert second.claimed_at > MORNING
