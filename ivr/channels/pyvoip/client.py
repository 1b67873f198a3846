"""The texts of one trunk's messages: pyVoIP's, with what is wrong in them put right.

What pyVoIP 1.6.8 writes wrong, and what becomes of it:

- its ACK carries a tag of its own invention in To: the other side knows no such dialog, repeats
  its 200 for 32 s and then ends the call; its 200 to a BYE does the same;
- ACK and BYE carry the INVITE's branch, and go where the INVITE went, past the proxies that want
  to be passed (RFC 3261, 12.2.1.1, 17.1.1.3);
- a Call-ID is the hash of a counter: the first call after a restart has the id of the first one
  before it;
- From shows the local address, the request URI loses port and parameters.
"""

import re
import secrets
from collections.abc import Sequence

from pyVoIP.RTP import PayloadType, TransmitType
from pyVoIP.SIP import SIPClient, SIPMessage
from pyVoIP.VoIP import VoIPPhone

from ivr.channels.pyvoip.digest import Credentials, answer, challenge
from ivr.channels.pyvoip.message import Message, mended, uri_of
from ivr.channels.pyvoip.whereabouts import address_of
from ivr.channels.sip.protocol import LineTrunk

EVENT_TYPE = 101
"""The payload type that we offer for telephone-event (RFC 4733)."""
PAYLOADS = {"PCMA": PayloadType.PCMA, "PCMU": PayloadType.PCMU}
METHODS = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, NOTIFY"
AGENT = "Huifang"
Media = dict[int, dict[int, PayloadType]]
"""As pyVoIP has it: for each RTP port the codecs, by their payload types."""


