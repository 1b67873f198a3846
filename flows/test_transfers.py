"""Handing a call to a person: what it came to, and what happens where nobody can take it."""

from core.disposition import Disposition
from core.verdict import Verdict
from flows.compiler import compile_flow
from flows.exchange import Keys, Silence, TransferEnded, WaitTransfer
from flows.test_engine import ATTITUDE, ended, hold, said, survey


def test_a_taken_transfer_is_partial_where_a_question_was_passed_over() -> None:
    person = {"key": "0", "label": "人工", "goto": "person"}
    asked = {**ATTITUDE, "id": "b", "choices": [*ATTITUDE["choices"], person]}
    given_up = {**ATTITUDE, "id": "b", "attempts": 1, "on_give_up": {"goto": "person"}}
    transfer = {"transfer": "agents", "id": "person"}
    for second, last in ((asked, Keys("0")), (given_up, Silence())):
        program = survey(ATTITUDE, second, {**ATTITUDE, "id": "c"}, {"end": "completed"}, transfer)
        done = hold(program, Keys("1"), last, TransferEnded(True))
        assert ended(done)[:2] == (Disposition.PARTIAL, Verdict.SATISFIED)
    through = hold(survey(ATTITUDE, transfer), Keys("3"), TransferEnded(True))
    assert ended(through)[:2] == (Disposition.COMPLETED, Verdict.DISSATISFIED)


def test_an_optional_transfer_is_passed_over_where_nobody_can_take_the_call() -> None:
    step_ = {"transfer": "operator", "optional": True, "say": "请稍候。"}
    end = {"end": "partial", "reason": "asked_for_person", "say": "稍后回电。"}
    flow = survey(ATTITUDE, step_, end).flow
    without = hold(compile_flow(flow, transfers=[]), Keys("1"))
    assert said(without) == ["稍后回电。"]
    assert ended(without)[2] == "asked_for_person"
    for known in (None, {"operator"}):
        assert isinstance(hold(compile_flow(flow, transfers=known), Keys("1")).wait, WaitTransfer)
