"""Messages keep their order, and wait for the recordings that they speak of."""

import wave
from pathlib import Path

from ivr.channels.sip.filing import PATIENCE_SECONDS, Filing, complete


def unfinished(path: Path) -> bytes:
    """Write a recording as it is before it is closed; return it as it will be."""
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(320))
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + bytes(4) + whole[8:])
    return whole


def test_what_needs_no_file_is_told_at_once() -> None:
    told: list[str] = []
    filing = Filing(told.append)
    filing.add("a", 1.0)
    assert told == ["a"]
    assert filing.empty


def test_order_is_kept_behind_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    whole = unfinished(path)
    told: list[str] = []
    filing = Filing(told.append)
    filing.add("recorded", 1.0, str(path))
    filing.add("ended", 1.0)
    filing.turn(1.1)
    assert told == []
    path.write_bytes(whole)
    filing.turn(1.2)
    assert told == ["recorded", "ended"]
    filing.add("freed", 1.3)
    assert told[-1] == "freed"


def test_patience_ends(tmp_path: Path) -> None:
    told: list[str] = []
    filing = Filing(told.append)
    filing.add("recorded", 1.0, str(tmp_path / "never.wav"))
    filing.add("ended", 1.9)
    filing.turn(1.0 + PATIENCE_SECONDS)
    assert told == ["recorded", "ended"]
    assert filing.empty


def test_completeness_is_what_the_header_says(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    whole = unfinished(path)
    assert not complete(str(path))
    path.write_bytes(whole)
    assert complete(str(path))
    path.write_bytes(whole[:6])
    assert not complete(str(path))
