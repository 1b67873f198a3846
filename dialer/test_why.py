from datetime import timedelta
from typing import Any

from core.clock import VirtualClock
from core.rules import CallingRules
from dialer.policy import RULES
from dialer.why import Explanation, explain
from storage.followups import open_item
from storage.schema import DoNotCall

NUMBER = "+8613800138000"


async def ask(world: Any, who: str) -> Explanation:
    return await explain(world.database, who, CallingRules(), VirtualClock(world.now))


async def test_who_waits_hears_every_rule_and_the_earliest_time(world: Any) -> None:
    case = await world.case()
    party = await world.party(case, NUMBER)
    callback = await world.callback(await world.batch(state="running"), case, party)
    await world.attempt(callback, world.now - timedelta(hours=1))
    for who in ("138 0013 8000", "+86 13800138000", str(party.id), "张三"):
        (story,) = (await ask(world, who)).parties
        (told,) = story.callbacks
        assert told.decision is not None
        assert len(told.decision.all_reasons) == len(RULES)
        assert told.summary.code == "policy-calls_per_day"
        assert told.decision.not_before == world.now + timedelta(hours=23)
        assert [attempt.disposition for attempt in told.attempts] == ["no_answer"]
        assert told.summary.sentence("zh")


async def test_who_is_free_to_be_called_is_next(world: Any) -> None:
    case = await world.case()
    party = await world.party(case, NUMBER)
    await world.callback(await world.batch(state="running"), case, party)
    assert (await ask(world, NUMBER)).parties[0].callbacks[0].summary.code == "why-next"


async def test_a_batch_that_does_not_run_is_the_reason(world: Any) -> None:
    for state in ("making", "ready", "paused", "draining", "stopped", "finished"):
        case = await world.case()
        party = await world.party(case)
        await world.callback(await world.batch(state=state), case, party)
        (story,) = (await ask(world, str(party.id))).parties
        assert story.callbacks[0].summary.code == f"why-batch-{state}"
        assert story.callbacks[0].summary.sentence("en")


async def test_what_is_over_says_how_it_ended(world: Any) -> None:
    for state in ("calling", "done", "follow_up", "cancelled"):
        case = await world.case()
        party = await world.party(case)
        await world.callback(await world.batch(state="running"), case, party, state=state)
        (told,) = (await ask(world, str(party.id))).parties[0].callbacks
        assert told.summary.code == f"why-{state}"
        assert (told.decision is None) == (state != "calling")


async def test_cases_without_a_callback_say_why(world: Any) -> None:
    key = await world.case(key_incident=True)
    party = await world.party(key, NUMBER)
    async with world.database.write() as session:
        item = await open_item(
            session,
            case_id=key.id,
            callback_id=None,
            party_id=party.id,
            reason="key_incident",
            deadline=None,
            key_incident=True,
            now=world.now,
        )
    (story,) = (await ask(world, NUMBER)).parties
    assert story.callbacks == []
    ((number, reason),) = story.without_callback
    assert number == key.case_number
    assert reason.code == "batch-left_out-already_with_person"
    assert [entry.id for entry in story.queue] == [item]
    free = await world.party(await world.case())
    ((_, reason),) = (await ask(world, str(free.id))).parties[0].without_callback
    assert reason.code == "why-not-in-a-batch"


async def test_numbers_of_nobody_are_explained_too(world: Any) -> None:
    listed = "+8613900139000"
    await world.add(DoNotCall(e164=listed, reason="本人要求", added_at=world.now))
    for who, code in (
        (listed, "policy-do_not_call"),
        (NUMBER, "why-nobody-has"),
        ("李四", "why-nobody"),
    ):
        explanation = await ask(world, who)
        assert explanation.parties == []
        assert explanation.number is not None
        assert explanation.number.code == code
        assert NUMBER not in explanation.number.sentence("zh")
