"""Somebody who rings back goes on where he left."""

import json
from dataclasses import replace

import pytest

from core.disposition import Disposition
from core.errors import AuthorError
from core.verdict import Verdict
from flows.engine import resume, start, step
from flows.exchange import EndCall, HungUp, Keys, SaveAnswer, SayText, WaitAnswer
from flows.program import Program
from flows.resuming import resumable
from flows.session import Session
from flows.test_engine import ATTITUDE, survey

SPEED = {**ATTITUDE, "ask": "出警快吗？快请按1，慢请按3。", "id": "speed"}
NOTICE = {"say": "这里是公安回访，通话将被录音，拒绝请按9。", "notice": True}
LAST = {"say": "谢谢。"}


def left(program: Program, *keys: str) -> Session:
    """Return the session of somebody who pressed `keys` and hung up, as it is read back."""
    session = start(program, fields={}).session
    for key in keys:
        session = step(program, session, Keys(key)).session
    ended = step(program, session, HungUp()).session
    return Session.from_json(json.loads(json.dumps(ended.to_json())), program)


def said(effects: tuple[object, ...]) -> list[str]:
    return [effect.text for effect in effects if isinstance(effect, SayText)]


def test_the_notice_is_repeated_and_the_question_is_the_one_that_was_left() -> None:
    program = survey(NOTICE, ATTITUDE, {"say": "还有一个问题。"}, SPEED, LAST)
    again = resume(program, left(program, "3"))
    assert said(again.effects) == [
        NOTICE["say"],
        "上次的回访没有做完，现在接着上次的问题。",
        SPEED["ask"],
    ]
    assert isinstance(again.wait, WaitAnswer)
    assert again.wait.step == "speed"
    assert not again.session.ended


def test_what_was_answered_counts_in_the_end() -> None:
    program = survey(NOTICE, ATTITUDE, SPEED, LAST)
    again = resume(program, left(program, "3"))
    done = step(program, again.session, Keys("1"))
    assert [effect.step for effect in done.effects if isinstance(effect, SaveAnswer)] == ["speed"]
    end = done.effects[-1]
    assert isinstance(end, EndCall)
    assert (end.disposition, end.verdict) == (Disposition.COMPLETED, Verdict.DISSATISFIED)


def test_who_hung_up_on_the_way_to_somewhere_else_is_asked_the_same_again() -> None:
    gone = {**SPEED, "on_hang_up": {"goto": "bye"}}
    program = survey(NOTICE, ATTITUDE, gone, {"end": "completed", "id": "bye"})
    broken_off = left(program, "1")
    assert broken_off.node == "bye"
    wait = resume(program, broken_off).wait
    assert isinstance(wait, WaitAnswer)
    assert wait.step == "speed"


def test_a_question_within_a_part_goes_on_behind_its_call() -> None:
    program = survey(
        NOTICE, {"call": "rating"}, {"say": "再见。"}, parts={"rating": [ATTITUDE, SPEED]}
    )
    again = resume(program, left(program, "1"))
    done = step(program, again.session, Keys("1"))
    assert said(done.effects)[-1] == "再见。"


def test_a_session_that_was_never_ended_goes_on_too() -> None:
    # A crash: what is stored is the session after the last answer.
    program = survey(NOTICE, ATTITUDE, SPEED, LAST)
    session = step(program, start(program, fields={}).session, Keys("1")).session
    wait = resume(program, session).wait
    assert isinstance(wait, WaitAnswer)
    assert wait.step == "speed"


def test_the_notice_is_that_of_the_way_the_call_took() -> None:
    program = survey(
        {
            "when": "station == 'north'",
            "then": [{"say": "北站。", "notice": True}],
            "else": [{"say": "南站。", "notice": True}],
        },
        ATTITUDE,
        SPEED,
        fields={"station": {"type": "text"}},
    )
    session = start(program, fields={"station": "south"}).session
    again = resume(program, step(program, session, Keys("1")).session)
    assert said(again.effects)[0] == "南站。"


def test_without_an_answer_there_is_nothing_to_go_on_with() -> None:
    program = survey(NOTICE, ATTITUDE, SPEED)
    assert not resumable(program, left(program))
    with pytest.raises(LookupError):
        resume(program, left(program))


def test_a_session_of_another_version_is_not_gone_on_with() -> None:
    program = survey(NOTICE, ATTITUDE, SPEED)
    other = replace(program, sha256="other")
    session = left(program, "1")
    assert not resumable(other, session)
    with pytest.raises(AuthorError):
        resume(other, session)
