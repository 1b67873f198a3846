"""When a request is sent again, and when it is given up (RFC 3261, 17.1)."""

import pytest

from ivr.channels.pyvoip.exchange import Exchange, Repetition


def exchange(method: str) -> Exchange:
    repetition = Repetition(0.0, doubles=method == "INVITE")
    return Exchange(method, "", repetition, lambda _: None, lambda: None)


def sent_at(asked: Exchange, until: float = 40.0) -> list[float]:
    """Return the seconds at which it is sent again, looked at every 100 ms."""
    times = [n / 10 for n in range(int(until * 10) + 1)]
    return [now for now in times if not asked.gives_up(now) and asked.repeats(now)]


def test_an_invite_doubles_its_pauses() -> None:
    assert sent_at(exchange("INVITE")) == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]


def test_anything_else_is_sent_every_four_seconds_in_the_end() -> None:
    times = sent_at(exchange("BYE"))
    assert times[:4] == [0.5, 1.5, 3.5, 7.5]
    assert times[4:] == [11.5, 15.5, 19.5, 23.5, 27.5, 31.5]


@pytest.mark.parametrize("method", ["INVITE", "BYE"])
def test_it_is_given_up_after_32_seconds(method: str) -> None:
    asked = exchange(method)
    assert not asked.gives_up(31.9)
    assert asked.gives_up(32.0)


def test_what_rings_is_neither_sent_again_nor_given_up() -> None:
    asked = exchange("INVITE")
    asked.proceeding = True
    assert sent_at(asked) == []
    assert not asked.gives_up(100.0)


def test_what_was_answered_is_remembered_for_a_while() -> None:
    asked = exchange("INVITE")
    asked.finished_at = 5.0
    assert sent_at(asked) == []
    assert not asked.forgotten(36.9)
    assert asked.forgotten(37.0)
