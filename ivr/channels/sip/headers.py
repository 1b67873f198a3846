"""What pjsua2 does not take apart: single headers and bodies of SIP messages. Pure."""

import re
from urllib.parse import unquote

_USER = re.compile(r"(?:sips?:([^@>\s]+)@|tel:([^>;\s]+))", re.IGNORECASE)
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


def caller(message: str) -> str:
    """Return the number of who calls, as the network writes it; empty: withheld or none.

    What the network asserts (P-Asserted-Identity, RFC 3325) goes before what the caller says of
    himself (From). Who asks for privacy (RFC 3323) is not looked up.
    """
    asked = header(message, "Privacy").lower()
    if asked and asked != "none":
        return ""
    for name in ("P-Asserted-Identity", "From", "f"):
        if (value := header(message, name)) and (number := _number(value)):
            return number
    return ""


def called(message: str) -> str:
    """Return the number in the request line, as the network writes it; empty: none."""
    return _number(message.split("\r\n", 1)[0].partition(" ")[2])


def _number(value: str) -> str:
    """Return the number of a SIP or tel URI (RFC 3261, 19.1; RFC 3966), or nothing."""
    found = _USER.search(value)
    user = unquote(found[1] or found[2]).partition(";")[0] if found else ""
    digits = re.sub(r"[\s().-]", "", user)
    return digits if re.fullmatch(r"\+?[0-9]{2,20}", digits) else ""


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
