"""What holds whatever happens on a call: an apology instead of silence, an end, an outcome."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.disposition import Disposition
from core.errors import AuthorError, problem
from core.verdict import Verdict
from flows.program import Program
from ivr.channels.contract import Ended, EndedBy
from ivr.channels.dry_run import DryRunChannel
from ivr.conversation_rules import ConversationRules
from ivr.people.person import Behaviour, HangUp, Person, Press, Reaction, Script, Speak
from tests.golden.rehearsal import NotingCall, NotingChannel, program, rehearse

SURVEYS = Path(__file__).parent.parent / "tests" / "golden" / "surveys"
SATISFIED, DISSATISFIED, SILENT = "+8613800000001", "+8613800000003", "+8613800000004"


@pytest.fixture
def overall() -> Program:
    return program(SURVEYS / "overall.yaml")


def at(lines: list[str], words: str) -> float:
    """Return the second at which a line with `words` stands."""
    found = [line for line in lines if words in line]
    assert found, f"{words!r} is not in\n" + "\n".join(lines)
    return float(found[0].split()[0])


async def test_the_first_word_comes_within_two_seconds_of_the_answer(
    overall: Program, tmp_path: Path
) -> None:
    _, lines = await rehearse(overall, SATISFIED, tmp_path)
    assert at(lines, "您好") - at(lines, "Answered") <= 2.0


async def test_an_answer_is_committed_before_the_next_prompt(
    overall: Program, tmp_path: Path
) -> None:
    _, lines = await rehearse(overall, DISSATISFIED, tmp_path)
    order = [n for n, line in enumerate(lines) if "overall =" in line or "请问哪方面" in line]
    assert "overall =" in lines[order[0]]
    assert "请问哪方面" in lines[order[1]]


async def test_another_call_goes_on_where_the_last_one_was_left(
    overall: Program, tmp_path: Path
) -> None:
    broken, _ = await rehearse(overall, DISSATISFIED, tmp_path, fails_at="reason")
    outcome, lines = await rehearse(overall, DISSATISFIED, tmp_path, left=broken.session)
    told = "\n".join(lines)
    # The notice once more, because it is another call; what was answered is not asked again.
    assert "您好" in told
    assert "接着上次的问题" in told
    assert "总体上是否满意" not in told
    assert "reason = 处理结果" in told
    assert (outcome.disposition, outcome.verdict) == (Disposition.COMPLETED, Verdict.DISSATISFIED)


async def test_a_fault_in_the_middle_is_heard_as_an_apology(
    overall: Program, tmp_path: Path
) -> None:
    outcome, lines = await rehearse(overall, DISSATISFIED, tmp_path, fails_at="reason")
    assert outcome.disposition is Disposition.FAILED
    assert outcome.reason == "OSError"
    assert at(lines, "非常抱歉") < at(lines, "(hangs up)")
    assert outcome.session is not None
    assert "overall" in outcome.session["answers"]


TRANSFER = """
flow: transfer
title: 转人工
languages: [zh]
keys: [{key: 9, label: 拒绝, does: refuse}]
steps:
  - {say: 您好，这里是公安局回访中心，不录音，拒绝请按9。, notice: true}
  - ask: 转人工请按1，满意请按3。
    id: wish
    choices: [{key: 1, label: 转人工}, {key: 3, label: 满意}]
  - {transfer: operator, say: 请稍候。}
  - {end: partial}
