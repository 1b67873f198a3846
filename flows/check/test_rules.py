"""Every rule of `huifang flow check`, each with a survey that breaks it; `#!` marks the place."""

import re
import tomllib
from pathlib import Path

import pytest

from core.errors import Problem
from flows.check import check, check_file
from flows.check.linter import WARNINGS
from flows.reader import read_text

HEAD = """
flow: test
title: 测试
languages: [zh]
"""
KEYS = """
keys:
  - {key: 9, label: 拒绝, does: refuse}
"""
NOTICE = """
steps:
  - say: 您好，这里是公安局回访中心，想了解您对我们工作的意见，本次通话不录音。拒绝回访请按9。
    notice: true
"""
ASK = """
  - ask: 您是否满意？满意请按1，不满意请按3。
    id: overall
    choices:
      - {key: 1, label: 满意, verdict: satisfied}
      - {key: 3, label: 不满意, verdict: dissatisfied}
"""
END = """
  - end: completed
"""
GOOD = HEAD + KEYS + NOTICE + ASK + END


def steps(body: str, *, head: str = "", keys: str = KEYS, end: str = END, more: str = "") -> str:
    return HEAD + head + keys + NOTICE + body + end + more


def question(name: str, words: str = "满意请按1，不满意请按3。", more: str = "") -> str:
    return f"""
  - ask: {words}
    id: {name}
    choices:
      - {{key: 1, label: 满意}}
      - {{key: 3, label: 不满意}}
{more}"""


def found(text: str, tmp_path: Path, **options: object) -> list[Problem]:
    file = tmp_path / "test.yaml"
    file.write_text(text, "utf-8")
    return check_file(file, **options)  # type: ignore[arg-type]


