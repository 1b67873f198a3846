"""Where a trunk is: its name looked up without holding up a call."""

import ipaddress
import logging
import socket
import threading

from ivr.channels.pyvoip.message import Message, uri_of

log = logging.getLogger(__name__)

PORT = 5060
LOOK_UP_SECONDS = 300.0
"""How often a name is looked up again: trunks move."""
RETRY_SECONDS = 10.0
"""The same where it is not known."""


class Whereabouts:
    """The address of one host, by number or by name (its first A record)."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._found = host if is_number(host) else ""
        self._next = 0.0
        self._looking: threading.Thread | None = None

    def look_up(self, now: float) -> None:
        """Ask for the name and wait for the answer: at the start, when no call is held up."""
        if not is_number(self._host):
            self._next = now
            self._ask()

    def tick(self, now: float) -> None:
        """Ask again where it is time, in a thread: a name server that is silent holds up nobody."""
        if is_number(self._host) or now < self._next:
            return
        if self._looking is None or not self._looking.is_alive():
            self._next = now + (LOOK_UP_SECONDS if self._found else RETRY_SECONDS)
            self._looking = threading.Thread(target=self._ask, daemon=True)
            self._looking.start()

    def _ask(self) -> None:
        try:
            found = socket.getaddrinfo(self._host, self._port, socket.AF_INET, socket.SOCK_DGRAM)
        except OSError as error:
            log.warning("the address of %s is not known: %s", self._host, error)
            return
        self._found = str(found[0][4][0])

    @property
    def address(self) -> tuple[str, int]:
        """Where it is. Raises OSError where that is not known."""
        if not self._found:
            raise OSError(f"the address of {self._host} is not known")
        return self._found, self._port


def is_number(host: str) -> bool:
    """Return True for an IPv4 address."""
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def address_of(uri: str) -> tuple[str, int]:
    """Return host and port of a SIP URI; 5060 where it names none."""
    host = uri.removeprefix("sips:").removeprefix("sip:").rpartition("@")[2].split(";")[0]
    name, colon, port = host.rpartition(":")
    return (name, int(port)) if colon and port.isdigit() else (host, PORT)


def next_hop(text: str) -> tuple[str, int] | None:
    """Return where a request goes: its first proxy, else whom it asks (RFC 3261, 8.1.2, 12.2.1.1).

    None where that is a name: it goes to the trunk, whose address is known.
    """
    route = Message(text.encode()).first("Route")
    host, port = address_of(uri_of(route) if route else text.split(" ", 2)[1])
    return (host, port) if is_number(host) else None
