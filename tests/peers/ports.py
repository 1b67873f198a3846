"""Ports of a test's own: nobody listens there, and no other worker of the run takes them.

Peers lie below our own calls' default ports (RTP from 20000), our calls above those that the
demonstration uses. pytest-xdist's workers have a part of each range for themselves.
"""

import itertools
import os
import random
import socket

from ivr.channels.sip.pool import Ports

_PEERS = (10_000, 20_000)
_CALLS = (33_000, 62_000)

_given_out: set[int] = set()
"""Ports whose takers may not have bound them yet."""
_rounds = itertools.count()


def _own(whole: tuple[int, int]) -> tuple[int, int]:
    """Return this worker's part of a range: its first port, and the one after its last."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    size = (whole[1] - whole[0]) // workers // 2 * 2
    return whole[0] + worker * size, whole[0] + (worker + 1) * size


def free_port(kind: int = socket.SOCK_DGRAM, *, span: int = 1) -> int:
    """Return an even port that nobody listens on, nor on the `span` - 1 above it."""
    first, last = _own(_PEERS)
    for tries in itertools.count():
        if tries % 100 == 99:
            _given_out.clear()  # most of those taken since are bound, or were let go of again
        port = random.randrange(first, last - span, 2)
        wanted = range(port, port + span)
        if _given_out.isdisjoint(wanted) and all(_is_free(each, kind) for each in wanted):
            break
    _given_out.update(wanted)
    return port


def _is_free(port: int, kind: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def rtp_ports() -> Ports:
    """Return ports for a channel's lines, not those of the channel before: it may be closing."""
    first, last = _own(_CALLS)
    size = (last - first) // 3 // 2 * 2
    begin = first + next(_rounds) % 3 * size
    return Ports(rtp_from=begin, rtp_until=begin + size - 1)


def rtp_setting() -> dict[str, str]:
    """Return the same as an environment of `huifang`."""
    ports = rtp_ports()
    return {"HUIFANG_SIP__RTP_PORTS": f"[{ports.rtp_from}, {ports.rtp_until}]"}
