"""A phrase that the model cannot hear is found before the call, with its place."""

from collections.abc import Collection

from flows.check import check
from flows.check.vocabulary import Vocabulary
from flows.reader import read_text

SURVEY = """flow: voice
title: voice
languages: [zh]
aspects: {overall: 总体}
speech: {enabled: true}
keys: [{key: 9, label: 拒绝, does: refuse, phrases: [俺不干]}]
steps:
  - say: 这里是公安局回访中心，不录音。拒绝请按9。
    notice: true
  - ask: 您是否满意？满意请按1，不满意请按3，别的请直接说。
    id: overall
    aspect: overall
    choices:
      - {key: 1, label: 满意, verdict: satisfied, phrases: [巴适得板]}
      - {key: 3, label: 不满意, verdict: dissatisfied}
      - {label: 其他 , verdict: unsure, phrases: [莫得看法]}
  - end: completed
    say: 再见。
"""


def model(*unknown: str, languages: Collection[str] = ("zh",)) -> Vocabulary:
    def words(phrase: str, language: str) -> Collection[str] | None:
        if language not in languages:
            return None
        return [word for word in unknown if word in phrase]

    return words


def found(vocabulary: Vocabulary | None, source: str = SURVEY) -> list[str]:
    problems = check(read_text(source, "voice.yaml"), vocabulary=vocabulary)
    return [f"{p.place} {p.code} {p.severity}" for p in problems]


def test_every_phrase_with_an_unknown_word_is_told_with_its_place() -> None:
    assert found(None) == []
    assert found(model()) == []
    assert found(model("俺", "巴适")) == [
        "voice.yaml:6:52 flow-phrase-not-known warning",
        "voice.yaml:14:59 flow-phrase-not-known warning",
    ]
    (first, _) = check(read_text(SURVEY, "voice.yaml"), vocabulary=model("俺", "巴适"))
    assert "these words of “俺不干”: 俺." in first.sentence("en")


def test_an_answer_that_can_be_given_in_no_way_refuses_the_survey() -> None:
    assert found(model("莫得", "其他")) == [
        "voice.yaml:16:9 flow-answer-not-heard error",
        "voice.yaml:16:10 flow-phrase-not-known warning",
        "voice.yaml:16:49 flow-phrase-not-known warning",
    ]
    assert found(model("满意")) != []  # 满意 has a key: it can still be pressed
    assert all("error" not in line for line in found(model("满意")))


def test_a_language_without_a_model_is_told_once() -> None:
    assert found(model(languages=())) == ["voice.yaml:5:10 flow-no-model error"]


def test_a_survey_that_does_not_listen_needs_no_model() -> None:
    silent = SURVEY.replace("enabled: true", "enabled: false").replace("{label", "{key: 5, label")
    silent = silent.replace("别的请直接说", "别的请按5")
    assert found(model(languages=()), silent) == []


def test_an_answer_without_a_key_needs_a_language_that_can_be_heard() -> None:
    survey = read_text(SURVEY, "voice.yaml")
    assert [p.code for p in check(survey, hears={"zh"})] == []
    assert [p.code for p in check(survey, hears=())] == ["flow-answer-without-key"]
