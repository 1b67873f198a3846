"""Packets out of order, lost, doubled, of another stream: one sound without end."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.channels.pyvoip.reception import FIRST, MOST, PACKET, Reception

SILENCE = b"\xff"
QUIET = SILENCE * PACKET


def packet(n: int) -> bytes:
    return bytes([n % 200]) * PACKET


def sound(reception: Reception, frames: int) -> list[int]:
    """Return which packets are heard in so many frames."""
    taken = [reception.take() for _ in range(frames)]
    assert all(len(each) == PACKET for each in taken)
    return [each[0] for each in taken if each != QUIET]


def test_it_begins_after_a_little_while_and_loses_nothing() -> None:
    reception = Reception(SILENCE)
    heard = []
    for n in range(20):
        reception.put(1, n, packet(n))
        heard.append(reception.take())
    assert heard[:2] == [QUIET, QUIET]
    assert heard[2:] == [packet(n) for n in range(18)]
    assert (reception.received, reception.lost) == (20, 0)


@given(st.permutations(range(5)), st.lists(st.integers(0, 4), max_size=5))
def test_the_order_is_restored_and_doubles_are_dropped(order: list[int], again: list[int]) -> None:
    reception = Reception(SILENCE)
    reception.put(1, 99, packet(99))
    for n in [*order, *again]:
        reception.put(1, 100 + n, packet(100 + n))
    assert sound(reception, 10) == [99, 100, 101, 102, 103, 104]
    assert reception.lost == 0


def test_a_lost_packet_is_silence_of_its_length() -> None:
    reception = Reception(SILENCE)
    for n in (1, 2, 4, 5, 6, 7, 8):
        reception.put(1, n, packet(n))
    taken = [reception.take() for _ in range(8)]
    assert taken == [packet(1), packet(2), QUIET, *[packet(n) for n in range(4, 9)]]
    assert reception.lost == 1


def test_sequence_numbers_begin_again() -> None:
    reception = Reception(SILENCE)
    for n in range(65530, 65545):
        reception.put(1, n & 0xFFFF, packet(n))
    assert sound(reception, 20) == [n % 200 for n in range(65530, 65545)]
    assert reception.lost == 0


@pytest.mark.parametrize(("source", "sequence"), [(2, 5), (1, 40000)])
def test_another_stream_goes_on_at_once(source: int, sequence: int) -> None:
    reception = Reception(SILENCE)
    for n in range(4):
        reception.put(1, n, packet(n))
    for n in range(4):
        reception.put(source, sequence + n, packet(50 + n))
    assert sound(reception, 10) == [0, 1, 2, 3, 50, 51, 52, 53]
    assert reception.lost == 0


def test_keys_take_a_number_and_no_time() -> None:
    reception = Reception(SILENCE)
    for n in range(3):
        reception.put(1, n, packet(n))
    for n in range(3, 10):
        reception.put(1, n, b"")
    reception.put(1, 10, packet(10))
    assert sound(reception, 10) == [0, 1, 2, 10]
    assert reception.lost == 0


def test_too_much_is_cut_to_what_is_fresh() -> None:
    reception = Reception(SILENCE)
    for n in range(MOST // PACKET + 5):
        reception.put(1, n, packet(n))
    heard = sound(reception, 40)
    assert len(heard) == FIRST // PACKET
    assert heard[-1] == MOST // PACKET + 4
    assert all(b == a + 1 for a, b in pairwise(heard))


def test_what_came_while_we_were_held_up_is_not_too_much() -> None:
    reception = Reception(SILENCE)
    for n in range(3):
        reception.put(1, n, packet(n))
    assert reception.take() == packet(0)
    late = 2 * MOST // PACKET
    for n in range(3, 3 + late):
        reception.put(1, n, packet(n))
    heard = [reception.take(behind)[0] for behind in range(late - 1, -1, -1)]
    assert heard == list(range(1, 1 + late))


def test_packets_of_other_lengths() -> None:
    reception = Reception(SILENCE)
    for n in range(8):
        reception.put(1, n, bytes([n]) * 240)
    whole = b"".join(reception.take() for _ in range(12))
    assert whole == b"".join(bytes([n]) * 240 for n in range(8))
