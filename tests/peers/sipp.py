"""SIPp as the called person: a scenario put together from what the person does."""

import asyncio
import contextlib
import itertools
import signal
import socket
import subprocess
from pathlib import Path

from tests.peers.ports import free_port

_taken = itertools.count()

SDP = """v=0
o=person 53655765 2353687637 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio {media} RTP/AVP {codecs}
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
{event}a=ptime:20
"""
COPIED = """[last_Via:]
[last_From:]
[last_To:];tag=[pid]SIPpTag01[call_number]
[last_Call-ID:]
[last_CSeq:]
[last_Record-Route:]
Contact: <sip:[local_ip]:[local_port];transport=[transport]>"""
COPIED_IN_CALL = """[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port];transport=[transport]>"""


def response(status: str, *headers: str, sdp: str = "", copied: str = COPIED) -> str:
    """Return a step that answers the last request."""
    lines = "\n".join([copied, *headers])
    if sdp:
        lines += "\nContent-Type: application/sdp"
    return f"<send><![CDATA[\nSIP/2.0 {status}\n{lines}\nContent-Length: [len]\n\n{sdp}]]></send>"


def request(method: str, *headers: str, body: str = "") -> str:
    """Return a step that sends a request inside the call, as the called side."""
    lines = "\n".join(
        [
            f"{method} [next_url] SIP/2.0",
            "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]",
            "From: [$mine];tag=[pid]SIPpTag01[call_number]",
            "To: [$theirs]",
            "[last_Call-ID:]",
            f"CSeq: [cseq] {method}",
            "Max-Forwards: 70",
            "Contact: <sip:[local_ip]:[local_port];transport=[transport]>",
            *headers,
        ]
    )
    return f'<send retrans="500"><![CDATA[\n{lines}\nContent-Length: [len]\n\n{body}]]></send>'


def acknowledgement() -> str:
    """Return the ACK of our own INVITE inside the call."""
    lines = "\n".join(
        [
            "ACK [next_url] SIP/2.0",
            "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]",
            "From: [$mine];tag=[pid]SIPpTag01[call_number]",
            "To: [$theirs]",
            "[last_Call-ID:]",
            "CSeq: [cseq] ACK",
            "Max-Forwards: 70",
        ]
    )
    return f"<send><![CDATA[\n{lines}\nContent-Length: 0\n\n]]></send>"


def pause(milliseconds: int) -> str:
    """Return a step that waits."""
    return f'<pause milliseconds="{milliseconds}"/>'


def sound(capture: Path) -> str:
    """Return a step that plays a capture."""
    return f'<nop><action><exec play_pcap_audio="{capture}"/></action></nop>'


def expect(message: str, *, optional: bool = False) -> str:
    """Return a step that waits for a request (name) or response (number)."""
    kind = "response" if message.isdigit() else "request"
    also = ' optional="true"' if optional else ""
    return f'<recv {kind}="{message}"{also} crlf="true"></recv>'


INVITED = """<recv request="INVITE" crlf="true" rrs="true"><action>
<ereg regexp="sip:.*" search_in="hdr" header="Contact:" assign_to="contact"/>
<ereg regexp=".*" search_in="hdr" header="From:" assign_to="theirs"/>
<ereg regexp=".*" search_in="hdr" header="To:" assign_to="mine"/>
<ereg regexp="[^ ].*" search_in="hdr" header="Via:" assign_to="via"/>
</action></recv><Reference variables="contact,theirs,mine,via"/>"""


def answered(*, event: bool = True, codecs: str = "0 8", media: str = "auto_media_port") -> str:
    """Return the steps 180, 200 and ACK."""
    lines = "a=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15\n" if event else ""
    sdp = SDP.format(
        codecs=codecs + (" 101" if event else ""),
        event=lines,
        media=media if media.isdigit() else f"[{media}]",
    )
    return "".join((response("180 Ringing"), response("200 OK", sdp=sdp), expect("ACK")))


HANGS_UP = request("BYE", 'Reason: Q.850;cause=16;text="Normal call clearing"') + expect("200")
IS_HUNG_UP_ON = expect("BYE") + response("200 OK", copied=COPIED_IN_CALL)


CANCELLED = """<send retrans="500"><![CDATA[
SIP/2.0 487 Request Terminated
[last_Via:]
[last_From:]
[last_To:];tag=[pid]SIPpTag01[call_number]
[last_Call-ID:]
CSeq: [last_cseq_number] INVITE
Content-Length: 0

]]></send>"""
"""The answer to the INVITE after a CANCEL."""


class Person:
    """A SIPp process that answers calls after a scenario."""

    def __init__(
        self, folder: Path, *steps: str, transport: str = "u1", echo: bool = False, calls: int = 30
    ) -> None:
        self._folder = folder / f"sipp-{next(_taken)}"
        self._folder.mkdir(parents=True)
        scenario = self._folder / "scenario.xml"
        body = "\n".join((INVITED, *steps))
        scenario.write_text(
            f'<?xml version="1.0" encoding="UTF-8" ?>\n<scenario name="person">{body}</scenario>'
        )
        kind = socket.SOCK_STREAM if transport.startswith("t") else socket.SOCK_DGRAM
        self.port = free_port(kind)
        self.messages = self._folder / "messages.log"
        media = free_port(span=4)  # sound and video, each with its RTCP
        command = ["sipp", "-sf", str(scenario), "-i", "127.0.0.1", "-p", str(self.port)]
        command += ["-mi", "127.0.0.1", "-mp", str(media)]
        command += ["-t", transport, "-nostdin", "-nd", "-l", str(calls)]
        if calls <= 30:
            command += ["-trace_msg", "-message_file", str(self.messages)]
        command += ["-trace_err"]
        command += ["-error_file", str(self._folder / "errors.log"), "-aa"]
        if echo:
            command.append("-rtp_echo")
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        """Where it can be called."""
        return f"sip:127.0.0.1:{self.port}"

    async def __aenter__(self) -> "Person":
        self._process = await asyncio.to_thread(
            subprocess.Popen,
            self._command,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(10):
                while not self._listens():
                    assert self._process.poll() is None, self.errors()
                    await asyncio.sleep(0.02)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    def _listens(self) -> bool:
        wanted = f"0100007F:{self.port:04X}"
        return any(
            wanted in Path(table).read_text() for table in ("/proc/net/udp", "/proc/net/tcp")
        )

    def errors(self) -> str:
        """Return what SIPp complained of."""
        path = self._folder / "errors.log"
        return path.read_text() if path.exists() else ""

    def heard(self) -> str:
        """Return every SIP message sent and received so far."""
        return self.messages.read_text(errors="replace") if self.messages.exists() else ""

    def freeze(self) -> None:
        """Go silent: no SIP, no RTP, as a cable pulled out."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    async def __aexit__(self, *_: object) -> None:
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGCONT)
                self._process.kill()
            await asyncio.to_thread(self._process.wait)
