"""`ask`: one of several answers."""

from flows.compiler import answer_value, wording
from flows.exchange import SaveAnswer
from flows.model import Ask, Choice
from flows.program import EdgeKind
from flows.turn import Turn


def take(turn: Turn, step: Ask, choice: Choice, kind: str, raw: str, confidence: float) -> None:
    """Save the answer and go on where it leads."""
    value = answer_value(choice, turn.flow)
    session = turn.session
    turn.took(EdgeKind.CHOICE, value)
    turn.save(
        SaveAnswer(
            step=session.node,
            kind=kind,
            value=value,
            # Reports count by label: it stays in the survey's first language.
            label=wording(choice.label, turn.flow.languages[0], turn.flow),
            aspect=step.aspect,
            verdict=choice.verdict,
            score=choice.score,
            raw=raw,
            confidence=confidence,
            tries=session.tries + session.repeats,
        )
    )
    if step.aspect is not None and choice.verdict is None and choice.score is None:
        turn.session.skipped = True  # 转人工 as one of the answers: nothing was rated
    turn.go(choice.goto)
