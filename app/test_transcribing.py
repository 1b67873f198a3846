"""Recorded answers are written down after their call, each once, and nothing is hidden."""

import asyncio
import wave
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from app.beside import beside
from app.transcribing import Transcribing
from conftest import World
from core.clock import SystemClock
from core.errors import AuthorError, HuifangError, TransientError, problem
from dialer.identity import own_name
from speech.contract import Utterance, Word
from storage.attempts import add_answer
from storage.results import results
from storage.schema import Attempt, Transcript
from storage.transcripts import counts, try_again


class Ears:
    """A recogniser that hears what the file's name says."""

    languages = frozenset({"zh", "ko"})

    def __init__(self, *faults: HuifangError) -> None:
        self.faults = list(faults)
        self.heard: list[str] = []
        self.busy = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def transcribe(self, path: Path, language: str) -> Utterance:
        self.busy.set()
        await self.go_on.wait()
        if self.faults:
            raise self.faults.pop(0)
        self.heard.append(f"{language} {path.name}")
        return Utterance("他们 来得 太慢", 0.8, (Word("他们", 0.1, 0.456, 0.91234),))


def sound(folder: Path, name: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 800)


async def recorded(
    world: World, name: str, *, language: str = "zh", state: str | None = "completed"
) -> int:
    """Store an attempt with one recorded answer; returns its id."""
    case = await world.case()
    callback = await world.callback(await world.batch(), case, await world.party(case))
    attempt = await world.attempt(callback, world.now, state)
    async with world.database.write() as session:
        await session.execute(
            update(Attempt).where(Attempt.id == attempt.id).values(dialer=own_name())
        )
        await add_answer(
            session,
            attempt.id,
            {
                **{"position": 1, "step": "comment", "kind": "recording", "value": name},
                **{"label": "3.2 s", "aspect": None, "verdict": None, "score": None, "raw": ""},
                **{"confidence": 1.0, "tries": 1, "answered_at": world.now},
            },
            {"language": language},
        )
    return int(attempt.id)


async def row(world: World, attempt: int) -> Any:
    async with world.database.read() as session:
        return await session.scalar(select(Transcript).where(Transcript.attempt_id == attempt))


def at_work(world: World, ears: Ears, folder: Path, **more: Any) -> Transcribing:
    return Transcribing(world.database, ears, folder, SystemClock(), **more)


async def test_words_and_time_marks_are_kept_and_told(world: World, tmp_path: Path) -> None:
    sound(tmp_path, "day/1-comment.wav")
    attempt = await recorded(world, "day/1-comment.wav")
    ears = Ears()
    work = at_work(world, ears, tmp_path, models={"zh": "small-cn"})
    await work.rest()
    kept = await row(world, attempt)
    assert (kept.state, kept.text, kept.model) == ("done", "他们来得太慢", "small-cn")
    assert kept.words == [{"text": "他们", "start": 0.1, "end": 0.46, "confidence": 0.912}]
    assert ears.heard == ["zh 1-comment.wav"]
    found = [result async for result in results(world.database)]
    given = found[0].answers[0]
    assert given.transcript is not None
    assert given.transcript.text == "他们来得太慢"
    await work.rest()
    assert ears.heard == ["zh 1-comment.wav"], "each is written down once"


async def test_a_call_under_way_is_left_alone(world: World, tmp_path: Path) -> None:
    sound(tmp_path, "a.wav")
    attempt = await recorded(world, "a.wav", state=None)
    work = at_work(world, Ears(), tmp_path)
    await work.rest()
    assert (await row(world, attempt)).state == "waiting"
    async with world.database.write() as session:
        await session.execute(update(Attempt).values(state="closed", disposition="completed"))
    await work.rest()
    assert (await row(world, attempt)).state == "done"


