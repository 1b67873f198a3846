"""The provider's words of a call's state."""

import pytest

from core.disposition import Disposition
from ivr.cloud.progress import (
    FINAL,
    STAGES,
    machine_of,
    rank,
    refused,
    takes_message,
    unanswered,
)


def test_a_call_goes_forward_only() -> None:
    ranks = [rank(stage) for stage in STAGES]
    assert ranks == sorted(set(ranks))
    assert {rank(word) for word in FINAL} == {len(STAGES)}
    assert rank("a word of next year") < rank("queued")


@pytest.mark.parametrize(
    ("status", "sip", "error", "rang", "should"),
    [
        ("busy", 0, "", False, Disposition.BUSY),
        ("busy", 486, "", True, Disposition.BUSY),
        ("no-answer", 487, "", True, Disposition.NO_ANSWER),
        ("failed", 404, "", False, Disposition.INVALID_NUMBER),
        ("failed", 0, "13224", False, Disposition.INVALID_NUMBER),
        ("failed", 0, "", False, Disposition.FAILED),
    ],
)
def test_what_nobody_answered(
    status: str, sip: int, error: str, rang: bool, should: Disposition
) -> None:
    assert unanswered(status, sip, error, rang=rang) is should


def test_a_call_that_was_not_made() -> None:
    assert refused("21211") is Disposition.INVALID_NUMBER
    assert refused("20429") is Disposition.FAILED


def test_who_picked_up() -> None:
    assert machine_of("human") == machine_of("unknown") == ""
    assert takes_message(machine_of("machine_end_beep"))
    assert not takes_message(machine_of("machine_start"))
    assert not takes_message(machine_of("fax"))
