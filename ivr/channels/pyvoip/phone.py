"""One trunk's socket: requests and their answers, from and to everybody who talks over it.

pyVoIP's phone waits for an answer inside a lock: where none comes, nobody can stop it any more.
Here nothing waits: the line's loop reads what is there and sends what is due.
"""

import logging
import socket
import time
from collections.abc import Callable
from typing import Any

from pyVoIP.SIP import SIPParseError
from pyVoIP.VoIP import CallState, VoIPPhone

from ivr.channels.pyvoip.client import Client
from ivr.channels.pyvoip.exchange import PATIENCE_SECONDS, Exchange, Repetition
from ivr.channels.pyvoip.leg import PyvoipLeg
from ivr.channels.pyvoip.message import Message
from ivr.channels.pyvoip.registration import Registration
from ivr.channels.pyvoip.stream import Stream
from ivr.channels.pyvoip.whereabouts import Whereabouts, next_hop
from ivr.channels.sip.leg import StackError
from ivr.channels.sip.protocol import Health, LineTrunk

log = logging.getLogger(__name__)

LARGEST = 65535
_SWEEP_SECONDS = 1.0


class Phone(VoIPPhone):
    """A trunk: its calls, its registration, its health."""

    def __init__(
        self,
        trunk: LineTrunk,
        *,
        address: str,
        public_address: str,
        report: Callable[[Any], None],
        opens: Callable[[Stream], None],
    ) -> None:
        """`report` tells the house; `opens` takes a stream that is to be driven."""
        super().__init__("", 0, trunk.username, trunk.password, myIP=address)
        self.trunk, self.codecs, self.opens = trunk, trunk.codecs, opens
        self.sip: Client = Client(self, trunk, shown_address=public_address or address)
        self._report = report
        self._exchanges: dict[tuple[str, str], Exchange] = {}
        """By branch and method: a CANCEL has the branch of its INVITE (RFC 3261, 9.1)."""
        self._served: dict[tuple[str, str], tuple[str, tuple[str, int], float]] = {}
        """Responses given, by branch and method: a repeated request gets the same again."""
        self._insisting: dict[str, tuple[str, tuple[str, int], Repetition]] = {}
        self._ended: dict[str, float] = {}
        self._swept = 0.0
        self._there = Whereabouts(self.sip.server, self.sip.port)
        self.registration = Registration(self, report) if trunk.registrar else None
        self.socket: socket.socket

    # --------------------------------------------------------------------------- beginning

    def open(self, port: int) -> None:
        """Bind the socket; `port` 0: any. Raises OSError."""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.myIP, port))
        self.socket.setblocking(False)
        self.sip.myPort = self.socket.getsockname()[1]
        self._there.look_up(time.monotonic())
        if self.registration:
            self.registration.begin(time.monotonic())

    # ----------------------------------------------------------------------------- sending

    def ask(self, exchange: Exchange) -> None:
        self._transmit(exchange.text, next_hop(exchange.text) or self._there.address)
        self._exchanges[_transaction(exchange)] = exchange

    def send(self, text: str) -> None:
        try:
            self._transmit(text, next_hop(text) or self._there.address)
        except OSError as error:
            log.debug("trunk %s: %s", self.trunk.name, error)

    def insist(self, text: str, to: tuple[str, int], key: str) -> None:
        self._insisting[key] = (text, to, Repetition(time.monotonic(), doubles=False))

    def relent(self, key: str) -> None:
        self._insisting.pop(key, None)

    def _transmit(self, text: str, to: tuple[str, int]) -> None:
        try:
            self.socket.sendto(text.encode(), to)
        except BlockingIOError:
            return  # the same as a datagram that is lost
        except ConnectionRefusedError:
            return  # tells of an earlier one; nobody listens there, and nobody will answer

    def tick(self, now: float) -> None:
        """Send again what is due, give up what is over."""
        for key, exchange in list(self._exchanges.items()):
            if exchange.repeats(now):
                self.send(exchange.text)
            elif exchange.gives_up(now):
                exchange.finished_at = now
                exchange.unanswered()
            elif exchange.forgotten(now):
                del self._exchanges[key]
        for call_id, (text, to, repetition) in list(self._insisting.items()):
            if repetition.over(now):
                del self._insisting[call_id]
            elif repetition.due(now):
                self._respond(text, to)
        self._there.tick(now)
        if self.registration:
            self.registration.tick(now)
        if now - self._swept >= _SWEEP_SECONDS:
            self._swept = now
            self._sweep(now)

    def _sweep(self, now: float) -> None:
        """Forget calls once nothing of them can come any more, and responses as well."""
        for call_id, call in list(self.calls.items()):
            if call.state is CallState.ENDED:
                if now - self._ended.setdefault(call_id, now) >= PATIENCE_SECONDS:
                    del self.calls[call_id], self._ended[call_id]
            else:
                self._ended.pop(call_id, None)
        for key, (_, _, until) in list(self._served.items()):
            if now >= until:
                del self._served[key]

    # --------------------------------------------------------------------------- receiving

    def read(self) -> None:
        """Take what has come in."""
        while True:
            try:
                data, source = self.socket.recvfrom(LARGEST)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error of an earlier datagram
            try:
                message = Message(data, source)
            except SIPParseError:
                continue  # a keep-alive, or nothing that can be answered
            try:
                if message.code:
                    self._answered(message)
                else:
                    self._asked(message)
            except (ValueError, LookupError) as error:
                # pyVoIP's reading of odd headers: such a message may not cost the calls of others.
                log.warning("trunk %s: %s in %s", self.trunk.name, error, message.heading[:80])

    def _answered(self, response: Message) -> None:
        exchange = self._exchanges.get((response.branch, response.answers))
        if exchange is None:
            return
        if response.code < 200:
            if not exchange.finished_at:
                exchange.proceeding = True
                exchange.answered(response)
            return
        first, exchange.finished_at = not exchange.finished_at, time.monotonic()
        if exchange.method == "INVITE" and response.code >= 300:
            exchange.acknowledgement = exchange.acknowledgement or self.sip.refusal_ack_text(
                exchange.text, response
            )
            self.send(exchange.acknowledgement)
        if response.code in (401, 407) and first and self._tries_again(exchange, response):
            return
        if first or (exchange.method == "INVITE" and response.code < 300):
            exchange.answered(response)

    def _tries_again(self, exchange: Exchange, response: Message) -> bool:
        """Answer a challenge; False where it cannot be, or was answered already."""
        text = self.sip.answered_text(exchange.text, response)
        if exchange.challenged or not text:
            return False
        # The exchange goes on under another branch; the old one only acknowledges.
        old = Exchange(exchange.method, exchange.text, exchange.repetition, _nothing, _nothing_more)
        self._exchanges[_transaction(old)] = old
        old.finished_at, old.acknowledgement = time.monotonic(), exchange.acknowledgement
        exchange.text, exchange.challenged = text, True
        exchange.finished_at, exchange.proceeding, exchange.acknowledgement = 0.0, False, ""
        exchange.repetition = Repetition(time.monotonic(), exchange.repetition.doubles)
        self._exchanges[_transaction(exchange)] = exchange
        self.send(text)
        return True

    def _asked(self, request: Message) -> None:
        call = self.calls.get(request.headers["Call-ID"])
        if not isinstance(call, PyvoipLeg) or not call.knows(request):
            call = None
        if request.method == "ACK":
            if call:
                call.acknowledged(request)
            return
        key = (request.branch, request.method)
        if key not in self._served:
            text = call.asked(request) if call else self._refused(request)
            until = time.monotonic() + PATIENCE_SECONDS
            self._served[key] = (text, request.source, until)
        text, to, _ = self._served[key]
        self._respond(text, to)

    def _respond(self, text: str, to: tuple[str, int]) -> None:
        try:
            self._transmit(text, to)
        except OSError as error:
            log.debug("trunk %s: %s", self.trunk.name, error)

    def _refused(self, request: Message) -> str:
        """Answer a request outside of any call: nobody can call us here."""
        if request.method == "OPTIONS":
            return self.sip.response_text(request, "200 OK")
        if request.method == "INVITE" and not request.tag("To"):
            return self.sip.response_text(request, "486 Busy Here")
        if request.tag("To") or request.method == "CANCEL":
            return self.sip.response_text(request, "481 Call/Transaction Does Not Exist")
        return self.sip.response_text(request, "405 Method Not Allowed")

    # ------------------------------------------------------------------------------ health

    def ask_health(self, number: int) -> None:
        """Send OPTIONS (RFC 3261, 11); told as `Health` under this number. Raises StackError."""
        began = time.monotonic()

        def told(code: int, reason: str) -> None:
            elapsed = (time.monotonic() - began) * 1000
            self._report(Health(number, code, reason, elapsed))

        def answered(response: Message) -> None:
            if response.code >= 200:
                told(response.code, response.reason)

        exchange = Exchange(
            "OPTIONS",
            self.sip.options_text(),
            Repetition(began, doubles=False),
            answered,
            lambda: told(408, "no answer"),
        )
        try:
            self.ask(exchange)
        except OSError as error:
            raise StackError(f"{error}") from error


def _transaction(exchange: Exchange) -> tuple[str, str]:
    return Message(exchange.text.encode()).branch, exchange.method


def _nothing(response: Message) -> None:
    del response


def _nothing_more() -> None:
    return
