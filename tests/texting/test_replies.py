"""Which conversation a reply belongs to, and what becomes of one that belongs to none."""

from datetime import timedelta

from sqlalchemy import select, update

from storage.database import Database
from storage.schema import Callback, DoNotCall, FollowUpItem, TextConversation
from tests.texting.desk import ONE, desk

OTHER = "+8613800000001"


async def test_a_reply_that_arrives_twice_is_taken_once(database: Database) -> None:
    here = await desk(database)
    await here.writes("1", own="same")
    await here.writes("1", own="same")
    seen = await here.kept()
    assert seen.states(ONE, "in") == ["taken"]
    assert list(seen.answers[ONE]) == ["overall"]
    assert len(here.texts()) == 2


async def test_the_same_word_sent_again_is_no_answer_to_the_next_question(
    database: Database,
) -> None:
    here = await desk(database)
    # Both are here before the next question can leave.
    await here.writes("1", look=False)
    await here.writes("1")
    seen = await here.kept()
    assert seen.states(ONE, "in") == ["taken", "repeated"]
    assert list(seen.answers[ONE]) == ["overall"]
    assert [m.person for m in seen.messages[ONE] if m.direction == "in"] == ["", ""]


async def test_a_second_thought_before_the_next_question_is_shown_to_a_person(
    sqlite: Database,
) -> None:
    here = await desk(sqlite)
    await here.writes("1", look=False)
    await here.writes("不对，是3")
    last = [m for m in (await here.kept()).messages[ONE] if m.direction == "in"][-1]
    assert (last.state, last.person) == ("repeated", "wanted")


async def test_replies_out_of_order_are_not_mixed_up(sqlite: Database) -> None:
    here = await desk(sqlite)
    await here.writes("1")
    here.clock.forward(seconds=60)
    # Written before the second question went out, delayed by the network.
    await here.writes("3", ago=75)
    seen = await here.kept()
    assert seen.states(ONE, "in") == ["taken", "repeated"]
    assert list(seen.answers[ONE]) == ["overall"]
    await here.writes("2")
    seen = await here.kept()
    assert seen.answers[ONE]["arrival"].label == "超过二十分钟"


async def test_a_gateway_whose_clock_is_a_little_behind_loses_nothing(sqlite: Database) -> None:
    here = await desk(sqlite)
    await here.writes("1")
    await here.writes("2", ago=4)
    assert list((await here.kept()).answers[ONE]) == ["overall", "arrival"]


async def test_a_late_reply_is_kept_and_a_person_gets_it(database: Database) -> None:
    here = await desk(database)
    here.clock.forward(hours=25)
    await here.look()
    here.clock.forward(hours=49)
    await here.look()
    seen = await here.kept()
    assert seen.attempts[ONE][0].disposition == "no_answer"
    async with database.write() as session:  # as though a further try were planned
        await session.execute(
            update(Callback).values(state="waiting", next_at=here.clock.now() + timedelta(days=1))
        )
        await session.execute(update(FollowUpItem).values(state="closed", outcome="not_reached"))
    await here.writes("3 态度很差")
    seen = await here.kept()
    (late,) = [m for m in seen.messages[ONE] if m.direction == "in"]
    assert (late.state, late.person, late.attempt_id) == (
        "late",
        "wanted",
        seen.attempts[ONE][0].id,
    )
    async with database.read() as session:
        items = await session.scalars(select(FollowUpItem).where(FollowUpItem.state == "open"))
        assert [item.reason for item in items] == ["late_reply"]
    assert seen.callbacks[ONE].state == "follow_up"
    assert ONE not in seen.answers


async def test_thanks_after_the_end_bother_nobody(sqlite: Database) -> None:
    here = await desk(sqlite)
    for words in ("1", "1", "无", "谢谢！", "👍"):
        await here.writes(words)
        here.clock.forward(seconds=20)
    seen = await here.kept()
    assert seen.states(ONE, "in") == ["taken"] * 3 + ["courtesy"] * 2
    assert seen.callbacks[ONE].state == "done"
    assert seen.items == {}


async def test_a_stranger_and_a_message_for_nothing_are_kept_and_shown(
    sqlite: Database,
) -> None:
    here = await desk(sqlite)
    await here.writes("你们是谁？", number="+8613999999999")
    seen = await here.kept()
    (message,) = seen.messages["+8613999999999"]
    assert (message.state, message.person) == ("unmatched", "wanted")
    assert ONE not in seen.answers


