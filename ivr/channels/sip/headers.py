"""What pjsua2 does not take apart: single headers and bodies of SIP messages. Pure."""

import re

_CAUSE = re.compile(r"Q\.850\s*;(?:.*?;)?\s*cause\s*=\s*(\d+)", re.IGNORECASE)
_SIGNAL = re.compile(r"^\s*Signal\s*=\s*([0-9A-Da-d*#]|1[01])\s*$", re.IGNORECASE | re.MULTILINE)


def header(message: str, name: str) -> str:
    """Return the first header `name` of a SIP message, or an empty string."""
    head = message.split("\r\n\r\n", 1)[0]
    for line in head.split("\r\n")[1:]:
        key, separator, value = line.partition(":")
        if separator and key.strip().lower() == name.lower():
            return value.strip()
    return ""


def q850_cause(message: str) -> int:
    """Return the Q.850 cause of the Reason header (RFC 3326), or 0."""
    head = message.split("\r\n\r\n", 1)[0]
    for line in head.split("\r\n")[1:]:
        if line[:7].lower().startswith("reason"):
            found = _CAUSE.search(line)
            if found:
                return int(found[1])
    return 0


def retry_after(message: str) -> int:
    """Return the seconds of the Retry-After header (RFC 3261, 20.33), or 0."""
    found = re.match(r"\d+", header(message, "Retry-After"))
    return int(found[0]) if found else 0


def has_sdp(message: str) -> bool:
    """Return True where the message carries a session description."""
    kind = header(message, "Content-Type") or header(message, "c")
    return "application/sdp" in kind.lower()


def info_key(message: str) -> str:
    """Return the key of an INFO (``application/dtmf``, ``application/dtmf-relay``), or nothing."""
    kind = _kind(message)
    if kind not in ("application/dtmf", "application/dtmf-relay"):
        return ""
    body = message.split("\r\n\r\n", 1)[-1].strip("\r\n\0 ")
    signal = _SIGNAL.search(body)
    key = (signal[1] if signal else body).upper()
    # Some switches write the events 10 and 11 for * and # (RFC 4733, table 3).
    key = {"10": "*", "11": "#"}.get(key, key)
    return key if len(key) == 1 and key in "0123456789*#ABCD" else ""


def plain_key(message: str) -> str:
    """Return the key of an INFO with ``application/dtmf`` (its body is the key), or nothing.

    ``application/dtmf-relay`` is pjsua's own business.
    """
    return info_key(message) if _kind(message) == "application/dtmf" else ""


def _kind(message: str) -> str:
    kind = header(message, "Content-Type") or header(message, "c")
    return kind.split(";")[0].strip().lower()


def conventional_events(sdp: str) -> str:
    """Return the description with telephone-event on payload type 101.

    pjsua numbers it 120. Any dynamic number is right (RFC 4733, 2.4.1), but there are gateways
    that send 101 whatever was offered.
    """
    found = re.search(r"^a=rtpmap:(\d+) telephone-event/8000", sdp, re.MULTILINE)
    if not found or re.search(r"^a=rtpmap:101 ", sdp, re.MULTILINE):
        return sdp
    old = found[1]
    sdp = re.sub(rf"^(m=audio .*) {old}\b", r"\1 101", sdp, flags=re.MULTILINE)
    return re.sub(rf"^a=(rtpmap|fmtp):{old} ", r"a=\1:101 ", sdp, flags=re.MULTILINE)
