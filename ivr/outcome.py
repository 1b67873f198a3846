"""What an attempt came to, as the conversation hands it to the dialer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.disposition import Disposition
from core.verdict import Verdict

ASKED_FOR_PERSON = "asked_for_person"
"""Reason of an `end` step that says: wanted a person, and none could be given."""


@dataclass(frozen=True)
class Outcome:
    """The end of one attempt."""

    disposition: Disposition
    ended_at: datetime
    verdict: Verdict | None = None
    reason: str = ""
    """Why, in a code or in the flow author's words."""
    dialed_at: datetime | None = None
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    sip_status: int = 0
    q850_cause: int = 0
    retry_after: int = 0
    """Seconds that the trunk asked us to wait (Retry-After); 0: none."""
    packets_lost: int = 0
    recording: str = ""
    """Path below the recordings folder; empty: none."""
    session: dict[str, Any] | None = None
    asked_for_person: bool = False
    """True where the person pressed the key for a human being and none could be given."""
