"""What a conversation over the provider can be: spoken answers, numbers, open answers, transfers,
mailboxes, key incidents, prompts of our own."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from core.catalogue import text
from core.clock import SystemClock
from core.errors import AuthorError
from dialer.cloud.holding import CloudCalls, Wanted
from dialer.journal import AttemptJournal
from ivr.outcome import Outcome
from ivr.people.directory import person_of
from ivr.people.person import Behaviour, HangUp, Person, Press, Reaction, Script, Speak
from storage.database import Database
from storage.schema import TextMessage
from storage.transcripts import take_next
from tests.cloud.house import everything, house, people
from tests.dialing.line import running
from tests.peers.twilio_voice import PlacedCall, TwilioVoice

pytestmark = pytest.mark.live
ONE, DISSATISFIED, MAILBOX = "+8613800000011", "+8613800000003", "+8613800000009"
HEAD = "title: t\nlanguages: [zh]\naspects: {overall: 总体评价}\n"
KEYS = "keys:\n  - {key: 9, label: 拒绝, does: refuse}\n  - {key: 0, label: 人工, goto: person}\n"
NOTICE = "  - say: 您好，这里是回访中心，拒绝请按9，人工请按0。\n    notice: true\n"
CHOICES = """\
    choices:
      - {key: 1, label: 满意, verdict: satisfied}
      - {key: 3, label: 不满意, verdict: dissatisfied}
