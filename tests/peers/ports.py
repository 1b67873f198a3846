"""Ports of a test's own: nobody listens there, and no other worker of the run takes them.

Peers lie below our own calls' default ports (RTP from 20000), our calls above those that the
demonstration uses. pytest-xdist's workers have a part of each range for themselves.
"""

import contextlib
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
    while True:
        port = random.randrange(first, last - span, 2)
        wanted = range(port, port + span)
        if not _given_out.isdisjoint(wanted):
            continue
        with contextlib.ExitStack() as stack:
            try:
                for each in wanted:
                    probe = stack.enter_context(socket.socket(socket.AF_INET, kind))
                    probe.bind(("127.0.0.1", each))
            except OSError:
                continue
        _given_out.update(wanted)
        if len(_given_out) > (last - first) * 2 // 5:
            _given_out.clear()
        return port


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
