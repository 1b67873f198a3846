"""Conversations in which people speak: both ways are open at once, and the key wins."""

from pathlib import Path
from typing import Any

import pytest

from core.disposition import Disposition
from core.verdict import Verdict
from ivr.channels.contract import Ability
from ivr.outcome import Outcome
from ivr.people.person import Behaviour, Person, Press, Reaction, Script, Speak
from ivr.people.speaking import EXPECTED, Speaker, speakers
from tests.golden.rehearsal import NotingChannel, program, rehearse

SURVEY = """
flow: spoken
title: 口头回答
languages: [zh]
aspects: {overall: 总体评价}
speech: {enabled: true}
defaults: {timeout: 5s}
keys: [{key: 9, label: 拒绝回访, does: refuse}]
steps:
  - {say: 您好，这里是公安局回访中心，不录音，不愿接受回访请按9。, notice: true}
  - ask: 您满意吗？满意请按1，不满意请按3。
    id: overall
    aspect: overall
    barge_in: BARGE_IN
    choices:
      - {key: 1, label: 满意, verdict: satisfied}
      - {key: 3, label: 不满意, verdict: dissatisfied}
  - number: 请打分，零到十，请直接输入或者说出来，按井号键结束。
    id: score
    digits: [1, 2]
    least: 0
    most: 10
    end_key: "#"
  - {end: completed, say: 再见。}
"""


def at(lines: list[str], words: str) -> list[float]:
    """Return the seconds at which lines with `words` stand."""
    return [float(line.split()[0]) for line in lines if words in line]


async def call(
    folder: Path,
    script: Script,
    *,
    barge_in: bool = True,
    abilities: frozenset[Ability] = frozenset(Ability),
) -> tuple[Outcome, list[str]]:
    """Call somebody who does as `script` says."""
    file = folder / "spoken.yaml"
    file.write_text(SURVEY.replace("BARGE_IN", str(barge_in).lower()), "utf-8")
    person = Person(Behaviour.SILENT, script=script)
    can = abilities

    class Channel(NotingChannel):
        abilities = can

        async def dial(self, request: Any) -> Any:
            self._people = lambda _: person
            return await super().dial(request)

    return await rehearse(program(file), "1", folder, channel=Channel)


def says(words: str, after: float = 1.0, *, seconds: float = 1.0, **more: Any) -> Speak:
    return Speak(seconds, after, words, **more)


SCORE = Reaction(then=(says("十"),))


async def test_answers_and_numbers_are_spoken(tmp_path: Path) -> None:
    script = Script((Reaction(then=(says("不满意"),)),), SCORE)
    outcome, lines = await call(tmp_path, script)
    assert (outcome.disposition, outcome.verdict) == (Disposition.COMPLETED, Verdict.DISSATISFIED)
    assert at(lines, "score = 10")
    assert outcome.session is not None
    assert outcome.session["answers"]["overall"]["raw"] == "不满意"


async def test_speech_stops_a_question_and_not_a_notice(tmp_path: Path) -> None:
    into_notice = Script((Reaction((says("不满意"),), (says("满意"),)),), SCORE)
    outcome, lines = await call(tmp_path, into_notice)
    assert not at(lines, "(stops)")
    assert outcome.verdict is Verdict.SATISFIED
    assert not at(lines, "text=不满意")

    into_question = Script((Reaction((says("不满意", 10.0),)),), SCORE)
    outcome, lines = await call(tmp_path, into_question)
    (stopped,) = at(lines, "(stops)")
    assert stopped == at(lines, "SpeechBegan")[0] < at(lines, "SpeechHeard")[0]
    assert outcome.verdict is Verdict.DISSATISFIED
    assert len(at(lines, "您满意吗")) == 1


async def test_a_question_that_is_not_interrupted_hears_what_follows_it(tmp_path: Path) -> None:
    heard = Reaction(then=(says("满意"),))
    into = Script((Reaction((says("不满意", 10.0),)), heard), SCORE)
    outcome, lines = await call(tmp_path, into, barge_in=False)
    assert not at(lines, "(stops)")
    assert outcome.verdict is Verdict.SATISFIED
    eager = Script((Reaction(then=(says("不满意", 0.0),)),), SCORE)
    outcome, _ = await call(tmp_path, eager, barge_in=False)
    assert outcome.verdict is Verdict.DISSATISFIED


@pytest.mark.parametrize("during", [True, False])
async def test_a_key_wins_over_what_is_being_said(tmp_path: Path, during: bool) -> None:
    speaks = says("满意", 10.0 if during else 1.0, seconds=2.0, pressing="3")
    reaction = Reaction((speaks,)) if during else Reaction(then=(speaks,))
    outcome, lines = await call(tmp_path, Script((reaction,), SCORE))
    assert (outcome.disposition, outcome.verdict) == (Disposition.COMPLETED, Verdict.DISSATISFIED)
    assert not at(lines, "text=满意")


async def test_a_key_wins_over_what_is_being_recognised(tmp_path: Path) -> None:
    # Said, then pressed before the recogniser has answered.
    hurried = Reaction(then=(says("满意"), Press("3", 0.0)))
    outcome, lines = await call(tmp_path, Script((hurried,), SCORE))
    assert outcome.verdict is Verdict.DISSATISFIED
    assert at(lines, "overall = 不满意")


async def test_a_noise_does_not_cost_the_question(tmp_path: Path) -> None:
    cough = Speak(0.5, 10.0)
    script = Script((Reaction((cough,)), Reaction(then=(says("满意"),))), SCORE)
    outcome, lines = await call(tmp_path, script)
    assert len(at(lines, "(stops)")) == 1
    assert len(at(lines, "您满意吗")) == 2  # put again as it was: nobody was unclear
    assert outcome.session is not None
    assert outcome.verdict is Verdict.SATISFIED
    assert not at(lines, "没有听")


async def test_silence_is_not_counted_while_somebody_speaks(tmp_path: Path) -> None:
    # Five seconds of patience: the noise, a second with its recognition, takes none of it.
    slow = Reaction(then=(Speak(0.5, 3.0), says("满意", 2.0, seconds=4.0)))
    outcome, lines = await call(tmp_path, Script((slow,), SCORE))
    assert outcome.verdict is Verdict.SATISFIED
    assert len(at(lines, "您满意吗")) == 1


async def test_speech_that_nobody_understands_is_asked_back(tmp_path: Path) -> None:
    script = Script((Reaction(then=(Speak(2.0),)), Reaction(then=(says("满意"),))), SCORE)
    outcome, lines = await call(tmp_path, script)
    assert len(at(lines, "您满意吗")) == 2
    assert outcome.verdict is Verdict.SATISFIED


async def test_a_channel_that_cannot_hear_goes_by_keys(tmp_path: Path) -> None:
    script = Script(
        (Reaction(then=(says("满意"), Press("3", 1.0))),), Reaction(then=(Press("7#"),))
    )
    outcome, lines = await call(tmp_path, script, abilities=frozenset({Ability.KEYS}))
    assert not at(lines, "Speech")
    assert outcome.verdict is Verdict.DISSATISFIED


@pytest.mark.parametrize("who", Speaker)
async def test_the_speaking_people_come_to_what_is_expected_of_them(
    tmp_path: Path, who: Speaker
) -> None:
    outcome, lines = await call(tmp_path, speakers("zh")[who].script)
    wanted = EXPECTED[who]
    found = (outcome.disposition, outcome.verdict)
    assert found == (wanted.disposition, wanted.verdict), "\n".join(lines)
