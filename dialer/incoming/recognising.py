"""Who rings, or writes: which callback he means, and how he is met. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime

from core.disposition import Disposition
from core.welcome import Welcome
from dialer.incoming.terms import RingBackRules
from storage.incoming.callers import KnownCaller

_BEGUN = ("running", "paused", "draining", "finished")
"""States of a batch whose people may ring: one that was not started, or was stopped, asks nobody
anything."""
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def recognise(
    known: Sequence[KnownCaller], now: datetime, rules: RingBackRules
) -> tuple[Welcome, KnownCaller | None]:
    """Return how somebody is met, and the callback that it is about (None: none).

    Of several callbacks it is the one about which we tried him last; those that are over count
    only where no other is left. The do-not-call list forbids calls of ours, and what it stopped is
    not taken up again by a call of his.
    """
    recent = [one for one in known if _recent(one, now, rules)]
    if not recent:
        listed = any(one.candidate.known.do_not_call is not None for one in known)
        return (Welcome.DO_NOT_CALL if listed else Welcome.UNKNOWN), None
    open_ones = [one for one in recent if _open(one)]
    meant = max(open_ones or recent, key=_latest)
    facts = meant.candidate.known
    if facts.do_not_call is not None:
        return Welcome.DO_NOT_CALL, None
    if facts.key_incident:
        return Welcome.KEY_INCIDENT, meant
    if facts.face_to_face:
        return Welcome.PERSON, meant
    if not open_ones:
        return Welcome.ANSWERED, meant
    if facts.state == "calling":
        return Welcome.UNDER_WAY, meant
    return Welcome.SURVEY, meant


def _recent(one: KnownCaller, now: datetime, rules: RingBackRules) -> bool:
    """True where his batch has begun, and we tried him not long ago or are going to."""
    if one.batch_state not in _BEGUN:
        return False
    facts = one.candidate.known
    if facts.state in ("waiting", "calling"):
        return True
    # Whom the machine never calls (a key incident) was given to a person when he was due.
    return facts.state != "cancelled" and now - (one.tried_at or facts.next_at) <= rules.within


def _open(one: KnownCaller) -> bool:
    """True where he has not answered yet: his callback waits, or a person has it for that."""
    state = one.candidate.known.state
    return state in ("waiting", "calling") or (
        state == "follow_up" and one.disposition != Disposition.COMPLETED
    )


def _latest(one: KnownCaller) -> tuple[datetime, int]:
    return one.tried_at or _NEVER, one.candidate.callback_id
