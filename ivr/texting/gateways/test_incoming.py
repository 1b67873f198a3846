"""Numbers, ids and words of gateways in our own form."""

from datetime import UTC, datetime, timedelta

import pytest

from ivr.texting.gateways.incoming import e164, made_up_id, said

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("13800138000", "+8613800138000"),
        ("8613800138000", "+8613800138000"),
        ("+8613800138000", "+8613800138000"),
        (" 013800138000", "+8613800138000"),
        ("447700900123", "447700900123"),  # of no range that is assigned: kept as it is
        ("442083661177", "+442083661177"),
        ("10086", "10086"),
        ("Huifang", "Huifang"),
    ],
)
def test_a_sender_becomes_e164_or_stays_as_it_is(written: str, wanted: str) -> None:
    assert e164(written, "CN") == wanted


def test_the_same_message_has_the_same_id_and_no_other_has() -> None:
    first = made_up_id("+8613800138000", "1", NOW)
    assert made_up_id("+8613800138000", "1", NOW) == first
    others = {
        made_up_id("+8613800138001", "1", NOW),
        made_up_id("+8613800138000", "2", NOW),
        made_up_id("+8613800138000", "1", NOW + timedelta(seconds=1)),
        made_up_id("+8613800138000", "1", NOW, "1069"),
        made_up_id("+8613800138000", "1", None),
    }
    assert len(others) == 5
    assert first not in others


def test_numbers_in_a_gateways_words_are_masked() -> None:
    words = "The 'To' number\n+8613800138000 is not valid (13800138000), code 21211"
    assert said(words) == "The 'To' number 138****8000 is not valid (138****8000), code 21211"
    assert len(said("x" * 500)) == 200
