"""What must come of each person, and every way in which it may not have."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from app.demo.cases import PHONE_THEN_TEXT, Party, Way
from app.demo.verdicts import compare, should
from core.plan import SHIPPED, SMS, VOICE, Plan, PlanStep
from storage.followups import QueueEntry
from storage.results import Result

PLANS = {
    **SHIPPED,
    PHONE_THEN_TEXT: Plan(PHONE_THEN_TEXT, (PlanStep(VOICE), PlanStep(SMS))),
}
NOW = datetime(2026, 3, 2, 5, tzinfo=UTC)


def party(plan: str, ending: str) -> Party:
    return Party(f"13900000{ending.rjust(3, '1')}", Way(plan, ("station",), (ending,)), "station")


@pytest.mark.parametrize(
    ("plan", "ending", "wanted"),
    [
        (VOICE, "1", "voice/completed/satisfied/-"),
        (VOICE, "8", "voice/no_answer/-/queue"),
        (SMS, "2", "sms/completed/dissatisfied/queue"),
        (SMS, "6", "sms/refused/-/-"),
        (PHONE_THEN_TEXT, "1", "voice/completed/satisfied/-"),
        (PHONE_THEN_TEXT, "8", "voice>sms/completed/satisfied/-"),
        (PHONE_THEN_TEXT, "7", "voice>sms/no_answer/-/queue"),
        ("sms_then_voice", "1", "sms/completed/satisfied/-"),
        ("sms_then_voice", "70", "sms>voice/completed/satisfied/-"),
        ("sms_then_voice", "9", "sms>voice/machine/-/queue"),
    ],
)
def test_one_channel_after_the_other_until_somebody_is_reached(
    plan: str, ending: str, wanted: str
) -> None:
    assert str(should(party(plan, ending), PLANS[plan], heard=True)) == wanted


def result(who: Party, channel: str, disposition: str, **more: Any) -> Result:
    values: dict[str, Any] = dict.fromkeys(Result.__dataclass_fields__, "")
    values |= {"number": f"+86{who.number}", "channel": channel, "disposition": disposition}
    values |= {"sequence": 1, "packets_lost": 0, "verdict": None, "answers": (), **more}
    return Result(**values)


def entry(who: Party) -> QueueEntry:
    values: dict[str, Any] = dict.fromkeys(QueueEntry.__dataclass_fields__, "")
    return QueueEntry(**{**values, "e164": f"+86{who.number}"})


EIGHT = party(PHONE_THEN_TEXT, "8")
CALLED = result(EIGHT, "sip", "no_answer")
WRITTEN = result(EIGHT, "sms", "completed", verdict="satisfied", sequence=2)


def test_what_is_as_it_should_be_is_no_mismatch() -> None:
    assert compare([EIGHT], PLANS, [WRITTEN, CALLED], [], heard=True) == []


@pytest.mark.parametrize(
    ("results", "queued", "found"),
    [
        ([], False, "-"),
        ([CALLED], False, "voice/no_answer/-/-"),
        ([WRITTEN], False, "sms/completed/satisfied/-"),
        ([CALLED, WRITTEN], True, "voice>sms/completed/satisfied/queue"),
        (
            [CALLED, replace(WRITTEN, verdict="dissatisfied")],
            False,
            "voice>sms/completed/dissatisfied/-",
        ),
        (
            [replace(CALLED, packets_lost=3), WRITTEN],
            False,
            "voice>sms/completed/satisfied/- (3 packets lost)",
        ),
    ],
)
def test_every_difference_is_told(results: list[Result], queued: bool, found: str) -> None:
    queue = [entry(EIGHT)] if queued else []
    [mismatch] = compare([EIGHT], PLANS, results, queue, heard=True)
    assert (mismatch.wanted, mismatch.found) == ("voice>sms/completed/satisfied/-", found)
    assert EIGHT.number not in mismatch.number
