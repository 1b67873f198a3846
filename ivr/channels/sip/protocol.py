"""What the house and a line process say to each other: one JSON array a line, over a socket.

The first element is the message's name, the rest its fields in order. Named tuples, because a
line process should load as little as it can. Times are seconds since 1970 (UTC).
"""

import json
from typing import Any, NamedTuple

Payload = tuple[Any, ...]

FIRST_SOUNDS = -1
"""Stands for a listening's number in what is heard until it is known who picked up."""


# ------------------------------------------------------------------------- house -> line


class LineTrunk(NamedTuple):
    """What a line has to know of a trunk."""

    name: str
    target: str
    """Host, port and parameters of the request URI: ``10.0.0.1:5060;transport=tcp``."""
    transport: str
    identity: str
    """The From header: ``"Display" <sip:user@domain>``."""
    registrar: str
    """``sip:domain`` to register with; empty: this line does not register."""
    username: str
    password: str
    outbound_proxy: str
    codecs: list[str]
    dtmf: str
    tls_verify: bool
    tls_ca_file: str


class Setup(NamedTuple):
    """The first message: who the line is and which ports are its own."""

    name: str
    address: str
    public_address: str
    sip_port: int
    """First of three ports (UDP, TCP, TLS); 0: any free ones."""
    rtp_port: int
    rtp_range: int
    max_calls: int
    silent_seconds: float
    """A call without RTP for so long is asked whether it still lives."""
    beep_seconds: float
    """How long after the answer a mailbox's beep is listened for; 0: never."""
    pick_up: bool
    """Listen from the first sound on until it is known who picked up."""
    pick_up_words: bool
    """And send what is said: it is recognised."""
    trunks: list[Any]
    reception: int = 0
    """Port (UDP and TCP) on which this line takes calls; 0: it takes none."""
    callers: list[Any] = []  # noqa: RUF012 - a named tuple's default, never changed
    """Who may call: [trunk, [address, ...]] each."""


class Place(NamedTuple):
    """Place a call."""

    call: str
    trunk: str
    user: str
    extension: str
    ring_seconds: float


class Play(NamedTuple):
    """Play files one after another; replaces what is being played."""

    call: str
    play: int
    files: list[str]


class StopPlaying(NamedTuple):
    """Stop playing."""

    call: str


class Listen(NamedTuple):
    """Tell what the person says, under the number of this listening."""

    call: str
    listening: int


class StopListening(NamedTuple):
    """Tell it no more."""

    call: str


class KnowsWhoPickedUp(NamedTuple):
    """It is known who picked up: the first sounds need no listening any more."""

    call: str


class Record(NamedTuple):
    """Record the person."""

    call: str
    path: str
    seconds: float
    silence: float


class StopRecording(NamedTuple):
    """Stop recording; answered by `Recorded`."""

    call: str
    ask: int


class RecordCall(NamedTuple):
    """Record both sides until the end."""

    call: str
    path: str


class Transfer(NamedTuple):
    """Blind transfer (REFER, RFC 3515)."""

    call: str
    target: str


class HangUp(NamedTuple):
    """End the call."""

    call: str
    after_playing: bool


class PickUp(NamedTuple):
    """Answer a call that rings here."""

    call: str


class Refuse(NamedTuple):
    """Do not answer a call that rings here."""

    call: str
    status: int


class Ask(NamedTuple):
    """Send OPTIONS to a trunk; answered by `Health`."""

    ask: int
    trunk: str


class Close(NamedTuple):
    """Hang up everything and exit."""


# ------------------------------------------------------------------------- line -> house


class Ready(NamedTuple):
    """The line has its ports and can be used."""

    pid: int
    max_calls: int
    max_accounts: int
    """Trunks that can be in use at once."""


class Beat(NamedTuple):
    """The line is alive; sent every second."""

    at: float


class Broken(NamedTuple):
    """The line could not start."""

    detail: str


class Happened(NamedTuple):
    """Something happened to a call. `what` names the event, `facts` fill it."""

    call: str
    what: str
    at: float
    facts: dict[str, Any]


class Arrived(NamedTuple):
    """Somebody rings us; the call has the name that the line gave it."""

    call: str
    trunk: str
    number: str
    """Of the caller, as the trunk writes it; empty: withheld."""
    called: str
    at: float


class Stranger(NamedTuple):
    """A call came from none of the trunks and was refused."""

    address: str


class Sound(NamedTuple):
    """A piece of the utterance under way, its beginning with a little sound from before it."""

    call: str
    listening: int
    """Of which listening; `FIRST_SOUNDS`: of none, but of the call's beginning."""
    pcm: str
    """8,000 Hz, mono, 16 bit little-endian, in base64."""


class Freed(NamedTuple):
    """The call's place can be used again (some time after its end)."""

    call: str


class Recorded(NamedTuple):
    """A recording was stopped."""

    ask: int
    seconds: float


class Health(NamedTuple):
    """The answer to `Ask`."""

    ask: int
    status: int
    detail: str
    milliseconds: float


class Registered(NamedTuple):
    """The registration state of a trunk changed."""

    trunk: str
    active: bool
    status: int
    detail: str


Command = (
    Setup
    | Place
    | Play
    | StopPlaying
    | Listen
    | StopListening
    | KnowsWhoPickedUp
    | Record
    | StopRecording
    | RecordCall
    | Transfer
    | HangUp
    | PickUp
    | Refuse
    | Ask
    | Close
)
Report = (
    Ready
    | Beat
    | Broken
    | Happened
    | Arrived
    | Stranger
    | Sound
    | Freed
    | Recorded
    | Health
    | Registered
)

_KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        Setup,
        Place,
        Play,
        StopPlaying,
        Listen,
        StopListening,
        KnowsWhoPickedUp,
        Record,
        StopRecording,
        RecordCall,
        Transfer,
        HangUp,
        PickUp,
        Refuse,
        Ask,
        Close,
        Ready,
        Beat,
        Broken,
        Happened,
        Arrived,
        Stranger,
        Sound,
        Freed,
        Recorded,
        Health,
        Registered,
    )
}


def encode(message: Payload) -> bytes:
    """Return `message` as one line."""
    return json.dumps([type(message).__name__, *message], separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Any:
    """Return the message that `line` carries. Raises ValueError for anything else."""
    try:
        name, *fields = json.loads(line)
        return _KINDS[name](*fields)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not a message: {line[:80]!r}") from error
