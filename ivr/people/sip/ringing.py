"""A call that a person makes: he rings whoever called him (RFC 3261: UAC, 8.1, 13.2)."""

import random

from ivr.people.person import Person
from ivr.people.sip import sdp
from ivr.people.sip.call import IncomingCall, Peer, Requests
from ivr.people.sip.media import Metronome
from ivr.people.sip.message import Message, uri_of
from ivr.people.sip.rtp import Impairment


class RingingCall(IncomingCall):
    """The life of one call, from his dialling on; once it is answered it is a call like any."""

    def __init__(
        self,
        peer: Peer,
        person: Person,
        requests: Requests,
        metronome: Metronome,
        *,
        number: str,
        called: str,
        host: str,
        dice: random.Random,
        impairment: Impairment,
        replies: list[float],
    ) -> None:
        """`number`: his own, as the network shows it; `called`: the one that he dials."""
        super().__init__(
            Message(f"INVITE sip:{called}@{peer.host}:{peer.port} SIP/2.0"),
            peer,
            person,
            requests,
            metronome,
            number=number,
            host=host,
            dice=dice,
            impairment=impairment,
            replies=replies,
        )
        self._theirs = Message("")
        """Their answer, once they have picked up."""
        self.invite.headers = [
            ("max-forwards", "70"),
            ("from", f"<sip:{number}@{host}>;tag={self.tag}"),
            ("to", f"<sip:{called}@{peer.host}>"),
            ("call-id", f"{dice.getrandbits(64):x}@{host}"),
            ("cseq", f"{self._cseq} INVITE"),
            ("contact", f"<{requests.contact(peer)}>"),
            ("content-type", "application/sdp"),
        ]
        self.invite.body = sdp.describe(host, self._stream.port, None)

    async def _live(self) -> None:
        self._log.info("rings-back")
        answer = await self._requests.exchange(self.invite, self.peer)
        if answer is None or answer.status != 200:
            self._log.info("is-refused", status=answer.status if answer else 408)
            if answer is not None:
                self._acknowledge(answer, self.invite.all("via"))
            self.end()
            return
        self._theirs, self._answered = answer, True
        self._acknowledge(answer, [])
        self._stream.agree(sdp.parse(answer.body))
        self._metronome.add(self._stream)
        self._actor.answered()

    def _acknowledge(self, answer: Message, via: list[str]) -> None:
        """Send the ACK: of a refusal within the INVITE's transaction (its `via`, 17.1.1.3), of an
        answer in one of its own (13.2.2.4)."""
        target = uri_of(answer.get("contact")) or self.invite.uri
        ack = Message(f"ACK {self.invite.uri if via else target} SIP/2.0")
        ack.headers = [
            *[("via", value) for value in via or [self._requests.via(self.peer)]],
            ("max-forwards", "70"),
            ("from", self.invite.get("from")),
            ("to", answer.get("to")),
            ("call-id", self.invite.get("call-id")),
            ("cseq", f"{self.invite.cseq[0]} ACK"),
        ]
        self.peer.send(ack)

    def _request(self, method: str) -> Message:
        """Build a request within the dialog (12.2.1.1): the caller's side of it."""
        self._cseq += 1
        target = uri_of(self._theirs.get("contact")) or self.invite.uri
        request = Message(f"{method} {target} SIP/2.0")
        request.headers = [
            ("max-forwards", "70"),
            *[("route", value) for value in reversed(self._theirs.all("record-route"))],
            ("from", self.invite.get("from")),
            ("to", self._theirs.get("to") or self.invite.get("to")),
            ("call-id", self.invite.get("call-id")),
            ("cseq", f"{self._cseq} {method}"),
            ("contact", f"<{self._requests.contact(self.peer)}>"),
        ]
        return request