class Client(SIPClient):
    """Writes the messages to one trunk; sends and receives nothing itself."""

    def __init__(self, phone: VoIPPhone, trunk: LineTrunk, *, shown_address: str) -> None:
        """`shown_address`: ours, as the other side sees it. `myPort` is set once it is known."""
        host, at = address_of(trunk.outbound_proxy or f"sip:{trunk.target}")
        super().__init__(
            host, at, trunk.username, trunk.password, phone, myIP=shown_address, myPort=0
        )
        self._trunk = trunk
        self._user = uri_of(trunk.identity).removeprefix("sip:").partition("@")
        self._contact_user = f"{self._user[0]}@" if self._user[1] else ""

    # ---------------------------------------------------------------------- names and numbers

    def gen_tag(self) -> str:
        return secrets.token_hex(6)

    def gen_call_id(self) -> str:
        return f"{secrets.token_hex(16)}@{self.myIP}"

    @property
    def contact(self) -> str:
        """Where we can be reached inside a dialog."""
        return f"<sip:{self._contact_user}{self.myIP}:{self.myPort}>"

    def via(self, branch: str = "") -> str:
        """Return a Via of ours; `branch` where it is an old one."""
        branch = branch or self.gen_branch()
        return f"SIP/2.0/UDP {self.myIP}:{self.myPort};branch={branch};rport"

    def request_uri(self, user: str) -> str:
        """Return the URI to call `user` at the trunk."""
        return f"sip:{user}@{self._trunk.target}" if user else f"sip:{self._trunk.target}"

    def _proxies(self) -> list[str]:
        return [f"<{self._trunk.outbound_proxy}>"] if self._trunk.outbound_proxy else []

    # ------------------------------------------------------------------------------- requests

    def invite_text(self, user: str, rtp_port: int, session: int) -> str:
        """Return an INVITE that offers the trunk's codecs and telephone-event."""
        offered = {int(PAYLOADS[name]): PAYLOADS[name] for name in self._trunk.codecs}
        media: Media = {rtp_port: {**offered, EVENT_TYPE: PayloadType.EVENT}}
        call_id = self.gen_call_id()
        text = self.gen_invite(
            user,
            str(session),
            media,  # type: ignore[arg-type]
            TransmitType.SENDRECV,
            self.gen_branch(),
            call_id,
        )
        uri = self.request_uri(user)
        tag = self.tagLibrary.pop(call_id)
        return mended(
            text,
            {
                "Via": self.via(),
                "From": f"{self._trunk.identity};tag={tag}",
                "To": f"<{uri}>",
                "Contact": self.contact,
                "Route": self._proxies(),
                "Allow": METHODS,
                "User-Agent": AGENT,
            },
            line=f"INVITE {uri} SIP/2.0",
        )

    def cancel_text(self, invite: str) -> str:
        """Return the CANCEL of an INVITE: the same but for the method (RFC 3261, 9.1)."""
        asked = Message(invite.encode())
        number = f"{asked.number} CANCEL"
        uri = invite.split(" ", 2)[1]
        dropped = {"CSeq": number, "Contact": "", "Allow": "", "Authorization": ""}
        dropped["Proxy-Authorization"] = ""
        return mended(invite, dropped, line=f"CANCEL {uri} SIP/2.0", body="")

    def refusal_ack_text(self, invite: str, response: Message) -> str:
        """Return the ACK of a final response that is no 2xx: hop by hop (RFC 3261, 17.1.1.3)."""
        text = self.cancel_text(invite)
        uri = invite.split(" ", 2)[1]
        changed = {"CSeq": f"{response.number} ACK", "To": response.first("To")}
        return mended(text, changed, line=f"ACK {uri} SIP/2.0")

    def in_dialog_text(
        self,
        method: str,
        number: int,
        dialog: Message,
        *,
        routes: Sequence[str],
        branch: str = "",
    ) -> str:
        """Return a request inside the dialog that `dialog`, our INVITE, has become.

        Its headers From, To and Contact are those of the dialog by now, as pyVoIP keeps them.
        """
        self.tagLibrary[dialog.headers["Call-ID"]] = dialog.tag("From")
        text = self.gen_bye(dialog)
        del self.tagLibrary[dialog.headers["Call-ID"]]
        target = uri_of(dialog.headers["Contact"])
        changed: dict[str, str | Sequence[str]] = {
            "Via": self.via(branch),
            "CSeq": f"{number} {method}",
            "Contact": self.contact if method != "ACK" else "",
            "Route": routes,
            "Allow": METHODS if method != "ACK" else "",
            "User-Agent": AGENT,
        }
        return mended(text, changed, line=f"{method} {target} SIP/2.0")

    def register_text(self, number: int, call_id: str, *, expires: int) -> str:
        """Return a REGISTER; `expires` in seconds, 0 takes the registration back."""
        text = self.gen_first_response(deregister=not expires)
        identity = f"<{uri_of(self._trunk.identity)}>"
        changed = {
            "From": f"{identity};tag={self.gen_tag()}",
            "To": identity,
            "Contact": self.contact,
            "Call-ID": call_id,
            "CSeq": f"{number} REGISTER",
            "Expires": f"{expires}",
            "Route": self._proxies(),
            "Allow": METHODS,
            "Allow-Events": "",
            "User-Agent": AGENT,
        }
        return mended(text, changed, line=f"REGISTER {self._trunk.registrar} SIP/2.0")

    def options_text(self) -> str:
        """Return an OPTIONS to the trunk, outside of any call (RFC 3261, 11)."""
        text = self.gen_first_response()
        uri = self.request_uri("")
        changed = {
            "From": f"<{uri_of(self._trunk.identity)}>;tag={self.gen_tag()}",
            "To": f"<{uri}>",
            "Contact": self.contact,
            "CSeq": "1 OPTIONS",
            "Expires": "",
            "Route": self._proxies(),
            "Allow": METHODS,
            "Allow-Events": "",
            "User-Agent": AGENT,
        }
        return mended(text, changed, line=f"OPTIONS {uri} SIP/2.0")

    def answered_text(self, text: str, response: Message) -> str:
        """Return a request once more with the answer to a challenge (401, 407).

        Empty where it cannot be answered: no password, an unknown algorithm.
        """
        ours, theirs = ("Authorization", "WWW-Authenticate")
        if response.code == 407:
            ours, theirs = ("Proxy-Authorization", "Proxy-Authenticate")
        asked = challenge(response.all(theirs))
        if asked is None or not self.username:
            return ""
        method, uri, _ = text.split(" ", 2)
        who = Credentials(self.username, self.password)
        value = answer(asked, who, method, uri, cnonce=secrets.token_hex(8))
        number = f"{response.number + 1} {method}"
        return mended(text, {"Via": self.via(), "CSeq": number, ours: value})

    # ------------------------------------------------------------------------------ responses

    def _gen_response_via_header(self, request: SIPMessage) -> str:
        # Copied, not written anew: pyVoIP's copy loses parameters (RFC 3261, 8.2.6.2).
        assert isinstance(request, Message)  # noqa: S101 - no other is ever made here
        first, *others = request.all("Via")
        host, port = request.source
        came_from = f";received={host};rport={port}"  # RFC 3581, 4
        first = re.sub(r";\s*rport(?=;|$)", came_from, first)
        return "".join(f"Via: {via}\r\n" for via in (first, *others))

    def response_text(self, request: Message, status: str) -> str:
        """Return a response without a body."""
        to = request.first("To")
        if not request.tag("To"):
            to += f";tag={self.gen_tag()}"
        changed = {
            "From": request.first("From"),
            "To": to,
            "Contact": self.contact,
            "Allow": METHODS,
            "User-Agent": AGENT,
        }
        return mended(self.gen_ok(request), changed, line=f"SIP/2.0 {status}")

    def answer_text(
        self, request: Message, session: str, version: int, media: Media, send: TransmitType
    ) -> str:
        """Return the 200 with our description for a request that changes the sound (RFC 3264)."""
        call_id = request.headers["Call-ID"]
        self.tagLibrary[call_id] = request.tag("To")
        text = self.gen_answer(request, session, media, send)
        del self.tagLibrary[call_id]
        changed = {
            "From": request.first("From"),
            "To": request.first("To"),
            "Contact": self.contact,
            "Allow": METHODS,
            "User-Agent": AGENT,
        }
        body = text.partition("\r\n\r\n")[2]
        # Its version does not change with what it describes (RFC 3264, 8).
        origin = re.compile(rf"^(o=\S+ {session}) \d+", re.MULTILINE)
        return mended(text, changed, body=origin.sub(rf"\g<1> {version}", body))
