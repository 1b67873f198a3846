"""What of speech counts: from when on, whole utterances only, no noise."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from core.clock import VirtualClock
from flows.exchange import Speech, WaitAnswer
from ivr.attention import Attention
from ivr.channels.contract import Call, SpeechBegan, SpeechHeard
from speech.contract import Grammar

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
WAIT = WaitAnswer("q", "12", phrases=("满意",), listen=True)


class Ears:
    """The part of a call that listens."""

    def __init__(self) -> None:
        self.heard: list[Grammar | None] = []

    async def listen(self, grammar: Grammar) -> None:
        self.heard.append(grammar)

    async def stop_listening(self) -> None:
        self.heard.append(None)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def heard(text: str, began: float, seconds: float) -> SpeechHeard:
    ended = at(began + seconds)
    return SpeechHeard(text, 0.9 if text else 0.0, at(began), ended, ended)


@pytest.fixture
def ears() -> Ears:
    return Ears()


@pytest.fixture
def attention(ears: Ears) -> Attention:
    clock = VirtualClock(START)
    return Attention(cast(Call, ears), clock, able=True, noise_seconds=0.6)


async def test_it_listens_for_the_waits_phrases_until_its_end(
    attention: Attention, ears: Ears
) -> None:
    await attention.begin(WAIT)
    await attention.begin(WAIT, 1.0)
    await attention.end()
    await attention.end()
    assert ears.heard == [Grammar("zh", ("满意",)), None]


async def test_what_began_before_it_counts_is_not_heard_to_its_end(attention: Attention) -> None:
    await attention.begin(WAIT, 2.0)
    assert attention.take(SpeechBegan(at(1.9))) is None
    assert not attention.speaking
    assert attention.take(heard("满意", 1.9, 0.8)) is None
    attention.take(SpeechBegan(at(2.0)))
    assert attention.speaking
    assert attention.take(heard("满意", 2.0, 0.8)) == Speech("满意", 0.9)
    assert not attention.speaking


@pytest.mark.parametrize(
    ("text", "seconds", "said"),
    [
        ("", 0.59, None),  # a cough
        ("", 0.6, Speech("", 0.0)),  # something that nobody understood
        ("是", 0.2, Speech("是", 0.9)),  # short, but understood
    ],
)
async def test_only_a_short_noise_is_nothing(
    attention: Attention, text: str, seconds: float, said: Speech | None
) -> None:
    await attention.begin(WAIT)
    attention.take(SpeechBegan(at(1)))
    assert attention.take(heard(text, 1, seconds)) == said


async def test_nothing_counts_once_it_has_ended(attention: Attention) -> None:
    await attention.begin(WAIT)
    attention.take(SpeechBegan(at(1)))
    await attention.end()
    assert not attention.speaking
    assert attention.take(heard("满意", 1, 0.8)) is None


def test_only_a_wait_that_listens_is_attended_to(ears: Ears) -> None:
    def able(*, channel: bool) -> Attention:
        clock: Any = VirtualClock(START)
        return Attention(cast(Call, ears), clock, able=channel, noise_seconds=0.6)

    assert able(channel=True).wanted(WAIT)
    assert not able(channel=False).wanted(WAIT)
    assert not able(channel=True).wanted(WaitAnswer("q", "12"))
