"""What is sent for a press is one press to whoever reads it."""

import struct

from ivr.channels.pyvoip.keys import KEYS, PAUSE, presses, read
from ivr.channels.sip.keys import KeyFilter


def test_every_key_sent_is_one_key_read() -> None:
    keys, heard, pressed_at = KeyFilter(), "", 0
    for frame, (payload, begins) in enumerate(presses(KEYS + "11")):
        pressed_at = frame * 20 if begins else pressed_at
        event = read(payload)
        if event and keys.event(event[0], pressed_at, event[1], frame * 0.02):
            heard += event[0]
    assert heard == KEYS + "11"


def test_a_press_ends_three_times_and_rests() -> None:
    sent = [payload for payload, _ in presses("5")]
    ends = [bool(payload) and bool(payload[1] & 0x80) for payload in sent]
    assert ends == [False] * 4 + [True] * 3 + [False] * PAUSE
    assert [begins for _, begins in presses("5")].count(True) == 1


def test_other_events_and_broken_packets_are_none() -> None:
    assert read(struct.pack(">BBH", 16, 0, 800)) is None  # flash
    assert read(b"\x01\x02") is None
    assert list(presses("x -")) == []