"""


async def test_who_hangs_up_while_being_put_through_wanted_a_person(tmp_path: Path) -> None:
    (tmp_path / "transfer.yaml").write_text(TRANSFER, "utf-8")

    class Gone(NotingCall):
        async def transfer(self, target: str) -> None:
            self._call._end(EndedBy.PARTY, 200)

    class Channel(NotingChannel):
        async def dial(self, request: Any) -> Any:
            call = await DryRunChannel.dial(self, request)
            return Gone(call, self._transcript, self._words)

    survey = program(tmp_path / "transfer.yaml")
    outcome, _ = await rehearse(survey, SATISFIED, tmp_path, channel=Channel)
    assert (outcome.reason, outcome.asked_for_person) == ("hung_up", True)


async def test_a_call_that_lasts_too_long_ends_politely(overall: Program, tmp_path: Path) -> None:
    def short(rules: ConversationRules) -> ConversationRules:
        return replace(rules, longest_seconds=40.0)

    outcome, lines = await rehearse(overall, SILENT, tmp_path, change=short)
    assert outcome.disposition is Disposition.BROKE_OFF
    assert at(lines, "本次回访时间已到") == at(lines, "Answered") + 40.0
    assert at(lines, "(hangs up)") > at(lines, "本次回访时间已到")


async def test_a_recording_under_way_is_kept_when_the_call_lasts_too_long(
    overall: Program, tmp_path: Path
) -> None:
    def short(rules: ConversationRules) -> ConversationRules:
        return replace(rules, longest_seconds=45.0)

    outcome, lines = await rehearse(overall, DISSATISFIED, tmp_path, change=short)
    at(lines, "opinion = ")
    at(lines, "本次回访时间已到")
    assert outcome.verdict is Verdict.DISSATISFIED


class ChannelTo(NotingChannel):
    """A channel to somebody made for the test."""

    person: Person

    async def dial(self, request: Any) -> Any:
        self._people = lambda _: self.person
        return await super().dial(request)


def channel_to(script: Script) -> type[ChannelTo]:
    return type("To", (ChannelTo,), {"person": Person(Behaviour.SILENT, script=script)})


async def test_hanging_up_while_recording_keeps_what_was_said(
    overall: Program, tmp_path: Path
) -> None:
    script = Script(
        (Reaction(then=(Press("3"),)), Reaction(then=(Press("1"),))),
        Reaction(then=(Speak(3.0), HangUp(0.5))),
    )
    outcome, lines = await rehearse(overall, "1", tmp_path, channel=channel_to(script))
    assert (outcome.disposition, outcome.verdict) == (Disposition.COMPLETED, Verdict.DISSATISFIED)
    at(lines, "journal  opinion")
    assert (tmp_path / "a1-opinion.wav").exists()


async def test_a_number_goes_on_after_its_end_key(tmp_path: Path) -> None:
    script = Script(
        (Reaction(then=(Press("1"),)), Reaction(then=(Press("1"),))),
        Reaction(then=(Press("42#"),)),
    )
    survey = program(SURVEYS / "aspects.yaml")
    outcome, lines = await rehearse(survey, "1", tmp_path, channel=channel_to(script))
    assert outcome.disposition is Disposition.COMPLETED
    at(lines, "age = 42")


async def test_keys_during_a_question_without_barge_in_are_not_heard(tmp_path: Path) -> None:
    script = Script(
        (Reaction(then=(Press("1"),)),),
        Reaction(during=(Press("3", 2.0),), then=(Press("1"),)),
    )
    survey = program(SURVEYS / "aspects.yaml")
    outcome, lines = await rehearse(survey, "1", tmp_path, channel=channel_to(script))
    at(lines, "attitude = 满意")
    assert outcome.verdict is Verdict.SATISFIED


class BrokenCall(NotingCall):
    """A line that dies when it plays the second time."""

    plays = 0

    async def play(self, files: list[Path]) -> int:
        self.plays += 1
        if self.plays == 2:
            clock = self._transcript.clock
            self._call._happenings.tell(Ended(clock.now(), EndedBy.CRASH))  # type: ignore[attr-defined]
        return await super().play(files)


class BrokenChannel(NotingChannel):
    async def dial(self, request: Any) -> Any:
        call = await super().dial(request)
        return BrokenCall(call._call, self._transcript, self._words)


async def test_what_a_dead_line_leaves_is_for_a_person_to_look_at(
    overall: Program, tmp_path: Path
) -> None:
    outcome, lines = await rehearse(overall, DISSATISFIED, tmp_path, channel=BrokenChannel)
    assert outcome.disposition is Disposition.UNKNOWN
    assert outcome.verdict is Verdict.DISSATISFIED
    at(lines, "overall = 不满意")


class RefusingChannel(NotingChannel):
    async def dial(self, request: Any) -> Any:
        raise AuthorError(problem("ivr-no-free-channel"))


async def test_a_call_that_cannot_be_made_is_a_failed_outcome_with_its_code(
    overall: Program, tmp_path: Path
) -> None:
    outcome, _ = await rehearse(overall, SATISFIED, tmp_path, channel=RefusingChannel)
    assert outcome.disposition is Disposition.FAILED
    assert outcome.reason == "ivr-no-free-channel"
    assert outcome.dialed_at is None


class Speechless(NotingChannel):
    """Notes that it dialled: it must not."""

    dialled = 0

    async def dial(self, request: Any) -> Any:
        Speechless.dialled += 1
        return await super().dial(request)


async def test_nobody_is_rung_when_the_first_words_cannot_be_spoken(tmp_path: Path) -> None:
    (tmp_path / "surveys").mkdir()
    survey = SURVEYS / "overall.yaml"
    broken = tmp_path / "surveys" / "overall.yaml"
    broken.write_text(survey.read_text("utf-8").replace("accepted_on }}", "unknown }}"), "utf-8")
    outcome, _ = await rehearse(program(broken), SATISFIED, tmp_path, channel=Speechless)
    assert outcome.disposition is Disposition.FAILED
    assert Speechless.dialled == 0


async def test_cancelling_hangs_up(overall: Program, tmp_path: Path) -> None:
    speaking, lines = asyncio.Event(), list[str]()

    class Speaking(NotingCall):
        async def play(self, files: list[Path]) -> int:
            self._transcript.lines = lines
            speaking.set()
            return await super().play(files)

    class Watched(NotingChannel):
        async def dial(self, request: Any) -> Any:
            call = await super().dial(request)
            return Speaking(call._call, self._transcript, self._words)

    running = asyncio.create_task(rehearse(overall, SILENT, tmp_path, channel=Watched))
    async with asyncio.timeout(10):
        await speaking.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert any("(hangs up)" in line for line in lines)
