"""One press is one key."""

from ivr.channels.sip.keys import KeyFilter


def heard(packets: list[tuple[str, int, int, float]]) -> str:
    keys = KeyFilter()
    return "".join(p[0] for p in packets if keys.event(*p))


def press(key: str, start: int, at: float, length: int = 100) -> list[tuple[str, int, int, float]]:
    grow = [(key, start, d, at + d / 1000) for d in range(20, length, 20)]
    return [*grow, *[(key, start, length, at + length / 1000)] * 3]


def test_the_packets_of_one_press_are_one_key() -> None:
    assert heard(press("5", 1000, 0.0)) == "5"


def test_two_quick_presses_of_one_key_are_two() -> None:
    assert heard(press("1", 1000, 0.0, 60) + press("1", 1120, 0.12, 60)) == "11"


def test_a_press_of_which_only_one_end_packet_came_is_one_key() -> None:
    assert heard([("7", 500, 160, 0.2), *press("7", 900, 0.6)]) == "77"


def test_late_packets_of_an_earlier_press_are_nothing_new() -> None:
    first, second = press("1", 1000, 0.0), press("2", 1300, 0.3)
    assert heard([*first[:-2], *second[:3], *first[-2:], *second[3:]]) == "12"


def test_packets_in_the_wrong_order_are_one_key() -> None:
    assert heard(list(reversed(press("9", 1000, 0.0)))) == "9"


def test_a_press_longer_than_one_event_can_last_is_one_key() -> None:
    # RFC 4733, 2.5.1.3: the next segment's timestamp is 0xFFFF samples later.
    long = [("3", 1000, d, d / 1000) for d in range(20, 8191, 400)]
    more = [("3", 1000 + 8191, d, (8191 + d) / 1000) for d in range(20, 900, 20)]
    assert heard(long + more) == "3"


def test_the_clock_may_start_again_in_the_middle() -> None:
    wrap = 2**32 // 8
    assert heard([("4", wrap - 10, 20, 0.0), ("4", 5, 20, 0.1), ("4", 200, 20, 0.3)]) == "44"


def test_one_press_by_two_ways_is_one_key() -> None:
    keys = KeyFilter()
    assert keys.event("2", 1000, 20, 0.0)
    assert not keys.press("2", "inband", 0.08)
    assert not keys.press("2", "info", 0.3)
    assert keys.press("2", "inband", 0.5)
    assert not keys.event("2", 1500, 20, 0.55)


def test_repeated_presses_by_one_way_are_all_counted() -> None:
    keys = KeyFilter()
    assert [keys.press("1", "info", at) for at in (0.0, 0.2, 0.4)] == [True, True, True]
