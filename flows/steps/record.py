"""`record`: record an open answer."""

from flows.exchange import Input, Keys, Recorded, SaveAnswer, Silence, WaitRecording, Written
from flows.model import Record
from flows.program import EdgeKind
from flows.steps import global_key, hang_up
from flows.turn import Turn


def enter(turn: Turn, step: Record) -> None:
    """Say what it is about; the driver sounds the tone."""
    turn.session.tries += 1
    turn.say(step.record)


def wait(turn: Turn, step: Record) -> WaitRecording:
    """Wait for the recording."""
    return WaitRecording(turn.session.node, step.seconds, step.silence, step.end_key)


def answer(turn: Turn, step: Record, given: Input) -> bool:
    """Keep the recording and go on; silence is no answer. False where it still waits."""
    if isinstance(given, Keys):
        key = global_key.of_keys(turn, given.digits)
        if key is None:
            return False
        if key.does == "repeat":
            turn.took(EdgeKind.REPEAT, key.key)
            turn.session.repeats += 1
            turn.say(step.record)
            return True
        global_key.follow(turn, key)
        return True
    if isinstance(given, Recorded) and given.reference and given.seconds > 0:
        turn.save(
            SaveAnswer(
                turn.session.node,
                "recording",
                given.reference,
                f"{given.seconds:.1f} s",
                step.aspect,
                tries=turn.session.tries,
            )
        )
    if isinstance(given, Written) and given.text.strip():
        words = given.text.strip()
        turn.save(
            SaveAnswer(
                turn.session.node, "text", words, words, step.aspect, tries=turn.session.tries
            )
        )
    if isinstance(given, Recorded) and given.ended_by == "hang_up":
        hang_up.follow(turn)
        return True
    if not isinstance(given, Recorded | Written | Silence):
        return False
    turn.took(EdgeKind.NEXT)
    turn.go_on()
    return True
