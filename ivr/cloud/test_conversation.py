"""A survey one turn at a time, as a provider holds it: what each input comes to, and every end."""

import pytest

from core.disposition import Disposition
from core.errors import AuthorError
from core.verdict import Verdict
from flows.compiler import compile_flow
from flows.engine import resumed
from flows.exchange import (
    Finished,
    HungUp,
    Keys,
    SayText,
    TransferEnded,
    WaitAnswer,
    WaitTransfer,
)
from flows.program import Program
from flows.reader import read_text
from flows.session import Session
from ivr.cloud.conversation import Turn, go_on, going_on, hung_up, opening, texts_due

SURVEY = """\
flow: turns
title: 一问
respondents: [emergency]
languages: [zh]
aspects: {overall: 总体, attitude: 态度}
keys:
  - {key: 9, label: 拒绝, does: refuse}
  - {key: 0, label: 人工, goto: desk}
steps:
  - say: 您好，这里是公安局回访中心，通话不录音。拒绝请按9，人工请按0。
    notice: true
  - ask: 您总体上是否满意？满意请按1，不满意请按3。
    id: overall
    aspect: overall
    choices:
      - {key: 1, label: 满意, verdict: satisfied}
      - {key: 3, label: 不满意, verdict: dissatisfied}
  - ask: 您对态度是否满意？满意请按1，不满意请按3。
    id: attitude
    aspect: attitude
    choices:
      - {key: 1, label: 满意, verdict: satisfied}
      - {key: 3, label: 不满意, verdict: dissatisfied}
  - end: completed
    say: 再见。
  - transfer: desk
    id: desk
    say: 正在转接。
    on_failure: sorry
  - end: broke_off
    id: sorry
    say: 稍后由工作人员与您联系。
"""


@pytest.fixture
def survey() -> Program:
    file = read_text(SURVEY, "turns.yaml")
    return compile_flow(file.flow, sha256=file.sha256, transfers={"desk"})


def said(turn: Turn) -> str:
    return " ".join(one.text for one in turn.said if isinstance(one, SayText))


def pressed(survey: Program, turn: Turn, key: str) -> Turn:
    """Go on from the session as it was kept, as the next request of the provider does."""
    kept = Session.from_json(turn.session.to_json(), survey)
    return go_on(survey, kept, turn.wait, Keys(key))


def test_it_is_held_to_its_end(survey: Program) -> None:
    first = opening(survey, {})
    assert "总体上是否满意" in said(first)
    assert isinstance(first.wait, WaitAnswer)
    second = pressed(survey, first, "3")
    assert [(one.step, one.label) for one in second.answers] == [("overall", "不满意")]
    last = pressed(survey, second, "1")
    assert last.end is not None
    assert (last.end.disposition, last.end.verdict) == (
        Disposition.COMPLETED,
        Verdict.DISSATISFIED,
    )
    assert isinstance(last.wait, Finished)


def test_texts_before_the_first_question_come_with_the_first_turn() -> None:
    text = SURVEY.replace("  - ask: 您总体", "  - text: 您好。\n  - ask: 您总体").replace(
        "  - end: completed", "  - text: 再会。\n  - end: completed", 1
    )
    file = read_text(text, "turns.yaml")
    survey = compile_flow(file.flow, sha256=file.sha256, transfers={"desk"})
    first = opening(survey, {})
    second = pressed(survey, first, "1")
    last = pressed(survey, second, "1")
    assert [one.text for one in texts_due(survey, first.session, second)] == ["您好。"]
    assert [one.text for one in texts_due(survey, second.session, last)] == ["再会。"]
    left = hung_up(survey, first.session, first.wait)
    assert [one.text for one in texts_due(survey, first.session, left)] == ["您好。"]


def test_who_hangs_up_is_asked_nothing_more(survey: Program) -> None:
    turn = pressed(survey, opening(survey, {}), "1")
    over = hung_up(survey, turn.session, turn.wait)
    assert over.said == ()
    assert over.end is not None
    assert (over.end.disposition, over.person_wanted) == (Disposition.PARTIAL, False)
    early = opening(survey, {})
    over = hung_up(survey, early.session, early.wait)
    assert over.end is not None
    assert over.end.disposition is Disposition.BROKE_OFF


@pytest.mark.parametrize("taken", [True, False])
def test_a_person_is_wanted_until_one_took_the_call(survey: Program, taken: bool) -> None:
    asked = pressed(survey, opening(survey, {}), "0")
    assert isinstance(asked.wait, WaitTransfer)
    over = go_on(survey, asked.session, asked.wait, TransferEnded(taken))
    assert over.person_wanted is not taken


def test_who_hangs_up_while_being_put_through_wanted_a_person(survey: Program) -> None:
    asked = pressed(survey, opening(survey, {}), "0")
    assert go_on(survey, asked.session, asked.wait, HungUp()).person_wanted
    assert hung_up(survey, asked.session, asked.wait).person_wanted


def test_it_goes_on_where_it_was_left(survey: Program) -> None:
    turn = pressed(survey, opening(survey, {}), "1")
    left = hung_up(survey, turn.session, turn.wait).session.to_json()
    again = resumed(survey, left)
    assert again is not None
    words = said(going_on(again))
    assert "您好" in words
    assert "态度是否满意" in words
    assert "总体上是否满意" not in words


def test_a_case_that_lacks_a_field_is_refused() -> None:
    text = SURVEY.replace("languages: [zh]", "languages: [zh]\nfields: {unit: {type: text}}")
    file = read_text(text.replace("您好，", "您好，{{ unit }}", 1), "turns.yaml")
    needy = compile_flow(file.flow, sha256=file.sha256)
    with pytest.raises(AuthorError) as refused:
        opening(needy, {})
    assert [each.code for each in refused.value.problems] == ["flow-field-missing"]
    assert "城关" in said(opening(needy, {"unit": "城关派出所"}))
