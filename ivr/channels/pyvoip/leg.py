"""The dialog of one call over pyVoIP (`ivr.channels.sip.stack.Leg`).

pyVoIP's call knows 200, 404, 503 and BYE. Everything else that ends a call, or holds one up, is
here: refusals, CANCEL, challenges, changes of the sound, the questions whether we still live.
"""

import contextlib
import secrets
import socket
import time
from typing import Protocol

from pyVoIP.RTP import PayloadType, TransmitType
from pyVoIP.VoIP import CallState, VoIPCall

from ivr.channels.pyvoip.client import EVENT_TYPE, Client, Media
from ivr.channels.pyvoip.description import Audio, audio
from ivr.channels.pyvoip.exchange import Exchange, Repetition
from ivr.channels.pyvoip.message import Message, uri_of
from ivr.channels.pyvoip.sound import StreamSound, press_tones
from ivr.channels.pyvoip.stream import Stream
from ivr.channels.sip import headers
from ivr.channels.sip.call import LineCall
from ivr.channels.sip.leg import StackError

_SERVED = ("OPTIONS", "UPDATE", "NOTIFY", "INFO")


class Office(Protocol):
    """What a leg needs of the trunk it goes through."""

    sip: Client
    codecs: list[str]
    myIP: str

    def ask(self, exchange: Exchange) -> None:
        """Send a request. Raises OSError."""
        ...

    def send(self, text: str) -> None:
        """Send a message once, whatever becomes of it."""
        ...

    def insist(self, text: str, to: tuple[str, int], key: str) -> None:
        """Send a response again until `relent` is called with the same key."""
        ...

    def relent(self, key: str) -> None:
        """The response was acknowledged."""
        ...

    def opens(self, stream: Stream) -> None:
        """A stream is to be driven from now on, until it is stopped."""
        ...


