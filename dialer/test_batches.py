import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from core.clock import VirtualClock
from core.errors import AuthorError
from core.plan import SHIPPED
from core.rules import CallingRules
from dialer.batch_members import why_not
from dialer.batch_report import BatchReport, Survey
from dialer.batches import create_batch
from dialer.sampling import Sample
from storage.schema import (
    Batch,
    Branch,
    Callback,
    CaseTag,
    DoNotCall,
    FlowVersion,
    FollowUpItem,
    PartyNumber,
    Unit,
)
from storage.selection import CaseQuery, Selected

SURVEY = Survey("emergency", 1, "a" * 64, "flow: emergency")


async def make(world: Any, name: str = "b", **known: Any) -> BatchReport:
    values: dict[str, Any] = {
        "survey": SURVEY,
        "query": CaseQuery(),
        "rules": CallingRules(),
        "clock": VirtualClock(world.now),
    }
    return await create_batch(world.database, name=name, **values | known)


async def callbacks(world: Any) -> list[Callback]:
    async with world.database.read() as session:
        return list(await session.scalars(select(Callback).order_by(Callback.id)))


async def test_each_party_of_each_case_becomes_one_callback(world: Any) -> None:
    case = await world.case()
    caller = await world.party(case, "+8613800000001", "+8613800000002", language="zh")
    witness = await world.party(case, "+8613800000003")
    report = await make(world, priority=2)
    assert (report.selected, report.callbacks, report.state) == (2, 2, "ready")
    first, second = await callbacks(world)
    assert (first.party_id, first.e164, first.language) == (caller.id, "+8613800000001", "zh")
    assert (second.party_id, second.e164) == (witness.id, "+8613800000003")
    assert first.state == "waiting"
    assert first.next_at == world.now
    # Accepted on Sunday 2 November 2025; the fifth working day is Friday 7.
    assert first.deadline == datetime(2025, 11, 7, 16, tzinfo=UTC)
    async with world.database.read() as session:
        flow = (await session.scalars(select(FlowVersion))).one()
    assert flow.source == "flow: emergency"


async def test_whoever_is_not_called_is_counted_with_the_reason(world: Any) -> None:
    nobody = await world.case()
    await world.party(nobody, "")
    await world.party(nobody, "+86110")
    listed = await world.party(nobody, "+8613800000001", "+8613800000009")
    await world.add(DoNotCall(e164="+8613800000009", added_at=world.now))
    dead = await world.party(nobody, "")
    await world.add(PartyNumber(party_id=dead.id, e164="+8613800000002", invalid_since=world.now))
    key = await world.case(key_incident=True)
    await world.party(key)
    petition = await world.case()
    await world.party(petition, face_to_face=True)
    lacking = await world.case(fields={"station": ""})
    await world.party(lacking)
    complete = await world.case(fields={"station": "城关派出所"})
    await world.party(complete)
    survey = Survey("emergency", 1, "a" * 64, "", required=("station", "case_number"))
    report = await make(world, survey=survey)
    assert report.selected == 8
    assert report.callbacks == 1
    assert report.persons == {"key_incident": 1, "face_to_face": 1}
    assert report.left_out == {
        "no_number": 1,
        "service_number": 1,
        "do_not_call": 1,
        "invalid_number": 1,
        "missing_field": 1,
    }
    assert report.missing_fields == {"station": 1}
    assert listed.id not in [callback.party_id for callback in await callbacks(world)]
    async with world.database.read() as session:
        items = (await session.scalars(select(FollowUpItem).order_by(FollowUpItem.rank))).all()
    assert [(item.case_id, item.reason) for item in items] == [
        (key.id, "key_incident"),
        (petition.id, "face_to_face"),
    ]


async def test_nobody_is_in_two_open_batches_nor_called_back_again(world: Any) -> None:
    cases = [await world.case() for _ in range(4)]
    parties = [await world.party(case) for case in cases]
    earlier = await world.batch()
    for case, party, state in zip(
        cases, parties, ("waiting", "done", "cancelled", None), strict=True
    ):
        if state:
            await world.callback(earlier, case, party, state=state)
    report = await make(world)
    assert report.callbacks == 2
    assert report.left_out == {"already_open": 1, "already_called_back": 1}
    again = await make(world, "re-visit", query=CaseQuery(called_back_too=True))
    assert again.callbacks == 1
    assert again.left_out == {"already_open": 3}


async def test_a_key_incident_goes_to_a_person_once_not_with_every_batch(world: Any) -> None:
    await world.party(await world.case(key_incident=True))
    assert (await make(world, "monday")).persons == {"key_incident": 1}
    report = await make(world, "tuesday")
    assert (report.persons, report.left_out) == ({}, {"already_with_person": 1})
    assert report.state == "finished"  # nothing to call


