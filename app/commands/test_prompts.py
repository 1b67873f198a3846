"""`huifang prompts`: the way of a survey through the studio, with real sound from end to end."""

import asyncio
import csv
import io
import json
import os
import shutil
import wave
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from typer.testing import CliRunner, Result

from app.commands.flow import app as flow
from app.commands.prompts import app
from app.context import Invocation
from app.prompt_building import build, of_survey
from app.readiness import Finding, look
from app.script import script
from app.studio_import import survey_of
from app.wiring import prompt_cache, studio
from config.loading import load
from core.clock import SystemClock
from core.errors import AuthorError
from speech.audio import wav_bytes
from speech.loudness import TARGET_DBOV, loudness
from speech.plan import How
from speech.synthesis import Synthesis, Voice
from storage.database import Database
from tests.recordings import encoded

GOLDEN = Path(__file__).parents[2] / "tests/golden/prompts"
STUDIO = {"zh": Voice("cmn+f2", 190), "en": Voice("en-gb+f2")}
"""Another voice than the house's stands for the studio's speaker."""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    folder = tmp_path / "house"
    (folder / "surveys").mkdir(parents=True)
    shutil.copy(GOLDEN / "report.yaml", folder / "surveys")
    settings = folder / "huifang.yaml"
    settings.write_text("language: zh\n", "utf-8")
    return settings


def huifang(house: Path, *arguments: str | Path, words: str = "zh") -> Result:
    given = [str(each) for each in arguments]
    return CliRunner().invoke(app, given, obj=Invocation(house, words))


def listed(house: Path, *options: str) -> list[dict[str, str]]:
    shown = huifang(house, "record-list", "report", *options, "--format", "json")
    assert shown.exit_code == 0, shown.output
    found: list[dict[str, str]] = json.loads(shown.stdout)
    return found


def recorded(folder: Path, lines: list[dict[str, str]], ending: str = ".wav") -> Path:
    """Speak every line into a file named by its id, with half a second of room around it."""
    folder.mkdir(exist_ok=True)
    speaker = Synthesis()
    noise = np.random.default_rng(7)
    for line in lines:
        quiet = np.zeros(4000, np.float32)
        sound = speaker.make(line["text"], STUDIO[line["language"]])
        sound = np.concatenate([quiet, sound, quiet]) * np.float32(0.5)
        sound += noise.normal(0, 0.0005, len(sound)).astype(np.float32)
        file = folder / f"{line['id']}.wav"
        file.write_bytes(wav_bytes(sound))
        if ending != ".wav":
            encoded(file, file.with_suffix(ending))
            file.unlink()
    return folder


