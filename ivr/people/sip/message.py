"""SIP messages as far as a called phone needs them (RFC 3261, 7 and 18.3). Pure.

Written apart from the calling side on purpose: what is tested against it meets a second reading
of the standard.
"""

import re
from dataclasses import dataclass, field

_COMPACT = {
    "i": "call-id",
    "m": "contact",
    "f": "from",
    "t": "to",
    "c": "content-type",
    "l": "content-length",
    "v": "via",
    "k": "supported",
    "s": "subject",
    "e": "content-encoding",
}
_CANONICAL = {"call-id": "Call-ID", "cseq": "CSeq", "www-authenticate": "WWW-Authenticate"}


class NotSip(ValueError):
    """These bytes are no SIP message."""


@dataclass
class Message:
    """A request or a response; header names are lower case, compact forms spelled out."""

    start: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    @property
    def method(self) -> str:
        """The method of a request; empty for a response."""
        return "" if self.start.startswith("SIP/2.0 ") else self.start.split(" ", 1)[0]

    @property
    def uri(self) -> str:
        """The Request-URI."""
        return self.start.split(" ")[1]

    @property
    def status(self) -> int:
        """The status of a response; 0 for a request."""
        return int(self.start.split(" ")[1]) if self.start.startswith("SIP/2.0 ") else 0

    def get(self, name: str) -> str:
        """Return the first header of that name, or an empty string."""
        return next((value for key, value in self.headers if key == name), "")

    def all(self, name: str) -> list[str]:
        """Return all headers of that name, in order."""
        return [value for key, value in self.headers if key == name]

    @property
    def cseq(self) -> tuple[int, str]:
        """Number and method of CSeq."""
        number, _, method = self.get("cseq").partition(" ")
        return int(number), method.strip()

    def encode(self) -> bytes:
        """Return the message as it goes over the wire, Content-Length included."""
        lines = [self.start]
        for name, value in self.headers:
            if name != "content-length":
                lines.append(f"{_CANONICAL.get(name, name.title())}: {value}")
        lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


def parse(data: bytes) -> Message:
    """Read one message. Raises NotSip."""
    head, _, body = data.partition(b"\r\n\r\n")
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError:
        raise NotSip("not UTF-8") from None
    # A line that begins with white space goes on from the one before (RFC 3261, 7.3.1).
    lines = re.sub(r"\r\n[ \t]+", " ", text).split("\r\n")
    start = lines[0]
    if not (start.startswith("SIP/2.0 ") or start.endswith(" SIP/2.0")) or start.count(" ") < 2:
        raise NotSip(start[:40])
    message = Message(start)
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise NotSip(line[:40])
        name = name.strip().lower()
        message.headers.append((_COMPACT.get(name, name), value.strip()))
    try:
        length = int(message.get("content-length") or len(body))
        _ = message.cseq, message.status
    except ValueError:
        raise NotSip("number expected") from None
    if length > len(body):
        raise NotSip("cut off")
    message.body = body[:length]
    return message


def framed(buffer: bytearray) -> list[bytes]:
    """Take whole messages off the front of a TCP stream's buffer (RFC 3261, 18.3).

    An empty element is a keep-alive (double CRLF, RFC 5626, 4.4.1). Raises NotSip.
    """
    found: list[bytes] = []
    while buffer:
        if buffer.startswith(b"\r\n"):
            if len(buffer) < 4:
                break
            if buffer.startswith(b"\r\n\r\n"):
                found.append(b"")
                del buffer[:4]
            else:
                del buffer[:2]
            continue
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(buffer) > 65536:
                raise NotSip("endless header")
            break
        match = re.search(rb"\r\n(?:content-length|l)[ \t]*:[ \t]*(\d+)", buffer[:end], re.I)
        whole = end + 4 + (int(match.group(1)) if match else 0)
        if len(buffer) < whole:
            break
        found.append(bytes(buffer[:whole]))
        del buffer[:whole]
    return found


def parameter(value: str, name: str) -> str:
    """Return a header parameter (``;tag=abc``), or an empty string."""
    match = re.search(rf";\s*{re.escape(name)}\s*=\s*\"?([^;,\"\s]+)", value, re.I)
    return match.group(1) if match else ""


def uri_of(value: str) -> str:
    """Return the URI of a name-addr or addr-spec."""
    match = re.search(r"<([^>]*)>", value)
    return match.group(1) if match else value.split(";")[0].strip()


def user_of(uri: str) -> str:
    """Return the user part of a SIP or tel URI, visual separators and parameters left out."""
    match = re.match(r"(?:sips?:([^@;]*)@|tel:([^;]*))", uri, re.I)
    user = (match.group(1) or match.group(2) or "") if match else ""
    return re.sub(r"[-.() ]", "", user.split(";")[0].split(":")[0])


def received(via: str, host: str, port: int) -> str:
    """Return the topmost Via with where the request really came from (RFC 3581, 4)."""
    if re.search(r";\s*rport\b(?!\s*=)", via, re.I):
        via = re.sub(r";\s*rport\b", f";rport={port}", via, count=1, flags=re.I)
        return f"{via};received={host}"
    return via if f" {host}" in via.split(";")[0] else f"{via};received={host}"


def reply(request: Message, status: int, phrase: str, *, tag: str = "", **headers: str) -> Message:
    """Build a response (RFC 3261, 8.2.6); keyword headers use ``_`` for ``-``."""
    message = Message(f"SIP/2.0 {status} {phrase}")
    for name in ("via", "from", "to", "call-id", "cseq"):
        for value in request.all(name):
            if name == "to" and tag and not parameter(value, "tag"):
                value = f"{value};tag={tag}"
            message.headers.append((name, value))
    if request.method == "INVITE" and 100 < status < 300:
        message.headers += [("record-route", value) for value in request.all("record-route")]
    message.headers += [(name.replace("_", "-"), value) for name, value in headers.items()]
    return message