async def test_the_query_chooses_by_class_unit_tree_dates_tags_and_source(world: Any) -> None:
    city = await world.add(Unit(name="市局"))
    county = await world.add(Unit(name="市局/城关分局", parent_id=city.id))
    station = await world.add(Unit(name="市局/城关分局/东街所", parent_id=county.id))
    other = await world.add(Unit(name="市局/河西分局", parent_id=city.id))
    wanted = await world.case(unit_id=station.id, source="110", respondent_class="counter")
    elsewhere = await world.case(unit_id=other.id, source="window")
    old = await world.case(unit_id=county.id, accepted_at=world.now - timedelta(days=60))
    for case in (wanted, elsewhere, old):
        await world.party(case)
    await world.add(CaseTag(case_id=elsewhere.id, tag="纠纷"))
    queries = {
        "units": (CaseQuery(units=("市局/城关分局",)), {wanted.id, old.id}),
        "class": (CaseQuery(respondents=("counter",)), {wanted.id}),
        "dates": (
            CaseQuery(accepted_from=world.now - timedelta(days=5), accepted_until=world.now),
            {wanted.id, elsewhere.id},
        ),
        "tags": (CaseQuery(tags=("纠纷", "盗窃")), {elsewhere.id}),
        "without": (CaseQuery(without_tags=("纠纷",)), {wanted.id, old.id}),
        "source": (CaseQuery(sources=("110", "122")), {wanted.id}),
    }
    for name, (query, expected) in queries.items():
        assert CaseQuery.from_json(query.as_json()) == query
        report = await make(world, name, query=query)
        made = [row for row in await callbacks(world) if row.batch_id == report.batch_id]
        assert {row.case_id for row in made} == expected, name
        async with world.database.write() as session:
            for row in made:
                await session.delete(await session.get(Callback, row.id))


async def test_a_sample_draws_the_same_people_in_strata(world: Any) -> None:
    units = [await world.add(Unit(name=name)) for name in ("甲", "乙", "丙")]
    await world.add(Branch(name="治安"))
    for unit, number in zip(units, (12, 6, 2), strict=True):
        for _ in range(number):
            await world.party(await world.case(unit_id=unit.id))
    sample = Sample(ratio=0.5, seed=7, by=("unit",))
    report = await make(world, sample=sample)
    assert (report.callbacks, report.not_drawn) == (10, 10)
    first = [(row.case_id, row.party_id) for row in await callbacks(world)]
    async with world.database.write() as session:
        for row in await session.scalars(select(Callback)):
            await session.delete(row)
    await make(world, "again", sample=sample)
    assert [(row.case_id, row.party_id) for row in await callbacks(world)] == first


async def test_an_interrupted_making_is_taken_up_again(world: Any) -> None:
    for _ in range(3):
        await world.party(await world.case())

    def interrupt(_looked_at: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await make(world, progress=interrupt)
    async with world.database.read() as session:
        assert (await session.scalars(select(Batch.state))).one() == "making"
    report = await make(world)
    assert (report.callbacks, report.state) == (3, "ready")
    assert len(await callbacks(world)) == 3


async def test_overdue_parties_are_called_first_and_soon_go_to_a_person(world: Any) -> None:
    fresh = await world.case()
    stale = await world.case(accepted_at=world.now - timedelta(days=90))
    for case in (fresh, stale):
        await world.party(case)
    report = await make(world)
    assert report.overdue == 1
    by_case = {row.case_id: row for row in await callbacks(world)}
    assert by_case[stale.id].priority < by_case[fresh.id].priority
    assert by_case[stale.id].deadline == datetime(2025, 11, 4, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("known", "code"),
    [
        ({"name": ""}, "batch-name"),
        ({"name": "12"}, "batch-name"),
        ({"priority": 5000}, "batch-priority"),
        ({"deadline": datetime(2020, 1, 1, tzinfo=UTC)}, "batch-deadline"),
        ({"query": CaseQuery(units=("无此单位",))}, "batch-unit-unknown"),
        ({"rules": CallingRules(calendar="QQ")}, "batch-calendar"),
        ({"rules": CallingRules(time_zone="Asia/Atlantis")}, "batch-calendar"),
    ],
)
async def test_an_impossible_batch_is_refused(world: Any, known: Any, code: str) -> None:
    with pytest.raises(AuthorError) as refused:
        await make(world, **{"name": "b"} | known)
    assert [found.code for found in refused.value.problems] == [code]
    assert all(
        found.sentence(tongue) for found in refused.value.problems for tongue in ("zh", "en")
    )
    async with world.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Batch)) == 0


async def test_a_name_is_given_once(world: Any) -> None:
    await world.party(await world.case())
    await make(world)
    with pytest.raises(AuthorError, match="batch-exists"):
        await make(world)


async def test_two_batches_made_at_once_share_the_parties_between_them(world: Any) -> None:
    for _ in range(20):
        await world.party(await world.case())
    first, second = await asyncio.gather(make(world, "first"), make(world, "second"))
    assert first.callbacks + second.callbacks == 20
    rows = await callbacks(world)
    assert len({row.case_id for row in rows}) == len(rows) == 20


def test_a_party_of_this_very_batch_stays_in_it() -> None:
    row = Selected(
        1, 1, "", "emergency", None, True, False, "", "", "", "", frozenset(), in_batch=True
    )
    assert why_not(row, CaseQuery(), ()) == "callback"


async def test_a_land_line_begins_where_the_plan_calls(world: Any) -> None:
    case = await world.case()
    await world.party(case, "+8613800000001")
    await world.party(case, "+862083123456")
    await make(world, plan=SHIPPED["sms_then_voice"])
    mobile, land_line = await callbacks(world)
    assert (mobile.channel, mobile.plan_step) == ("sms", 0)
    assert (land_line.channel, land_line.plan_step) == ("voice", 1)
    async with world.database.read() as session:
        batch = (await session.scalars(select(Batch))).one()
    assert (batch.channel, batch.plan) == ("sms", SHIPPED["sms_then_voice"].as_json())