BROKEN: dict[str, list[str]] = {
    # --- names
    "flow-unknown-step": [
        steps(ASK + "  - goto: nowhere #!\n", end="  - {end: completed, id: bye}\n"),
        steps("  - {when: 'true', then: gone} #!\n" + ASK),
        HEAD
        + "keys:\n  - {key: 9, label: 拒绝, does: refuse, goto: gone} #!\n"
        + NOTICE
        + ASK
        + END,
        HEAD + "defaults: {on_give_up: {goto: gone}} #!\n" + KEYS + NOTICE + ASK + END,
        steps("  - {transfer: duty, on_failure: gone} #!\n"),
    ],
    "flow-step-twice": [steps("  - {say: 一, id: a}\n  - {say: 二, id: a} #!\n")],
    "flow-unknown-part": [steps("  - call: gone #!\n")],
    "flow-unknown-aspect": [steps(question("a", more="    aspect: attitud #!\n"))],
    "flow-aspect-not-rated": [
        steps(question("a", more="    aspect: attitude #!\n"), head="aspects: {attitude: 态度}\n")
    ],
    "flow-aspect-unused": [steps(ASK, head="aspects: {attitude: 态度} #!\n")],
    "flow-bad-field-name": [
        steps(ASK, head="fields: {answers: {}} #!\n"),
        steps(ASK, head="fields:\n  first name: {} #!\n"),
    ],
    "flow-key-leads-nowhere": [
        steps(ASK, keys=KEYS + "  - {key: 0, label: 人工} #!\n"),
    ],
    "flow-language-twice": [GOOD.replace("languages: [zh]", "languages: [zh, zh] #!")],
    # --- answers
    "flow-key-twice": [
        GOOD.replace("{key: 3, label: 不满意, verdict: dissatisfied}", "{key: 1, label: 差} #!"),
        steps(ASK, keys=KEYS + "  - {key: 9, label: 重复, does: repeat} #!\n"),
    ],
    "flow-key-taken": [
        steps(
            question(
                "a", "满意请按1，不满意请按3，不清楚请按9。", "      - {key: 9, label: 不清楚} #!\n"
            )
        ),
        steps("  - {number: 请输入人数。, id: n, digits: [1, 2], end_key: 9} #!\n"),
    ],
    "flow-answer-without-key": [
        GOOD.replace("{key: 3, label: 不满意, verdict: dissatisfied}", "{label: 不满意} #!")
    ],
    "flow-phrase-twice": [
        steps(
            question(
                "a",
                "满意请按1，不满意请按3，一般请按2。",
                "      - {key: 2, label: 一般, phrases: [满意。]} #!\n",
            )
        ),
        steps(
            question("a", more="      - {key: 2, label: 一般, phrases: [拒绝]} #!\n").replace(
                "ask: ", "ask: 一般请按2，"
            )
        ),
    ],
    "flow-value-twice": [
        GOOD.replace("verdict: dissatisfied}", "value: 满意} #!"),
    ],
    "flow-too-many-options": [
        steps(
            """
  - ask: 甲请按1，乙请按2，丙请按3，丁请按4，戊请按5，己请按6。 #!
    id: a
    choices:
"""
            + "".join(
                f"      - {{key: {i + 1}, label: {c}}}\n" for i, c in enumerate("甲乙丙丁戊己")
            )
        ),
    ],
    "flow-range-reversed": [
        steps("  - {number: 请输入。, id: n, digits: [4, 2]} #!\n"),
        steps("  - {number: 请输入。, id: n, digits: 2, least: 9, most: 3} #!\n"),
    ],
    "flow-range-too-long": [steps("  - {number: 请输入。, id: n, digits: 2, least: 100} #!\n")],
    # --- texts and conditions
    "flow-bad-template": [
        steps("  - say: '您好{{ '  #!\n"),
        steps("  - when: 1 == #!\n    then: []\n"),
        steps("  - say: '{% for i in vars %}x{% endfor %}' #!\n"),
    ],
    "flow-constant-condition": [
        steps("  - when: 'false' #!\n    then: [{say: 好}]\n"),
        steps("  - when: 1 < 2 #!\n    then: [{say: 好}]\n"),
    ],
    "flow-unknown-field": [
        steps("  - say: '您好{{ callr }}' #!\n", head="fields: {caller: {}}\n"),
        steps("  - set: {a: '1'}\n  - when: callr == 1 #!\n    then: []\n"),
        steps(ASK, head="language_field: mother_tongue #!\n"),
    ],
    "flow-unknown-answer": [steps(ASK + "  - when: answers.overal.verdict == 'x' #!\n")],
    "flow-unknown-answer-part": [steps(ASK + "  - when: answers.overall.verdikt == 'x' #!\n")],
    "flow-unknown-variable": [steps(ASK + "  - set:\n      n: vars.m + 1 #!\n")],
    "flow-missing-language": [
        GOOD.replace("[zh]", "[zh, en]")
        .replace("  - say: 您", "  - say: #!\n      zh: 您")
        .replace(
            "ask: 您是否满意？满意请按1，不满意请按3。",
            "ask: {zh: 满意请按1，不满意请按3。, en: 'satisfied, press 1, not, press 3'}",
        ),
        steps(ASK, head="defaults:\n  on_silence: {say: {en: Again}} #!\n"),
    ],
    "flow-unknown-language": [GOOD.replace("title: 测试", "title: {zh: 测试, fr: Essai} #!")],
    "flow-empty-text": [steps("  - say: '' #!\n")],
    "flow-key-not-named": [
        steps(question("a", "您是否满意？满意请按1。 #!")),
        steps(question("a", "我们按一般流程询问，不满意请按3。 #!")),
        steps(question("a", "您是否满意？满意请按1，不满意请按33。 #!")),
    ],
    "flow-key-before-option": [
        steps(question("a", "您是否满意？按1满意，按3不满意。 #!")),
        steps(question("a", "请按1表示满意；不满意请按3。 #!")),
        steps(question("a", "满意请按1，3是不满意。 #!")),
        steps(question("a", "请按键选择：1满意，3不满意。 #!")),
        steps(question("a", more="    again: [按1满意，按3不满意。] #!\n")),
        GOOD.replace("拒绝回访请按9。", "按9拒绝回访。 #!"),
        steps(question("a", "Press 1 for satisfied; dissatisfied, press 3. #!")),
    ],
    # --- length
    "flow-prompt-too-long": [steps("  - say: " + "好" * 100 + " #!\n")],
    "flow-too-many-questions": [
        steps("".join(question(f"q{i}") for i in range(5)) + question("q5").replace("。", "。 #!"))
    ],
    "flow-call-too-long": [
        re.sub(r"steps:", "steps: #!", steps(("  - say: " + "好" * 80 + "\n") * 10)),
    ],
    # --- the notice
    "flow-missing-notice": [
        GOOD.replace("    notice: true\n", "").replace("拒绝回访请按9。", " #!")
    ],
    "flow-question-before-notice": [
        HEAD
        + KEYS
        + "\nsteps:"
        + question("a").replace("。", "。 #!")
        + NOTICE.replace("steps:", "")
        + END,
    ],
    "flow-notice-without-text": [
        HEAD + KEYS + "steps:\n  - play: a.wav #!\n    notice: true\n" + ASK + END,
    ],
    "flow-missing-refusal": [HEAD + NOTICE.replace("steps:", "steps: #!") + ASK + END],
    "flow-refusal-not-named": [GOOD.replace("拒绝回访请按9。", " #!")],
    # --- ways through
    "flow-unreachable": [
        steps(
            ASK + "  - goto: bye\n  - say: 您好 #!\n  - say: 再见\n",
            end="  - {end: completed, id: bye}\n",
        ),
        steps("  - call: p\n  - say: 您好 #!\n", more="parts:\n  p:\n    - end: completed\n"),
    ],
    "flow-part-unused": [steps(ASK, more="parts:\n  why: #!\n    - say: 好\n")],
    "flow-part-calls-itself": [
        steps("  - call: p\n", more="parts:\n  p:\n    - call: q #!\n  q:\n    - call: p #!\n"),
    ],
    "flow-dead-end": [
        steps(ASK, end="  - say: 谢谢 #!\n"),
        steps(ASK + "  - when: 'true' #!\n    then: bye\n  - {end: completed, id: bye}\n", end="")
        .replace("then: bye\n", "then: [{end: completed}]\n")
        .replace("  - {end: completed, id: bye}\n", ""),
        steps(ASK, end="  - transfer: duty #!\n"),
    ],
    "flow-no-way-out": [
        steps(ASK.replace("- ask", "- ask") + "  - goto: overall\n", end="")
        .replace("  - say: 您", "  - say: 您")
        .replace("steps:\n  - say: ", "steps:\n  - say: #!\n      "),
    ],
    "flow-loop-never-waits": [
        steps(ASK + "  - {say: 一, id: a} #!\n  - when: answers.overall.value\n    then: a\n"),
        steps(
            ASK + "  - {call: p, id: a} #!\n  - when: answers.overall.value\n    then: a\n",
            more="parts:\n  p:\n    - say: 好\n",
        ),
        steps(ASK + "  - {goto: self, id: self} #!\n", end=""),
    ],
    "flow-hang-up-needs-person": [
        steps(question("a", more="    on_hang_up: {goto: b} #!\n") + "  - {say: 好, id: b}\n"),
        steps(ASK + "  - {say: 好, id: b}\n", head="defaults: {on_hang_up: {goto: b}} #!\n"),
    ],
    # --- the world
    "flow-missing-recording": [
        steps("  - {play: gone.wav, text: 您好} #!\n"),
        steps("  - {play: ../../etc/passwd, text: 您好} #!\n"),
    ],
    # --- files in use
    "flow-use-outside": [steps(ASK, head="use: {other: ../other.yaml} #!\n")],
    "document-unreadable": [steps(ASK, head="use: {other: other.yaml} #!\n")],
}
CASES = [(code, text) for code, texts in BROKEN.items() for text in texts]


