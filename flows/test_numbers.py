"""Spoken numbers at a question: taken, asked back, or refused; never guessed."""

import pytest

from flows.engine import step
from flows.exchange import Finished, Keys, Speech, WaitAnswer
from flows.test_engine import SPEECH, hold, said, survey

SCORE = {"number": "请打分", "id": "score", "digits": [1, 2], "least": 1, "most": 20}


@pytest.mark.parametrize(
    ("words", "value"), [("五", "5"), ("幺二", "12"), ("我打十分", "10"), ("按一五", "15")]
)
def test_a_number_may_be_spoken(words: str, value: str) -> None:
    done = hold(survey(SCORE, **SPEECH), Speech(words))
    assert isinstance(done.wait, Finished)
    given = done.session.answers["score"]
    assert (given["value"], given["raw"]) == (value, words)


def test_a_spoken_number_is_asked_back_and_never_guessed() -> None:
    program = survey(SCORE, **SPEECH)
    asked = hold(program, Speech("幺二", 0.6))
    assert said(asked)[-1] == "您是说“幺二”，对吗？对请按1，不对请按2。"
    assert step(program, asked.session, Keys("1")).session.answers["score"]["value"] == "12"
    assert said(hold(program, Speech("三十")))[0] == "这个数字不在范围内。"
    for words in ("五六七八", "大概五"):
        assert "score" not in hold(program, Speech(words)).session.answers
    deaf = hold(survey(SCORE), Speech("五"))
    assert "score" not in deaf.session.answers
    assert isinstance(asked.wait, WaitAnswer)
    waiting = hold(program).wait
    assert isinstance(waiting, WaitAnswer)
    assert waiting.listen
    assert {"幺", "九"} <= set(waiting.phrases)