async def test_refusing_ends_everything_that_is_planned_for_the_number(
    database: Database,
) -> None:
    here = await desk(database, ONE, OTHER)
    async with database.write() as session:  # a second callback to the same number waits
        await session.execute(
            update(Callback).where(Callback.e164 == OTHER).values(state="waiting")
        )
        await session.execute(update(Callback).where(Callback.e164 == OTHER).values(e164=ONE))
    await here.writes(" 退订 ")
    seen = await here.kept()
    (attempt,) = seen.attempts[ONE]
    assert (attempt.disposition, attempt.reason) == ("refused", "opt_out")
    async with database.read() as session:
        (listed,) = (await session.scalars(select(DoNotCall))).all()
        states = (await session.scalars(select(Callback.state).order_by(Callback.id))).all()
    assert (listed.e164, listed.added_by, listed.reason) == (ONE, "sms", "退订")
    assert states == ["done", "cancelled"]
    assert len(here.texts()) == 1
    # Once more, when nobody asks any more: it still holds, and nobody is bothered.
    await here.writes("TD")
    assert (await here.kept()).states(ONE, "in") == ["opt_out", "opt_out"]


async def test_refusing_words_inside_a_sentence_are_no_refusal(sqlite: Database) -> None:
    here = await desk(sqlite)
    await here.writes("1")
    await here.writes("1")
    await here.writes("他们叫我退订，STOP 了很多次")
    seen = await here.kept()
    assert seen.attempts[ONE][0].disposition == "completed"
    assert seen.answers[ONE]["comment"].value == "他们叫我退订，STOP 了很多次"


async def test_a_stranger_who_refuses_is_on_the_list(sqlite: Database) -> None:
    here = await desk(sqlite)
    await here.writes("N", number="+8613999999999")
    async with sqlite.read() as session:
        assert (await session.scalars(select(DoNotCall.e164))).all() == ["+8613999999999"]


async def test_a_long_reply_with_emoji_is_kept_whole(sqlite: Database) -> None:
    here = await desk(sqlite)
    await here.writes("１")
    await here.writes("1️⃣")
    words = "说来话长。" * 200 + "😡👮‍♂️"
    await here.writes(words)
    seen = await here.kept()
    assert seen.answers[ONE]["comment"].value == words
    (_, _, kept) = [m for m in seen.messages[ONE] if m.direction == "in"]
    assert (kept.encoding, kept.parts) == ("ucs2", 16)


async def test_three_wrong_replies_end_politely(sqlite: Database) -> None:
    here = await desk(sqlite)
    for _ in range(3):
        await here.writes("7")
        here.clock.forward(seconds=20)
    seen = await here.kept()
    assert seen.attempts[ONE][0].reason == "gave_up"
    assert "您的回复无效" in here.texts()[1]
    assert here.texts()[-1].startswith("没有收到您的有效回答")


async def test_replies_of_many_interleaved_stay_with_their_people(database: Database) -> None:
    numbers = [f"+86138{i:08d}" for i in range(30)]
    here = await desk(database, *numbers)
    for words in ("1", "2", "无"):
        for index, one in enumerate(numbers):
            said = str(index % 3 + 1) if words == "1" else words
            await here.writes(said, number=one, look=False)
        await here.look(8)
        here.clock.forward(seconds=30)
    seen = await here.kept()
    labels = ("满意", "基本满意", "不满意")
    for index, one in enumerate(numbers):
        assert seen.answers[one]["overall"].label == labels[index % 3]
        assert seen.attempts[one][0].disposition == "completed"


async def test_one_message_that_breaks_us_does_not_hold_up_the_others(sqlite: Database) -> None:
    here = await desk(sqlite, ONE, OTHER)
    async with sqlite.write() as session:
        await session.execute(
            update(TextConversation)
            .where(TextConversation.e164 == ONE)
            .values(session={"flow": "of another"})
        )
    await here.writes("1", look=False)
    await here.writes("2", number=OTHER, look=False)
    await here.look(6)
    seen = await here.kept()
    (broken,) = [m for m in seen.messages[ONE] if m.direction == "in"]
    assert (broken.state, broken.person) == ("failed", "wanted")
    assert seen.answers[OTHER]["overall"].label == "基本满意"
