"""Reading surveys: every fault at once, each at its place; wild input raises AuthorError only."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import AuthorError, Place, Problem
from flows.model import VERBS, Ask, Flow, Say
from flows.reader import read, read_text

GOOD = """\
flow: test
title: {zh: 测试, en: Test}
languages: [zh, en]
keys:
  - {key: 9, label: 拒绝, does: refuse}
steps:
  - say: 您好
    notice: yes
  - ask: 满意请按1，不满意请按3。
    id: overall
    timeout: 5s
    inter_digit: 800ms
    choices:
      - {key: 1, label: 满意, phrases: [好, 110]}
      - key: 3
        label: 不满意
  - when: answers.overall.value == '满意'
    then: bye
    else:
      - record: 请说明原因。
        id: why
  - end:
    id: bye
"""


def faults(text: str, **where: str) -> list[Problem]:
    with pytest.raises(AuthorError) as caught:
        read_text(text, **where)
    return list(caught.value.problems)


def test_a_survey_is_read_with_its_places() -> None:
    survey = read_text(GOOD, "test.yaml")
    ask = survey.flow.steps[1]
    assert isinstance(survey.flow.steps[0], Say)
    assert isinstance(ask, Ask)
    assert (ask.timeout, ask.inter_digit) == (5.0, 0.8)
    assert ask.choices[0].key == "1"
    assert ask.choices[0].phrases == ["好", "110"]
    assert survey.position(("steps", 1, "choices", 1)) == (15, 9)
    assert survey.position(("steps", 1, "choices", 1, "label")) == (16, 9)
    assert survey.position(("steps", 2, "else", 0)) == (20, 9)
    assert survey.place(("steps", 1, "attempts")) == Place("test.yaml", 9, 5)
    assert len(survey.sha256) == 64


FAULTS = {
    "document-unknown-setting": "flow: a\nsteps:\n  - say: a\n    notise: true #!\n",
    "document-missing-setting": "flow: a\nsteps:\n  - ask: a #!\n    id: a\n",
    "flow-unknown-verb": "steps:\n  - aks: a #!\n",
    "flow-verb-first": "steps:\n  - id: a\n    say: a #!\n",
    "flow-step-without-verb": "steps:\n  - 3 #!\n",
    "document-full-width-colon": "steps:\n  - say：您好 #!\n",
    "document-not-text": "steps:\n  - say: [a] #!\n",
    "document-not-a-list": "languages: zh #!\n",
    "document-not-a-mapping": "aspects: [a] #!\n",
    "document-not-yes-no": "steps:\n  - say: a\n    notice: perhaps #!\n",
    "document-not-a-whole-number": "version: 1.5 #!\n",
    "document-not-a-number": "speech: {sure: much} #!\n",
    "flow-not-a-duration": "defaults:\n  timeout: soon #!\n",
    "document-unknown-word": "steps:\n  - end: done #!\n",
    "flow-bad-id": "steps:\n  - say: a\n    id: Überall #!\n",
    "flow-bad-survey-name": "flow: A b #!\n",
    "flow-bad-key": "keys:\n  - {key: 10, label: a, does: refuse} #!\n",
    "flow-bad-time-of-day": (
        "steps:\n  - book: a\n    id: a\n    slots:\n      - {key: 1, label: a, at: 9:00} #!\n"
    ),
    "document-too-small": "version: 0 #!\n",
    "document-too-great": "defaults:\n  attempts: 6 #!\n",
    "document-wrong-length": "steps: [] #!\n",
    "document-setting-twice": "flow: a\ntitle: b\nflow: c #!\n",
    "document-foreign-tag": "title: !!python/object/apply:os.system [id] #!\n",
    "document-setting-no-text": "? [a, b] #!\n: c\n",
    "document-not-yaml": "title: 'a\nb: [ #!\n",
    "document-quote-needed": "keys:\n  - {key: *, label: a} #!\n",
    "document-tab": "aspects:\n\toverall: a #!\n",
    "flow-not-a-survey": "- a #!\n",
    "document-empty-file": "#!\n",
}


@pytest.mark.parametrize(("code", "text"), FAULTS.items(), ids=FAULTS)
def test_each_fault_is_told_with_its_line(code: str, text: str) -> None:
    marked = [number for number, line in enumerate(text.splitlines(), 1) if "#!" in line]
    found = faults(text)
    assert marked[0] in [p.place.line for p in found if p.code == code], found


def test_a_full_width_colon_is_told_within_a_step_too() -> None:
    (fault,) = faults("steps:\n  - say: 您好\n    id：hello\n")
    assert (fault.code, fault.place.line) == ("document-full-width-colon", 3)


def test_all_faults_are_told_at_once_and_once() -> None:
    text = (
        GOOD.replace("timeout: 5s", "timeout: soon")
        .replace("key: 3", "key: 33")
        .replace("end:\n", "end: finished\n")
    )
    assert [(p.code, p.place.line) for p in faults(text)] == [
        ("flow-not-a-duration", 11),
        ("flow-bad-key", 15),
        ("document-unknown-word", 22),
    ]


def test_a_fault_in_a_step_is_told_for_that_kind_of_step_alone() -> None:
    (fault,) = faults(GOOD.replace("notice: yes", "choices: []"))
    assert fault.sentence("en") == (
        "There is no setting “choices”. Did you mean “notice”? "
        "Settings here: id, say, barge_in, notice, written."
    )
    assert fault.sentence("zh").startswith("没有“choices”这项设置")


def test_billion_laughs_are_refused() -> None:
    laughs = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join(['*' + old] * 10)}]\n"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert [p.code for p in faults(laughs)] == ["document-too-complex"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[" * 5000, "document-too-complex"),
        ("a: " * 5000, None),
        ("- " * 3000 + "a", "document-too-complex"),
        ("a: &a [*a]", "document-too-complex"),
        ("x" * 1_000_001, "document-too-large"),
        ("a: \x00", None),
    ],
)
def test_files_that_blow_up_are_refused(text: str, code: str | None) -> None:
    codes = [p.code for p in faults(text)]
    assert code is None or codes == [code]


def test_an_alias_saves_writing_choices_twice() -> None:
    text = GOOD.replace("    choices:\n", "    choices: &scale\n").replace(
        "  - when:", "  - {ask: 满意请按1，不满意请按3。, id: other, choices: *scale}\n  - when:"
    )
    survey = read_text(text)
    first, second = survey.flow.steps[1:3]
    assert isinstance(first, Ask)
    assert isinstance(second, Ask)
    assert first.choices == second.choices
    assert survey.position(("steps", 2, "choices", 1, "label")) == (16, 9)


def test_leading_zeros_of_a_telephone_number_stay() -> None:
    flow = read_text(GOOD.replace("  - end:", "  - transfer: 0201234567\n  - end:")).flow
    assert getattr(flow.steps[3], "transfer", None) == "0201234567"


SHARED = """\
shared: consent
fields: {caller: {}}
steps:
  - say: 您好，{{ caller }}
