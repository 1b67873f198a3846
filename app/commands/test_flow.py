"""`huifang flow`: what it prints and how it exits."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.commands.flow import app
from app.context import Invocation

VISIT = Path(__file__).parents[2] / "tests/golden/flows/visit.yaml"


def huifang(*arguments: str | Path, typed: str = "", language: str = "zh") -> Result:
    return CliRunner().invoke(
        app, [str(each) for each in arguments], input=typed, obj=Invocation(None, language)
    )


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    file = tmp_path / "visit.yaml"
    file.write_text("flow: visit\ntitle: 回访\nlanguages: [zh]\nsteps:\n- goto: lost\n", "utf-8")
    return file


def test_check_shows_what_is_wrong_with_its_place_and_exits_1(broken: Path) -> None:
    shown = huifang("check", broken)
    assert shown.exit_code == 1
    assert "visit.yaml:5:" in shown.output
    assert "检查未通过" in shown.output


def test_check_for_machines(broken: Path) -> None:
    shown = huifang("check", broken, "--format", "json", language="en")
    found = json.loads(shown.output)
    assert shown.exit_code == 1
    assert not found["accepted"]
    assert {"code", "severity", "file", "line", "column", "message"} == set(found["problems"][0])


def test_run_holds_a_conversation() -> None:
    shown = huifang("run", VISIT, "--field", "name=李四", typed="3\n太慢了\n\n2\n")
    assert shown.exit_code == 0
    assert "» 李四您好" in shown.output
    assert "= why_words: typed.wav" in shown.output
    assert "没有听到您的回答" in shown.output
    assert "# completed dissatisfied survey_end" in shown.output


def test_run_hangs_up_and_speaks_english() -> None:
    shown = huifang("run", VISIT, "--in", "en", typed="unsatisfied\nh\n")
    assert "Hello 张三" in shown.output
    assert "did not understand" in shown.output
    assert "# partial unsure hung_up" in shown.output


def test_run_refuses_an_undeclared_field() -> None:
    shown = huifang("run", VISIT, "--field", "nobody=1")
    assert shown.exit_code == 2


def test_graph_prints_mermaid_or_writes_a_picture(tmp_path: Path) -> None:
    assert huifang("graph", VISIT).output.startswith("flowchart TD")
    picture = tmp_path / "visit.svg"
    assert huifang("graph", VISIT, "--svg", picture).exit_code == 0
    assert picture.read_text("utf-8").startswith("<svg")


def test_test_runs_the_scenarios_beside_and_counts_branches(tmp_path: Path) -> None:
    shown = huifang("test", VISIT)
    assert shown.exit_code == 0
    assert "✓ 满意" in shown.output
    copied = tmp_path / "visit.yaml"
    copied.write_text(VISIT.read_text("utf-8"), "utf-8")
    scenarios = copied.with_name("visit.scenarios.yaml")
    scenarios.write_text(
        "scenarios:\n- {name: 拒绝, inputs: [{key: 9}], expect: {disposition: completed}}\n",
        "utf-8",
    )
    shown = huifang("test", copied)
    assert shown.exit_code == 1
    assert "- disposition: completed" in shown.output
    assert "+ disposition: refused" in shown.output
    report = json.loads(huifang("test", copied, "--format", "json").output)
    (survey,) = report["surveys"]
    assert not report["passed"]
    assert {"step": "attitude", "kind": "choice", "label": "later"} in survey["unwalked"]


def test_test_refreshes_transcripts(tmp_path: Path) -> None:
    copied = tmp_path / "visit.yaml"
    copied.write_text(VISIT.read_text("utf-8"), "utf-8")
    scenarios = copied.with_name("visit.scenarios.yaml")
    scenarios.write_text(
        "scenarios:\n- {name: 拒绝, inputs: [{key: 9}], expect: {exact: true}}\n", "utf-8"
    )
    assert huifang("test", copied).exit_code == 1
    assert huifang("test", copied, "--update").exit_code == 0
    assert "# refused" in scenarios.read_text("utf-8")


def test_schema_is_one_json_document() -> None:
    assert "steps" in json.loads(huifang("schema").output)["properties"]


SETTINGS = """
database: {url: "sqlite:///huifang.db"}
folders: {data: var, surveys: mine}
transfers: [{name: duty, target: "8001"}]
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Settings, and a folder of the operator's own surveys: one good, one with a bad transfer."""
    file = tmp_path / "huifang.yaml"
    file.write_text(SETTINGS, "utf-8")
    (tmp_path / "mine").mkdir()
    text = VISIT.read_text("utf-8")
    for name in ("thanks.wav", "thanks-en.wav"):
        (tmp_path / "mine" / name).write_bytes(VISIT.with_name(name).read_bytes())
    (tmp_path / "mine" / "visit.yaml").write_text(text.replace("agents", "duty"), "utf-8")
    scenarios = VISIT.with_name("visit.scenarios.yaml").read_text("utf-8")
    changed = scenarios.replace("agents", "duty")
    (tmp_path / "mine" / "visit.scenarios.yaml").write_text(changed, "utf-8")
    (tmp_path / "mine" / "other.yaml").write_text(
        text.replace("flow: visit", "flow: other"), "utf-8"
    )
    return file


def within(settings: Path, *arguments: str | Path) -> Result:
    given = Invocation(settings, "zh")
    return CliRunner().invoke(app, [str(each) for each in arguments], obj=given)


def test_surveys_are_given_by_name_by_folder_or_by_file(house: Path) -> None:
    assert within(house, "check", "emergency", "visit").exit_code == 0
    assert within(house, "test", "visit", "demo").exit_code == 0
    assert within(house, "graph", "counter").output.startswith("flowchart")
    shown = within(house, "check", house.parent / "mine", *(house.parent / "mine").glob("v*.yaml"))
    assert shown.exit_code == 1
    assert "2 个流程，1 个错误" in shown.output
    (line,) = [line for line in shown.output.splitlines() if "flow-unknown-transfer" in line]
    assert f"{house.parent / 'mine' / 'other.yaml'}:54:5" in line
    assert "“agents”" in line
    assert not (house.parent / "var").exists()


def test_prompts_are_measured_with_the_voice_that_will_speak(house: Path) -> None:
    survey = house.parent / "mine" / "visit.yaml"
    text = survey.read_text("utf-8").replace("en: Goodbye.", "en: " + "Goodbye and thank you. " * 9)
    survey.write_text(text, "utf-8")
    assert within(house, "check", "visit").exit_code == 0
    house.write_text(
        SETTINGS + "voices: {en: {voice: en-gb, speed: 80}, zh: {voice: cmn}}", "utf-8"
    )
    shown = within(house, "check", "visit")
    assert "flow-prompt-too-long" in shown.output
    (house.parent / "mine" / "thanks.wav").write_bytes(b"no sound")
    assert "flow-broken-recording" in within(house, "check", "visit").output
