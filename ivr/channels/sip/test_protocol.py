"""Messages survive the way between house and line."""

import pytest

from ivr.channels.sip import protocol


def test_a_message_comes_out_as_it_went_in() -> None:
    for message in (
        protocol.Play("7", 2, ["/一/二.wav"]),
        protocol.Happened("7", "key", 1.5, {"key": "#", "source": "info"}),
        protocol.Close(),
    ):
        line = protocol.encode(message)
        assert line.endswith(b"\n")
        assert line.count(b"\n") == 1
        assert protocol.decode(line) == message


@pytest.mark.parametrize("line", [b"", b"[]", b'["Nothing"]', b'["Beat"]', b"{", b"\xff"])
def test_anything_else_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match="not a message"):
        protocol.decode(line)
