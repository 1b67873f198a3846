"""Silence, an invalid key, unsure speech, a hang-up and giving up: each its wording and its way."""

import pytest

from core.disposition import Disposition
from flows.exchange import HungUp, Input, Keys, Silence, Speech
from flows.test_engine import ATTITUDE, SPEECH, ended, hold, said, survey

INPUTS: dict[str, Input] = {
    "on_silence": Silence(),
    "on_invalid": Keys("7"),
    "on_unsure": Speech("这个嘛"),
}
ENDS = [{"end": "partial", "id": f"after_{name}", "reason": name} for name in (*INPUTS, "rest")]
WORDS = {name: {"say": [f"{name} 一", f"{name} 二"]} for name in INPUTS}
AGAIN = ["第二次问：满意请按1，不满意请按3。", "第三次问：满意请按1，不满意请按3。"]


@pytest.mark.parametrize("name", INPUTS)
def test_each_has_a_wording_for_each_time_and_the_question_changes(name: str) -> None:
    program = survey({**ATTITUDE, **WORDS, "again": AGAIN}, **SPEECH)
    once = hold(program, INPUTS[name])
    assert said(once) == [f"{name} 一", AGAIN[0]]
    assert said(hold(program, INPUTS[name], INPUTS[name])) == [f"{name} 二", AGAIN[1]]


@pytest.mark.parametrize("name", INPUTS)
def test_each_has_its_own_way_on(name: str) -> None:
    ways = {each: {"goto": f"after_{each}", "say": each} for each in INPUTS}
    done = hold(survey({**ATTITUDE, **ways}, *ENDS, **SPEECH), INPUTS[name])
    assert ended(done)[::2] == (Disposition.PARTIAL, name)
    assert said(done)[0] == name


def test_giving_up_has_its_wording_and_way() -> None:
    given_up = {**ATTITUDE, "attempts": 1, "on_give_up": {"say": "没关系。", "goto": "after_rest"}}
    done = hold(survey(given_up, *ENDS), Silence())
    assert (said(done), ended(done)[2]) == (["没关系。"], "rest")


def test_a_hang_up_has_its_way_and_says_nothing() -> None:
    gone = {**ATTITUDE, "on_hang_up": {"goto": "after_rest"}}
    done = hold(survey(gone, *ENDS), HungUp())
    assert (said(done), ended(done)[2]) == ([], "rest")
