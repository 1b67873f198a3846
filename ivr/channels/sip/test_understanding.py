"""The house's side of speech: one utterance after another, each told in its order."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import TransientError, problem
from ivr.channels.contract import Event, SpeechBegan, SpeechHeard
from ivr.channels.sip.understanding import Understanding
from speech.contract import Grammar, Utterance

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
ZH = Grammar("zh", ("满意", "不满意"))


class Listener:
    """An ear that hears the letters it is fed, when it may."""

    def __init__(self, recogniser: "Letters", grammar: Grammar) -> None:
        self.recogniser, self.grammar, self.fed, self.closed = recogniser, grammar, b"", False

    def feed(self, pcm: bytes) -> None:
        self.fed += pcm

    async def finish(self) -> Utterance:
        await self.recogniser.may_answer.wait()
        said = self.fed.decode().strip("_")
        if said == "!":
            raise TransientError(problem("speech-recogniser-gone", language="zh"))
        return Utterance("" if said in ("", "?") else said, 0.9 if said else 0.0)

    def close(self) -> None:
        self.closed = True


class Letters:
    """A recogniser for sound that is made of letters."""

    languages = frozenset({"zh"})

    def __init__(self) -> None:
        self.ears: list[Listener] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def start(self) -> None: ...
    async def close(self) -> None: ...
    async def unknown_words(self, language: str, phrases: tuple[str, ...]) -> frozenset[str]:
        return frozenset()

    def listen(self, grammar: Grammar) -> Listener:
        self.ears.append(Listener(self, grammar))
        return self.ears[-1]


class Told:
    """The events, to be awaited."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._more = asyncio.Event()

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        self._more.set()

    async def until(self, number: int) -> list[Event]:
        async with asyncio.timeout(10):
            while len(self.events) < number:
                self._more.clear()
                await self._more.wait()
        return self.events


@pytest.fixture
def letters() -> Letters:
    return Letters()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def understanding(letters: Letters, told: Told) -> Understanding:
    return Understanding(letters, told)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def says(understanding: Understanding, sound: bytes, began: float, ended: float) -> None:
    listening = understanding.listening
    understanding.began(listening, at(began))
    understanding.sound(listening, base64.b64encode(sound).decode())
    understanding.ended(listening, at(ended))


def texts(events: list[Event]) -> list[str]:
    return [event.text if isinstance(event, SpeechHeard) else "..." for event in events]


async def test_an_utterance_is_told_with_its_times(
    understanding: Understanding, told: Told
) -> None:
    assert understanding.listen(ZH)
    says(understanding, "满意".encode(), 1, 2)
    began, heard = await told.until(2)
    assert began == SpeechBegan(at(1))
    assert isinstance(heard, SpeechHeard)
    assert (heard.text, heard.confidence) == ("满意", 0.9)
    assert (heard.began_at, heard.ended_at) == (at(1), at(2))


async def test_a_replaced_listening_judges_what_had_begun_by_the_new_grammar(
    understanding: Understanding, told: Told, letters: Letters
) -> None:
    understanding.listen(ZH)
    understanding.began(understanding.listening, at(1))
    understanding.sound(understanding.listening, base64.b64encode(b"ab").decode())
    other = Grammar("zh", ("是",))
    assert not understanding.listen(other)
    understanding.sound(understanding.listening, base64.b64encode(b"cd").decode())
    understanding.ended(understanding.listening, at(2))
    assert texts(await told.until(2)) == ["...", "abcd"]
    assert letters.ears[0].closed
    assert letters.ears[-1].grammar is other


async def test_who_hesitates_is_heard_as_a_whole(
    understanding: Understanding, told: Told, letters: Letters
) -> None:
    understanding.listen(ZH)
    says(understanding, b"?", 1, 1.3)
    await told.until(2)
    says(understanding, b"abc", 1.9, 3)
    assert texts(await told.until(4)) == ["...", "", "...", "?abc"]
    says(understanding, b"?", 10, 10.3)
    await told.until(6)
    says(understanding, b"abc", 12, 13)  # too late to belong together
    assert texts(await told.until(8))[-1] == "abc"


async def test_utterances_are_told_in_their_order(
    understanding: Understanding, told: Told, letters: Letters
) -> None:
    understanding.listen(ZH)
    letters.may_answer.clear()
    says(understanding, b"one", 1, 2)
    says(understanding, b"two", 2.5, 3)
    letters.may_answer.set()
    assert texts(await told.until(4)) == ["...", "one", "...", "two"]


async def test_what_is_being_recognised_is_dropped_when_nobody_listens(
    understanding: Understanding, told: Told, letters: Letters
) -> None:
    understanding.listen(ZH)
    letters.may_answer.clear()
    says(understanding, b"one", 1, 2)
    understanding.stop()
    letters.may_answer.set()
    assert understanding.listen(ZH)
    understanding.ended(1, at(3))  # of the listening before
    says(understanding, b"two", 4, 5)
    assert texts(await told.until(3)) == ["...", "...", "two"]


async def test_a_recogniser_that_fails_has_heard_nothing(
    understanding: Understanding, told: Told
) -> None:
    understanding.listen(ZH)
    says(understanding, b"!", 1, 2)
    assert texts(await told.until(2)) == ["...", ""]


async def test_a_language_without_a_model_is_not_listened_for(
    understanding: Understanding,
) -> None:
    assert not understanding.listen(Grammar("ko", ("네",)))
    assert understanding.listening == 0
