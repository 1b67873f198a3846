"""docs/flow-language.md: every example is read, checked and walked; nothing is left out of it."""

import re
import tomllib
import wave
from pathlib import Path

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner, Result

from app.commands import flow
from app.context import Invocation
from flows.check import check_file
from flows.check.linter import WARNINGS
from flows.compiler import compile_flow
from flows.declarations import FieldDeclaration, GlobalKey, SpeechRules
from flows.engine import start, step
from flows.exchange import (
    Finished,
    Input,
    Keys,
    Recorded,
    Started,
    TransferEnded,
    WaitAnswer,
    WaitRecording,
    WaitTransfer,
)
from flows.model import VERBS, Choice, Flow, Reaction, Reactions, Shared, Slot
from flows.reader import read
from flows.scenario import Expected, Given, scenarios_beside

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "flow-language.md"
TEXTS = ROOT / "core" / "texts"
CATALOGUES = (TEXTS / "document.toml", TEXTS / "flows_language.toml")
BEGIN = "<!-- codes: written by `python -m tests.test_flow_language` -->\n"
FINISH = "<!-- end of codes -->"

HEAD = {
    "flow": "flow: example",
    "title": "title: 示例",
    "languages": "languages: [zh]",
    "aspects": "aspects: {overall: 总体, attitude: 态度}",
    "fields": "fields: {caller: {}, unit: {}, handled_on: {type: date, example: '2026-03-05'}}",
    "keys": "keys: [{key: 9, label: 拒绝, does: refuse}]",
}
NOTICE = {
    "zh": "这里是公安局回访中心，想了解您的意见，不录音。拒绝请按9。",
    "en": "This is the police callback centre, not recorded. To refuse, press 9.",
}


def page() -> str:
    return PAGE.read_text("utf-8")


def examples() -> list[str]:
    found = re.findall(r"```yaml\n(.*?)```", page(), re.DOTALL)
    return [example for example in found if not example.startswith("scenarios:")]


def whole(example: str) -> str:
    """Put an example that shows a piece into a survey around it."""
    if example.startswith("flow:"):
        return example
    head = dict(HEAD)
    body = ""
    if example.startswith("- "):
        body = example
        if re.search(r"^ +en: ", example, re.MULTILINE):
            head["languages"] = "languages: [zh, en]"
    elif example.startswith("shared:"):
        head["use"] = "use: {thanks: thanks.yaml}"
        body = "- call: thanks\n"
    else:
        for piece in re.split(r"\n(?=[a-z])", example.strip()):
            head[piece.partition(":")[0]] = piece
    steps = f"- say: {{zh: {NOTICE['zh']}, en: '{NOTICE['en']}'}}\n  notice: true\n"
    if "en]" not in head["languages"]:
        steps = f"- say: {NOTICE['zh']}\n  notice: true\n"
    ways = "".join(
        f"- when: unit == '{number}'\n  then: [{{{way}}}]\n"
        for number, way in enumerate(("call: reason", "goto: bye"))
    )
    goodbye = "- {end: completed, id: bye}\n"
    last = re.search(r"^- (end|goto|transfer)\b", example, re.MULTILINE) is not None
    steps += (ways if last else "") + body + ("" if last else ways) + goodbye
    parts = "parts:\n  reason:\n  - {say: '110'}\n"
    head.setdefault("fields", HEAD["fields"])
    if "unit" not in head["fields"]:
        head["fields"] += "\n  unit: {}"
    return "\n".join(head.values()) + "\nsteps:\n" + steps + parts


@pytest.mark.parametrize("number", range(len(examples())))
def test_every_example_is_right_and_can_be_walked(number: int, tmp_path: Path) -> None:
    example = examples()[number]
    file = tmp_path / "example.yaml"
    file.write_text(whole(example), "utf-8")
    if example.startswith("shared:"):
        (tmp_path / "thanks.yaml").write_text(example, "utf-8")
    for name in re.findall(r"play: (\S+)", example):
        with wave.open(str(tmp_path / name), "wb") as sound:
            sound.setparams((1, 2, 8000, 0, "NONE", ""))
            sound.writeframes(b"\0\0" * 800)
    errors = [p for p in check_file(file) if p.severity == "error"]
    assert not errors, [p.sentence("en") for p in errors]
    walk(file)


def walk(file: Path) -> None:
    """Walk the survey with somebody who always gives the first answer."""
    survey = read(file)
    program = compile_flow(survey.flow, sha256=survey.sha256)
    fields = {
        name: declared.example or {"date": "2026-03-05", "text": "某某"}[declared.type]
        for name, declared in survey.flow.fields.items()
    }
    at = start(program, fields=fields)
    for _ in range(30):
        if isinstance(at.wait, Finished):
            break
        at = step(program, at.session, reply(at.wait))
    assert isinstance(at.wait, Finished)
    assert at.session.disposition is not None
    assert at.session.disposition.value in ("completed",)


