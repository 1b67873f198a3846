"""TwiML judged by its documentation: verbs, what stands in them, attributes and their values.

https://www.twilio.com/docs/voice/twiml (gather, say, play, pause, record, dial, number, sip,
redirect, hangup)
"""

import re
import xml.etree.ElementTree as Xml
from collections.abc import Callable

URL = re.compile(r"^https?://[^\s]+$")
KEYS = re.compile(r"^[0-9#*]*$")
LANGUAGE = re.compile(r"^[a-z]{2,3}(-[A-Za-z]{4})?-[A-Z]{2}$")


def _whole(least: int, most: int) -> Callable[[str], bool]:
    return lambda value: value.isdigit() and least <= int(value) <= most


def _one_of(*words: str) -> Callable[[str], bool]:
    return lambda value: value in words


def _url(value: str) -> bool:
    return bool(URL.match(value))


_METHOD = _one_of("GET", "POST")
_FLAG = _one_of("true", "false")
_CALLBACK = {
    "statusCallback": _url,
    "statusCallbackMethod": _METHOD,
    "statusCallbackEvent": _one_of("initiated", "ringing", "answered", "completed"),
}
VERBS: dict[str, dict[str, Callable[[str], bool]]] = {
    "Say": {
        "voice": lambda value: bool(re.match(r"^(man|woman|alice|(Polly|Google)\.\S+)$", value)),
        "language": lambda value: bool(LANGUAGE.match(value)),
        "loop": _whole(0, 1000),
    },
    "Play": {"loop": _whole(0, 1000), "digits": lambda value: bool(re.match(r"^[\dw#*]+$", value))},
    "Pause": {"length": _whole(1, 600)},
    "Hangup": {},
    "Reject": {"reason": _one_of("rejected", "busy")},
    "Redirect": {"method": _METHOD},
    "Gather": {
        "action": _url,
        "method": _METHOD,
        "timeout": _whole(1, 600),
        "numDigits": _whole(1, 100),
        "finishOnKey": lambda value: bool(re.match(r"^[0-9#*]?$", value)),
        "input": _one_of("dtmf", "speech", "dtmf speech"),
        "language": lambda value: bool(LANGUAGE.match(value)),
        "hints": lambda value: _are_hints(value),
        "speechTimeout": lambda value: value == "auto" or _whole(1, 60)(value),
        "profanityFilter": _FLAG,
        "bargeIn": _FLAG,
        "actionOnEmptyResult": _FLAG,
        "speechModel": _one_of("default", "numbers_and_commands", "phone_call"),
        "enhanced": _FLAG,
    },
    "Record": {
        "action": _url,
        "method": _METHOD,
        "timeout": _whole(1, 14400),
        "maxLength": _whole(1, 14400),
        "finishOnKey": lambda value: bool(KEYS.match(value)),
        "playBeep": _FLAG,
        "trim": _one_of("trim-silence", "do-not-trim"),
    },
    "Dial": {
        "action": _url,
        "method": _METHOD,
        "timeout": _whole(5, 600),
        "callerId": lambda value: bool(re.match(r"^\+[1-9]\d{6,14}$", value)),
        "timeLimit": _whole(1, 14400),
        "answerOnBridge": _FLAG,
    },
    "Number": _CALLBACK,
    "Sip": _CALLBACK,
}
WITHIN = {
    "Response": {
        "Say",
        "Play",
        "Pause",
        "Gather",
        "Record",
        "Dial",
        "Redirect",
        "Hangup",
        "Reject",
    },
    "Gather": {"Say", "Play", "Pause"},
    "Dial": {"Number", "Sip"},
}
TEXT = {"Say", "Play", "Redirect", "Number", "Sip"}


def _are_hints(value: str) -> bool:
    hints = value.split(",")
    return len(hints) <= 500 and all(len(hint) <= 100 for hint in hints)


def read(document: str) -> tuple[Xml.Element, list[str]]:
    """Return the document and what is wrong with it."""
    root = Xml.fromstring(document)  # noqa: S314 - our own product's
    faults: list[str] = []
    if root.tag != "Response":
        faults.append(f"the root is {root.tag}")
    if len(document.encode()) > 64_000:
        faults.append("larger than 64 kB")
    _judge(root, faults)
    return root, faults


def _judge(element: Xml.Element, faults: list[str]) -> None:
    for child in element:
        if child.tag not in WITHIN.get(element.tag, ()):
            faults.append(f"{child.tag} within {element.tag}")
            continue
        known = VERBS[child.tag]
        for name, value in child.attrib.items():
            if name not in known:
                faults.append(f"{child.tag} has no {name}")
            elif not known[name](value):
                faults.append(f"{child.tag} {name}={value!r}")
        words = (child.text or "").strip()
        if bool(words) != (child.tag in TEXT):
            faults.append(f"{child.tag} says {words!r}")
        if child.tag in ("Play", "Redirect") and not _url(words):
            faults.append(f"{child.tag}: {words!r} is no address")
        if child.tag == "Say" and len(words) > 4096:
            faults.append("Say of more than 4096 letters")
        if child.tag == "Gather" and "speech" not in child.get("input", "dtmf"):
            faults += [
                f"{name} without speech"
                for name in ("hints", "speechTimeout", "language")
                if name in child.attrib
            ]
        _judge(child, faults)