@pytest.mark.parametrize(("code", "text"), CASES, ids=[code for code, _ in CASES])
def test_each_rule_is_found_at_its_place(code: str, text: str, tmp_path: Path) -> None:
    marked = [number for number, line in enumerate(text.splitlines(), 1) if "#!" in line]
    assert marked
    problems = found(text, tmp_path)
    assert sorted({p.place.line for p in problems if p.code == code}) == marked, problems
    for problem in problems:
        assert problem.place.file == str(tmp_path / "test.yaml")
        assert problem.sentence("zh") != problem.sentence("en")


def test_a_good_survey_has_no_fault(tmp_path: Path) -> None:
    assert found(GOOD, tmp_path) == []


def test_only_style_is_a_warning(tmp_path: Path) -> None:
    warnings = {
        problem.code
        for _, text in CASES
        for problem in found(text, tmp_path)
        if problem.severity == "warning"
    }
    assert warnings == WARNINGS - {"flow-phrase-not-known"}  # which takes a model


def test_everything_is_found_at_once(tmp_path: Path) -> None:
    text = (
        steps(question("a", "按1满意。", "    wrong: 1\n") + "  - goto: gone\n  - say: '{{ x }}'\n")
        + "extra: 1\n"
    )
    codes = [problem.code for problem in found(text, tmp_path)]
    assert codes == [
        "flow-key-before-option",
        "flow-key-not-named",
        "document-unknown-setting",
        "flow-unknown-step",
        "flow-unknown-field",
        "flow-unreachable",
        "document-unknown-setting",
    ]


