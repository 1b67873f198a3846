"""Where messages go, and names that are looked up without waiting."""

import socket
import threading
from typing import Any

import pytest

from ivr.channels.pyvoip.whereabouts import (
    LOOK_UP_SECONDS,
    RETRY_SECONDS,
    Whereabouts,
    address_of,
    next_hop,
)

HEAD = "\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\nFrom: <sip:a@b>\r\nTo: <sip:c@d>\r\n"
TAIL = "Call-ID: x\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("sip:10.0.0.1", ("10.0.0.1", 5060)),
        ("sip:138@10.0.0.1:5070;transport=udp", ("10.0.0.1", 5070)),
        ("sips:pbx.example:5061", ("pbx.example", 5061)),
    ],
)
def test_the_address_of_a_uri(uri: str, address: tuple[str, int]) -> None:
    assert address_of(uri) == address


def test_a_request_goes_to_its_first_proxy_else_to_whom_it_asks() -> None:
    line = "BYE sip:138@10.0.0.2:5080 SIP/2.0"
    routes = "Route: <sip:10.0.0.9;lr>\r\nRoute: <sip:10.0.0.8;lr>\r\n"
    assert next_hop(line + HEAD + routes + TAIL) == ("10.0.0.9", 5060)
    assert next_hop(line + HEAD + TAIL) == ("10.0.0.2", 5080)
    assert next_hop(line.replace("10.0.0.2", "pbx.example") + HEAD + TAIL) is None


def test_a_number_needs_no_looking_up() -> None:
    assert Whereabouts("10.0.0.1", 5070).address == ("10.0.0.1", 5070)


def test_a_name_is_looked_up_again_without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, answers = threading.Semaphore(0), iter(["", "10.0.0.1", "10.0.0.2"])

    def look_up(*_: Any) -> list[Any]:
        found = next(answers)
        asked.release()
        if not found:
            raise socket.gaierror("nobody knows")
        return [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", (found, 5060))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    place = Whereabouts("pbx.example", 5060)
    place.look_up(0.0)
    with pytest.raises(OSError, match=r"pbx\.example is not known"):
        _ = place.address
    for now, found in ((0.1, "10.0.0.1"), (LOOK_UP_SECONDS + 20, "10.0.0.2")):
        place.tick(now)
        assert place._looking is not None
        place._looking.join()
        assert place.address == (found, 5060)
        place.tick(now + RETRY_SECONDS - 1)  # not yet again
    assert [asked.acquire(timeout=0) for _ in range(4)] == [True, True, True, False]
