"""What became of a call that nobody answered: SIP status, Q.850 cause, announcement -> disposition.

Sources: RFC 3261 (21), RFC 3398 (7.2.4.1 and 8.2.6.1: mapping between SIP statuses and ISUP
causes), ITU-T Q.850 (table 1), RFC 3326 (Reason header). Pure.
"""

from core.disposition import Disposition
from ivr.channels.contract import AnnouncementHeard, Ended, EndedBy
from speech.contract import Announcement

_BY_CAUSE: dict[int, Disposition] = {
    1: Disposition.INVALID_NUMBER,  # unallocated number
    2: Disposition.FAILED,  # no route to the transit network
    3: Disposition.FAILED,  # no route to the destination
    17: Disposition.BUSY,  # user busy
    18: Disposition.NO_ANSWER,  # no user responding
    19: Disposition.NO_ANSWER,  # no answer from the user (alerted)
    20: Disposition.UNREACHABLE,  # subscriber absent: switched off, out of coverage
    21: Disposition.REJECTED,  # call rejected
    22: Disposition.INVALID_NUMBER,  # number changed
    27: Disposition.UNREACHABLE,  # destination out of order
    28: Disposition.INVALID_NUMBER,  # invalid number format, address incomplete
    34: Disposition.FAILED,  # no circuit available
    38: Disposition.FAILED,  # network out of order
    41: Disposition.FAILED,  # temporary failure
    42: Disposition.FAILED,  # switching equipment congestion
    44: Disposition.FAILED,  # requested circuit not available
    47: Disposition.FAILED,  # resource unavailable
}
"""Causes that tell something by themselves. 16 (normal clearing), 31 (normal, unspecified) and
127 (interworking) do not: there the status decides."""

_BY_STATUS: dict[int, Disposition] = {
    404: Disposition.INVALID_NUMBER,
    410: Disposition.INVALID_NUMBER,
    484: Disposition.INVALID_NUMBER,
    485: Disposition.INVALID_NUMBER,
    604: Disposition.INVALID_NUMBER,
    480: Disposition.NO_ANSWER,
    486: Disposition.BUSY,
    600: Disposition.BUSY,
    603: Disposition.REJECTED,
    607: Disposition.REJECTED,  # unwanted (RFC 8197)
    608: Disposition.REJECTED,  # rejected by an intermediary (RFC 8688)
}

_BY_ANNOUNCEMENT: dict[Announcement, Disposition] = {
    Announcement.VACANT: Disposition.INVALID_NUMBER,
    Announcement.SWITCHED_OFF: Disposition.UNREACHABLE,
    Announcement.SUSPENDED: Disposition.UNREACHABLE,
    Announcement.UNREACHABLE: Disposition.UNREACHABLE,
    Announcement.BUSY: Disposition.BUSY,
    Announcement.NO_ANSWER: Disposition.NO_ANSWER,
}
"""A forwarded call goes on."""

_EXACT = frozenset({404, 410, 484, 485, 486, 600, 604})
"""Statuses that say as much as any cause; the others a cause may make more exact."""

_ONLY_IF_RANG: dict[int, Disposition] = {
    403: Disposition.REJECTED,
    408: Disposition.NO_ANSWER,
    487: Disposition.NO_ANSWER,
}
"""Statuses that come from the person's side only where the phone rang. Before that they come
from a trunk that forbids the call or does not answer, which is not held against the party."""


def disposition_of(ended: Ended, *, rang: bool) -> Disposition:
    """Return how an attempt ended whose call was never answered.

    `rang`: the phone was heard to ring (180, or early media). For an answered call the
    conversation knows better; asked all the same, this says `UNKNOWN` after a crash and
    `BROKE_OFF` otherwise.
    """
    if ended.by is EndedBy.CRASH:
        return Disposition.UNKNOWN
    if ended.by is EndedBy.RING_TIMEOUT:
        return Disposition.NO_ANSWER
    if ended.by is EndedBy.PARTY:
        return Disposition.BROKE_OFF
    if ended.by is EndedBy.US:
        return Disposition.BROKE_OFF if ended.sip_status == 200 else Disposition.FAILED
    if ended.sip_status in _EXACT:
        return _BY_STATUS[ended.sip_status]
    if ended.q850_cause in _BY_CAUSE:
        return _BY_CAUSE[ended.q850_cause]
    if rang and ended.sip_status in _ONLY_IF_RANG:
        return _ONLY_IF_RANG[ended.sip_status]
    return _BY_STATUS.get(ended.sip_status, Disposition.FAILED)


def announced(event: AnnouncementHeard) -> Disposition | None:
    """Return how an attempt ended of which the carrier says `event`; None: it goes on.

    This is worth more than the SIP status: in China a number that is vacant, switched off or busy
    mostly ends with the same status, often after an answer or with none at all.
    """
    return _BY_ANNOUNCEMENT.get(event.announcement)


def sign_of(event: AnnouncementHeard) -> str:
    """Return the reason that an outcome keeps: the kind of announcement, and what told it."""
    return f"announcement_{event.announcement}" + (f": {event.words}" if event.words else "")
