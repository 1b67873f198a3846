"""SDP offers and answers of a G.711 phone with telephone-event (RFC 3264, 4566, 4733). Pure."""

import re
from dataclasses import dataclass

CODECS = {8: "PCMA", 0: "PCMU"}
"""Static payload types (RFC 3551, table 4)."""


class NoCommonCodec(ValueError):
    """The offer holds nothing that we speak."""


@dataclass(frozen=True)
class Media:
    """What the two sides agreed on."""

    host: str
    port: int
    """Where the other side wants its RTP; port 0 or host 0.0.0.0: nothing is to be sent."""
    codec: int
    """Payload type: 8 PCMA, 0 PCMU."""
    event: int | None
    """Payload type of telephone-event; None: not offered."""
    receives: bool = True
    """False where the other side only sends, or holds the call."""


def parse(body: bytes) -> Media:
    """Read an offer or answer. Raises NoCommonCodec."""
    host, port, formats = "", 0, list[int]()
    event: int | None = None
    direction = "sendrecv"
    audio = False
    for line in body.decode("utf-8", "replace").splitlines():
        if line.startswith("m="):
            parts = line[2:].split()
            audio = parts[0] == "audio" and not formats
            if audio and parts[2] in ("RTP/AVP", "RTP/AVPF"):
                port = int(parts[1].split("/")[0])
                formats = [int(each) for each in parts[3:] if each.isdigit()]
        elif line.startswith("c=") and (audio or not host):
            host = line.split()[-1].split("/")[0]
        elif match := re.match(r"a=rtpmap:(\d+)\s+telephone-event/8000", line, re.I):
            event = int(match.group(1)) if audio else event
        elif line in ("a=sendonly", "a=inactive", "a=recvonly", "a=sendrecv"):
            direction = line[2:]
    codec = next((each for each in formats if each in CODECS), None)
    if codec is None:
        raise NoCommonCodec(str(formats))
    return Media(host, port, codec, event, direction in ("sendrecv", "recvonly"))


def describe(host: str, port: int, media: Media | None, *, events: bool = True) -> bytes:
    """Return an answer to `media`, or an offer of all that we speak where it is None."""
    codecs = list(CODECS) if media is None else [media.codec]
    event = 101 if media is None else media.event
    formats = [str(codec) for codec in codecs]
    lines = [
        "v=0",
        f"o=- {port} 1 IN IP4 {host}",
        "s=-",
        f"c=IN IP4 {host}",
        "t=0 0",
    ]
    attributes = [f"a=rtpmap:{codec} {CODECS[codec]}/8000" for codec in codecs]
    if event is not None and events:
        formats.append(str(event))
        attributes += [f"a=rtpmap:{event} telephone-event/8000", f"a=fmtp:{event} 0-15"]
    lines.append(f"m=audio {port} RTP/AVP {' '.join(formats)}")
    direction = "sendrecv" if media is None or media.receives else "recvonly"
    lines += [*attributes, "a=ptime:20", f"a={direction}"]
    return "".join(f"{line}\r\n" for line in lines).encode()
