"""Surveys in writing: what is said becomes messages, what is replied becomes answers."""

import pytest

from core.disposition import Disposition
from core.verdict import Verdict
from flows.engine import wait_of
from flows.exchange import Keys, Silence, Speech, Written
from flows.reader import read_text
from ivr.texting.checking import faults, lengths
from ivr.texting.conversation import Talk, opening, reply, silence
from ivr.texting.language import is_courtesy, is_opt_out
from ivr.texting.reading import input_of
from ivr.texting.written import written_program

HEAD = """\
flow: t
title: 测试
languages: [zh]
aspects: {overall: 总体}
fields: {day: {type: date, example: "2026-03-05", required: false}}
keys:
  - {key: 9, label: 拒绝, does: refuse}
  - {key: 0, label: 转人工, goto: person}
steps:
"""
ASK = """\
  - ask: 您对处警是否满意？满意请按1，基本满意请按2，不满意请按3。
    id: overall
    aspect: overall
    again:
      - 请您评价这次处警。满意请按1，基本满意请按2，不满意请按3。
      - 再问一次：满意请按1，不满意请按3。
    choices:
      - {key: 1, label: 满意, verdict: satisfied}
      - {key: 2, label: 基本满意, verdict: basically_satisfied}
      - {key: 3, label: 不满意, verdict: dissatisfied, phrases: [不太满意]}
"""
TAIL = """\
  - end: completed
    say: 谢谢接听，再见。
  - transfer: operator
    id: person
    optional: true
    say: 正在为您转接人工，请稍候。
  - end: partial
    say: 我们会尽快给您回电话。
    reason: asked_for_person
"""


def program(steps: str, head: str = HEAD, tail: str = TAIL):
    survey = read_text(head + steps + tail, "t.yaml")
    return written_program(survey.flow, sha256=survey.sha256)


def begun(steps: str) -> tuple[object, Talk]:
    made = program(steps)
    return made, opening(made, {"day": "2026-03-05"})


def first(steps: str) -> str:
    return begun(steps)[1].messages[-1].text


def test_options_that_were_spoken_are_listed() -> None:
    assert first(ASK) == ("您对处警是否满意？\n1 满意\n2 基本满意\n3 不满意\n请回复数字。")


def test_the_notice_says_how_to_refuse_and_figures_stay_figures() -> None:
    said = first(
        "  - say: 您{{ day | spoken_day }}打过{{ 110 | digits }}。不愿接受请按9。\n"
        "    notice: true\n" + ASK
    )
    assert said.startswith("您三月五日打过110。不愿接受请回复9。拒收请回复TD。您对处警")


def test_a_step_says_it_in_writing_in_its_own_words() -> None:
    own = ASK.replace("    id: overall", "    written: 满意吗？回1或2或3。\n    id: overall")
    assert first(own) == "满意吗？回1或2或3。"
    made, talk = begun(own)
    assert reply(made, talk.session, "7").messages[0].text.endswith("满意吗？回1或2或3。")


def test_a_condition_around_an_option_breaks_nothing() -> None:
    torn = ASK.replace("满意请按1，基本", "{% if day %}满意请按1，{% endif %}基本", 1)
    # Left as it was spoken, but for the keys.
    assert first(torn) == "您对处警是否满意？满意请回复1，基本满意请回复2，不满意请回复3。"


def test_wrong_replies_come_with_a_changed_wording_that_still_asks() -> None:
    made, talk = begun(ASK)
    for _ in range(2):
        talk = reply(made, talk.session, "嗯？")
        # “再问一次：” alone would ask nothing.
        assert "请您评价这次处警。\n1 满意" in talk.messages[0].text
    talk = reply(made, talk.session, "8")
    assert talk.end is not None
    assert talk.end.disposition is Disposition.PARTIAL


@pytest.mark.parametrize(
    "said", ["1", "１", " 1. ", "1、", "选1", "我选1", "①", "1️⃣", "1 满意", "满意！", "1号", "一"]
)
def test_ways_to_write_the_first_option(said: str) -> None:
    made, talk = begun(ASK)
    answers = reply(made, talk.session, said).answers
    assert [(a.value, a.verdict) for a in answers] == [("满意", Verdict.SATISFIED)]


@pytest.mark.parametrize("said", ["3", "不满意", "不太满意", "3不满意", "3 😡"])
def test_ways_to_be_dissatisfied(said: str) -> None:
    made, talk = begun(ASK)
    (answer,) = reply(made, talk.session, said).answers
    assert answer.verdict is Verdict.DISSATISFIED


@pytest.mark.parametrize(
    "said", ["1 不满意", "不是很满意，3", "1还是3", "12", "满意不满意", "👍", "？"]
)
def test_what_is_not_clear_is_never_taken_as_satisfied(said: str) -> None:
    made, talk = begun(ASK)
    after = reply(made, talk.session, said)
    assert all(a.verdict is not Verdict.SATISFIED for a in after.answers)
    if not after.answers:
        assert after.messages[0].purpose == "question"


