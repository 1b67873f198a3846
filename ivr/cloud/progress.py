"""What the provider says of a call's state -> the words of this house. Pure.

https://www.twilio.com/docs/voice/api/call-resource (status callbacks, SipResponseCode),
https://www.twilio.com/docs/voice/answering-machine-detection (AnsweredBy)
"""

from datetime import UTC, datetime

from core.disposition import Disposition
from ivr.channels.contract import Ended, EndedBy
from ivr.progress import disposition_of

STAGES = ("queued", "initiated", "ringing", "in-progress")
"""States of a call that is not over, in their order."""
FINAL = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})

_MACHINES = {
    "machine_start": "machine_start",
    "machine_end_beep": "machine_beep",
    "machine_end_silence": "machine_silence",
    "machine_end_other": "machine_other",
    "fax": "fax",
}
_GREETING_OVER = frozenset({"machine_beep", "machine_silence", "machine_other"})

_INVALID_NUMBER = frozenset({"13223", "13224", "21211", "21214", "21217", "21219", "21401"})
"""Error codes of the provider that say that the number is none, or cannot be reached at all:
https://www.twilio.com/docs/api/errors"""

_TIMED_OUT = frozenset({0, 200, 408, 480, 487})
"""SIP statuses of a call that was rung in vain; any other says more than `no-answer`."""
_STATUS = {"busy": 486, "canceled": 487}
"""The SIP status that stands for a state where the provider names none."""


def rank(status: str) -> int:
    """Return how far a call is; a later word never takes it back."""
    return len(STAGES) if status in FINAL else STAGES.index(status) if status in STAGES else -1


def machine_of(answered_by: str) -> str:
    """Return the reason that an outcome keeps of a machine that answered; empty: a person, or
    unsure, which is a person."""
    return _MACHINES.get(answered_by, "")


def takes_message(machine: str) -> bool:
    """Say whether a message can be left now: a mailbox whose greeting is over."""
    return machine in _GREETING_OVER


def unanswered(status: str, sip_status: int, error: str, *, rang: bool) -> Disposition:
    """Return how an attempt ended that nobody answered; `status`: one of `FINAL`.

    `error`: the provider's error code; empty: none.
    """
    if error in _INVALID_NUMBER:
        return Disposition.INVALID_NUMBER
    return disposition_of(_ended(status, sip_status), rang=rang)


def refused(error: str) -> Disposition:
    """Return how an attempt ended whose call the provider did not make."""
    return Disposition.INVALID_NUMBER if error in _INVALID_NUMBER else Disposition.FAILED


def _ended(status: str, sip_status: int) -> Ended:
    at = datetime.min.replace(tzinfo=UTC)  # of no interest here
    if status == "canceled":
        return Ended(at, EndedBy.US, 487)
    if status == "no-answer" and sip_status in _TIMED_OUT:
        return Ended(at, EndedBy.RING_TIMEOUT, sip_status)
    return Ended(at, EndedBy.TRUNK, sip_status or _STATUS.get(status, 500))
