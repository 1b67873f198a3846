import json

import pytest

from speech.recognition.grammar import ELSE
from speech.recognition.reading import utterance, words_of


def result(*words: tuple[str, float, float, float]) -> str:
    names = ("word", "start", "end", "conf")
    return json.dumps({"result": [dict(zip(names, word, strict=True)) for word in words]})


def test_the_least_sure_word_says_how_sure_the_whole_is() -> None:
    heard = utterance(
        words_of([result(("만족", 0.2, 0.6, 1.000001), ("합니다", 0.6, 1.1, 0.7))], frozenset())
    )
    assert (heard.text, heard.confidence) == ("만족 합니다", 0.7)
    assert (heard.words[0].confidence, heard.words[1].start) == (1.0, 0.6)


def test_results_follow_one_another() -> None:
    both = [result(("네", 0.2, 0.4, 0.9)), '{"text": ""}', result(("네", 3.0, 3.2, 0.8))]
    assert utterance(words_of(both, frozenset())).text == "네 네"


@pytest.mark.parametrize("other", ["안", ELSE])
def test_an_answer_with_something_else_beside_it_is_no_answer(other: str) -> None:
    # 不满意 with 不 heard as something else must not leave 满意.
    said = result((other, 0.1, 0.3, 1.0), ("만족", 0.3, 0.8, 1.0))
    heard = utterance(words_of([said], frozenset({"안", ELSE})))
    assert (heard.text, heard.confidence) == ("", 0.0)
    assert [word.text for word in heard.words] == [ELSE, "만족"]


def test_silence_is_an_empty_utterance() -> None:
    assert utterance(words_of(['{"text": ""}'], frozenset())).words == ()
