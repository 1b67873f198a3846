"""SIPp as a person who rings us: from a trunk's address, with the number the network shows."""

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path

from tests.peers.sipp import SDP, free_port

_INVITE = """<send retrans="500"><![CDATA[
INVITE sip:{called}@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: {shown};tag=[pid]caller[call_number]
To: <sip:{called}@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:network@[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
{headers}Content-Type: application/sdp
Content-Length: [len]

{sdp}]]></send>
<recv response="100" optional="true"></recv>
<recv response="180" optional="true"></recv>
"""
_IN_CALL = """<send{more}><![CDATA[
{method} [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: {shown};tag=[pid]caller[call_number]
To: <sip:{called}@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: {sequence} {method}
Max-Forwards: 70
Content-Length: 0

]]></send>
"""
_DECLINED = """<send><![CDATA[
ACK sip:{called}@[remote_ip]:[remote_port] SIP/2.0
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
"""
IS_HUNG_UP_ON = """<recv request="BYE"></recv>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
"""
HANGS_UP = "hangs up"
"""A step of `Caller`: BYE."""
RINGS_ONLY = "rings only"
"""A step of `Caller`: wait for the ringing, then nothing until it is cancelled."""


class Caller:
    """A SIPp process that rings once and does `steps` after the answer."""

    def __init__(
        self,
        folder: Path,
        number: str,
        port: int,
        *steps: str,
        refused: int = 0,
        headers: Sequence[str] = (),
        shown: str = "",
        address: str = "127.0.0.1",
        called: str = "12345",
    ) -> None:
        """`port`: ours; `refused`: the status with which it is to be refused; `address`: whence."""
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        names = {"shown": shown or f"<sip:{number}@127.0.0.1>", "called": called}
        sdp = SDP.format(
            codecs="8 101",
            event="a=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15\n",
            media="[auto_media_port]",
        )
        said = "".join(f"{line}\n" for line in headers)
        body = _INVITE.format(**names, headers=said, sdp=sdp)
        if refused:
            body += f'<recv response="{refused}"></recv>' + _DECLINED.format(**names)
        else:
            body += '<recv response="200" rrs="true"></recv>'
            body += _IN_CALL.format(**names, method="ACK", sequence=1, more="")
            for step in steps:
                if step == HANGS_UP:
                    body += _IN_CALL.format(
                        **names, method="BYE", sequence=2, more=' retrans="500"'
                    )
                    body += '<recv response="200"></recv>'
                else:
                    body += step
        scenario = self._folder / "caller.xml"
        scenario.write_text(
            f'<?xml version="1.0" encoding="UTF-8" ?>\n<scenario name="caller">{body}</scenario>'
        )
        media = free_port(span=4)
        self._command = ["sipp", f"127.0.0.1:{port}", "-sf", str(scenario), "-m", "1"]
        self._command += ["-i", address, "-p", str(free_port()), "-mi", address, "-mp", str(media)]
        self._command += ["-nostdin", "-nd", "-trace_err", "-aa"]
        self._command += ["-error_file", str(self._folder / "errors.log"), "-timeout", "60s"]
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> "Caller":
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            cwd=self._folder,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        return self

    async def finished(self) -> bool:
        """Wait for the end; return whether all went as written."""
        assert self._process
        async with asyncio.timeout(70):
            return await self._process.wait() == 0

    def errors(self) -> str:
        """Return what SIPp complained of."""
        path = self._folder / "errors.log"
        return path.read_text(errors="replace") if path.exists() else ""

    async def __aexit__(self, *_: object) -> None:
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