def test_lost_steps_raise_no_false_alarm(tmp_path: Path) -> None:
    broken = GOOD.replace("    id: overall\n", "    id: 1x\n").replace(
        "  - end: completed",
        "  - {when: answers.overall.value == 'x', then: bye}\n  - {end: a, id: bye}",
    )
    codes = {problem.code for problem in found(broken, tmp_path)}
    assert codes == {"flow-bad-id", "document-unknown-word", "flow-unknown-answer"}


def test_the_length_of_prompts_can_be_measured() -> None:
    survey = read_text(GOOD)
    asked: list[tuple[str, str]] = []

    def measure(text: str, language: str) -> float:
        asked.append((text, language))
        return 21.0 if "不录音" in text else 1.0

    problems = check(survey, measure=measure)
    assert [p.code for p in problems] == ["flow-prompt-too-long"]
    assert ("您是否满意？满意请按1，不满意请按3。", "zh") in asked


def test_texts_are_measured_with_the_fields_examples() -> None:
    long = "好" * 90
    text = steps("  - say: '{{ caller }}您好'\n", head=f"fields: {{caller: {{example: {long}}}}}\n")
    assert [p.code for p in check(read_text(text))] == ["flow-prompt-too-long"]


def test_a_channel_without_an_ability_is_named() -> None:
    survey = read_text(steps(ASK + "  - {record: 请说明原因。, id: why}\n"))
    assert check(survey, abilities={"keys", "record"}) == []
    problems = check(survey, abilities={"keys"})
    assert [(p.code, dict(p.values)["ability"]) for p in problems] == [
        ("flow-channel-cannot", "record")
    ]


def test_a_guess_is_made_only_where_there_is_something_alike() -> None:
    near, far = (check(read_text(steps(f"  - {{goto: {to}}}\n{ASK}"))) for to in ("overal", "zz"))
    assert near[0].sentence("zh").endswith("是不是想写“overall”？")
    assert near[0].sentence("en").endswith("Did you mean “overall”?")
    assert far[0].sentence("en").endswith("named “zz”.")


def test_the_longest_way_goes_through_parts_and_counts_loops_once() -> None:
    part = "parts:\n  more:" + "".join(question(f"p{i}") for i in range(3))
    body = "".join(question(f"q{i}") for i in range(3)) + "  - call: more\n"
    problems = check(read_text(steps(body, more=part)))
    assert [p.code for p in problems] == ["flow-too-many-questions"]
    loop = question("a", more="      - {key: 2, label: 重来, goto: a}\n").replace(
        "ask: ", "ask: 重来请按2，"
    )
    assert check(read_text(steps(loop))) == []


@pytest.mark.parametrize(
    "words",
    [
        "满意请按1，不满意请按3。",
        "您是否满意？满意按1键，不满意按3键。",
        "满意，请按1；不满意，请按3。",
        "满意请按一，不满意请按三。",
        "满意请按“1”，不满意请按“3”",
        "我们按一般流程询问，满意请按1，不满意请按3。",
        "For satisfied, press 1. For dissatisfied, press 3.",
        "If you were satisfied, press one; if not, press three.",
    ],
)
def test_right_wordings_pass(words: str) -> None:
    assert check(read_text(steps(question("a", words)))) == []


def test_the_notice_may_stand_in_a_part() -> None:
    notice = NOTICE.removeprefix("\nsteps:")
    body = HEAD + KEYS + "steps:\n  - call: hello\n" + ASK + END
    hello = "parts:\n  hello:" + notice
    assert check(read_text(body + hello)) == []
    passed = hello.replace(
        "  - say", "  - {when: vars.language == 'en', then: [{say: 好}, {call: bye}]}\n  - say"
    )
    around = passed.replace("{call: bye}", "{goto: overall}")
    assert [p.code for p in check(read_text(body + around))] == ["flow-question-before-notice"]


def test_every_code_of_the_catalogue_is_raised_somewhere() -> None:
    catalogue = Path(__file__).parents[2] / "core" / "texts" / "flows_language.toml"
    codes = set(tomllib.loads(catalogue.read_text("utf-8")))
    sources = [
        file.read_text("utf-8")
        for file in (Path(__file__).parents[1]).rglob("*.py")
        if not file.name.startswith("test_")
    ]
    used = {code for source in sources for code in re.findall(r'"(flow-[a-z0-9-]+)"', source)}
    assert codes <= used
