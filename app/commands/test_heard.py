"""What was said in the calls, given to whoever follows up."""

import asyncio
import json
import wave
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from sqlalchemy import update
from typer.testing import CliRunner, Result

from app import recognisers
from app.commands import queue, results, transcribe
from app.context import Invocation
from config.loading import Loaded
from conftest import World
from dialer.identity import own_name
from speech.contract import Utterance, Word
from storage.attempts import add_answer
from storage.database import Database
from storage.followups import open_item
from storage.schema import Attempt

app = typer.Typer()
app.add_typer(queue.app, name="queue")
app.command("results")(results.results)
app.command("transcribe")(transcribe.transcribe)
RECORDING = "2025-11-03/1-comment.wav"
Command = Callable[..., Result]


class Ears:
    languages = frozenset({"zh"})

    async def start(self) -> None:
        """Nothing has to be loaded."""

    async def close(self) -> None:
        """Nothing has to be ended."""

    async def transcribe(self, path: Path, language: str) -> Utterance:
        assert (path.name, language) == ("1-comment.wav", "zh")
        return Utterance("来得 太慢", 0.9, (Word("来得", 0.2, 0.6, 0.9), Word("太慢", 0.6, 1, 0.9)))


@pytest.fixture
def huifang(tmp_path: Path) -> Command:
    config = tmp_path / "huifang.yaml"
    config.write_text(f"database:\n  url: sqlite:///{tmp_path / 'h.db'}\n", "utf-8")
    asyncio.run(_called(tmp_path / "h.db"))

    def run(*words: str, code: int = 0) -> Result:
        done = CliRunner().invoke(app, list(words), obj=Invocation(config, "zh"))
        assert done.exit_code == code, (done.output, done.exception)
        return done

    return run


async def _called(path: Path) -> None:
    """A call that came to dissatisfaction and a message."""
    database = Database(f"sqlite:///{path}")
    try:
        await database.migrate()
        world = World(database)
        case = await world.case()
        party = await world.party(case, "+8613800138001")
        callback = await world.callback(await world.batch(), case, party)
        attempt = await world.attempt(callback, world.now, "completed")
        spoken = {"aspect": None, "verdict": None, "raw": "", "answered_at": world.now}
        answers = [
            {"step": "overall", "kind": "key", "value": "不满意", "label": "不满意"},
            {"step": "comment", "kind": "recording", "value": RECORDING, "label": "3.2 s"},
        ]
        async with database.write() as session:
            await session.execute(update(Attempt).values(dialer=own_name()))
            for position, answer in enumerate(answers, 1):
                values = {**spoken, **answer, "position": position}
                await add_answer(session, attempt.id, values, {"language": "zh"})
            await open_item(
                session,
                case_id=case.id,
                callback_id=callback.id,
                party_id=party.id,
                reason="dissatisfied",
                deadline=None,
                key_incident=False,
                now=datetime(2025, 11, 3, 3, tzinfo=UTC),
            )
    finally:
        await database.close()


def record(folder: Path) -> Path:
    path = folder / "var" / "recordings" / RECORDING
    path.parent.mkdir(parents=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\1\0" * 800)
    return path


def ears(_known: Loaded) -> Ears:
    return Ears()


def test_an_item_shows_answers_and_words(
    huifang: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(tmp_path)
    before = huifang("queue", "show", "1").stdout
    assert "overall: 不满意" in before
    assert "comment: 3.2 s （等待转写）" in before
    assert "13800138001" not in before
    assert "transcribe-no-recogniser" in huifang("transcribe", code=2).output
    monkeypatch.setattr(recognisers, "recogniser", ears)
    tally = json.loads(huifang("transcribe", "--format", "json").stdout)
    assert tally == {"done": 1, "failed": 0, "missing": 0, "no_model": 0, "waiting": 0}
    assert "comment: 3.2 s “来得太慢”" in huifang("queue", "show", "1").stdout
    shown = json.loads(huifang("queue", "show", "1", "--format", "json").stdout)
    (attempt,) = shown["heard"]
    said = attempt["answers"][1]["transcript"]
    assert (said["state"], said["text"]) == ("done", "来得太慢")
    assert said["words"][0] == {"text": "来得", "start": 0.2, "end": 0.6, "confidence": 0.9}
    exported = json.loads(huifang("results", "--format", "json").stdout)
    assert exported[0]["answers"][1]["transcript"]["text"] == "来得太慢"
    assert "comment=3.2 s “来得太慢”" in huifang("results").stdout


def test_the_recording_is_given_for_listening(huifang: Command, tmp_path: Path) -> None:
    assert "queue-recording-missing" in huifang("queue", "recording", "1", code=2).output
    path = record(tmp_path)
    assert Path(huifang("queue", "recording", "1").stdout.strip()) == path.resolve()
    copy = tmp_path / "copy.wav"
    huifang("queue", "recording", "1", "--step", "comment", "--output", str(copy))
    assert copy.read_bytes() == path.read_bytes()
    assert copy.stat().st_mode & 0o777 == 0o600
    for arguments, code in (
        (["--output", str(copy)], "queue-recording-exists"),
        (["--output", str(tmp_path / "no" / "x.wav")], "queue-recording-unwritable"),
        (["--step", "overall"], "queue-no-such-recording"),
        (["--call"], "queue-no-recording"),
    ):
        assert code in huifang("queue", "recording", "1", *arguments, code=2).output


def test_a_recording_that_is_gone_is_told(
    huifang: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognisers, "recogniser", ears)
    huifang("transcribe")
    assert "录音文件已不存在" in huifang("queue", "show", "1").stdout
