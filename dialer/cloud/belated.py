"""An answer that comes after its call was closed: kept with the attempt, and shown to a person.

The provider tells of a key, of words or of a recording by a request of its own, which may be slower
than its word that the call has ended.
"""

from collections.abc import Mapping
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.cloud.reading import recording_sid
from storage.attempts import add_answer, open_item_about
from storage.cloud_calls import Held, callback_of, change
from storage.cloud_recordings import Abroad, add
from storage.facts import known_callbacks

REASON = "late_reply"
"""A word of `core.follow_up.FollowUpReason`."""

log = structlog.get_logger(__name__)


async def keep_belated(
    session: AsyncSession, held: Held, fields: Mapping[str, str], now: datetime
) -> bool:
    """Keep what a request about the last turn of a closed call tells; False where it is nothing.

    Once: the turn is forgotten in the same transaction, so that a repetition changes nothing.
    """
    given = fields.get("Digits", "") or fields.get("SpeechResult", "")
    sid = recording_sid(fields)
    if not (given or sid):
        return False
    step = str(held.session.get("left") or held.session.get("node") or "")
    value = f"{held.name}-{step}.wav" if sid else given
    row = {
        "position": held.position + 1,
        "step": step,
        "kind": "recording" if sid else "key" if fields.get("Digits") else "speech",
        "value": value,
        "label": "" if sid else given,
        "raw": "" if sid else given,
        "answered_at": now,
    }
    await add_answer(session, held.attempt_id, row, None)
    if sid:
        await add(session, [Abroad(sid, held.attempt_id, held.trunk, value)], now)
    await change(session, held.attempt_id, early="", position=held.position + 1)
    callback = await callback_of(session, held.attempt_id)
    for known in (await known_callbacks(session, [callback])).values():
        await open_item_about(session, known, REASON, now)
    log.warning("cloud_answer_belated", attempt=held.attempt_id, step=step)
    return True