def test_what_is_asked_back_is_answered_in_writing() -> None:
    made, talk = begun(ASK)
    back = reply(made, talk.session, "1 不满意")
    assert back.messages[0].text == "您的意思是“不满意”，对吗？对请回复1，不对请回复2。"
    (answer,) = reply(made, back.session, "是的").answers
    assert (answer.verdict, answer.kind, answer.raw) == (
        Verdict.DISSATISFIED,
        "text",
        "1 不满意",
    )


def test_an_open_answer_is_the_reply_itself() -> None:
    made, talk = begun("  - {record: 请在滴声后说说具体情况，说完按井号键。, id: comment}\n")
    assert talk.messages[0].text == "请回复说明具体情况。"
    (answer,) = reply(made, talk.session, "来得 太慢").answers
    assert (answer.kind, answer.value, answer.label) == ("text", "来得 太慢", "来得 太慢")
    assert reply(made, talk.session, "无").answers == ()
    assert reply(made, talk.session, "无").end is not None


def test_a_number_is_taken_with_its_unit() -> None:
    steps = "  - {number: 您多大年纪？, id: age, digits: [1, 3]}\n"
    made, talk = begun(steps)
    assert talk.messages[0].text == "您多大年纪？\n请回复数字。"
    for said in ("35", "３５", "35岁"):
        (answer,) = reply(made, talk.session, said).answers
        assert answer.value == "35"
    assert reply(made, talk.session, "1234").answers == ()


def test_who_wants_a_person_gets_the_way_of_nobody_there() -> None:
    made, talk = begun(ASK)
    after = reply(made, talk.session, "0")
    assert after.person_wanted
    assert [m.text for m in after.messages] == ["我们会尽快与您联系。"]


def test_messages_of_text_steps_stand_by_themselves() -> None:
    _, talk = begun("  - {text: 查询进度请访问窗口。}\n" + ASK)
    assert [m.purpose for m in talk.messages] == ["survey_text", "question"]


def test_silence_after_everything_that_matters_is_completed() -> None:
    made, talk = begun(ASK + "  - {record: 请留言。, id: comment}\n")
    assert silence(made, talk.session).end.disposition is Disposition.BROKE_OFF
    rated = reply(made, talk.session, "2")
    ended = silence(made, rated.session)
    assert (ended.end.disposition, ended.messages) == (Disposition.COMPLETED, ())


def test_inputs_are_the_engines_own() -> None:
    made, talk = begun(ASK)
    wait = wait_of(made, talk.session)
    assert input_of(made, talk.session, wait, "2") == Keys("2")
    assert input_of(made, talk.session, wait, "不满意") == Speech("不满意")
    made, talk = begun("  - {record: 请留言。, id: comment}\n")
    wait = wait_of(made, talk.session)
    assert input_of(made, talk.session, wait, " 好 ") == Written("好")
    assert input_of(made, talk.session, wait, "没有。") == Silence()


@pytest.mark.parametrize(
    "word", ["STOP", "stop.", "td", "ＴＤ", "T", "n", "退订", " 退订！", "Unsubscribe"]
)
def test_words_that_refuse_for_ever(word: str) -> None:
    assert is_opt_out(word)


@pytest.mark.parametrize("word", ["不退订", "STOP it", "no", "1", "", "T恤", "非常满意"])
def test_words_that_do_not(word: str) -> None:
    assert not is_opt_out(word)


def test_thanks_are_thanks() -> None:
    assert is_courtesy("谢谢！！")
    assert not is_courtesy("谢谢，但是不满意")


def problems(steps: str, head: str = HEAD) -> list[tuple[str, str, int]]:
    survey = read_text(head + steps + TAIL, "t.yaml")
    found = faults(survey, {"day": "2026-03-05"})
    return [(each.code, each.severity, each.place.line) for each in found]


def test_a_survey_that_cannot_be_written_is_refused_with_its_place() -> None:
    line = HEAD.count("\n") + 1
    assert problems("  - {play: a.wav}\n" + ASK) == [("text-play-unwritten", "error", line)]
    assert problems("  - {play: a.wav, text: 您好。}\n" + ASK) == []
    refusing = ASK.replace("label: 基本满意", "label: 取消")
    assert problems(refusing) == [("text-answer-refuses", "error", line + 8)]


def test_long_messages_are_told_and_very_long_ones_refused() -> None:
    def asked(characters: int) -> str:
        return f"  - say: {'长' * characters}\n" + ASK

    assert problems(asked(150)) == []
    assert [code for code, *_ in problems(asked(250))] == ["text-long"]
    assert [code for code, *_ in problems(asked(600))] == ["text-too-long"]


def test_every_message_is_counted() -> None:
    found = lengths(program(ASK), {"day": "2026-03-05"})
    assert {each.purpose for each in found} == {"question", "closing"}
    assert {each.parts.encoding for each in found} == {"ucs2"}
    words = "".join(each.text for each in found)
    for said in ("请您评价这次处警", "感谢您的回复", "我们会尽快与您联系"):
        assert said in words
