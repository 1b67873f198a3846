"""The rules of sending: when a digest takes over, when a mail is tried again. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


@dataclass(frozen=True)
class NoticeRules:
    """How notices are sent."""

    digest_above: int = 5
    """So many mails of one kind to one address within `digest_window`; more become a digest."""
    digest_window: timedelta = timedelta(minutes=30)
    try_first: timedelta = timedelta(minutes=1)
    """Pause after the first time the mail server did not take it; doubles each time."""
    try_most: timedelta = timedelta(hours=1)
    give_up_after: timedelta = timedelta(days=3)
    """Then a person has to look (`huifang notices list`)."""


class Flow(StrEnum):
    """What is done with the notices of one kind that wait for one address."""

    SINGLES = "singles"
    GATHER = "gather"
    WAIT = "wait"


def flow(waiting: int, singles: int, last_digest: datetime | None, rules: NoticeRules) -> Flow:
    """Decide between mails of their own, one digest now, and waiting for the next digest.

    `singles`: mails of their own begun within the window; `last_digest`: when a digest was made
    within it. In a flood an address gets at most `digest_above` mails and one digest a window.
    """
    if last_digest is not None:
        return Flow.WAIT
    return Flow.SINGLES if singles + waiting <= rules.digest_above else Flow.GATHER


def try_again(
    tries: int, created_at: datetime, now: datetime, rules: NoticeRules
) -> datetime | None:
    """Return when a mail is tried again that failed `tries` times; None: given up."""
    if now - created_at >= rules.give_up_after:
        return None
    # 2 ** 20 minutes is two years: more doublings only overflow.
    pause = rules.try_first * (1 << min(max(tries - 1, 0), 20))
    return now + min(pause, rules.try_most)
