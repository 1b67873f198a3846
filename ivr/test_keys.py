"""Keys become answers: one key for a choice, digits with length, end key and time for a number."""

from hypothesis import given
from hypothesis import strategies as some

from flows.exchange import ALL_KEYS, Keys, Silence, WaitAnswer
from ivr.keys import Collecting, expire, press, trailing_end_key

CHOICE = WaitAnswer("overall", "1239", timeout=6.0, inter_digit=3.0)


def number(least: int, most: int, *, keys: str = "", end_key: str | None = "#") -> WaitAnswer:
    return WaitAnswer("age", keys, digits_least=least, digits_most=most, end_key=end_key)


def dial(wait: WaitAnswer, pressed: str) -> tuple[Keys | Silence, str]:
    """Press one after another, then let time run out; return the answer and the keys left."""
    collecting = Collecting(wait)
    for index, key in enumerate(pressed):
        result = press(collecting, key)
        if isinstance(result, Keys):
            return result, pressed[index + 1 :]
        collecting = result
    return expire(collecting), ""


@given(some.sampled_from(ALL_KEYS))
def test_a_choice_is_one_key_whichever_it_is(key: str) -> None:
    assert press(Collecting(CHOICE), key) == Keys(key)


def test_nothing_pressed_is_silence_after_the_time_out() -> None:
    assert Collecting(CHOICE).patience == 6.0
    assert expire(Collecting(CHOICE)) == Silence()


@given(some.text("0123456789", min_size=1, max_size=12), some.integers(2, 8))
def test_a_number_ends_at_its_most_digits_or_when_time_runs_out(typed: str, most: int) -> None:
    answer, left = dial(number(1, most), typed)
    assert answer == Keys(typed[:most])
    assert left == typed[most:]


@given(some.text("0123456789", min_size=1, max_size=6))
def test_the_end_key_finishes_a_number_and_is_no_part_of_it(typed: str) -> None:
    assert dial(number(1, 8), typed + "#5") == (Keys(typed), "5")


@given(some.text("0123456789", min_size=1, max_size=7))
def test_after_the_first_digit_the_inter_digit_time_counts(typed: str) -> None:
    collecting = Collecting(number(2, 8))
    assert collecting.patience == 6.0
    for key in typed:
        result = press(collecting, key)
        assert isinstance(result, Collecting)
        collecting = result
    assert collecting.patience == 3.0
    assert expire(collecting) == Keys(typed)


def test_a_global_key_works_before_the_first_digit_only() -> None:
    wait = number(2, 4, keys="9")
    assert dial(wait, "9") == (Keys("9"), "")
    assert dial(wait, "19#") == (Keys("19"), "")


def test_the_end_key_alone_is_handed_on_to_be_called_invalid() -> None:
    assert dial(number(2, 4), "#") == (Keys("#"), "")


@given(some.text(ALL_KEYS, max_size=20), some.integers(1, 9), some.booleans())
def test_whatever_is_pressed_comes_to_an_end_and_loses_no_key(
    typed: str, most: int, ends: bool
) -> None:
    wait = number(1, most, end_key="#" if ends else None)
    answer, left = dial(wait, typed)
    if isinstance(answer, Silence):
        assert typed == ""
        return
    assert 1 <= len(answer.digits) <= most
    assert typed in (answer.digits + left, answer.digits + "#" + left)


def test_the_end_key_after_a_full_number_still_belongs_to_it() -> None:
    assert trailing_end_key(number(1, 2), Keys("42")) == "#"
    assert trailing_end_key(number(1, 4), Keys("42")) is None
    assert trailing_end_key(number(1, 2, end_key=None), Keys("42")) is None