def reply(wait: object) -> Input:
    if isinstance(wait, WaitAnswer):
        return Keys(wait.keys[0] if wait.digits_most == 1 else "5" * wait.digits_least)
    if isinstance(wait, WaitRecording):
        return Recorded("a.wav", 3.0)
    if isinstance(wait, WaitTransfer):
        return TransferEnded(taken=False)
    return Started()


def test_the_first_survey_is_checked_played_and_rehearsed(tmp_path: Path) -> None:
    tutorial = section("Your first survey in ten lines")
    survey, scenarios = re.findall(r"```yaml\n(.*?)```", tutorial, re.DOTALL)
    assert len(survey.splitlines()) == 10
    (tmp_path / "huifang.yaml").write_text("{}", "utf-8")
    (tmp_path / "surveys").mkdir()
    file = tmp_path / "surveys" / "first.yaml"
    file.write_text(survey, "utf-8")
    scenarios_beside(file).write_text(scenarios, "utf-8")

    def huifang(*arguments: str, typed: str = "") -> Result:
        given = Invocation(tmp_path / "huifang.yaml", "zh")
        return CliRunner().invoke(flow.app, list(arguments), input=typed, obj=given)

    assert huifang("check", "first").exit_code == 0
    assert "# completed dissatisfied" in huifang("run", str(file), typed="3\n").output
    tested = huifang("test", "first")
    assert tested.exit_code == 0, tested.output
    assert re.search(r"情景走过 (\d+)/\1 条分支", tested.output), tested.output
    file.write_text(survey.replace("不愿接受回访请按9。", ""), "utf-8")
    refused = huifang("check", "first")
    assert refused.exit_code == 1
    assert "first.yaml:6:6 [flow-refusal-not-named]" in refused.output


# -------------------------------------------------------------------------------- completeness


def section(heading: str) -> str:
    found = re.search(rf"^(##+) {re.escape(heading)}\n(.*?)(?=^#{{2,3}} |\Z)", page(), re.M | re.S)
    assert found, f"docs/flow-language.md has no section {heading!r}"
    return found[2]


def undocumented(kind: type[BaseModel], text: str, *, without: set[str]) -> set[str]:
    settings = {field.alias or name for name, field in kind.model_fields.items()} - without
    rows = "\n".join(line.split("|")[1] for line in text.splitlines() if line.startswith("| `"))
    return settings - set(re.findall(r"`([^`]+)`", rows))


@pytest.mark.parametrize("verb", VERBS)
def test_every_step_and_its_settings_are_documented(verb: str) -> None:
    without = set(Reactions.model_fields) | {"id"}
    if verb in ("say", "play"):
        without.discard("barge_in")
    text = section(verb)
    assert not undocumented(VERBS[verb], text, without=without)
    assert re.search(rf"^- {verb}:", text, re.MULTILINE), "an example"


@pytest.mark.parametrize(
    ("kind", "heading"),
    [
        (Choice, "ask"),
        (Slot, "book"),
        (Reactions, "What happens when nobody answers"),
        (Reaction, "What happens when nobody answers"),
        (Flow, "The head of the file"),
        (FieldDeclaration, "Fields"),
        (GlobalKey, "Keys that work everywhere"),
        (SpeechRules, "Spoken answers"),
        (Shared, "Shared files"),
        (Given, "Scenario files"),
        (Expected, "Scenario files"),
    ],
)
def test_every_setting_is_documented(kind: type[BaseModel], heading: str) -> None:
    assert not undocumented(kind, section(heading), without=set())


def code_table() -> str:
    rows = ["| code | meaning | 说明 |", "|---|---|---|"]
    codes = [pair for file in CATALOGUES for pair in tomllib.loads(file.read_text("utf-8")).items()]
    for code, words in sorted(codes):
        name = f"`{code}`" + (" (warning)" if code in WARNINGS else "")
        rows.append(f"| {name} | {_cell(words['en'])} | {_cell(words['zh'])} |")
    return "\n".join(rows) + "\n"


def _cell(words: str) -> str:
    return re.sub(r"\{(\w+)\}", r"`\1`", words).replace("|", "\\|")


def test_every_code_stands_in_the_table() -> None:
    assert page().partition(BEGIN)[2].partition(FINISH)[0] == code_table()


if __name__ == "__main__":
    before, _, rest = page().partition(BEGIN)
    PAGE.write_text(before + BEGIN + code_table() + FINISH + rest.partition(FINISH)[2], "utf-8")
