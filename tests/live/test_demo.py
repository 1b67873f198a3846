"""The demonstration, with a handful of people: called, written to, and the one after the other."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.demo.cases import PHONE_THEN_TEXT, Way
from app.demo.show import demonstrate
from core.plan import SMS, VOICE

pytestmark = pytest.mark.live

WAYS = (
    Way(VOICE, ("市局/城关分局/城关派出所",), ("2",)),
    Way(SMS, ("市局/河西分局/北郊派出所",), ("1", "2", "5", "6")),
    Way(PHONE_THEN_TEXT, ("市局/城关分局/南关派出所",), ("90", "1"), 0),
    Way("sms_then_voice", ("市局/河西分局/沿江派出所",), ("000", "1"), 0),
)


@contextlib.asynccontextmanager
async def unseen(*_: object) -> AsyncIterator[None]:
    yield


async def test_everybody_comes_to_what_he_should(tmp_path: Path) -> None:
    told: list[str] = []

    def tell(step: str, _what: Any) -> None:
        told.append(step)

    report = await demonstrate(tmp_path / "house", "zh", tell, unseen, WAYS)
    assert report.mismatches == []
    assert report.right
    assert told == ["hearing", "people", "imported", "batch", "batch", "batch", "batch"]
    assert report.onward() == {
        ("sip", "sms"): {"completed": 1},
        ("sms", "sip"): {"invalid_number": 1},
    }
    assert report.by_channel()["sms"] == {"completed": 5, "refused": 1, "unreachable": 1}
    assert report.held.texts.replies == report.as_json()["texts_received"] >= 7
