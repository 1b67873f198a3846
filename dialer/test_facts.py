from datetime import timedelta
from typing import Any

from core.disposition import Disposition
from core.rules import CallingRules
from dialer.facts import gather
from dialer.policy import decide
from storage.schema import DoNotCall, PartyNumber

RULES = CallingRules()


async def test_what_is_stored_becomes_the_facts(world: Any) -> None:
    case = await world.case(respondent_class="counter", key_incident=True)
    party = await world.party(case, time_zone="Asia/Urumqi", face_to_face=True)
    callback = await world.callback(await world.batch(), case, party)
    await world.add(DoNotCall(e164=callback.e164, reason="本人要求", added_at=world.now))
    await world.attempt(callback, world.now - timedelta(days=2))
    await world.attempt(callback, world.now - timedelta(days=1), "failed")
    await world.attempt(callback, world.now - timedelta(minutes=1), None)
    async with world.database.read() as session:
        facts = (await gather(session, [callback.id], RULES, world.now))[callback.id]
    assert facts.e164 == callback.e164
    assert facts.respondent_class == "counter"
    assert facts.time_zone == "Asia/Urumqi"
    assert facts.do_not_call == "本人要求"
    assert facts.key_incident
    assert facts.face_to_face
    assert not facts.number_invalid
    assert (facts.tries, facts.failed_tries) == (2, 1)
    assert [past.disposition for past in facts.history] == [
        None,
        Disposition.FAILED,
        Disposition.NO_ANSWER,
    ]
    assert all(past.same_party for past in facts.history)


async def test_calls_of_other_batches_and_other_parties_on_the_number_are_seen(world: Any) -> None:
    number = "+8613800138000"
    first, second = await world.case(), await world.case()
    mother = await world.party(first, number)
    son = await world.party(second, number)
    stranger = await world.party(second)
    earlier = await world.callback(await world.batch(), first, mother)
    await world.attempt(earlier, world.now - timedelta(hours=1))
    batch = await world.batch()
    callback = await world.callback(batch, second, son)
    other = await world.callback(batch, second, stranger)
    async with world.database.read() as session:
        facts = await gather(session, [callback.id, other.id], RULES, world.now)
    assert [past.same_party for past in facts[callback.id].history] == [False]
    assert decide(facts[callback.id], RULES, world.now).reason.code == "policy-calls_per_day"
    assert facts[other.id].history == ()
    assert decide(facts[other.id], RULES, world.now).allowed


async def test_a_number_the_network_called_invalid_is_known_as_such(world: Any) -> None:
    case = await world.case()
    party = await world.party(case, "")
    await world.add(PartyNumber(party_id=party.id, e164="+8613800138001", invalid_since=world.now))
    callback = await world.callback(await world.batch(), case, party)
    async with world.database.read() as session:
        facts = (await gather(session, [callback.id], RULES, world.now))[callback.id]
    assert facts.number_invalid


async def test_nothing_is_known_about_no_callbacks(world: Any) -> None:
    async with world.database.read() as session:
        assert await gather(session, [], RULES, world.now) == {}
