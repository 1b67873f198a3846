"""pyVoIP in one process, without its threads (`ivr.channels.sip.stack.Stack`).

One loop reads every socket and drives the sound of all calls by one clock of 20 ms. Nothing in it
waits for anybody, so that nothing can hang; what would, hangs in this process alone, and the house
ends the process.
"""

import selectors
import socket
import time
from collections.abc import Callable
from typing import Any

from ivr.channels.pyvoip.leg import PyvoipLeg
from ivr.channels.pyvoip.phone import Phone
from ivr.channels.pyvoip.stream import FRAME_SECONDS, Stream
from ivr.channels.sip.call import LineCall
from ivr.channels.sip.leg import StackError
from ivr.channels.sip.protocol import Ask, LineTrunk, Place, Setup
from ivr.channels.sip.received import ReceivedCall
from ivr.channels.sip.stack import Arrival

MOST_CALLS = 10
"""Calls put on one process: a crash loses them all, and their sound is one thread's work."""
MOST_TRUNKS = 400
"""Each trunk has a socket in every process."""
MOST_LATE = 10
"""Packets that are made good at once after the process was held up; older ones are left out."""
_TICK_SECONDS = 0.05


class Engine:
    """The trunks and the sound of one process."""

    most_trunks = MOST_TRUNKS

    take: Callable[[ReceivedCall, Arrival], None]
    """Never used: nobody can call us here."""

    def __init__(self, setup: Setup, report: Callable[[Any], None]) -> None:
        self._setup, self._report = setup, report
        self._phones: dict[str, Phone] = {}
        self._streams: list[Stream] = []
        self._selector = selectors.DefaultSelector()
        self._house: socket.socket | None = None
        self._next_frame = 0.0
        self._next_tick = 0.0
        self._next_port = 0

    def start(self) -> None:
        """Open a socket for every trunk; register. Raises StackError."""
        try:
            for index, row in enumerate(self._setup.trunks):
                trunk = LineTrunk(*row)
                phone = Phone(
                    trunk,
                    address=self._setup.address,
                    public_address=self._setup.public_address,
                    report=self._report,
                    opens=self._opens,
                )
                phone.open(0 if index else self._setup.sip_port)
                self._phones[trunk.name] = phone
                self._selector.register(phone.socket, selectors.EVENT_READ, phone)
        except OSError as error:
            raise StackError(f"{error}") from error

    def find_limit(self) -> int:
        """Return how many calls one process may carry."""
        return MOST_CALLS

    def call(self, order: Place) -> LineCall:
        """Make a call. Raises StackError."""
        phone = self._phones[order.trunk]
        call = LineCall(order, phone.trunk.dtmf, self._report, self._setup)
        leg = PyvoipLeg(phone, call, order.user, self._open_rtp())
        phone.calls[leg.call_id] = leg
        call.leg = leg
        return call

    def _open_rtp(self) -> socket.socket:
        """Return a socket on the next free even port of the line's own. Raises StackError."""
        count = self._setup.rtp_range // 2
        first = self._setup.rtp_port + self._setup.rtp_port % 2
        for _ in range(count):
            port = first + 2 * (self._next_port % count)
            self._next_port += 1
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                sock.bind((self._setup.address, port))
            except OSError:  # somebody else has it
                sock.close()
                continue
            sock.setblocking(False)
            return sock
        raise StackError(f"no free RTP port from {first} on")

    def ask(self, command: Ask) -> None:
        """Send OPTIONS to a trunk. Raises StackError."""
        self._phones[command.trunk].ask_health(command.ask)

    def unregister(self) -> None:
        """Take back the registrations."""
        for phone in self._phones.values():
            if phone.registration:
                phone.registration.end()

    # ------------------------------------------------------------------------ as time goes

    def _opens(self, stream: Stream) -> None:
        if not self._streams:
            self._next_frame = time.monotonic()
        self._streams.append(stream)

    def wait(self, house: socket.socket | None, seconds: float) -> bool:
        """Work for so long; return True where the house has sent something."""
        self._listen_to(house)
        until = time.monotonic() + seconds
        while True:
            now = time.monotonic()
            self._turn(now)
            next_at = min(until, self._next_tick, self._next_frame if self._streams else until)
            news = False
            for key, _ in self._selector.select(max(0.0, next_at - time.monotonic())):
                if isinstance(key.data, Phone):
                    key.data.read()
                else:
                    news = True
            if news or time.monotonic() >= until:
                return news

    def _listen_to(self, house: socket.socket | None) -> None:
        if house is self._house:
            return
        if self._house is not None:
            self._selector.unregister(self._house)
        if house is not None:
            self._selector.register(house, selectors.EVENT_READ)
        self._house = house

    def _turn(self, now: float) -> None:
        if self._streams and now >= self._next_frame:
            self._frames(now)
        if now >= self._next_tick:
            self._next_tick = now + _TICK_SECONDS
            for phone in self._phones.values():
                phone.tick(now)

    def _frames(self, now: float) -> None:
        """Send and hear what has become due; what was held up is made good."""
        due = int((now - self._next_frame) / FRAME_SECONDS) + 1
        self._next_frame += due * FRAME_SECONDS
        self._streams = [stream for stream in self._streams if stream.NSD]
        for stream in self._streams:
            stream.receive()
            for behind in range(due - 1, -1, -1):
                if behind >= MOST_LATE:
                    stream.leave_out(behind)
                else:
                    stream.turn(behind)
