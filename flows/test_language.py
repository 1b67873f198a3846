"""Every language's file is complete, and no words of a language stand in the code that listens."""

import ast
import re
from pathlib import Path

import pytest

from core.catalogue import LANGUAGES, SPOKEN
from flows.language import Language, language, languages

FLOWS = Path(__file__).parent
LISTENS = (
    *("language.py", "phrases.py", "spoken_number.py", "scope.py"),
    *("steps/expected.py", "steps/question.py", "steps/number.py", "steps/global_key.py"),
    *("steps/putting.py", "steps/unanswered.py"),
    "check/wording.py",
)
FOREIGN = re.compile(r"[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
SPOKEN_ENGLISH = {"not", "yes", "no", "one", "two", "three", "press", "please", "um", "never"}


@pytest.mark.parametrize("code", sorted({*LANGUAGES, *SPOKEN}))
def test_every_language_of_calls_has_its_file(code: str) -> None:
    assert code in languages()
    assert language(code).understood


@pytest.mark.parametrize("tongue", languages().values(), ids=lambda tongue: str(tongue.code))
def test_a_file_is_complete(tongue: Language) -> None:
    for words in (tongue.fillers, tongue.trailers, tongue.negations, tongue.doubt, tongue.yes):
        assert len(words) >= 5
    for group in (tongue.fillers, tongue.negations, tongue.doubt, tongue.yes, tongue.no):
        assert all(tongue.cut(word) for word in group)
        assert len(set(group)) == len(group)
    assert set(tongue.yes).isdisjoint(tongue.no)
    assert {tongue.cut(word) for word in tongue.fillers}.isdisjoint(tongue.negation_units)
    assert {tongue.cut(word) for word in tongue.trailers}.isdisjoint(tongue.doubt_units)
    assert sorted(tongue.numbers.digits) == list("0123456789")
    assert all(tongue.numbers.digits.values())
    assert {*tongue.numbers.units.values(), *tongue.numbers.whole.values()} >= {10, 100}
    assert "{}" in tongue.key_frames
    assert len(tongue.key_frames) >= 3
    assert len(tongue.guards) >= 4
    assert all(frame.count("{}") == 1 for frame in tongue.guards)
    assert all(frame.count("{}") == 1 for frame in tongue.key_frames)
    assert all(tongue.key_names[key] and tongue.prompts.names[key] for key in "*#")


def test_a_language_without_a_file_has_no_words() -> None:
    strange = language("tlh")
    assert not strange.understood
    assert (strange.yes, strange.digit_words("1"), strange.cut("Qapla’!")) == (
        (),
        (),
        tuple("qapla'"),
    )


@pytest.mark.parametrize("name", LISTENS)
def test_no_words_of_a_language_stand_in_the_code(name: str) -> None:
    tree = ast.parse((FLOWS / name).read_text("utf-8"))
    docs = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            assert not FOREIGN.search(node.value), node.value
            spoken = SPOKEN_ENGLISH & set(re.findall(r"(?<![-_])\b[a-z']+\b(?![-_])", node.value))
            assert not spoken or node.value in ("yes", "no"), node.value