class PyvoipLeg(VoIPCall):
    """Tells `call` what happens in the dialog."""

    def __init__(self, office: Office, call: LineCall, user: str, rtp: socket.socket) -> None:
        """`rtp`: the socket of the call's sound, bound; it is the leg's from now on."""
        self._rtp = rtp
        port, session = rtp.getsockname()[1], secrets.randbits(30)
        text = office.sip.invite_text(user, port, session)
        invite = Message(text.encode())
        super().__init__(
            office,  # type: ignore[arg-type]
            CallState.DIALING,
            invite,
            session,
            office.myIP,
            ms={port: PayloadType.EVENT},
            sendmode="sendrecv",
        )
        self._office, self._call = office, call
        self.dialog: Message = invite
        self._number = invite.number
        self._routes: list[str] = []
        self._inviting = self._exchange("INVITE", text)
        self._leaving = self._cancelled = False
        self._ack = ""
        self._version = session + 2
        """Of our description, as pyVoIP begins to count."""
        self.stream: Stream | None = None

    def __del__(self) -> None:
        """Nothing: pyVoIP would give the port back a second time."""

    # ------------------------------------------------------------------ what the call asks

    def invite(self) -> None:
        try:
            self._office.ask(self._inviting)
        except OSError as error:
            raise StackError(f"{error}") from error
        self._call.dialed()

    def _exchange(self, method: str, text: str) -> Exchange:
        def answered(response: Message) -> None:
            if method == "INVITE":
                self._invited(response)
            elif response.code >= 200:
                self._in_dialog_answered(method, response.code)

        def unanswered() -> None:
            if method == "INVITE":
                self._over(408, "no answer")
            else:
                self._in_dialog_answered(method, 408)

        doubles = method == "INVITE"
        return Exchange(method, text, Repetition(time.monotonic(), doubles), answered, unanswered)

    def leave(self) -> None:
        self._leaving = True
        try:
            if self.state is CallState.ANSWERED:
                self._request("BYE")
            elif self._inviting.proceeding:
                self._cancel()
            else:
                self._inviting.challenged = True  # a challenge is the end of it
        except OSError as error:
            raise StackError(f"{error}") from error

    def _cancel(self) -> None:
        """Take the INVITE back; only after a provisional response (RFC 3261, 9.1)."""
        if not self._cancelled:
            self._cancelled = True
            text = self._office.sip.cancel_text(self._inviting.text)
            self._office.ask(self._exchange("CANCEL", text))

    def ask(self) -> None:
        try:
            self._request("OPTIONS")
        except OSError as error:
            raise StackError(f"{error}") from error

    def refer(self, target: str) -> None:
        raise StackError(f"this stack hands no calls over: {target}")

    def press(self, keys: str) -> None:
        if self.stream is None:
            return
        if self.takes_events:
            self.stream.press(keys)
        else:
            press_tones(self.stream, keys)

    @property
    def takes_events(self) -> bool:
        return self.stream is not None and self.stream.event_type is not None

    def count(self) -> tuple[int, int] | None:
        return self.stream.counts if self.stream else None

    def dispose(self) -> None:
        if self.stream:
            self.stream.stop()
        self._rtp.close()

    def _request(self, method: str) -> None:
        """Send a request inside the dialog. Raises OSError."""
        self._number += 1
        text = self._office.sip.in_dialog_text(
            method, self._number, self.dialog, routes=self._routes
        )
        self._office.ask(self._exchange(method, text))

    # --------------------------------------------------------------- what is answered

    def _invited(self, response: Message) -> None:
        if response.code < 200:
            self._progress(response)
        elif response.code < 300:
            self._accepted(response)
        else:
            self._over(
                response.code,
                response.reason,
                wait=headers.retry_after(response.text),
                cause=headers.q850_cause(response.text),
            )

    def _progress(self, response: Message) -> None:
        if self._leaving:
            with contextlib.suppress(OSError):
                self._cancel()
            return
        if response.code == 100:
            return
        self._hears(audio(response.description))
        early = response.code == 183 and bool(response.description)
        if response.code == 180 or early:
            self._call.rings(early_media=bool(response.description))

    def _accepted(self, response: Message) -> None:
        if self._ack and response.tag("To") == self.dialog.tag("To"):
            self._office.send(self._ack)  # ours was lost
            return
        if self._ack:
            return  # another branch of a forked call; it ends by itself without an ACK
        self.dialog.headers["To"] = response.headers["To"]
        if response.first("Contact"):
            self.dialog.headers["Contact"] = response.first("Contact")
        else:
            self.dialog.headers["Contact"] = f"<{self._inviting.text.split(' ', 2)[1]}>"
        self._routes = list(reversed(response.route_set()))
        self._number = max(self._number, response.number)
        self._ack = self._office.sip.in_dialog_text(
            "ACK", response.number, self.dialog, routes=self._routes
        )
        self._office.send(self._ack)
        already_over = self.state is CallState.ENDED
        self.state = CallState.ANSWERED
        if already_over or self._leaving:
            self._says_goodbye()  # it crossed our CANCEL
            return
        described = audio(response.description)
        if self.stream is None or described is not None:
            self._hears(described)
        if self.stream is None:
            self._says_goodbye()
            self._call.ended(488, "no codec in common")
            return
        self._call.accepted()

    def _says_goodbye(self) -> None:
        with contextlib.suppress(OSError):
            self._request("BYE")

    def _in_dialog_answered(self, method: str, code: int) -> None:
        if method == "OPTIONS":
            self._call.probed(code)
        elif method == "BYE":
            self._over(200, "")

    def _over(self, status: int, reason: str, *, wait: int = 0, cause: int = 0) -> None:
        self.state = CallState.ENDED
        self._call.ended(status, reason, wait=wait, cause=cause)

    # ------------------------------------------------------------------------- the sound

    def _hears(self, described: Audio | None) -> None:
        """Send and take sound as the other side describes it."""
        codec = described.codec(self._office.codecs) if described else None
        if described is None or codec is None:
            return
        if self.stream is None:
            self.stream = Stream(
                self._rtp, described.address, codec, described.event_type, self._call.event
            )
            self._office.opens(self.stream)
        else:
            self.stream.agree(described.address, codec, described.event_type)
        self._call.sounds(StreamSound(self.stream))

    # ------------------------------------------------------------------ what we are asked

    def asked(self, request: Message) -> str:
        """Obey a request inside the dialog; return the response."""
        sip, method = self._office.sip, request.method
        if method == "BYE":
            self._call.leaves(headers.q850_cause(request.text))
            self._over(200, "", cause=headers.q850_cause(request.text))
            return sip.response_text(request, "200 OK")
        if method == "INVITE" or (method == "UPDATE" and request.description):
            return self._changes(request)
        if method == "INFO":
            key = headers.info_key(request.text)
            if key:
                self._call.key(key, "info")
        if method == "CANCEL" or method in _SERVED:
            return sip.response_text(request, "200 OK")
        return sip.response_text(request, "405 Method Not Allowed")

    def knows(self, request: Message) -> bool:
        """Return True where a request belongs to this dialog (RFC 3261, 12)."""
        ours, theirs = self.dialog.tag("From"), self.dialog.tag("To")
        return request.tag("To") == ours and theirs in ("", request.tag("From"))

    def acknowledged(self, request: Message) -> None:
        """An ACK came; with a description where our 200 was an offer."""
        self._office.relent(self.request.headers["Call-ID"])
        if request.description:
            self._hears(audio(request.description))

    def _changes(self, request: Message) -> str:
        """Answer an offer in the middle of a call (re-INVITE, UPDATE; RFC 3261, 14.2)."""
        sip = self._office.sip
        if self.stream is None:
            return sip.response_text(request, "491 Request Pending")
        offered = audio(request.description)
        if request.description and (offered is None or not offered.codec(self._office.codecs)):
            return sip.response_text(request, "488 Not Acceptable Here")
        if offered is not None:
            self._hears(offered)
        contact = request.first("Contact")
        if contact:
            self.dialog.headers["Contact"] = f"<{uri_of(contact)}>"
        codec, events = self.stream.preference, self.stream.event_type or EVENT_TYPE
        media: Media = {self.stream.inPort: {int(codec): codec, events: PayloadType.EVENT}}
        direction = offered.direction if offered else TransmitType.SENDRECV
        self._version += 1
        text = sip.answer_text(request, self.session_id, self._version, media, direction)
        if request.method == "INVITE":
            self._office.insist(text, request.source, self.request.headers["Call-ID"])
        return text
