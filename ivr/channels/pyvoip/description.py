"""What a session description says of the sound (RFC 4566, RFC 3264). Pure.

pyVoIP puts the addresses of all media on one heap, takes the first codec whether it was offered or
not, and opens a port twice where the address stands both above and below the media line.
"""

import re
from dataclasses import dataclass

from pyVoIP.RTP import PayloadType, TransmitType

_CODECS = {"PCMA": PayloadType.PCMA, "PCMU": PayloadType.PCMU}
_STATIC = {"0": "PCMU", "8": "PCMA"}
_ANSWERS = {
    "sendonly": TransmitType.RECVONLY,
    "recvonly": TransmitType.SENDONLY,
    "inactive": TransmitType.INACTIVE,
}


@dataclass(frozen=True)
class Audio:
    """The other side's end of the sound."""

    address: tuple[str, int]
    """Where RTP goes; port 0: nowhere."""
    codecs: tuple[PayloadType, ...]
    """Those that we know, best first."""
    event_type: int | None
    """The payload type of telephone-event; None: not taken."""
    direction: TransmitType
    """What we are to answer."""

    def codec(self, offered: list[str]) -> PayloadType | None:
        """Return the first codec that we `offered` too; None where there is none."""
        ours = [_CODECS[name] for name in offered]
        return next((codec for codec in self.codecs if codec in ours), None)


def audio(description: str) -> Audio | None:
    """Return the first audio stream of a description; None where there is none."""
    session, *media = re.split(r"^(?=m=)", description.replace("\r\n", "\n"), flags=re.MULTILINE)
    section = next((each for each in media if each.startswith("m=audio ")), None)
    if section is None:
        return None
    line = section.partition("\n")[0].split()
    port, types = re.match(r"\d+", line[1]), line[3:]
    where = _value(section, r"c=IN IP4 (\S+)") or _value(session, r"c=IN IP4 (\S+)")
    if port is None or not where:
        return None
    names = _STATIC | {
        kind: name.upper()
        for kind, name in re.findall(r"^a=rtpmap:(\d+) ([^/\s]+)/8000", section, re.MULTILINE)
    }
    known = [(kind, names[kind]) for kind in types if kind in names]
    events = [int(kind) for kind, name in known if name == "TELEPHONE-EVENT"]
    wanted = r"^a=(sendonly|recvonly|inactive|sendrecv)\s*$"
    direction = _value(section, wanted) or _value(session, wanted)
    return Audio(
        (where.partition("/")[0], int(port[0])),
        tuple(_CODECS[name] for kind, name in known if _STATIC.get(kind) == name),
        events[0] if events else None,
        _ANSWERS.get(direction, TransmitType.SENDRECV),
    )


def _value(text: str, pattern: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    return found[1] if found else ""
