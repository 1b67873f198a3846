"""A line process: carries as many calls as the library allows, and nothing else.

It stands alone: when it dies, its calls are lost and no others; when the house dies (the socket
ends), it hangs up and goes. It imports as little as it can, because there are many of it.
"""

import os
import socket
import time
from typing import Any

from ivr.channels.sip import protocol
from ivr.channels.sip.call import LineCall
from ivr.channels.sip.filing import Filing
from ivr.channels.sip.leg import StackError
from ivr.channels.sip.received import FORBIDDEN, UNAVAILABLE, ReceivedCall, numbers_of
from ivr.channels.sip.stack import Arrival, Stack, StackMaker

TICK_SECONDS = 0.08
IDLE_SECONDS = 0.05
BUSY_SECONDS = 0.04
"""Two packets of each call at a time; its jitter buffer holds as many anyway."""
GOODBYE_NAP_SECONDS = 0.02
BEAT_SECONDS = 1.0
GOODBYE_SECONDS = 1.5
CLOSE_FILES_SECONDS = 1.5


class Line:
    """The loop of one process."""

    def __init__(self, house: socket.socket, make_stack: StackMaker) -> None:
        self._house, self._make_stack = house, make_stack
        self._unread = b""
        self._unsent = b""
        self._calls: dict[str, LineCall] = {}
        self._setup: protocol.Setup
        self._stack: Stack
        self._filings: list[Filing] = []
        """Of calls that are gone, but whose recordings are not complete yet."""
        self._closing = False

    def run(self) -> None:
        """Serve until the house says goodbye or goes."""
        while True:
            message = self._first()
            if isinstance(message, protocol.Setup):
                self._setup = message
                break
        try:
            self._stack = self._make_stack(self._setup, self._send)
            self._stack.take = self._take
            self._stack.start()
        except StackError as error:
            self._send(protocol.Broken(f"{error}"))
            return
        most = self._setup.max_calls or self._stack.find_limit()
        self._send(protocol.Ready(os.getpid(), most, self._stack.most_trunks))
        if not self._setup.max_calls:
            return
        self._house.setblocking(False)
        try:
            self._serve()
        finally:
            self._goodbye()

    def _first(self) -> Any:
        while b"\n" not in self._unread:
            piece = self._house.recv(65536)
            if not piece:
                raise SystemExit
            self._unread += piece
        line, _, self._unread = self._unread.partition(b"\n")
        return protocol.decode(line)

    def _serve(self) -> None:
        next_tick = next_beat = 0.0
        while not self._closing:
            nap = BUSY_SECONDS if self._calls or self._filings else IDLE_SECONDS
            news = self._stack.wait(self._house, nap)
            if self._calls:
                self._sweep()
                now = time.monotonic()
                for call in self._calls.values():
                    call.voice.hear_speech(now)
            if news:
                self._listen()
            now = time.monotonic()
            self._file(now)
            if now >= next_tick:
                next_tick = now + TICK_SECONDS
                for call in list(self._calls.values()):
                    call.tick(now)
            if now >= next_beat:
                next_beat = now + BEAT_SECONDS
                self._send(protocol.Beat(time.time()))
            if self._unsent:
                self._flush()

    def _sweep(self) -> None:
        """Let go of ended calls, before a new one can be given the id of an old one."""
        for name, call in list(self._calls.items()):
            if call.freed:
                del self._calls[name]
                call.dispose()
                if not call.filing.empty:
                    self._filings.append(call.filing)

    def _file(self, now: float) -> None:
        """Tell of the recordings that were completed meanwhile."""
        for call in self._calls.values():
            if not call.filing.empty:
                call.filing.turn(now)
        if self._filings:
            for filing in self._filings:
                filing.turn(now)
            self._filings = [filing for filing in self._filings if not filing.empty]

    def _listen(self) -> None:
        try:
            piece = self._house.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if not piece:
            self._closing = True
            return
        *lines, self._unread = (self._unread + piece).split(b"\n")
        for line in lines:
            self._obey(protocol.decode(line))

    def _obey(self, command: Any) -> None:
        if isinstance(command, protocol.Close):
            self._closing = True
        elif isinstance(command, protocol.Place):
            self._place(command)
        elif isinstance(command, protocol.Ask):
            self._ask(command)
        elif isinstance(command, protocol.StopRecording):
            if command.call in self._calls:
                self._calls[command.call].stop_recording(command.ask)
            else:
                self._send(protocol.Recorded(command.ask, 0.0))
        elif command.call in self._calls and not self._calls[command.call].over:
            self._do(self._calls[command.call], command)

    def _do(self, call: LineCall, command: Any) -> None:
        if isinstance(command, protocol.Play):
            call.voice.play(command.play, command.files)
        elif isinstance(command, protocol.StopPlaying):
            call.voice.stop_playing()
        elif isinstance(command, protocol.Listen):
            call.voice.listen(command.listening)
        elif isinstance(command, protocol.StopListening):
            call.voice.stop_listening()
        elif isinstance(command, protocol.KnowsWhoPickedUp):
            call.voice.stop_first_sounds()
        elif isinstance(command, protocol.Record):
            call.voice.record(command.path, command.seconds, command.silence)
        elif isinstance(command, protocol.RecordCall):
            call.voice.record_call(command.path)
        elif isinstance(command, protocol.Transfer):
            call.transfer(command.target)
        elif isinstance(command, protocol.HangUp):
            call.hang_up(after_playing=command.after_playing)
        elif isinstance(command, protocol.PickUp) and isinstance(call, ReceivedCall):
            call.pick_up()
        elif isinstance(command, protocol.Refuse) and isinstance(call, ReceivedCall):
            call.refuse(command.status)

    def _take(self, call: ReceivedCall, arrival: Arrival) -> None:
        """Somebody calls: a trunk's call rings until the house decides, a stranger's is refused."""
        self._calls[call.order.call] = call  # held, refused ones too: see its leg's `dispose`
        if not arrival.trunk:
            self._send(protocol.Stranger(arrival.address))
        if not arrival.trunk or self._closing:
            call.refuse(UNAVAILABLE if arrival.trunk else FORBIDDEN)
            return
        try:
            call.begin()
        except StackError:
            call.refuse(UNAVAILABLE)
            return
        number, called = numbers_of(arrival.message)
        self._send(protocol.Arrived(call.order.call, arrival.trunk, number, called, time.time()))

    def _place(self, order: protocol.Place) -> None:
        try:
            call = self._stack.call(order)
            self._calls[order.call] = call
            call.begin()
        except StackError as error:
            call_or_none = self._calls.pop(order.call, None)
            if call_or_none is not None and call_or_none.over:
                return
            facts = {"by": "trunk", "sip_status": 503, "reason": f"{error}"}
            self._send(protocol.Happened(order.call, "ended", time.time(), facts))
            self._send(protocol.Freed(order.call))

    def _ask(self, command: protocol.Ask) -> None:
        try:
            self._stack.ask(command)
        except StackError as error:
            self._send(protocol.Health(command.ask, 503, f"{error}", 0.0))

    def _send(self, message: Any) -> None:
        self._unsent += protocol.encode(message)
        self._flush()

    def _flush(self) -> None:
        try:
            sent = self._house.send(self._unsent)
            self._unsent = self._unsent[sent:]
        except BlockingIOError:
            return
        except OSError:
            self._unsent = b""
            self._closing = True

    def _goodbye(self) -> None:
        """Hang up whatever lives, politely but not for long.

        The process ends right after, by itself: the library is not taken down, because it
        aborts where anything (an OPTIONS without an answer) is still on its way.
        """
        for call in self._calls.values():
            call.hang_up()
        self._stack.unregister()
        until = time.monotonic() + GOODBYE_SECONDS
        while time.monotonic() < until and any(not call.freed for call in self._calls.values()):
            self._stack.wait(None, GOODBYE_NAP_SECONDS)
            self._flush()
        self._sweep()
        until = time.monotonic() + CLOSE_FILES_SECONDS
        while time.monotonic() < until and self._filings:
            self._stack.wait(None, GOODBYE_NAP_SECONDS)
            self._file(time.monotonic())
            self._flush()