async def test_a_recording_that_is_gone_is_told_plainly(world: World, tmp_path: Path) -> None:
    here = await recorded(world, "gone.wav")
    outside = await recorded(world, "../secret.wav")
    sound(tmp_path.parent, "secret.wav")
    there = await recorded(world, "other.wav")
    async with world.database.write() as session:
        await session.execute(
            update(Attempt).where(Attempt.id == there).values(dialer="another-host/1:2:3")
        )
    await at_work(world, Ears(), tmp_path).rest()
    assert [(await row(world, each)).state for each in (here, outside)] == ["missing"] * 2
    left = await row(world, there)
    assert (left.state, left.tries) == ("waiting", 0), "its machine will do it"


async def test_a_language_without_a_model_waits_for_one(world: World, tmp_path: Path) -> None:
    sound(tmp_path, "a.wav")
    attempt = await recorded(world, "a.wav", language="en")
    ears = Ears()
    await at_work(world, ears, tmp_path).rest()
    assert (await row(world, attempt)).state == "no_model"
    ears.languages = frozenset({"en"})
    await at_work(world, ears, tmp_path).rest()
    assert (await row(world, attempt)).state == "done"


async def test_what_may_work_is_tried_again_and_then_given_up(world: World, tmp_path: Path) -> None:
    sound(tmp_path, "a.wav")
    attempt = await recorded(world, "a.wav")
    busy = TransientError(problem("queue-busy", case=1))
    await at_work(world, Ears(busy), tmp_path).rest()
    assert (await row(world, attempt)).tries == 2
    broken = await recorded(world, "a.wav")
    work = at_work(world, Ears(busy, busy, busy), tmp_path)
    await work.rest()
    assert (await row(world, broken)).state == "failed"
    unreadable = await recorded(world, "a.wav")
    await at_work(world, Ears(AuthorError(problem("queue-empty"))), tmp_path).rest()
    assert (await row(world, unreadable)).state == "failed"
    async with world.database.write() as session:
        assert await try_again(session) == 2
    await at_work(world, Ears(), tmp_path).rest()
    async with world.database.read() as session:
        assert await counts(session) == {"done": 3}


async def test_what_is_cut_off_waits_again(world: World, tmp_path: Path) -> None:
    sound(tmp_path, "a.wav")
    attempt = await recorded(world, "a.wav")
    ears = Ears()
    ears.go_on.clear()
    async with beside(at_work(world, ears, tmp_path).run()):
        await ears.busy.wait()
        assert (await row(world, attempt)).state == "working"
    left = await row(world, attempt)
    assert (left.state, left.tries) == ("waiting", 0)


async def test_two_at_once_share_the_work(world: World, tmp_path: Path) -> None:
    sound(tmp_path, "a.wav")
    for _ in range(6):
        await recorded(world, "a.wav")
    first, second = Ears(), Ears()
    await asyncio.gather(
        at_work(world, first, tmp_path).rest(), at_work(world, second, tmp_path).rest()
    )
    assert len(first.heard) + len(second.heard) == 6


async def test_who_died_at_it_is_relieved(world: World, tmp_path: Path) -> None:
    sound(tmp_path, "a.wav")
    attempt = await recorded(world, "a.wav")
    long_ago, lately = (
        SystemClock().now() - timedelta(hours=1),
        SystemClock().now() - timedelta(minutes=1),
    )
    for began, state in ((lately, "working"), (long_ago, "done")):
        async with world.database.write() as session:
            await session.execute(update(Transcript).values(state="working", claimed_at=began))
        await at_work(world, Ears(), tmp_path).rest()
        assert (await row(world, attempt)).state == state


@pytest.mark.parametrize("kind", ["key", "number"])
async def test_other_answers_have_no_transcript(world: World, kind: str) -> None:
    case = await world.case()
    callback = await world.callback(await world.batch(), case, await world.party(case))
    attempt = await world.attempt(callback, world.now, "completed")
    async with world.database.write() as session:
        await add_answer(
            session,
            attempt.id,
            {
                **{"position": 1, "step": "a", "kind": kind, "value": "1", "label": "满意"},
                "answered_at": world.now,
            },
            None,
        )
    assert await row(world, attempt.id) is None
