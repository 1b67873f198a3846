"""The table of people: every ending of a number leads to somebody, the same one each time."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ivr.people.directory import (
    BY_ENDING,
    EXPECTED,
    EXPECTED_UNHEARD,
    behaviour_of,
    person_of,
)
from ivr.people.machines import Machine
from ivr.people.mix import Mix, usual_shares
from ivr.people.person import PEOPLE, Behaviour


@given(some.text("0123456789", min_size=1, max_size=15))
def test_every_number_has_its_person(number: str) -> None:
    behaviour = behaviour_of(number)
    assert behaviour_of("+86" + number.zfill(3)) is behaviour
    assert person_of(number).behaviour is behaviour


def test_everybody_lives_at_some_number_and_is_expected_to_do_something() -> None:
    met = {behaviour_of(f"{ending:03}") for ending in range(1000)}
    assert met == set(BY_ENDING.values()) >= set(Behaviour)
    assert set(PEOPLE) == set(Behaviour)
    assert met <= set(EXPECTED)
    assert met <= set(EXPECTED_UNHEARD)


@pytest.mark.parametrize(
    ("number", "behaviour"),
    [
        ("13800000001", Behaviour.SATISFIED),
        ("13800000011", Behaviour.SATISFIED),
        ("13800000010", Behaviour.REJECTS),
        ("13800000000", Behaviour.INVALID_NUMBER),
        ("13800000500", Machine.FAX),
        ("13800000900", Behaviour.INVALID_NUMBER),
        ("7", Behaviour.BUSY),
    ],
)
def test_the_last_digit_tells_and_zero_asks_the_one_before(
    number: str, behaviour: Behaviour
) -> None:
    assert behaviour_of(number) is behaviour


def test_a_mix_deals_its_shares_and_the_same_to_the_same_attempt() -> None:
    mix = Mix(seed=3)
    dealt = Counter(mix.person(f"a{n}").behaviour for n in range(20_000))
    whole = sum(usual_shares().values())
    for behaviour, share in usual_shares().items():
        assert abs(dealt[behaviour] / 20_000 - share / whole) < 0.015, behaviour
    assert [mix.person(f"a{n}") for n in range(9, -1, -1)] == [
        Mix(seed=3).person(f"a{n}") for n in range(9, -1, -1)
    ]
    assert any(mix.person(f"a{n}") != Mix(seed=4).person(f"a{n}") for n in range(20))


def test_a_mix_without_people_is_refused() -> None:
    with pytest.raises(ValueError, match="shares"):
        Mix(shares={Behaviour.BUSY: 0.0})
