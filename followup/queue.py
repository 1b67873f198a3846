"""What people do with the follow-up queue: take an item, call, record what came out, close it.

An item belongs to whoever claimed it; nobody else can record or close it, and two people never
get the same one. It is closed only with a recorded outcome.
"""

from core.clock import Clock
from core.errors import AuthorError, PermanentError, Problem, problem
from core.phone import PhoneNumber, mask
from core.verdict import Verdict
from storage import followups
from storage.corrections import call_again, correct_number
from storage.database import Database
from storage.followups import QueueEntry, QueueEvent
from storage.heard import HeardAttempt, heard_in

NOT_REACHED = "not_reached"
CORRECTED = "corrected"
OUTCOMES = (
    Verdict.SATISFIED.value,
    Verdict.BASICALLY_SATISFIED.value,
    Verdict.DISSATISFIED.value,
    NOT_REACHED,
    CORRECTED,
)
"""How a manual callback may end: a verdict, nobody reached, or a number that was mended."""


class Queue:
    """The follow-up queue of one database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def items(
        self, *, state: str | None = None, claimed_by: str | None = None, limit: int | None = None
    ) -> list[QueueEntry]:
        """Return items, the most pressing first; without `state` all that are not closed."""
        async with self._database.read() as session:
            return await followups.entries(session, state=state, claimed_by=claimed_by, limit=limit)

    async def show(self, item_id: int) -> tuple[QueueEntry, list[QueueEvent]]:
        """Return one item with its history. Raises AuthorError where there is none."""
        async with self._database.read() as session:
            found = await followups.entries(session, item_id=item_id)
            if not found:
                raise AuthorError(problem("queue-unknown", item=item_id))
            return found[0], await followups.events(session, item_id)

    async def heard(self, item_id: int) -> list[HeardAttempt]:
        """Return what was said in the calls that led to an item, the latest first.

        Raises AuthorError where there is no such item.
        """
        entry, _ = await self.show(item_id)
        if entry.callback_id is None:
            return []
        async with self._database.read() as session:
            return await heard_in(session, entry.callback_id)

    async def claim_next(self, by: str) -> QueueEntry | None:
        """Give the most pressing open item to `by`; None where none is open."""
        async with self._database.write() as session:
            item_id = await followups.claim_next(session, by=by, now=self._clock.now())
        return None if item_id is None else (await self.show(item_id))[0]

    async def claim(self, item_id: int, by: str) -> QueueEntry:
        """Give this item to `by`. Raises PermanentError where somebody else was first."""
        async with self._database.write() as session:
            done = await followups.claim(session, item_id, by=by, now=self._clock.now())
        entry, _ = await self.show(item_id)
        if not done and not (entry.state == "claimed" and entry.claimed_by == by):
            raise PermanentError(_why_not(entry, by))
        return entry

    async def release(self, item_id: int, by: str, note: str = "") -> QueueEntry:
        """Put an item back that `by` holds."""
        now = self._clock.now()
        async with self._database.write() as session:
            done = await followups.release(session, item_id, by=by)
            if done:
                await followups.add_event(session, item_id, now, by, "released", note)
        return await self._checked(item_id, by, done)

    async def record(
        self,
        item_id: int,
        by: str,
        outcome: str,
        *,
        note: str = "",
        corrected: PhoneNumber | None = None,
        again: bool = False,
    ) -> QueueEntry:
        """Write down what came out of a manual callback; the item stays with `by`.

        `corrected`: the right number; it becomes the party's first. `again`: the machine calls
        once more with it. Raises AuthorError for an impossible outcome, PermanentError where
        `by` does not hold the item.
        """
        if outcome not in OUTCOMES:
            raise AuthorError(
                problem("queue-outcome-unknown", outcome=outcome, outcomes=", ".join(OUTCOMES))
            )
        if (outcome == CORRECTED) != (corrected is not None):
            raise AuthorError(problem("queue-corrected-needs-number"))
        entry, _ = await self.show(item_id)
        if again and (corrected is None or entry.callback_id is None or entry.key_incident):
            raise AuthorError(problem("queue-again-impossible", item=item_id))
        now = self._clock.now()
        async with self._database.write() as session:
            done = await followups.set_outcome(session, item_id, outcome, by=by)
            if done and corrected is not None:
                await correct_number(session, entry.party_id, entry.e164, corrected, now)
                note = f"{mask(entry.e164)} -> {corrected.masked()} {note}".strip()
                if again and entry.callback_id is not None:
                    waiting = await call_again(session, entry.callback_id, corrected, now)
                    if not waiting:
                        raise PermanentError(problem("queue-again-impossible", item=item_id))
            if done:
                await followups.add_event(session, item_id, now, by, "recorded", outcome, note)
        return await self._checked(item_id, by, done)

    async def close(self, item_id: int, by: str, note: str = "") -> QueueEntry:
        """Close an item. Raises PermanentError without a recorded outcome, or not held by `by`."""
        now = self._clock.now()
        async with self._database.write() as session:
            done = await followups.close(session, item_id, by=by, now=now)
            if done:
                await followups.add_event(session, item_id, now, by, "closed", note)
        entry, _ = await self.show(item_id)
        if not done and entry.claimed_by == by and entry.state == "claimed":
            raise PermanentError(problem("queue-no-outcome", item=item_id))
        return await self._checked(item_id, by, done)

    async def _checked(self, item_id: int, by: str, done: bool) -> QueueEntry:
        entry, _ = await self.show(item_id)
        if not done:
            raise PermanentError(_why_not(entry, by))
        return entry


def _why_not(entry: QueueEntry, by: str) -> Problem:
    if entry.state == "closed":
        return problem("queue-closed", item=entry.id)
    if entry.state == "claimed":
        return problem("queue-claimed", item=entry.id, by=entry.claimed_by)
    return problem("queue-not-claimed", item=entry.id, by=by)
