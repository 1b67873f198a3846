"""Digest authentication of SIP (RFC 3261, 22; RFC 8760). Pure.

pyVoIP knows MD5 without qop, only of WWW-Authenticate, and for a URI that is not the request's.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.request import parse_http_list, parse_keqv_list

_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


@dataclass(frozen=True)
class Credentials:
    """Who we are at a trunk."""

    username: str
    password: str


@dataclass(frozen=True)
class Challenge:
    """What the other side wants to be sure of."""

    realm: str
    nonce: str
    algorithm: str
    opaque: str
    qop: bool
    """True where ``auth`` is among the qualities of protection."""


def challenge(values: Iterable[str]) -> Challenge | None:
    """Return the first challenge of the header values that can be answered."""
    for value in values:
        scheme, _, rest = value.strip().partition(" ")
        if scheme.lower() != "digest":
            continue
        try:
            given = parse_keqv_list(parse_http_list(rest))
        except ValueError:
            continue
        given = {name.lower(): each for name, each in given.items()}
        algorithm = given.get("algorithm", "MD5").upper()
        qualities = [each.strip().lower() for each in given.get("qop", "").split(",")]
        if algorithm.removesuffix("-SESS") not in _HASHES or "nonce" not in given:
            continue
        if given.get("qop") and "auth" not in qualities:
            continue
        return Challenge(
            given.get("realm", ""),
            given["nonce"],
            algorithm,
            given.get("opaque", ""),
            "auth" in qualities,
        )
    return None


def answer(asked: Challenge, who: Credentials, method: str, uri: str, *, cnonce: str) -> str:
    """Return the value of Authorization or Proxy-Authorization. `cnonce`: anything unguessable."""

    def hashed(text: str) -> str:
        return _HASHES[asked.algorithm.removesuffix("-SESS")](text.encode()).hexdigest()

    secret = hashed(f"{who.username}:{asked.realm}:{who.password}")
    if asked.algorithm.endswith("-SESS"):
        secret = hashed(f"{secret}:{asked.nonce}:{cnonce}")
    what = hashed(f"{method}:{uri}")
    fields = {
        "username": who.username,
        "realm": asked.realm,
        "nonce": asked.nonce,
        "uri": uri,
    }
    if asked.opaque:
        fields["opaque"] = asked.opaque
    if asked.qop:
        middle = f"{asked.nonce}:00000001:{cnonce}:auth"
        plain = {"algorithm": asked.algorithm, "qop": "auth", "nc": "00000001"}
        fields |= {"cnonce": cnonce}
    else:
        middle, plain = asked.nonce, {"algorithm": asked.algorithm}
    fields["response"] = hashed(f"{secret}:{middle}:{what}")
    quoted = [f'{name}="{_escaped(value)}"' for name, value in fields.items()]
    return "Digest " + ", ".join(quoted + [f"{name}={value}" for name, value in plain.items()])


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
