"""What a conversation does about machines and carriers that pick up, and what it comes to."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.disposition import Disposition
from flows.program import Program
from ivr.channels.contract import Event, MachineHeard, PickUpDecided
from ivr.channels.dry_run import DryRunChannel
from ivr.conversation_rules import ConversationRules
from ivr.people.machines import EXPECTED, Machine, machines
from ivr.people.person import PEOPLE, Behaviour, Person, Press, Script
from tests.golden.rehearsal import NotingCall, NotingChannel, program, rehearse

SURVEY = Path(__file__).parent.parent / "tests" / "golden" / "surveys" / "overall.yaml"
MESSAGE = "您好，这里是回访中心，稍后会再次致电。"
FIRST_WORDS = "您好，这里是公安局回访中心"


@pytest.fixture
def overall() -> Program:
    return program(SURVEY)


def channel_to(person: Person, call: type[NotingCall] = NotingCall) -> Callable[..., Any]:
    class To(NotingChannel):
        def __init__(self, clock: Any, transcript: Any, words: Any) -> None:
            DryRunChannel.__init__(self, clock, people=lambda _: person)
            self._transcript, self._words = transcript, words

        async def dial(self, request: Any) -> Any:
            made = await DryRunChannel.dial(self, request)
            return call(made, self._transcript, self._words)

    return To


def with_message(rules: ConversationRules) -> ConversationRules:
    return replace(rules, mailbox_messages={"zh": MESSAGE})


def said(lines: list[str]) -> str:
    return "\n".join(line for line in lines if " machine " in line)


@pytest.mark.parametrize("who", Machine, ids=str)
async def test_everybody_comes_to_what_is_expected(
    who: Machine, overall: Program, tmp_path: Path
) -> None:
    person = machines("zh")[who]
    outcome, lines = await rehearse(overall, "1", tmp_path, channel=channel_to(person))
    assert outcome.disposition is EXPECTED[who].disposition
    assert (FIRST_WORDS in said(lines)) is (who is Machine.FORWARDED)


async def test_an_announcement_is_not_listened_to_until_the_phone_stops_ringing(
    overall: Program, tmp_path: Path
) -> None:
    vacant = machines("zh")[Machine.VACANT]
    assert vacant.status == 0
    outcome, lines = await rehearse(overall, "1", tmp_path, channel=channel_to(vacant))
    assert outcome.reason == "announcement_vacant"
    assert float(lines[-1].split()[0]) < 10
    assert "(hangs up)" in said(lines)


async def test_a_machine_hears_nothing_unless_a_message_is_set(
    overall: Program, tmp_path: Path
) -> None:
    to = channel_to(PEOPLE[Behaviour.MAILBOX])
    outcome, lines = await rehearse(overall, "1", tmp_path, channel=to)
    assert outcome.reason == "machine_beep"
    assert "您好" not in said(lines)
    outcome, lines = await rehearse(overall, "1", tmp_path, channel=to, change=with_message)
    assert outcome.disposition is Disposition.MACHINE
    assert outcome.reason == "machine_beep message_left"
    assert MESSAGE in said(lines)
    assert FIRST_WORDS not in said(lines)


async def test_a_key_incident_leaves_no_message(overall: Program, tmp_path: Path) -> None:
    to = channel_to(PEOPLE[Behaviour.MAILBOX])
    outcome, lines = await rehearse(
        overall, "1", tmp_path, channel=to, change=with_message, may_leave_message=False
    )
    assert outcome.reason == "machine_beep"
    assert MESSAGE not in said(lines)


async def test_a_fax_gets_no_message(overall: Program, tmp_path: Path) -> None:
    to = channel_to(machines("zh")[Machine.FAX])
    outcome, lines = await rehearse(overall, "1", tmp_path, channel=to, change=with_message)
    assert (outcome.disposition, outcome.reason) == (Disposition.MACHINE, "fax_ced")
    assert MESSAGE not in said(lines)


class KnownByWords(NotingCall):
    """A mailbox known by its words, some time before it beeps (or does not)."""

    beeps = True

    async def events(self) -> AsyncIterator[Event]:
        async for event in super().events():
            if isinstance(event, PickUpDecided):
                yield replace(event, sign="phrase")
                if self.beeps:
                    self._transcript.note("person", "beeps")
                    yield MachineHeard(event.at)
            else:
                yield event


class NeverBeeps(KnownByWords):
    beeps = False


async def test_the_message_waits_for_the_beep(overall: Program, tmp_path: Path) -> None:
    to = channel_to(PEOPLE[Behaviour.MAILBOX], KnownByWords)
    outcome, lines = await rehearse(overall, "1", tmp_path, channel=to, change=with_message)
    assert outcome.reason == "machine_phrase message_left"
    order = [line for line in lines if "beeps" in line or MESSAGE in line]
    assert "beeps" in order[0]


async def test_without_a_beep_nothing_is_left(overall: Program, tmp_path: Path) -> None:
    to = channel_to(PEOPLE[Behaviour.MAILBOX], NeverBeeps)
    outcome, lines = await rehearse(overall, "1", tmp_path, channel=to, change=with_message)
    assert outcome.reason == "machine_phrase"
    assert MESSAGE not in said(lines)
    assert float(lines[-1].split()[0]) < 60


async def test_who_presses_a_key_is_a_person(overall: Program, tmp_path: Path) -> None:
    hasty = replace(PEOPLE[Behaviour.MAILBOX], script=Script(on_answer=(Press("5", after=0.5),)))
    _, lines = await rehearse(overall, "1", tmp_path, channel=channel_to(hasty))
    assert FIRST_WORDS in said(lines)


async def test_who_never_lets_it_be_decided_is_a_person(overall: Program, tmp_path: Path) -> None:
    class Undecided(NotingCall):
        async def events(self) -> AsyncIterator[Event]:
            async for event in super().events():
                if not isinstance(event, PickUpDecided):
                    yield event

    to = channel_to(PEOPLE[Behaviour.SILENT], Undecided)
    _, lines = await rehearse(overall, "1", tmp_path, channel=to)
    assert FIRST_WORDS in said(lines)