@pytest.fixture(scope="module")
def takes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings of all that the survey says, in both languages."""
    folder = tmp_path_factory.mktemp("takes")
    house = folder / "huifang.yaml"
    house.write_text("language: zh\n", "utf-8")
    lines = [
        {"id": each.id, "language": each.language, "text": each.text}
        for each in script(survey_of(load(house), str(GOLDEN / "report.yaml")))
    ]
    return recorded(folder / "sound", lines)


def test_the_script_is_as_it_was(house: Path) -> None:
    golden = GOLDEN / "report.script.md"
    shown = huifang(house, "record-list", "report", "--values", words="zh")
    assert shown.exit_code == 0
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(shown.stdout, "utf-8")
    assert shown.stdout == golden.read_text("utf-8")


def test_every_text_stands_once_and_has_its_id(house: Path) -> None:
    lines = listed(house, "--values")
    assert len({line["id"] for line in lines}) == len(lines)
    texts = [line["text"] for line in lines if line["language"] == "zh"]
    assert "拨打幺幺零报警。" in texts
    assert "三月" in texts
    assert "您好，" in texts
    assert not any("{" in text for text in texts)


def test_the_script_in_files(house: Path, tmp_path: Path) -> None:
    for ending in (".csv", ".xlsx", ".md"):
        file = tmp_path / f"script{ending}"
        assert huifang(house, "record-list", "report", "--out", file).exit_code == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "script.csv").read_text("utf-8-sig"))))
    sheet = openpyxl.load_workbook(tmp_path / "script.xlsx").active
    assert sheet is not None
    assert [row["id"] for row in rows] == [cell.value for cell in sheet["A"]][1:]
    assert rows[0]["file"] == f"{rows[0]['id']}.wav"
    refused = huifang(house, "record-list", "report", "--out", tmp_path / "script.pdf")
    assert refused.exit_code == 2
    assert "prompts-ending" in refused.output


def test_without_recordings_the_voice_makes_everything(house: Path) -> None:
    shown = huifang(house, "build", "report", "--format", "json")
    made = json.loads(shown.stdout)
    assert shown.exit_code == 0
    assert made["made"] == {"recorded": 0, "joined": 0, "voice": len(made["prompts"])}
    texts = {(each["language"], each["text"]) for each in made["prompts"]}
    assert ("en", "Thank you. Goodbye.") in texts
    assert any("张女士" in text and "三月五日" in text for _, text in texts)
    assert all(Path(each["file"]).is_file() for each in made["prompts"])
    overall = next(each for each in made["prompts"] if each["step"] == "overall")
    assert overall["line"] == 14


def test_an_adopted_survey_waits_for_its_recordings(house: Path, takes: Path) -> None:
    assert huifang(house, "record-list", "report", "--adopt").exit_code == 0
    refused = huifang(house, "build", "report")
    assert refused.exit_code == 2
    assert "report.yaml:14:11 [prompts-not-recorded]" in refused.output
    assert "“overall”" in refused.output
    some = takes.parent / "some"
    some.mkdir(exist_ok=True)
    (first, *_) = sorted(takes.glob("zh-*.wav"))
    shutil.copy(first, some)
    before = sorted(house.parent.rglob("studio/**/*"))
    stopped = huifang(house, "import", some)
    assert stopped.exit_code == 2
    assert "prompts-file-missing" in stopped.output
    assert sorted(house.parent.rglob("studio/**/*")) == before
    partly = huifang(house, "import", some, "--part", "--format", "json")
    assert json.loads(partly.stdout)["missing"]
    assert first.stem not in [line["id"] for line in listed(house, "--missing")]
    whole = huifang(house, "import", takes, "--format", "json")
    assert whole.exit_code == 0, whole.output
    found = json.loads(whole.stdout)
    assert len(found["taken"]) == len(list(takes.iterdir()))
    assert found["missing"] == []
    assert [each["warnings"] for each in found["taken"] if each["warnings"]] == []
    assert listed(house, "--missing") == []
    built = json.loads(huifang(house, "build", "report", "--format", "json").stdout)
    assert built["made"]["voice"] == 0
    assert built["made"]["joined"] >= 2
    for file in house.parent.glob("studio/*/*/*.wav"):
        with wave.open(str(file), "rb") as sound:
            assert (sound.getframerate(), sound.getnchannels()) == (8000, 1)
            samples = np.frombuffer(sound.readframes(10**8), "<i2").astype(np.float32) / 32768
        assert loudness(samples, 8000).active_dbov == pytest.approx(TARGET_DBOV, abs=1)


def test_a_joined_prompt_has_the_studio_around_the_value(house: Path, takes: Path) -> None:
    assert huifang(house, "import", takes, "--survey", "report").exit_code == 0
    known = load(house)
    survey = survey_of(known, "report")
    cache = of_survey(prompt_cache(known), survey)
    text = "您好，李四。这里是公安局回访中心，不录音。您于七月八日拨打幺幺零报警。拒绝请按9。"
    made = cache.plan(text, "zh")
    assert made.how is How.JOINED
    assert [part.text for part in made.parts if not part.files] == ["李四。", "七月八日"]
    first = asyncio.run(cache.spoken(text, "zh"))
    assert first == asyncio.run(cache.spoken(text, "zh"))
    other = asyncio.run(cache.spoken(text.replace("七月", "九月"), "zh"))
    assert other != first
    assert first.parent.parent.name == "joined"
    with wave.open(str(first), "rb") as sound:
        samples = np.frombuffer(sound.readframes(10**8), "<i2").astype(np.float32) / 32768
    loud = np.flatnonzero(np.abs(samples) > 10 ** (-50 / 20))
    assert np.diff(loud).max() / 8000 < 0.45  # a full stop is the longest pause
    assert 6 < len(samples) / 8000 < 16
    # A new recording of a fragment is a new prompt: nothing stale is played.
    (own,) = [take for take in studio(known).takes("report", "zh") or () if take.text == "您于"]
    file = studio(known).of("report", "zh") / own.file
    file.write_bytes(wav_bytes(Synthesis().make("您于", Voice("cmn+m3"))))
    os.utime(file, ns=(1, 1))
    assert asyncio.run(cache.spoken(text, "zh")) != first


def test_a_missing_recording_stops_before_the_batch(house: Path, takes: Path) -> None:
    assert huifang(house, "import", takes, "--survey", "report").exit_code == 0
    known = load(house)
    survey = survey_of(known, "report")
    built = asyncio.run(build(prompt_cache(known), survey))
    assert {each.how for each in built} == {How.RECORDED, How.JOINED}
    changed = house.parent / "surveys/report.yaml"
    changed.write_text(changed.read_text("utf-8").replace("谢谢，再见", "谢谢您，再见"), "utf-8")
    with pytest.raises(AuthorError) as refused:
        asyncio.run(build(prompt_cache(known), survey_of(known, "report")))
    (fault,) = refused.value.problems
    assert (fault.code, fault.place.line) == ("prompts-not-recorded", 21)

    async def looked() -> list[Finding]:
        return [each async for each in look(known, SystemClock().now(), "zh")]

    findings = asyncio.run(looked())
    (found,) = [each for each in findings if each.name == "report"]
    assert not found.good
    assert "prompts-not-recorded" in found.detail
    # The operator may say that the voice speaks it.
    assert huifang(house, "record-list", "report", "--adopt").exit_code == 0
    manifest = house.parent / "studio/report/zh/manifest.csv"
    rows = list(csv.reader(io.StringIO(manifest.read_text("utf-8-sig"))))
    for row in rows:
        if row[3] == "谢谢您，再见。":
            row[1] = "voice"
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    manifest.write_text(out.getvalue(), "utf-8")
    built = asyncio.run(build(prompt_cache(known), survey_of(known, "report")))
    assert [each.text for each in built if each.how is How.VOICE] == ["谢谢您，再见。"]


def test_a_bad_recording_is_told_and_nothing_is_half_imported(
    house: Path, takes: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "bad"
    shutil.copytree(takes, folder)
    files = sorted(folder.glob("zh-*.wav"))
    files[0].write_bytes(b"no sound")
    files[1].rename(folder / "unknown.wav")
    shutil.copy(files[2], files[2].with_suffix(".flac"))
    refused = huifang(house, "import", folder, "--survey", "report", "--format", "json")
    codes = {(p["code"], Path(p["file"]).name) for p in json.loads(refused.stdout)["problems"]}
    assert ("speech-recording-unreadable", files[0].name) in codes
    assert ("prompts-file-unknown", "unknown.wav") in codes
    assert {code for code, _ in codes} >= {"prompts-file-twice", "prompts-file-missing"}
    assert refused.exit_code == 2
    assert not (house.parent / "studio").exists()


def test_clipping_noise_and_the_wrong_text_are_reported(
    house: Path, takes: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "poor"
    shutil.copytree(takes, folder)
    thanks = next(line for line in listed(house) if line["text"] == "谢谢，再见。")
    asked = next(line for line in listed(house) if line["text"].startswith("满意请按1"))
    long = next(line for line in listed(house) if line["text"].startswith("非常抱歉"))
    (folder / f"{long['id']}.wav").write_bytes((takes / f"{thanks['id']}.wav").read_bytes())
    voice = Synthesis().make(asked["text"], STUDIO["zh"])
    (folder / f"{asked['id']}.wav").write_bytes(wav_bytes(voice * np.float32(9)))
    hiss = np.random.default_rng(3).normal(0, 0.03, 24000).astype(np.float32)
    hiss[8000:20000] += voice[:12000]
    (folder / f"{thanks['id']}.wav").write_bytes(wav_bytes(hiss))
    shown = huifang(house, "import", folder, "--survey", "report", "--format", "json")
    assert shown.exit_code == 0, shown.output
    taken = {each["id"]: each for each in json.loads(shown.stdout)["taken"]}
    told = {name: [w["code"] for w in each["warnings"]] for name, each in taken.items()}
    assert told[asked["id"]] == ["speech-recording-clipped"]
    assert told[thanks["id"]] == ["speech-recording-noisy"]
    assert told[long["id"]] == ["speech-recording-length"]
    assert taken[asked["id"]]["clipped"] > 0.01
    assert taken[thanks["id"]]["signal_to_noise"] < 15
    assert all(
        not codes
        for name, codes in told.items()
        if name not in (asked["id"], thanks["id"], long["id"])
    )


def test_the_studios_own_names_and_formats_are_taken_by_its_list(
    house: Path, tmp_path: Path
) -> None:
    lines = [line for line in listed(house) if line["text"] == "谢谢，再见。"]
    folder = recorded(tmp_path / "mp3", lines, ".mp3")
    (file,) = folder.glob("*.mp3")
    file.rename(folder / "Take 7.MP3")
    (folder / "list.csv").write_text(f"id,file\n{lines[0]['id']},Take 7.MP3\n", "gb18030")
    shown = huifang(house, "import", folder, "--survey", "report", "--part")
    assert shown.exit_code == 0, shown.output
    assert list(house.parent.glob(f"studio/report/zh/{lines[0]['id']}-*.wav"))


def test_recorded_values_need_no_voice(house: Path, tmp_path: Path, takes: Path) -> None:
    assert huifang(house, "record-list", "report", "--values", "--adopt").exit_code == 0
    folder = tmp_path / "all"
    shutil.copytree(takes, folder)
    words = [line for line in listed(house, "--values") if line["kind"] == "value"]
    recorded(folder, words)
    shown = huifang(house, "import", folder)
    assert shown.exit_code == 0, shown.output
    known = load(house)
    cache = of_survey(prompt_cache(known), survey_of(known, "report"))
    text = "您好。这里是公安局回访中心，不录音。您于十二月三十一日拨打幺幺零报警。拒绝请按9。"
    made = cache.plan(text, "zh")
    (value,) = [part for part in made.parts if part.text == "十二月三十一日"]
    assert len(value.files) == 2


def test_what_cannot_be_done_is_told(house: Path, tmp_path: Path) -> None:
    assert "prompts-none-adopted" in huifang(house, "import", tmp_path).output
    lost = huifang(house, "import", tmp_path / "lost", "--survey", "report")
    assert "prompts-no-folder" in lost.output
    empty = tmp_path / "empty"
    empty.mkdir()
    nothing = huifang(house, "import", empty, "--survey", "report", "--part")
    assert "prompts-nothing-there" in nothing.output
    assert huifang(house, "build", "nobody").exit_code == 2
    house.write_text("language: zh\nvoices: {zh: {voice: cmn}}\n", "utf-8")
    refused = huifang(house, "build", "report")
    assert "report.yaml:12:7 [prompts-cannot-make]" in refused.output
    assert "“en”" in refused.output


async def test_the_cases_of_a_batch_are_spoken_before_it_starts(
    house: Path, sqlite: Database, sqlite_world: Any
) -> None:
    world = sqlite_world
    batch = await world.batch(name="may")
    for name, day, language in (
        ("王五", "2026-05-18", "zh"),
        ("Ann", "2026-05-19", "en"),
        ("王五", "2026-05-18", "zh"),
    ):
        case = await world.case(fields={"day": day, "caller": name})
        party = await world.party(case, language=language)
        await world.callback(batch, case, party)
    house.write_text(
        f"language: zh\ndatabase: {{url: 'sqlite:///{sqlite.path}'}}\n",
        "utf-8",
    )
    shown = await asyncio.to_thread(
        huifang, house, "build", "report", "--batch", "may", "--format", "json"
    )
    assert shown.exit_code == 0, shown.output
    texts = [each["text"] for each in json.loads(shown.stdout)["prompts"]]
    assert len([text for text in texts if "您好，王五。" in text and "五月十八日" in text]) == 1
    assert len([text for text in texts if "You called on May 19" in text]) == 1
    assert not any("张女士" in text for text in texts)  # nobody is called so
    lost = await asyncio.to_thread(huifang, house, "build", "report", "--batch", "june")
    assert lost.exit_code == 2


def test_flow_check_tells_of_poor_recordings(house: Path) -> None:
    survey = house.parent / "surveys/played.yaml"
    survey.write_text(
        (house.parent / "surveys/report.yaml")
        .read_text("utf-8")
        .replace("flow: report", "flow: played")
        .replace("  - end: completed", "  - play: bye.wav\n  - end: completed"),
        "utf-8",
    )
    voice = Synthesis().make("感谢您的配合。", STUDIO["zh"])
    (survey.parent / "bye.wav").write_bytes(wav_bytes(voice * np.float32(9)))
    shown = CliRunner().invoke(flow, ["check", "played"], obj=Invocation(house, "zh"))
    assert shown.exit_code == 0, shown.output
    assert "bye.wav [speech-recording-clipped]" in shown.output
    made = json.loads(huifang(house, "build", "played", "--format", "json").stdout)
    assert [each["code"] for each in made["problems"]] == ["speech-recording-clipped"]
    assert [each["step"] for each in made["prompts"] if each["made"] == "recorded"] == ["steps.3"]
    (survey.parent / "bye.wav").write_bytes(b"no sound")
    refused = huifang(house, "build", "played", "--format", "json")
    (fault,) = json.loads(refused.stdout)["problems"]
    assert (fault["code"], fault["line"]) == ("prompts-cannot-make", 20)


def test_what_a_call_may_just_play_stays_until_the_next_import(house: Path, tmp_path: Path) -> None:
    lines = [line for line in listed(house) if line["text"] == "谢谢，再见。"]
    kept = []
    for speed in (150, 170, 190):
        folder = tmp_path / f"take{speed}"
        folder.mkdir()
        sound = Synthesis().make(lines[0]["text"], Voice("cmn+f2", speed))
        (folder / f"{lines[0]['id']}.wav").write_bytes(wav_bytes(sound))
        shown = huifang(house, "import", folder, "--survey", "report", "--part")
        assert shown.exit_code == 0, shown.output
        kept.append(len(list(house.parent.glob("studio/report/zh/*.wav"))))
    assert kept == [1, 2, 2]
