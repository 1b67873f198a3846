"""Keeping registered at a trunk (RFC 3261, 10)."""

import re
import secrets
import time
from collections.abc import Callable
from typing import Any, Protocol

from ivr.channels.pyvoip.client import Client
from ivr.channels.pyvoip.exchange import Exchange, Repetition
from ivr.channels.pyvoip.message import Message
from ivr.channels.sip.protocol import LineTrunk, Registered

ASKED_SECONDS = 300
FIRST_RETRY_SECONDS, RETRY_SECONDS = 2.0, 10.0
_PART = 0.8
"""How much of the granted time may pass until it is renewed."""
_LEAST_SECONDS = 5.0


class Office(Protocol):
    """What a registration needs of its trunk."""

    sip: Client
    trunk: LineTrunk

    def ask(self, exchange: Exchange) -> None:
        """Send a request. Raises OSError."""
        ...


class Registration:
    """Registers, renews, tries again; tells each change as `Registered`."""

    def __init__(self, office: Office, report: Callable[[Any], None]) -> None:
        self._office, self._report = office, report
        self._call_id = secrets.token_hex(16)
        self._number = 0
        self._asked = ASKED_SECONDS
        self._retry = FIRST_RETRY_SECONDS
        self._next = float("inf")
        self._ending = False

    def begin(self, now: float) -> None:
        """Register at once. `now`: monotonic seconds."""
        self._next = now

    def tick(self, now: float) -> None:
        """Renew where it is time."""
        if now >= self._next:
            self._send(now, self._asked)

    def end(self) -> None:
        """Take the registration back."""
        self._ending = True
        self._send(time.monotonic(), 0)

    def _send(self, now: float, expires: int) -> None:
        self._next = float("inf")
        self._number += 2  # the repetition with a password takes a number of its own
        text = self._office.sip.register_text(self._number, self._call_id, expires=expires)
        repetition = Repetition(now, doubles=False)
        exchange = Exchange("REGISTER", text, repetition, self._answered, self._unanswered)
        try:
            self._office.ask(exchange)
        except OSError as error:
            self._failed(503, f"{error}")

    def _answered(self, response: Message) -> None:
        if response.code < 200 or self._ending:
            return
        least = re.match(r"\d+", response.first("Min-Expires"))
        if response.code == 423 and least and int(least[0]) > self._asked:
            self._asked, self._next = int(least[0]), time.monotonic()
        elif response.code >= 300:
            self._failed(response.code, response.reason)
        else:
            granted = max(granted_seconds(response, self._asked), _LEAST_SECONDS)
            self._next = time.monotonic() + granted * _PART
            self._retry = FIRST_RETRY_SECONDS
            name = self._office.trunk.name
            self._report(Registered(name, True, response.code, response.reason))

    def _unanswered(self) -> None:
        self._failed(408, "no answer")

    def _failed(self, status: int, reason: str) -> None:
        self._next = time.monotonic() + self._retry
        self._retry = RETRY_SECONDS
        self._report(Registered(self._office.trunk.name, False, status, reason))


def granted_seconds(response: Message, asked: int) -> int:
    """Return for how long we are registered (RFC 3261, 10.2.4)."""
    contacts = " ".join(response.all("Contact"))
    found = re.findall(r";\s*expires\s*=\s*\"?(\d+)", contacts, re.IGNORECASE)
    if found:
        return min(int(each) for each in found)
    expires = re.match(r"\d+", response.first("Expires"))
    return int(expires[0]) if expires else asked
