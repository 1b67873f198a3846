"""SIP messages: pyVoIP's, read with more patience, and its texts put right.

pyVoIP 1.6.8 drops a message whole where one header has no space after its colon, is empty, folded
or of compact form (RFC 3261, 7.3) and where the status or the method is not in its
list. What is dropped is not answered: a trunk that gets no answer to its
OPTIONS, UPDATE or re-INVITE ends the call (RFC 4028, RFC 3261 14.1).
"""

import re
from collections.abc import Mapping, Sequence

import pyVoIP.VoIP  # noqa: F401 - before pyVoIP.SIP, which imports it in a circle
from pyVoIP.SIP import SIPMessage, SIPMessageType, SIPParseError, SIPStatus

_COMPACT = {
    "c": "Content-Type",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "o": "Event",
    "s": "Subject",
    "t": "To",
    "v": "Via",
}
_USUAL = (
    "Via", "From", "To", "Call-ID", "CSeq", "Contact", "Content-Type", "Content-Length",
    "Record-Route", "Reason", "Retry-After", "WWW-Authenticate", "Proxy-Authenticate", "Expires",
)  # fmt: skip
_NAMES = {name.lower(): name for name in _USUAL}
"""Names are written in any case (RFC 3261, 7.3.1), and pyVoIP knows one."""
_TAG = re.compile(r";\s*tag\s*=\s*([^;\s>]+)\s*(?:;.*)?$", re.IGNORECASE)
_VERSION = "SIP/2.0"


class Message(SIPMessage):
    """One message. Raises SIPParseError for what is none."""

    text: str
    """As it came, with every header on one line and under its full name."""
    code: int
    """The status of a response; 0: a request."""
    reason: str
    """The reason phrase of a response."""
    method: str
    """Of the request; a response's is `answers`."""
    source: tuple[str, int]
    """The address it came from."""
    description: str
    """The session description (SDP), or an empty string."""

    def __init__(self, data: bytes, source: tuple[str, int] = ("", 0)) -> None:
        self.source = source
        super().__init__(data)

    def parse(self, data: bytes) -> None:
        head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
        first, *lines = re.sub(r"\r\n[ \t]+", " ", head).split("\r\n")
        self.heading = first.encode()
        self.code, self.reason, self.method = 0, "", ""
        self._read_first(first)
        self.fields: list[tuple[str, str]] = []
        for line in lines:
            name, colon, value = line.partition(":")
            if colon:
                name = name.strip()
                full = _COMPACT.get(name.lower()) or _NAMES.get(name.lower(), name)
                self.fields.append((full, value.strip()))
        self.text = "\r\n".join([first, *(f"{n}: {v}" for n, v in self.fields)]) + f"\r\n\r\n{body}"
        for name in dict.fromkeys(name for name, _ in self.fields):
            self._read_header(name)
        self.description = body if "application/sdp" in self.first("Content-Type").lower() else ""
        for needed in ("From", "To", "Call-ID", "CSeq"):
            if needed not in self.headers:
                raise SIPParseError(f"no {needed}")
        if not (self.headers["Via"] and self.headers["CSeq"]["check"].isdecimal()):
            raise SIPParseError("no Via, or no number in CSeq")

    def _read_first(self, line: str) -> None:
        words = line.split(" ", 2)
        if len(words) >= 2 and words[0] == _VERSION and words[1].isdigit():
            self.type, self.version, self.code = SIPMessageType.RESPONSE, _VERSION, int(words[1])
            self.reason = words[2] if len(words) > 2 else ""
            try:
                self.status = SIPStatus(self.code)
            except ValueError:  # an unknown status counts as the x00 of its class (8.1.3.2)
                self.status = SIPStatus(min(max(self.code // 100, 1), 6) * 100)
        elif len(words) == 3 and words[2].strip() == _VERSION:
            self.type, self.version, self.method = SIPMessageType.MESSAGE, _VERSION, words[0]
        else:
            raise SIPParseError(line[:80])

    def _read_header(self, name: str) -> None:
        """Have pyVoIP take a header apart; what it cannot stays as it is."""
        value = self.first(name)
        try:
            self.parse_header(name, self.all("Via") if name == "Via" else value)  # type: ignore[arg-type]
        except (IndexError, ValueError, KeyError):
            if name in ("Via", "CSeq", "Content-Length"):
                raise SIPParseError(f"{name}: {value}") from None
            self.headers[name] = {"raw": value, "tag": ""} if name in ("From", "To") else value
        if name in ("From", "To"):
            found = _TAG.search(value)
            self.headers[name] |= {
                "raw": value[: found.start()] if found else value,
                "tag": found[1] if found else "",
            }

    def all(self, name: str) -> list[str]:
        """Return every value of a header, in order."""
        return [value for each, value in self.fields if each == name]

    def first(self, name: str) -> str:
        """Return the first value of a header, or an empty string."""
        return next(iter(self.all(name)), "")

    @property
    def answers(self) -> str:
        """The method that CSeq names."""
        return str(self.headers["CSeq"]["method"])

    @property
    def number(self) -> int:
        """The number that CSeq gives."""
        return int(self.headers["CSeq"]["check"])

    @property
    def branch(self) -> str:
        """Of the topmost Via: names the transaction (RFC 3261, 17)."""
        return str(self.headers["Via"][0].get("branch", "")) if self.headers["Via"] else ""

    def tag(self, name: str) -> str:
        """Return the tag of From or To, or an empty string."""
        return str(self.headers[name]["tag"])

    def route_set(self) -> list[str]:
        """Return the proxies of Record-Route, nearest last, one each."""
        return [
            each.strip()
            for value in self.all("Record-Route")
            for each in re.split(r",(?=\s*(?:\"[^\"]*\"\s*)?<)", value)
        ]


def uri_of(value: str) -> str:
    """Return the URI of a Contact, From or Route header (RFC 3261, 20.10)."""
    found = re.search(r"<([^>]*)>", value)
    return found[1] if found else value.split(";")[0].strip()


def mended(
    text: str,
    headers: Mapping[str, str | Sequence[str]],
    *,
    line: str = "",
    body: str | None = None,
) -> str:
    """Return one of pyVoIP's texts with other headers, an other first line, an other body.

    A header given as an empty string or list is taken out; a new one is put in at the end.
    """
    head, _, old_body = text.partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    given = {name.lower(): (name, value) for name, value in headers.items()}
    left = dict(given)
    out = [line or first]
    content = old_body if body is None else body
    for each in lines:
        name = each.partition(":")[0].strip().lower()
        if name == "content-length" or (name == "content-type" and not content):
            continue
        if name not in given:
            out.append(each)
        elif name in left:
            out += _written(*left.pop(name))
    for name, value in left.values():
        out += _written(name, value)
    length = len(content.encode())
    return "\r\n".join([*out, f"Content-Length: {length}"]) + f"\r\n\r\n{content}"


def _written(name: str, value: str | Sequence[str]) -> list[str]:
    values = [value] if isinstance(value, str) else value
    return [f"{name}: {each}" for each in values if each]