"""
ASK = (
    "  - ask: 您是否满意？满意请按1，不满意请按3。\n    id: overall\n    aspect: overall\n"
    + CHOICES
)
END = "  - end: completed\n    say: 再见。\n"
PERSON = "  - end: broke_off\n    id: person\n    say: 再见。\n    reason: asked_for_person\n"


def survey(*steps: str, more: str = "", end: str = END) -> str:
    return f"flow: talk\n{HEAD}{more}{KEYS}steps:\n{NOTICE}{''.join(steps)}{end}{PERSON}"


def doing(*reactions: Reaction, afterwards: Reaction | None = None) -> Callable[[str], Person]:
    person = Person(Behaviour.SATISFIED, script=Script(reactions, afterwards or Reaction()))
    return lambda _: person


async def test_what_is_said_is_an_answer_with_hints_from_the_survey(
    sqlite: Database, tmp_path: Path
) -> None:
    source = survey(ASK, more="speech: {enabled: true}\n")
    said = doing(Reaction(then=(Speak(1.0, words="不满意"),)))
    await people(sqlite, [ONE], source)
    api = TwilioVoice(people=said)
    async with house(sqlite, tmp_path, api) as cloud:
        kept = await cloud.call_all()
    answer = kept.said(ONE)["overall"]
    assert (answer.kind, answer.raw, answer.verdict) == ("speech", "不满意", "dissatisfied")
    assert (kept.of(ONE).disposition, api.faults) == ("completed", [])
    assert any("不满意" in document for document in api.hints)


async def test_unsure_speech_is_asked_back(sqlite: Database, tmp_path: Path) -> None:
    source = survey(ASK, more="speech: {enabled: true}\n")
    heard = doing(
        Reaction(then=(Speak(1.0, words="不满意", confidence=0.5),)),
        Reaction(then=(Press("1"),)),
    )
    await people(sqlite, [ONE], source)
    async with house(sqlite, tmp_path, TwilioVoice(people=heard)) as cloud:
        kept = await cloud.call_all()
    assert kept.said(ONE)["overall"].verdict == "dissatisfied"
    line = next(iter(cloud.api.calls.values())).line
    assert line is not None
    assert any("不满意" in words and "对吗" in words for words in line.said)


async def test_a_number_is_collected_and_the_refusal_works_during_the_notice(
    sqlite: Database, tmp_path: Path
) -> None:
    number = "  - number: 请输入分数，按井号键结束。\n    id: score\n    digits: [1, 3]\n"
    source = survey(ASK, number)
    refuses = doing(Reaction(during=(Press("9", 2.0),)))
    scores = doing(Reaction(then=(Press("1"),)), Reaction(then=(Press("85#"),)))
    other = "+8613800000012"
    await people(sqlite, [ONE, other], source)
    api = TwilioVoice(people=lambda number: (refuses if number == other else scores)(number))
    async with house(sqlite, tmp_path, api) as cloud:
        kept = await cloud.call_all()
    assert kept.said(ONE)["score"].value == "85"
    assert (kept.of(other).disposition, api.faults) == ("refused", [])


async def test_an_open_answer_is_brought_into_the_house_and_deleted_there(
    sqlite: Database, tmp_path: Path
) -> None:
    await people(sqlite, [DISSATISFIED])
    async with house(sqlite, tmp_path, TwilioVoice(), more="recording: {calls: true}") as cloud:
        kept = await cloud.call_all()
        opinion = kept.said(DISSATISFIED)["opinion"]
        file = tmp_path / "recordings" / opinion.value
        whole = tmp_path / "recordings" / kept.of(DISSATISFIED).recording
        await cloud.when(lambda: len(cloud.api.forgotten) == 2)
        kept = await cloud.kept()
        async with sqlite.write() as session:  # only now can its words be written down
            waits = await take_next(session, languages=("zh",), now=SystemClock().now())
    assert (opinion.kind, file.read_bytes()[:4], whole.read_bytes()[:4]) == (
        "recording",
        b"RIFF",
        b"RIFF",
    )
    assert [one.state for one in kept.recordings] == ["kept", "kept"]
    assert waits is not None
    assert waits.recording == opinion.value
    assert cloud.api.faults == []


@pytest.mark.parametrize(("target", "taken"), [("+8601088888888", True), ("sip:busy@a.cn", False)])
async def test_a_transfer(sqlite: Database, tmp_path: Path, target: str, taken: bool) -> None:
    transfer = "  - transfer: desk\n    say: 正在转接。\n    on_failure: person\n"
    await people(sqlite, [ONE], survey(ASK, transfer, end=""))
    one = doing(afterwards=Reaction(then=(Press("1"),)))
    more = f"transfers: [{{name: desk, target: '{target}'}}]"
    async with house(sqlite, tmp_path, TwilioVoice(people=one), more=more) as cloud:
        kept = await cloud.call_all()
    assert kept.of(ONE).reason == ("transferred" if taken else "asked_for_person")
    assert kept.calls[0].put_through is taken
    assert [item.reason for item in kept.items] == ([] if taken else ["asked_for_person"])
    assert cloud.api.faults == []


FIRST, LATER = "公安局回访中心正在给您来电。", "如需补充，请拨打01012345678。"
GATEWAY = "text_gateways: [{name: sms, driver: dry_run}]"


async def test_a_survey_sends_texts_once_somebody_is_there(
    sqlite: Database, tmp_path: Path
) -> None:
    """Before the first question and after it; not to a mailbox, nor twice where he hangs up."""
    source = survey(
        f"  - text: {FIRST}\n", ASK, f"  - text: {LATER}\n", ASK.replace("id: overall", "id: again")
    )
    answers, leaves = "+8613800000011", "+8613800000012"
    people_by = {
        answers: doing(afterwards=Reaction(then=(Press("1"),)))(answers),
        leaves: doing(afterwards=Reaction(during=(HangUp(1.0),)))(leaves),
        MAILBOX: person_of(MAILBOX),
    }
    await people(sqlite, list(people_by), source)
    api = TwilioVoice(people=people_by.__getitem__)
    async with house(sqlite, tmp_path, api, more=GATEWAY) as cloud:
        await cloud.call_all()
    assert cloud.api.faults == []
    async with sqlite.read() as session:
        sent = (await session.scalars(select(TextMessage).order_by(TextMessage.id))).all()
    by_number: dict[str, list[str]] = {}
    for one in sent:
        assert (one.purpose, one.gateway) == ("survey_text", "sms")
        by_number.setdefault(one.e164, []).append(one.text)
    assert by_number == {answers: [FIRST, LATER], leaves: [FIRST]}


async def test_a_survey_with_texts_is_refused_without_a_gateway(
    sqlite: Database, tmp_path: Path
) -> None:
    await people(sqlite, [ONE], survey(f"  - text: {FIRST}\n", ASK))
    with pytest.raises(AuthorError) as refused:
        async with house(sqlite, tmp_path, TwilioVoice()):
            pass
    assert "flow-channel-cannot" in {each.code for each in refused.value.problems}


MESSAGE = "pick_up: {mailbox: message, messages: {zh: 公安局回访中心来电，稍后再与您联系。}}"


async def test_a_mailbox_gets_its_message_after_the_beep(sqlite: Database, tmp_path: Path) -> None:
    await people(sqlite, [MAILBOX])
    async with house(sqlite, tmp_path, TwilioVoice(), more=MESSAGE) as cloud:
        kept = await cloud.call_all()
    assert kept.of(MAILBOX).reason == "machine_beep message_left"
    line = next(iter(cloud.api.calls.values())).line
    assert line is not None
    assert line.said[-1] == "公安局回访中心来电，稍后再与您联系。"


async def test_a_key_incident_says_nothing_before_it_is_known_who_picked_up(
    sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    always = CloudCalls.hold

    async def of_key_incident(self: CloudCalls, wanted: Wanted, journal: AttemptJournal) -> Outcome:
        return await always(self, replace(wanted, may_leave_message=False), journal)

    monkeypatch.setattr(CloudCalls, "hold", of_key_incident)
    satisfied = "+8613800000001"
    await people(sqlite, [MAILBOX, satisfied])
    api = TwilioVoice()
    async with house(sqlite, tmp_path, api, more=MESSAGE) as cloud:
        kept = await cloud.call_all()
    assert (kept.of(MAILBOX).disposition, kept.of(MAILBOX).reason) == ("machine", "machine_beep")
    [call] = api.to(MAILBOX)
    assert "AsyncAmd" not in call.asked
    assert call.line is not None
    assert call.line.said == []
    assert kept.of(satisfied).disposition == "completed"


async def test_a_fax_and_a_person_taken_for_a_machine(sqlite: Database, tmp_path: Path) -> None:
    """Whoever has pressed a key is a person, whatever the provider thinks later."""
    quick = doing(Reaction(during=(Press("1", 1.5),)), afterwards=Reaction(then=(Press("1"),)))
    taken_for_one = replace(quick(""), machine=True)
    fax = Person(Behaviour.MAILBOX, fax=True)
    await people(sqlite, [ONE, MAILBOX], survey(ASK))
    api = TwilioVoice(people=lambda number: taken_for_one if number == ONE else fax)
    async with house(sqlite, tmp_path, api) as cloud:
        kept = await cloud.call_all()
    assert kept.of(ONE).disposition == "completed"
    assert (kept.of(MAILBOX).disposition, kept.of(MAILBOX).reason) == ("machine", "fax")


async def test_prompts_of_our_own_are_fetched_by_addresses_that_nobody_can_guess(
    sqlite: Database, tmp_path: Path
) -> None:
    await people(sqlite, [ONE])
    one = doing(afterwards=Reaction(then=(Press("1"),)))
    fetched: list[tuple[int, bytes, str]] = []
    async with house(sqlite, tmp_path, TwilioVoice(people=one), trunk="prompts: own") as cloud:
        kept = await cloud.call_all()
        line = next(iter(cloud.api.calls.values())).line
        assert line is not None
        async with httpx.AsyncClient(trust_env=False) as client:
            for address in filter(None, line.said):
                found = await client.get(address)
                kind = found.headers["content-type"]
                fetched.append((found.status_code, found.content[:4], kind))
            wrong = address.replace("/prompts/", "/prompts/0")
            assert (await client.get(wrong)).status_code == 404
    assert len(fetched) >= 3
    assert set(fetched) == {(200, b"RIFF", "audio/x-wav")}
    assert (kept.of(ONE).disposition, cloud.api.faults) == ("completed", [])


async def test_a_call_that_lasts_too_long_ends_politely(sqlite: Database, tmp_path: Path) -> None:
    await people(sqlite, [DISSATISFIED])
    async with house(sqlite, tmp_path, TwilioVoice()) as cloud:
        line_of = cloud.lines.calls["cloud"].line
        short = replace(line_of.conversation, longest_seconds=0.0)
        object.__setattr__(line_of, "conversation", short)
        kept = await cloud.call_all()
    assert kept.of(DISSATISFIED).reason == "too_long"
    line = next(iter(cloud.api.calls.values())).line
    assert line is not None
    assert line.said[-1] == text("ivr-too-long", "zh")


async def test_a_fault_of_ours_is_heard_as_an_apology(
    sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await people(sqlite, [DISSATISFIED])

    async def before(_word: str, _call: PlacedCall, sent: dict[str, str]) -> None:
        if sent.get("Digits") == "2":
            monkeypatch.setattr("dialer.cloud.talking.input_of", lambda *_: 1 / 0)

    # A fault of ours is tried again later, so the dialer would go on.
    api = TwilioVoice(before=before)
    async with house(sqlite, tmp_path, api) as cloud, running(cloud.dialer):
        kept = await everything(sqlite, lambda seen: seen.closed(1))
    attempt = kept.of(DISSATISFIED)
    assert (attempt.disposition, attempt.reason) == ("failed", "ZeroDivisionError")
    assert kept.said(DISSATISFIED)["overall"].verdict == "dissatisfied"
    line = next(iter(cloud.api.calls.values())).line
    assert line is not None
    assert line.said[-1] == text("ivr-apology", "zh")


async def test_who_hangs_up_after_an_answer_keeps_it(sqlite: Database, tmp_path: Path) -> None:
    await people(sqlite, [ONE])
    leaves = doing(Reaction(then=(Press("3"), HangUp(0.1))), Reaction(during=(HangUp(0.2),)))
    async with house(sqlite, tmp_path, TwilioVoice(people=leaves)) as cloud:
        kept = await cloud.call_all()
    assert kept.said(ONE)["overall"].verdict == "dissatisfied"
    assert kept.of(ONE).disposition == "partial"