parts:
  thanks:
    - say: 谢谢
"""


def test_used_files_become_parts(tmp_path: Path) -> None:
    (tmp_path / "consent.yaml").write_text(SHARED, "utf-8")
    file = tmp_path / "test.yaml"
    file.write_text(GOOD + "use: {consent: consent.yaml}\n", "utf-8-sig")
    survey = read(file)
    assert set(survey.flow.parts) == {"consent", "thanks"}
    assert set(survey.flow.fields) == {"caller"}
    assert survey.place(("parts", "consent", 0)) == Place(str(tmp_path / "consent.yaml"), 4, 5)
    assert survey.place(("parts", "thanks", 0)).line == 7
    assert survey.files == (file, tmp_path / "consent.yaml")
    before = survey.sha256
    (tmp_path / "consent.yaml").write_text(SHARED.replace("谢谢", "多谢"), "utf-8")
    assert read(file).sha256 != before


@pytest.mark.parametrize(
    ("shared", "more", "code", "file"),
    [
        (SHARED.replace("say: 谢谢", "says: 谢谢"), "", "flow-unknown-verb", "consent.yaml"),
        (SHARED, "parts: {thanks: [{say: 好}]}\n", "flow-part-twice", "consent.yaml"),
        (SHARED, "fields: {caller: {type: date}}\n", "flow-field-differs", "consent.yaml"),
        (SHARED, "parts: {consent: [{say: 好}]}\n", "flow-part-twice", "test.yaml"),
    ],
)
def test_faults_of_used_files_carry_their_place(
    shared: str, more: str, code: str, file: str, tmp_path: Path
) -> None:
    (tmp_path / "consent.yaml").write_text(shared, "utf-8")
    (tmp_path / "test.yaml").write_text(GOOD + "use: {consent: consent.yaml}\n" + more, "utf-8")
    with pytest.raises(AuthorError) as caught:
        read(tmp_path / "test.yaml")
    (fault,) = caught.value.problems
    assert (fault.code, Path(fault.place.file).name) == (code, file)


def test_other_encodings_and_missing_files_are_told(tmp_path: Path) -> None:
    file = tmp_path / "test.yaml"
    with pytest.raises(AuthorError, match="document-unreadable"):
        read(file)
    file.write_bytes(GOOD.encode("gb18030"))
    with pytest.raises(AuthorError, match="document-not-utf-8") as caught:
        read(file)
    assert caught.value.problems[0].place.line == 2
    with pytest.raises(AuthorError, match="document-unreadable"):
        read(tmp_path)


# ------------------------------------------------------------------------------ wild input

_WORDS = st.sampled_from(
    [*VERBS, *Flow.model_fields, "id", "choices", "key", "label", "then", "else", "slots", "=say"]
)
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | _WORDS
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_WORDS, inner, max_size=5),
    max_leaves=30,
)
_YAML = ["- ", "\n", "  ", ": ", "{", "}", "[", "]", "&a", "*a", "!!", "|", ">", "'", '"', "#", "?"]
_SOUP = st.lists(st.sampled_from(_YAML) | _WORDS | st.text(max_size=3), max_size=40).map("".join)
_QUIET = settings(
    max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


def read_wildly(text: str) -> None:
    lines = text.splitlines() or [""]
    problems: list[Problem] = []
    places: list[Place] = []
    try:
        places = list(read_text(text).positions.values())
    except AuthorError as error:
        problems = list(error.problems)
    assert places or problems
    assert all(problem.sentence("zh") and problem.sentence("en") for problem in problems)
    places += [problem.place for problem in problems]
    for place in places:
        assert 1 <= place.line <= len(lines), place
        assert 1 <= place.column <= len(lines[place.line - 1]) + 1, place


@given(st.text())
@_QUIET
def test_any_text_is_read_or_refused(text: str) -> None:
    read_wildly(text)


@given(_SOUP)
@_QUIET
def test_any_soup_of_yaml_is_read_or_refused(text: str) -> None:
    read_wildly(text)


@given(_TREES, st.integers(0, 400), st.integers(0, 30))
@_QUIET
def test_any_tree_put_anywhere_is_read_or_refused(tree: object, cut: int, length: int) -> None:
    written = json.dumps(tree, ensure_ascii=False)
    read_wildly(GOOD[:cut] + written + GOOD[cut + length :])
    read_wildly(GOOD.partition("steps:")[0] + f"steps: [{written}]\n")
    read_wildly(GOOD + f"{{{written}: 1}}")
