import shutil
from pathlib import Path

import pytest

from app.plans import plan_named, survey_for
from app.texting import notices
from config.loading import Loaded, load
from core.errors import AuthorError
from core.plan import SHIPPED
from ivr.wordings import TONE

GATEWAY = "text_gateways: [{name: dry, driver: dry_run}]\n"
TRUNK = 'trunks: [{name: t, uri: "sip:127.0.0.1", caller_id: "01012345678"}]\n'


def loaded(folder: Path, text: str) -> Loaded:
    (folder / "huifang.yaml").write_text(text, "utf-8")
    return load(folder / "huifang.yaml", {})


@pytest.mark.parametrize(
    ("settings", "plan", "code"),
    [
        (GATEWAY, "sms_then_vioce", "plan-unknown"),
        (TRUNK, "sms_then_voice", "plan-no-gateway"),
        (TRUNK, "notice_then_voice", "plan-no-gateway"),
        (GATEWAY + TRUNK.replace("01012345678", ""), "notice_then_voice", "plan-no-caller"),
    ],
)
def test_a_plan_that_nothing_can_carry_is_refused(
    tmp_path: Path, settings: str, plan: str, code: str
) -> None:
    with pytest.raises(AuthorError) as refused:
        plan_named(loaded(tmp_path, settings), plan)
    assert [each.code for each in refused.value.problems] == [code]
    for language in ("zh", "en"):
        assert refused.value.sentences(language)[0]


def test_a_survey_must_fit_every_channel_of_its_plan(tmp_path: Path) -> None:
    known = loaded(tmp_path, GATEWAY + TRUNK)
    assert survey_for(known, SHIPPED["sms_then_voice"], "emergency").facts.name == "emergency"
    (tmp_path / "surveys").mkdir()
    shutil.copy(TONE, tmp_path / "surveys" / "hello.wav")
    recorded = (
        "flow: recorded\ntitle: 录音问卷\nlanguages: [zh]\n"
        "keys: [{key: 9, label: 拒绝, does: refuse}]\n"
        "steps:\n"
        "  - say: 您好，这里是公安局回访中心，想听听您的评价。拒绝请按9。\n"
        "    notice: true\n"
        "  - play: hello.wav\n"
        "  - end: completed\n"
    )
    (tmp_path / "surveys" / "recorded.yaml").write_text(recorded, "utf-8")
    # A recording can be heard, and its words are nowhere to be read.
    assert survey_for(known, SHIPPED["voice"], "recorded").facts.name == "recorded"
    with pytest.raises(AuthorError):
        survey_for(known, SHIPPED["sms_then_voice"], "recorded")


def test_a_text_step_needs_a_gateway(tmp_path: Path) -> None:
    known = loaded(tmp_path, TRUNK)
    (tmp_path / "surveys").mkdir()
    survey = (
        "flow: texting\ntitle: 问卷\nlanguages: [zh]\n"
        "keys: [{key: 9, label: 拒绝, does: refuse}]\n"
        "steps:\n"
        "  - say: 您好，这里是公安局回访中心，想听听您的评价。拒绝请按9。\n"
        "    notice: true\n"
        "  - text: 谢谢。\n"
        "  - end: completed\n"
    )
    (tmp_path / "surveys" / "texting.yaml").write_text(survey, "utf-8")
    with pytest.raises(AuthorError) as refused:
        survey_for(known, SHIPPED["voice"], "texting")
    assert [each.code for each in refused.value.problems] == ["flow-channel-cannot"]


def test_the_notice_names_the_numbers_that_people_see(tmp_path: Path) -> None:
    own = 'texting: {advance_notice: {en: "We will call from {number}."}}\n'
    words = notices(loaded(tmp_path, GATEWAY + TRUNK + own))
    assert "01012345678" in words["zh"]
    assert words["en"] == "We will call from 01012345678."
    assert set(words) == {"zh", "en", "ko"}
