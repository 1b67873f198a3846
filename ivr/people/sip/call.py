"""One incoming call, answered as its person does (RFC 3261: UAS, 8.2, 12.1.1, 13.3, 14.2, 15)."""

import asyncio
import contextlib
import random
from typing import Protocol

import structlog

from core.phone import mask
from ivr.people.person import BEEP_HERTZ, BEEP_SECONDS, GREETING_SECONDS, Person, Speak, Tone
from ivr.people.sip import sdp, sound
from ivr.people.sip.acting import Actor
from ivr.people.sip.hearing import LOUD_PACKETS
from ivr.people.sip.media import BEAT, Metronome, Stream
from ivr.people.sip.message import Message, parameter, received, reply, uri_of
from ivr.people.sip.rtp import GAP_FRAMES, Frame, Impairment, Sound, key_events
from ivr.people.sip.words import recorded, spoken

T1, T2, GIVE_UP = 0.5, 4.0, 32.0
"""Seconds: round-trip estimate, longest repeat interval, 64*T1 (RFC 3261, table 4)."""
ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, REGISTER"
PHRASES = {
    100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 400: "Bad Request",
    401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed", 420: "Bad Extension",
    480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist", 486: "Busy Here",
    487: "Request Terminated", 488: "Not Acceptable Here", 503: "Service Unavailable",
    603: "Decline",
}  # fmt: skip
Q850 = {
    480: 'Q.850;cause=20;text="Subscriber absent"',
    404: 'Q.850;cause=1;text="Unallocated number"',
}
"""Reason headers (RFC 3326, RFC 6432) that networks send along."""

log = structlog.get_logger(__name__)


class Peer(Protocol):
    """Where a message came from and answers go to: a UDP address or a TCP connection."""

    host: str
    port: int
    transport: str

    def send(self, message: Message) -> None:
        """Send to the peer; a lost connection loses the message."""
        ...


class Requests(Protocol):
    """Sends requests of ours and waits for their final response."""

    async def ask(self, request: Message, peer: Peer) -> int:
        """Return the final status; 408 when there was none."""
        ...

    async def exchange(self, request: Message, peer: Peer) -> Message | None:
        """Return the final response; None when there was none."""
        ...

    def via(self, peer: Peer) -> str:
        """Return the Via of a new transaction with `peer`."""
        ...

    def contact(self, peer: Peer) -> str:
        """Return our Contact URI as seen from `peer`."""
        ...

    def missed(self, call: "IncomingCall") -> None:
        """The person of `call` was not reached by it."""
        ...


