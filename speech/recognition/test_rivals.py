import json

import numpy as np
import pytest

from speech.recognition.grammar import ELSE, Compiled
from speech.recognition.rivals import answer, best, sureness, whole
from speech.recognition.unexplained import Levels

BEAM = 6.0
NOTHING: frozenset[str] = frozenset()
ANSWERS = Compiled(("만족", "만족 합니다", "네"), NOTHING)


def result(*readings: tuple[str, float]) -> str:
    """Return Vosk's result: readings with their log likelihoods, half a second a word."""
    alternatives = [
        {
            "text": text,
            "confidence": score,
            "result": [
                {"word": word, "start": place / 2, "end": place / 2 + 0.5}
                for place, word in enumerate(text.split())
            ],
        }
        for text, score in readings
    ]
    return json.dumps({"alternatives": alternatives})


def test_a_near_rival_makes_an_answer_unsure() -> None:
    found, margin = best([result(("만족 합니다", 103.0), ("불만족 합니다", 101.0))], ANSWERS, BEAM)
    assert [word[0] for word in found] == ["만족", "합니다"]
    assert margin == pytest.approx(2.0)
    assert 0.5 < sureness(margin) < 0.85


def test_a_far_rival_leaves_it_sure() -> None:
    assert sureness(best([result(("네", 103.0), ("아니요", 98.0))], ANSWERS, BEAM)[1]) > 0.85


def test_more_words_around_are_a_rival_too() -> None:
    # 만족 [something] 합니다 has all the words of 만족 합니다.
    both = result(("만족 합니다", 103.0), ("만족 옥 합니다", 102.0))
    found, margin = best([both], Compiled(("만족 합니다",), frozenset({"옥"})), BEAM)
    assert min(word[3] for word in found) > 0.7 > sureness(margin)


def test_a_reading_that_stands_alone_is_as_sure_as_the_lattice_is_wide() -> None:
    alone = [result(("네", 103.0))]
    assert sureness(best(alone, ANSWERS, BEAM)[1]) > 0.95
    assert sureness(best(alone, ANSWERS, 2.0)[1]) < 0.85


def test_each_word_has_the_share_of_the_readings_that_have_it_there() -> None:
    found, _ = best([result(("불 만족", 50.0), ("예 만족", 50.0))], ANSWERS, BEAM)
    assert [word[3] for word in found] == pytest.approx([0.5, 1.0])


SOMETHING_ELSE = Compiled(("만족 합니다", "네"), frozenset({"앙", "옥"}))


@pytest.mark.parametrize(
    ("worse", "words"),
    [(0.9, ["만족", "합니다"]), (1.1, [ELSE, "합니다"])],
)
def test_an_answer_hardly_worse_than_something_else_is_asked_back(
    worse: float, words: list[str]
) -> None:
    heard = [result(("앙 합니다", 50.0), ("옥", 49.5), ("만족 합니다", 50.0 - worse))]
    found, margin = best(heard, SOMETHING_ELSE, BEAM)
    assert [word[0] for word in found] == words
    if ELSE not in words:
        assert margin == pytest.approx(-worse)
        assert 0.5 <= sureness(margin) < 0.57


def test_a_part_of_an_answer_is_not_put_first() -> None:
    heard = [result(("앙 합니다", 50.0), ("합니다", 49.9))]
    assert best(heard, SOMETHING_ELSE, BEAM)[0][0][0] == ELSE


def test_an_answer_that_fits_best_is_not_exchanged_for_another() -> None:
    heard = [result(("네", 50.0), ("만족 합니다", 49.9))]
    assert [word[0] for word in best(heard, SOMETHING_ELSE, BEAM)[0]] == ["네"]


def test_the_least_clear_of_several_results_counts() -> None:
    clear, near = result(("네", 50.0)), result(("네", 50.0), ("예", 49.0))
    assert best([clear, near], ANSWERS, BEAM)[1] == pytest.approx(1.0)


def test_something_else_and_nothing_are_told() -> None:
    found, _ = best(
        [result(("앙", 50.0)), '{"text": ""}', result(("", 9.0))],
        Compiled((), frozenset({"앙"})),
        BEAM,
    )
    assert [word[0] for word in found] == [ELSE]


def test_speech_between_the_words_makes_an_answer_unsure() -> None:
    clear = [result(("만족", 50.0))]
    pair = json.loads(result(("만족 합니다", 50.0)))
    pair["alternatives"][0]["result"][1] |= {"start": 0.75, "end": 1.25}
    levels = Levels()
    tone = (8000 * np.sin(np.arange(10000) * 0.7)).astype("<i2").tobytes()
    levels.feed(tone + bytes(8000))
    assert answer(clear, ANSWERS, BEAM, Levels())[1] > 0.95
    assert answer([json.dumps(pair)], ANSWERS, 5.0, Levels())[1] > 0.85
    found, sure = answer([json.dumps(pair)], ANSWERS, 5.0, levels)
    assert [word[0] for word in found] == ["만족", "합니다"]
    assert 0.5 < sure < 0.85


def test_words_that_are_no_phrases_in_a_row_are_no_answer() -> None:
    phrases = ANSWERS.phrases
    assert whole(["네", "만족", "합니다"], phrases)
    assert not whole(["만족", "합니다", "합니다"], phrases)
    twice = [result(("만족 합니다 합니다", 50.0))]
    assert answer(twice, ANSWERS, BEAM, Levels())[1] < 0.5
