"""Turns as TwiML."""

from xml.etree import ElementTree as Xml

import pytest

from flows.exchange import ALL_KEYS, Finished, Wait, WaitAnswer, WaitRecording, WaitTransfer
from ivr.cloud.speaking import CloudVoice, Spoken
from ivr.cloud.twiml import LONGEST_HINT, MOST_HINTS, Addresses, Handing, hints, last_words, script

VOICE = CloudVoice("cmn-CN", "Polly.Zhiyu", "cmn-Hans-CN")
AT = Addresses("https://h/turn", "https://h/early", "https://h/transfer")
HANDING = Handing({"desk": "+861088888888", "hall": "sip:hall@a.cn"}, "+861012345678", 20.5)
NOTICE = Spoken("您好", VOICE, interrupted_by="9")
QUESTION = Spoken("满意吗", VOICE, interrupted_by="".join(ALL_KEYS))


def verbs(document: str) -> list[str]:
    return [verb.tag for verb in Xml.fromstring(document)]  # noqa: S314 - our own


def made(wait: Wait, *said: Spoken, everywhere: str = "") -> tuple[Xml.Element, str]:
    both = script(said, wait, AT, {"zh": VOICE}, HANDING, everywhere=everywhere)
    return Xml.fromstring(both.whole), both.rest  # noqa: S314 - our own


def test_a_question_is_said_within_what_hears_its_answer_and_the_rest_leaves_out_the_notice() -> (
    None
):
    whole, rest = made(WaitAnswer("overall", "139", timeout=5.2), NOTICE, QUESTION)
    early, gather = whole
    assert (early.get("action"), early.findtext("Say")) == (AT.early, "您好")
    assert (gather.get("action"), gather.findtext("Say")) == (AT.turn, "满意吗")
    assert (gather.get("input"), gather.get("timeout")) == ("dtmf", "6")
    assert gather.get("actionOnEmptyResult") == "true"
    assert verbs(rest) == ["Gather"]


def test_spoken_answers_are_heard_with_hints() -> None:
    wait = WaitAnswer("overall", "139", listen=True, phrases=("满意", "不满意"))
    [gather] = made(wait, QUESTION)[0]
    assert (gather.get("input"), gather.get("hints")) == ("dtmf speech", "满意,不满意")
    assert gather.get("language") == "cmn-Hans-CN"


def test_hints_keep_to_what_the_provider_takes() -> None:
    assert hints(["a,b", "x" * (LONGEST_HINT + 1), "满意"]) == "满意"
    assert len(hints(["a"] * (MOST_HINTS + 1)).split(",")) == MOST_HINTS


def test_an_open_answer_goes_on_even_where_nothing_was_heard() -> None:
    whole, _ = made(WaitRecording("opinion", 30, 3), everywhere="9#")
    record, redirect = whole
    assert (record.get("finishOnKey"), record.get("maxLength")) == ("#9", "30")
    assert (redirect.tag, redirect.text) == ("Redirect", AT.turn)


@pytest.mark.parametrize(
    ("target", "noun"), [("desk", "Number"), ("hall", "Sip"), ("+8610", "Number")]
)
def test_a_transfer_dials_a_number_or_an_address(target: str, noun: str) -> None:
    [dial] = made(WaitTransfer("person", target))[0]
    [called] = dial
    assert (called.tag, called.text) == (noun, HANDING.targets.get(target, target))
    assert (dial.get("timeout"), dial.get("callerId")) == ("21", HANDING.caller_id)
    assert called.get("statusCallback") == AT.transfer


def test_the_end_is_said_and_hung_up() -> None:
    assert verbs(last_words([NOTICE])) == ["Say", "Hangup"]
    whole, _ = made(Finished(), Spoken(url="https://h/a.wav"))
    assert [verb.tag for verb in whole] == ["Play", "Hangup"]
