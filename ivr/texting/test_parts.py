"""Counting and cutting of text messages, against TS 23.038 and 23.040."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.texting.parts import BASIC, EACH, EXTENSION, GSM7, ONE, UCS2, encoding_of, parts_of


@pytest.mark.parametrize(
    ("text", "encoding", "units", "count"),
    [
        ("", GSM7, 0, 1),
        ("a" * 160, GSM7, 160, 1),
        ("a" * 161, GSM7, 161, 2),
        ("a" * 306, GSM7, 306, 2),
        ("a" * 307, GSM7, 307, 3),
        ("€" * 80, GSM7, 160, 1),
        ("€" * 81, GSM7, 162, 2),
        ("{}[]~^|\\€", GSM7, 18, 1),
        ("Ça", GSM7, 2, 1),
        ("ça", UCS2, 2, 1),
        ("满" * 70, UCS2, 70, 1),
        ("满" * 71, UCS2, 71, 2),
        ("满" * 134, UCS2, 134, 2),
        ("满" * 135, UCS2, 135, 3),
        ("👍" * 35, UCS2, 70, 1),
        ("👍" * 36, UCS2, 72, 2),
        ("`", UCS2, 1, 1),
    ],
)
def test_counts_of_the_standard(text: str, encoding: str, units: int, count: int) -> None:
    parts = parts_of(text)
    assert (parts.encoding, parts.units, parts.count) == (encoding, units, count)


def test_the_alphabet_is_whole() -> None:
    assert len(BASIC) == 128
    assert len(set(BASIC)) == 128
    assert len(EXTENSION) == 10
    # Positions of the table that are easily got wrong.
    assert BASIC[0x00] == "@"
    assert BASIC[0x10] == "Δ"
    assert BASIC[0x24] == "¤"
    assert BASIC[0x40] == "¡"
    assert BASIC[0x5B] == "Ä"
    assert BASIC[0x60] == "¿"
    assert BASIC[0x7F] == "à"


def test_an_escape_sequence_is_never_cut() -> None:
    # 152 septets, then one that takes two: it opens the second part, whose size it counts to.
    parts = parts_of("a" * 152 + "€" + "b" * 151)
    assert [len(part) for part in parts.texts] == [152, 152]
    assert parts_of("a" * 152 + "€" + "b" * 152).count == 3


def test_a_surrogate_pair_is_never_cut() -> None:
    parts = parts_of("满" * 66 + "👍" + "满" * 10)
    assert parts.texts[0] == "满" * 66
    assert parts.texts[1].startswith("👍")


@given(st.text(alphabet=st.sampled_from(BASIC.replace("\x1b", "") + EXTENSION), max_size=700))
def test_gsm_texts_are_cut_within_the_limits_and_lose_nothing(text: str) -> None:
    parts = parts_of(text)
    assert parts.encoding == GSM7
    _holds(text, parts.texts, GSM7, lambda c: 2 if c in EXTENSION else 1)


@given(st.text(max_size=400).filter(lambda text: encoding_of(text) == UCS2))
def test_ucs2_texts_are_cut_within_the_limits_and_lose_nothing(text: str) -> None:
    _holds(text, parts_of(text).texts, UCS2, lambda c: 2 if ord(c) > 0xFFFF else 1)


def _holds(text: str, texts: tuple[str, ...], encoding: str, size) -> None:
    assert "".join(texts) == text
    units = [sum(map(size, part)) for part in texts]
    if len(texts) == 1:
        assert units[0] <= ONE[encoding]
        return
    assert sum(units) > ONE[encoding]
    assert all(0 < held <= EACH[encoding] for held in units)
    # No part is cut earlier than it must be.
    for part, following in zip(units, texts[1:], strict=False):
        assert part + size(following[0]) > EACH[encoding]
