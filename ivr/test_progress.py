"""Statuses and causes become dispositions as the field's table says."""

from datetime import UTC, datetime

import pytest

from core.disposition import Disposition as D
from ivr.channels.contract import AnnouncementHeard, Ended, EndedBy
from ivr.progress import announced, disposition_of, sign_of
from speech.contract import Announcement

AT = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "cause", "rang", "expected"),
    [
        (486, 0, False, D.BUSY),
        (600, 0, True, D.BUSY),
        (486, 16, True, D.BUSY),
        (603, 0, True, D.REJECTED),
        (603, 17, True, D.BUSY),
        (603, 21, True, D.REJECTED),
        (403, 0, True, D.REJECTED),
        (403, 0, False, D.FAILED),
        (403, 1, False, D.INVALID_NUMBER),
        (404, 0, False, D.INVALID_NUMBER),
        (410, 0, False, D.INVALID_NUMBER),
        (484, 28, False, D.INVALID_NUMBER),
        (604, 0, False, D.INVALID_NUMBER),
        (480, 0, True, D.NO_ANSWER),
        (480, 18, False, D.NO_ANSWER),
        (480, 19, True, D.NO_ANSWER),
        (480, 20, False, D.UNREACHABLE),
        (480, 27, False, D.UNREACHABLE),
        (480, 31, True, D.NO_ANSWER),
        (480, 16, True, D.NO_ANSWER),
        (408, 0, True, D.NO_ANSWER),
        (408, 0, False, D.FAILED),
        (487, 0, True, D.NO_ANSWER),
        (429, 0, False, D.FAILED),
        (503, 0, False, D.FAILED),
        (503, 34, False, D.FAILED),
        (503, 17, True, D.BUSY),
        (500, 38, False, D.FAILED),
        (500, 41, False, D.FAILED),
        (503, 42, False, D.FAILED),
        (500, 0, True, D.FAILED),
        (401, 0, False, D.FAILED),
        (0, 0, False, D.FAILED),
    ],
)
def test_a_final_response_becomes_a_disposition(
    status: int, cause: int, rang: bool, expected: D
) -> None:
    ended = Ended(AT, EndedBy.TRUNK, sip_status=status, q850_cause=cause)
    assert disposition_of(ended, rang=rang) is expected


@pytest.mark.parametrize(
    ("by", "status", "expected"),
    [
        (EndedBy.RING_TIMEOUT, 487, D.NO_ANSWER),
        (EndedBy.CRASH, 0, D.UNKNOWN),
        (EndedBy.CRASH, 200, D.UNKNOWN),
        (EndedBy.PARTY, 200, D.BROKE_OFF),
        (EndedBy.US, 487, D.FAILED),
    ],
)
def test_who_ended_it_goes_before_the_status(by: EndedBy, status: int, expected: D) -> None:
    assert disposition_of(Ended(AT, by, sip_status=status), rang=True) is expected


@pytest.mark.parametrize(
    ("announcement", "disposition"),
    [
        (Announcement.VACANT, D.INVALID_NUMBER),
        (Announcement.SWITCHED_OFF, D.UNREACHABLE),
        (Announcement.SUSPENDED, D.UNREACHABLE),
        (Announcement.UNREACHABLE, D.UNREACHABLE),
        (Announcement.BUSY, D.BUSY),
        (Announcement.NO_ANSWER, D.NO_ANSWER),
        (Announcement.FORWARDED, None),
    ],
)
def test_announcements(announcement: Announcement, disposition: D | None) -> None:
    heard = AnnouncementHeard(announcement, AT, "已关机")
    assert announced(heard) is disposition
    assert sign_of(heard) == f"announcement_{announcement}: 已关机"
