"""Who rings, and how he is met."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.plan import VOICE
from core.welcome import Welcome
from dialer.incoming.recognising import recognise
from dialer.incoming.terms import RingBackRules
from storage.candidates import Candidate
from storage.facts import KnownCallback
from storage.incoming.callers import KnownCaller

NOW = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
RULES = RingBackRules(within=timedelta(days=14))


def caller(
    id: int = 1,
    *,
    days: float | None = 1,
    batch: str = "running",
    disposition: str | None = "no_answer",
    **facts: Any,
) -> KnownCaller:
    """Return a callback that was last tried so many `days` ago (None: never)."""
    known = KnownCallback(
        id=id,
        case_id=id,
        party_id=1,
        e164="+8613800000001",
        state=facts.pop("state", "waiting"),
        respondent_class="emergency",
        tries=1,
        failed_tries=0,
        next_at=NOW - timedelta(days=2),
        deadline=None,
        time_zone="",
        do_not_call=facts.pop("do_not_call", None),
        key_incident=facts.pop("key_incident", False),
        face_to_face=facts.pop("face_to_face", False),
        number_invalid=False,
        channel=VOICE,
        plan_step=0,
        plan={},
    )
    assert not facts
    tried_at = None if days is None else NOW - timedelta(days=days)
    candidate = Candidate(id, 1, 1, "", "", 1, known)
    return KnownCaller(candidate, batch, disposition, tried_at)


@pytest.mark.parametrize(
    ("known", "welcome"),
    [
        (caller(), Welcome.SURVEY),
        (caller(days=None), Welcome.SURVEY),
        (caller(state="follow_up"), Welcome.SURVEY),
        (caller(state="follow_up", disposition="partial"), Welcome.SURVEY),
        (caller(state="follow_up", disposition="unknown"), Welcome.SURVEY),
        (caller(state="follow_up", days=13), Welcome.SURVEY),
        (caller(state="follow_up", days=15), Welcome.UNKNOWN),
        (caller(state="follow_up", disposition="completed"), Welcome.ANSWERED),
        (caller(state="done", disposition="completed"), Welcome.ANSWERED),
        (caller(state="calling"), Welcome.UNDER_WAY),
        (caller(state="cancelled"), Welcome.UNKNOWN),
        (caller(state="cancelled", do_not_call="TD"), Welcome.DO_NOT_CALL),
        (caller(do_not_call="asked"), Welcome.DO_NOT_CALL),
        (caller(key_incident=True), Welcome.KEY_INCIDENT),
        (caller(key_incident=True, state="follow_up", days=None), Welcome.KEY_INCIDENT),
        (caller(face_to_face=True, state="follow_up"), Welcome.PERSON),
        (caller(batch="ready"), Welcome.UNKNOWN),
        (caller(batch="stopped"), Welcome.UNKNOWN),
        (caller(batch="finished", state="follow_up"), Welcome.SURVEY),
    ],
)
def test_how_somebody_is_met(known: KnownCaller, welcome: Welcome) -> None:
    assert recognise([known], NOW, RULES)[0] is welcome


def test_a_number_of_nobody() -> None:
    assert recognise([], NOW, RULES) == (Welcome.UNKNOWN, None)


def test_of_several_it_is_the_one_that_was_tried_last() -> None:
    older, newer, never = caller(3, days=5), caller(1, days=1), caller(9, days=None)
    assert recognise([older, newer, never], NOW, RULES)[1] is newer


def test_what_is_open_goes_before_what_is_over() -> None:
    over = caller(5, days=0.1, state="done", disposition="completed")
    waits = caller(2, days=4)
    assert recognise([over, waits], NOW, RULES) == (Welcome.SURVEY, waits)


@pytest.mark.parametrize(
    ("shown", "e164"),
    [
        ("13800138001", "+8613800138001"),
        ("013800138001", "+8613800138001"),
        ("8613800138001", "+8613800138001"),
        ("+8613800138001", "+8613800138001"),
        ("008613800138001", "+8613800138001"),
        ("057582345678", "+8657582345678"),
        ("82345678", "+8657582345678"),
        ("+14155552671", "+14155552671"),
        ("110", ""),
        ("", ""),
        ("anonymous", ""),
    ],
)
def test_numbers_as_networks_write_them(shown: str, e164: str) -> None:
    assert RingBackRules(area_code="0575").number(shown) == e164
