"""A call with a recorded survey: the studio's files, and joined prompts where a value comes in."""

from pathlib import Path

from app.prompt_building import for_survey
from app.script import script
from app.studio_import import import_recordings, survey_of
from config.loading import load
from core.disposition import Disposition
from speech.audio import wav_bytes
from speech.prompts import PromptCache
from speech.studio import Studio
from speech.synthesis import Synthesis, Voice
from tests.golden.rehearsal import rehearse
from tests.golden.test_recorded_prompts import Channel, Files

SURVEY = Path(__file__).parent / "prompts" / "report.yaml"


async def test_the_person_hears_the_studio(tmp_path: Path) -> None:
    settings = tmp_path / "huifang.yaml"
    settings.write_text("language: zh\n", "utf-8")
    survey, studio = survey_of(load(settings), str(SURVEY)), Studio(tmp_path / "studio")
    takes = tmp_path / "takes"
    takes.mkdir()
    for line in script(survey):
        voice = Voice("cmn+f2") if line.language == "zh" else Voice("en-gb+f2")
        (takes / f"{line.id}.wav").write_bytes(wav_bytes(Synthesis().make(line.text, voice)))
    await import_recordings(load(settings), studio, takes, [str(SURVEY)], part=False, words="zh")
    cache = PromptCache(
        tmp_path / "cache", Synthesis(), voices={"zh": Voice("cmn", 200)}, studio=studio
    )
    files = Files()
    outcome, _ = await rehearse(
        survey.program,
        "+8613800000001",
        tmp_path,
        prompts=for_survey(cache, survey),
        channel=lambda clock, transcript, _: Channel(clock, transcript, files),
    )
    assert outcome.disposition is Disposition.COMPLETED
    played = [file.parent.parent.name for file in files.played]
    assert played == ["joined", "recorded", "recorded"]
