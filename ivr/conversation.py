"""One conversation: a flow performed over a voice channel, from the dialling to the outcome.

What holds whatever happens: everything needed for the first words is prepared before the phone
rings; each answer is committed before the next prompt is played; a fault in the middle of a call
is heard as an apology, never as silence; every call has an end and an outcome.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.clock import Clock
from core.disposition import Disposition
from flows.engine import Step, resumed, start
from flows.program import Program
from ivr.channels.contract import (
    Ability,
    Call,
    DialRequest,
    IncomingCall,
    VoiceChannel,
)
from ivr.conversation_rules import ConversationRules
from ivr.course import Course, failed
from ivr.dialogue import Dialogue
from ivr.journal import Journal
from ivr.listening import Listening
from ivr.outcome import Outcome
from ivr.wordings import Wordings
from speech.contract import PromptSource

__all__ = ["ConversationRules", "hold", "receive"]

UNAVAILABLE = 480
"""RFC 3261, 21.4.18: what a caller is told whom we cannot talk with."""


async def hold(
    channel: VoiceChannel,
    request: DialRequest,
    *,
    program: Program,
    fields: dict[str, Any],
    language: str,
    prompts: PromptSource,
    journal: Journal,
    clock: Clock,
    rules: ConversationRules,
    survey_folder: Path,
    may_leave_message: bool = True,
    left: Mapping[str, Any] | None = None,
) -> Outcome:
    """Call `request.number`, walk through `program` with whoever answers, say what came of it.

    `may_leave_message`: False where nothing may be left on a mailbox, as of a key incident.
    `left`: the flow session of the last conversation about it, by whichever channel; what was
    answered there is not asked again.

    Never raises for what goes wrong on the way (that is a `failed` outcome with its reason),
    only when it is cancelled: then it hangs up first.
    """
    again = resumed(program, left)
    spoken = language if again is None else again.session.language
    wordings = Wordings(prompts, clock, survey_folder, spoken)
    try:
        opening = again or start(program, fields=fields, language=language)
        if opening.session.disposition is Disposition.FAILED:
            # The survey cannot be held with this case: nobody's phone is to ring for that.
            known = Outcome(Disposition.FAILED, clock.now())
            return replace(known, reason=opening.session.reason)
        await wordings.prepare(opening)
        call = await channel.dial(request)
    except Exception as error:
        return failed(request, error, Outcome(Disposition.FAILED, clock.now()))
    return await _over(
        call,
        request,
        channel.abilities,
        opening,
        program=program,
        wordings=wordings,
        journal=journal,
        clock=clock,
        rules=rules,
        may_leave_message=may_leave_message,
    )


async def receive(
    call: IncomingCall,
    name: str,
    number: str,
    *,
    abilities: frozenset[Ability],
    opening: Step,
    program: Program,
    prompts: PromptSource,
    journal: Journal,
    clock: Clock,
    rules: ConversationRules,
    survey_folder: Path,
) -> Outcome:
    """Answer somebody who rings us, walk through `program` from `opening` on; as `hold`.

    `name`: the attempt's. A person rings: nobody has to find out who picked up.
    """
    request = DialRequest(name, number, call.caller.trunk)
    wordings = Wordings(prompts, clock, survey_folder, opening.session.language)
    try:
        await wordings.prepare(opening)
        await call.answer()
    except Exception as error:
        await call.refuse(UNAVAILABLE)
        return failed(request, error, Outcome(Disposition.FAILED, clock.now()))
    return await _over(
        call,
        request,
        abilities - {Ability.PICK_UP},
        opening,
        program=program,
        wordings=wordings,
        journal=journal,
        clock=clock,
        rules=rules,
        may_leave_message=False,
    )


async def _over(
    call: Call,
    request: DialRequest,
    abilities: frozenset[Ability],
    opening: Step,
    *,
    program: Program,
    wordings: Wordings,
    journal: Journal,
    clock: Clock,
    rules: ConversationRules,
    may_leave_message: bool,
) -> Outcome:
    """Hold the conversation over a call that rings, wherever it began."""
    listening = Listening(call, clock)
    dialogue = Dialogue(
        call,
        listening,
        clock,
        rules,
        name=request.attempt,
        everywhere="".join(key.key for key in program.flow.keys),
        abilities=abilities,
    )
    conversation = Course(
        call,
        listening,
        dialogue,
        request,
        program,
        wordings,
        journal,
        clock,
        rules,
        opening,
        may_leave_message,
    )
    try:
        return await conversation.hold()
    finally:
        await listening.close()