class IncomingCall:
    """The life of one call, from the INVITE on."""

    def __init__(
        self,
        invite: Message,
        peer: Peer,
        person: Person,
        requests: Requests,
        metronome: Metronome,
        *,
        number: str,
        host: str,
        dice: random.Random,
        impairment: Impairment,
        replies: list[float],
    ) -> None:
        """`replies`: where it is noted how long the caller took to reply to what was said."""
        self.invite, self.peer, self.person, self.number = invite, peer, person, number
        self.tag = f"{dice.getrandbits(48):x}"
        self._requests, self._metronome, self._host = requests, metronome, host
        self._stream = Stream(host, dice, impairment)
        self._dice = dice
        self._last: Message | None = None
        """The last response to the INVITE: repeated when the INVITE is."""
        self._acked = asyncio.Event()
        self._answered = self.over = self.lingering = False
        self._spoke_until = 0.0
        self._cseq = dice.randrange(1, 1000)
        self._actor = Actor(person.script, self)
        self._replies = replies
        self._stream.on_began, self._stream.on_ended = self._began, self._actor.ended
        self._log = log.bind(number=mask(number), person=person.behaviour.value)
        self._life: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Ring."""
        self._life = asyncio.create_task(self._live())

    # ------------------------------------------------------------------------------- life

    async def _live(self) -> None:
        person = self.person
        self._log.info("rings")
        self._respond(100)
        await asyncio.sleep(0.05)
        if person.rings or not (person.status or person.early):
            self._respond(180)
            if not person.status and not person.early:
                await asyncio.Event().wait()  # until the caller gives up
            await asyncio.sleep(person.rings)
        if person.status != 200 and not person.early:
            self._log.info("declines", status=person.status)
            await self._refuse(person.status)
            return
        offer = self.invite.body
        try:
            media = sdp.parse(offer) if offer else None
        except sdp.NoCommonCodec:
            await self._refuse(488)
            return
        if media is not None:
            self._stream.agree(media)
        self._metronome.add(self._stream)
        # Who presses tones has a phone without telephone-event; callers listen for them then.
        events = person.keys_by == "rfc4733"
        body = sdp.describe(self._host, self._stream.port, media, events=events)
        if person.early:
            await self._announce(body)
        if person.status != 200:
            self._log.info("declines", status=person.status)
            await self._refuse(person.status)
            return
        self._answered = True
        self._log.info("answers")
        if not await self._final(200, body):
            await self.hang_up()
            return
        await self._greet()

    async def _announce(self, body: bytes) -> None:
        """Play what the network says on early media; for ever where nobody answers."""
        self._log.info("announces")
        self._respond(183, body)
        await self._sound(self.person.early)
        while not self.person.status:
            await self._sound(self.person.early)
        await asyncio.sleep(0.3)  # what was sent last is still being heard

    async def _sound(self, what: tuple[Speak | Tone, ...]) -> None:
        """Let sounds be heard one after another; returns when they are over."""
        codec = self._codec
        for each in what:
            self._stream.say([Sound(sound.silence(codec))] * round(each.after / BEAT))
            if isinstance(each, Tone):
                self._say(sound.tone(each.hertz, each.seconds, codec))
            elif each.words:
                self._stream.say(self._frames(await spoken(each.words, each.language, codec)))
            else:
                self._say(sound.babble(each.seconds, codec))
        await asyncio.sleep(self._stream.waiting)

    async def _greet(self) -> None:
        codec = self._codec
        if self.person.greeting:
            await self._sound(self.person.greeting)
            self._actor.answered()
        elif self.person.machine:
            self._say(sound.babble(GREETING_SECONDS, codec))
            self._say(sound.beep(BEEP_HERTZ, BEEP_SECONDS, codec))
        else:
            await asyncio.sleep(0.2)
            self._say(sound.babble(0.4, codec))
            self._actor.answered()

    async def _refuse(self, status: int) -> None:
        self.over = True
        await self._final(status)
        self._close()
        self._requests.missed(self)

    async def _final(self, status: int, body: bytes = b"") -> bool:
        """Send a final response until it is acknowledged (13.3.1.4, 17.2.1)."""
        self._respond(status, body)
        interval, waited = T1, 0.0
        while waited < GIVE_UP:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._acked.wait(), interval)
                return True
            waited, interval = waited + interval, min(2 * interval, T2)
            if self._last is not None and (status < 300 or self.peer.transport == "UDP"):
                self.peer.send(self._last)
        return False

    def _respond(self, status: int, body: bytes = b"") -> None:
        headers: dict[str, str] = {}
        if 100 < status < 300:
            headers = {"contact": f"<{self._requests.contact(self.peer)}>", "allow": ALLOW}
        if status in Q850:
            headers["reason"] = Q850[status]
        tag = self.tag if status > 100 else ""
        self._last = reply(self.invite, status, PHRASES[status], tag=tag, **headers)
        if body:
            self._last.headers.append(("content-type", "application/sdp"))
            self._last.body = body
        self.peer.send(self._last)

    # --------------------------------------------------------------------- what is received

    def take(self, request: Message, peer: Peer) -> None:
        """Take a request of this call."""
        method = request.method
        if method == "ACK":
            self._acknowledged(request)
        elif method == "INVITE" and request.cseq == self.invite.cseq:
            if self._last is not None:
                peer.send(self._last)
        elif method == "INVITE":
            self._offered_again(request, peer)
        elif method == "CANCEL":
            self._answer(request, peer, 200)
            self._cancelled()
        elif method == "BYE":
            self._answer(request, peer, 200)
            if not self.over:
                self._log.info("hears-hang-up", packets=self._stream.packets_heard)
            self.end()
        else:
            self._answer(request, peer, 200 if method in ("INFO", "OPTIONS") else 405)

    def _acknowledged(self, ack: Message) -> None:
        if self._answered and self._stream.media is None:
            try:
                self._stream.agree(sdp.parse(ack.body))  # the answer to an offer of ours
            except sdp.NoCommonCodec:
                self._log.warning("no-codec")
        self._acked.set()

    def _offered_again(self, request: Message, peer: Peer) -> None:
        """Answer a re-INVITE (14.2): hold, resume, a refreshed session."""
        if self.over or not self._answered:
            return self._answer(request, peer, 481 if self.over else 488)
        if request.body:
            try:
                self._stream.agree(sdp.parse(request.body))
            except sdp.NoCommonCodec:
                return self._answer(request, peer, 488)
        # Its repeats until the ACK are left out: a lost one makes the caller send again.
        body = sdp.describe(self._host, self._stream.port, self._stream.media)
        return self._answer(request, peer, 200, body)

    def _answer(self, request: Message, peer: Peer, status: int, body: bytes = b"") -> None:
        response = reply(
            request,
            status,
            PHRASES[status],
            tag=self.tag,
            contact=f"<{self._requests.contact(peer)}>",
            allow=ALLOW,
        )
        if body:
            response.headers.append(("content-type", "application/sdp"))
            response.body = body
        peer.send(response)

    def _cancelled(self) -> None:
        if self.over or self._answered:
            return
        self._log.info("rang-in-vain")
        if self._life is not None:
            self._life.cancel()
        self._life = asyncio.create_task(self._refuse(487))

    # --------------------------------------------------------------------- what a person does

    async def press(self, keys: str) -> None:
        """Press keys the way this person's phone sends them."""
        self._log.info("presses", keys=keys, by=self.person.keys_by)
        for key in keys:
            if self.person.keys_by == "info":
                await self._inform(key)
                await asyncio.sleep(0.2)
                continue
            self._stream.say(self._pressed(key))
            await asyncio.sleep(self._stream.waiting)

    def _pressed(self, key: str) -> list[Frame]:
        """Return the packets of one press by event or tone, with the pause behind it."""
        pause: list[Frame] = [Sound(sound.silence(self._codec))] * GAP_FRAMES
        if self.person.keys_by == "rfc4733" and self._event is not None:
            return [*key_events(key), *pause]
        return [*self._frames(sound.key_tone(key, self._codec)), *pause]

    async def speak(self, what: Speak) -> None:
        """Say something."""
        self._log.info("speaks", words=what.words, seconds=what.seconds)
        codec = self._codec
        if what.pcm:
            said = self._frames(recorded(what.pcm, codec))
        elif what.words:
            said = self._frames(await spoken(what.words, what.language, codec))
        else:
            said = self._frames(sound.babble(what.seconds, codec))
        middle = len(said) // 2
        keys = [frame for key in what.pressing for frame in self._pressed(key)]
        self._stream.say([*said[:middle], *keys, *said[middle:]])
        await asyncio.sleep(self._stream.waiting)
        self._spoke_until = asyncio.get_running_loop().time()

    def _began(self) -> None:
        """A prompt begins."""
        if self._spoke_until:
            late = (LOUD_PACKETS - 1) * BEAT
            self._replies.append(asyncio.get_running_loop().time() - late - self._spoke_until)
            self._spoke_until = 0.0
        self._actor.began()

    async def hang_up(self) -> None:
        """Send BYE."""
        if self.over:
            return
        self._log.info("hangs-up")
        self.end()
        await self._requests.ask(self._request("BYE"), self.peer)

    def end(self) -> None:
        """The call is over: stop everything."""
        self.over = True
        self._actor.leave()
        if self._life is not None and self._life is not asyncio.current_task():
            self._life.cancel()
        self._close()

    async def _inform(self, key: str) -> None:
        """Send a key in the body that most phones use for it."""
        request = self._request("INFO")
        request.headers.append(("content-type", "application/dtmf-relay"))
        request.body = f"Signal={key}\r\nDuration=160\r\n".encode()
        await self._requests.ask(request, self.peer)

    def _request(self, method: str) -> Message:
        """Build a request within the dialog (12.2.1.1): route set in the INVITE's order."""
        self._cseq += 1
        target = uri_of(self.invite.get("contact")) or uri_of(self.invite.get("from"))
        request = Message(f"{method} {target} SIP/2.0")
        own = self.invite.get("to")
        own = own if parameter(own, "tag") else f"{own};tag={self.tag}"
        request.headers = [
            ("max-forwards", "70"),
            *[("route", value) for value in self.invite.all("record-route")],
            ("from", own),
            ("to", self.invite.get("from")),
            ("call-id", self.invite.get("call-id")),
            ("cseq", f"{self._cseq} {method}"),
            ("contact", f"<{self._requests.contact(self.peer)}>"),
        ]
        return request

    @property
    def _codec(self) -> int:
        return self._stream.media.codec if self._stream.media else 8

    @property
    def _event(self) -> int | None:
        return self._stream.media.event if self._stream.media else None

    def _say(self, payload: bytes) -> None:
        self._stream.say(self._frames(payload))

    def _frames(self, payload: bytes) -> list[Frame]:
        return [Sound(each) for each in sound.frames(payload, self._codec)]

    def _close(self) -> None:
        self._metronome.remove(self._stream)
        self._stream.close()


def with_source(request: Message, peer: Peer) -> Message:
    """Note in the topmost Via where the request came from."""
    for index, (name, value) in enumerate(request.headers):
        if name == "via":
            first, comma, others = value.partition(",")
            noted = received(first.strip(), peer.host, peer.port)
            request.headers[index] = ("via", noted + comma + others)
            break
    return request
