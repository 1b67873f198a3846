"""The facts that the calling policy decides by, gathered inside the caller's transaction."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from core.disposition import Disposition
from core.plan import SMS, VOICE, stored_plan
from core.rules import CallingRules
from dialer.decision import CallbackFacts, PastAttempt
from storage.attempt_rows import INCOMING
from storage.facts import KnownAttempt, KnownCallback, known_attempts, known_callbacks


async def gather(
    session: AsyncSession, callback_ids: Collection[int], rules: CallingRules, now: datetime
) -> dict[int, CallbackFacts]:
    """Return the facts of these callbacks by id, in three queries whatever their number.

    Inside one transaction with the claim: what another dialer began meanwhile is either seen
    here, or held off by the claim's lock.
    """
    known = await known_callbacks(session, callback_ids)
    if not known:
        return {}
    period = max(rules.number_period, rules.refusal_rest, rules.between_tries)
    attempts = await known_attempts(
        session,
        party_ids={callback.party_id for callback in known.values()},
        numbers={callback.e164 for callback in known.values()},
        since=now - period,
    )
    return {callback.id: facts_of(callback, attempts) for callback in known.values()}


def facts_of(callback: KnownCallback, attempts: list[KnownAttempt]) -> CallbackFacts:
    """Return the policy's facts of one callback; `attempts` may hold other people's, too."""
    return CallbackFacts(
        e164=callback.e164,
        respondent_class=callback.respondent_class,
        tries=callback.tries,
        failed_tries=callback.failed_tries,
        next_at=callback.next_at,
        deadline=callback.deadline,
        time_zone=callback.time_zone,
        do_not_call=callback.do_not_call,
        key_incident=callback.key_incident,
        face_to_face=callback.face_to_face,
        number_invalid=callback.number_invalid,
        callback_id=callback.id,
        channel=callback.channel,
        plan=stored_plan(callback.plan, callback.channel),
        plan_step=callback.plan_step,
        history=tuple(
            PastAttempt(
                at=past.claimed_at,
                ended_at=past.ended_at,
                disposition=None if past.disposition is None else Disposition(past.disposition),
                e164=past.e164,
                callback_id=past.callback_id,
                same_party=past.party_id == callback.party_id,
                channel=SMS if past.channel == SMS else VOICE,
                by_himself=past.direction == INCOMING,
            )
            for past in attempts
            if past.party_id == callback.party_id or past.e164 == callback.e164
        ),
    )
