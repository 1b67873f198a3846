"""Kannel's sendsms as the people's gateway takes it: what is asked, and what is answered. Pure.

Statuses and words are those of smsbox 1.4.5 (user guide, "SMS push").
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

_NUMBERS = re.compile(r"\+?[0-9]+(?: \+?[0-9]+)*")
ACCEPTED = (202, "0: Accepted for delivery")


@dataclass(frozen=True)
class Account:
    """Who may send."""

    username: str
    password: str


@dataclass(frozen=True)
class Submitted:
    """A message to be delivered."""

    numbers: tuple[str, ...]
    """As they were given; several are separated by spaces."""
    sender: str
    text: str
    report_mask: int
    """Which reports are wanted: 1 delivered, 2 failed, 8 taken by the centre."""
    report_url: str
    """Where they go; its ``%d`` and the like are filled in. Empty: nowhere."""


@dataclass(frozen=True)
class NotTaken:
    """A refusal."""

    status: int
    words: str


def read(query: bytes, account: Account) -> Submitted | NotTaken:
    """Return what a request's query asks for, or why it is refused."""
    given = _fields(query, "utf-8", errors="replace")
    if (given.get("username"), given.get("password")) != (account.username, account.password):
        return NotTaken(403, "Authorization failed for sendsms")
    to = given.get("to")
    if to is None:
        return NotTaken(400, "Missing receiver number, rejected")
    if not to.strip():
        return NotTaken(400, "Empty receiver number not allowed, rejected")
    if not _NUMBERS.fullmatch(to):
        return NotTaken(400, "Number(s) has/have been denied by white- and/or black-lists.")
    if not given.get("from"):
        return NotTaken(400, "Sender missing and no global set, rejected")
    if given.get("coding", "0") not in ("0", "1", "2"):
        return NotTaken(400, "Coding field misformed, rejected")
    try:
        words = _fields(query, given.get("charset") or "utf-8", errors="strict").get("text", "")
    except (LookupError, UnicodeError):
        return NotTaken(400, "Charset or body misformed, rejected")
    mask = given.get("dlr-mask", "")
    return Submitted(
        tuple(to.split()),
        given["from"],
        words,
        int(mask) if mask.isascii() and mask.isdigit() else 0,
        given.get("dlr-url", ""),
    )


def _fields(query: bytes, charset: str, *, errors: str) -> dict[str, str]:
    return dict(parse_qsl(query.decode("ascii", "replace"), True, encoding=charset, errors=errors))


def filled(url: str, values: Mapping[str, str]) -> str:
    """Return `url` with Kannel's escapes filled in: ``%p`` is ``values["p"]``, percent-encoded.

    ``%%`` is a percent sign; an escape that is not among `values` stays as it is.
    """
    both = {"%": "%"} | {name: quote(value, safe="") for name, value in values.items()}
    return re.sub(r"%([%A-Za-z])", lambda found: both.get(found[1], found[0]), url)
