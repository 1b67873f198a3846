"""What follows where a question got no answer: silence, an invalid key, unsure speech, giving up.

They are counted together against `attempts`; each has its own wordings, one for each time it
happens (the last one stays).
"""

from core.catalogue import text as catalogue_text
from core.verdict import Verdict
from flows.compiler import Question
from flows.exchange import SaveAnswer
from flows.model import Number, Reaction
from flows.program import EdgeKind
from flows.session import Reason
from flows.steps import putting
from flows.turn import Turn
from flows.values import Text


def silence(turn: Turn, step: Question) -> None:
    """Nothing was said and no key pressed in time."""
    if turn.session.pending is not None:  # asked back and not answered: still unsure
        unsure(turn, step)
        return
    count = turn.session.silences
    turn.session.silences += 1
    _react(turn, step, EdgeKind.SILENCE, step.on_silence, count, "flow-silence")


def invalid(turn: Turn, step: Question) -> None:
    """A key, or surely a number, that is no answer here."""
    count = turn.session.invalids
    turn.session.invalids += 1
    own = "flow-invalid-number" if isinstance(step, Number) else "flow-invalid"
    _react(turn, step, EdgeKind.INVALID, step.on_invalid, count, own)


def unsure(turn: Turn, step: Question, words: str = "") -> None:
    """Something was said (`words`, where there are any) that is no sure answer."""
    count = turn.session.unsures
    turn.session.unsures += 1
    turn.session.unclear = words or turn.session.unclear
    _react(turn, step, EdgeKind.UNSURE, step.on_unsure, count, "flow-unsure")


def _react(
    turn: Turn, step: Question, kind: EdgeKind, reaction: Reaction, count: int, own: str
) -> None:
    turn.session.pending = None
    if reaction.goto is not None:
        turn.took(kind)
        turn.session.skipped = True
        if reaction.say is not None:
            turn.say(_nth(reaction.say, count))
        turn.go(reaction.goto)
        return
    if turn.session.tries >= step.attempts:
        _give_up(turn, step)
        return
    turn.took(kind)
    if reaction.say is None:
        turn.say_own(own, answers=step.barge_in)
    else:
        turn.say(_nth(reaction.say, count), answers=step.barge_in)
    again = step.again
    later = min(turn.session.tries, len(again)) - 1
    putting.put(turn, step, again[later] if again else putting.first_wording(step))


def _give_up(turn: Turn, step: Question) -> None:
    turn.took(EdgeKind.GIVE_UP)
    if turn.session.unclear:
        turn.save(
            SaveAnswer(
                step=turn.session.node,
                kind="speech",
                value=Verdict.UNSURE.value,
                label=catalogue_text("verdict-unsure", turn.session.language),
                aspect=getattr(step, "aspect", None),
                verdict=Verdict.UNSURE,
                raw=turn.session.unclear,
                confidence=0.0,
                tries=putting.tries(turn),
            )
        )
    putting.leave(turn)
    turn.session.skipped = True
    reaction = step.on_give_up
    if reaction.say is not None:
        turn.say(_nth(reaction.say, 0))
    if reaction.goto is not None:
        turn.go(reaction.goto)
        return
    if reaction.say is None:
        turn.say_own("flow-gave-up")
    turn.end(turn.unfinished, reason=Reason.GAVE_UP)


def _nth(say: list[Text] | Text, count: int) -> Text:
    if not isinstance(say, list):
        return say
    return say[min(count, len(say) - 1)] if say else ""
