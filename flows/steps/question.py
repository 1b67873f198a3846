"""What `ask`, `number` and `book` share: putting the question, and taking its answer.

A spoken answer is taken only when the whole utterance is one of its phrases and the recogniser is
sure; what is likely is asked back, and what stays unclear makes the call's verdict `unsure`: a
person decides.
"""

from core.catalogue import text as catalogue_text
from core.said import digits as said_digits
from flows.compiler import Question
from flows.exchange import Input, Keys, Silence, Speech, WaitAnswer
from flows.model import Ask, Book, GlobalKey, Number
from flows.program import EdgeKind
from flows.session import Pending
from flows.spoken_number import spoken_number
from flows.steps import ask, book, global_key, number, putting, unanswered
from flows.steps.expected import NO, YES, Meaning, Meant, answers_of, expected, meaning
from flows.turn import Turn

_ASKED_KEY = -1
"""In `Pending.answer`: the first of the survey's `keys`; -2 the second ..."""
MOST_REPEATS = 3
"""Times that the repeat key puts one question again; after that it counts as invalid."""


def enter(turn: Turn, step: Question) -> None:
    """Put the question for the first time."""
    putting.put(turn, step, putting.first_wording(step))


def wait(turn: Turn, step: Question) -> WaitAnswer:
    """Return what this question waits for; derived from survey and session alone."""
    session = turn.session
    at = ("wait", session.node, session.language, session.pending is not None)
    known: WaitAnswer | None = turn.program.prepared.get(at)
    if known is None:
        known = turn.program.prepared[at] = _wait(turn, step)
    return known


def _wait(turn: Turn, step: Question) -> WaitAnswer:
    session = turn.session
    keys = turn.program.global_keys
    least = most = 1
    end_key = None
    if session.pending is not None:
        keys = _unique(YES + NO + keys)
    elif isinstance(step, Number):
        least, most = number.lengths(step)
        keys = "".join(key for key in keys if not number.may_start(step, key))
        end_key = step.end_key if most > least else None
    else:
        keys = _unique("".join(a.key for a in answers_of(step) if a.key) + keys)
    listens = turn.program.listens(session.language)
    return WaitAnswer(
        step=session.node,
        keys=keys,
        digits_least=least,
        digits_most=most,
        end_key=end_key,
        timeout=step.timeout,
        inter_digit=step.inter_digit,
        phrases=expected(turn, step).phrases if listens else (),
        listen=listens,
        language=session.language,
    )


def answer(turn: Turn, step: Question, given: Input) -> bool:
    """Deal with one input. False where it is none that a question knows."""
    if isinstance(given, Keys):
        _keys(turn, step, given.digits)
    elif isinstance(given, Speech) and turn.program.listens(turn.session.language):
        _speech(turn, step, given)
    elif isinstance(given, Silence | Speech):
        unanswered.silence(turn, step)
    else:
        return False
    return True


# ------------------------------------------------------------------------------------- keys


def _keys(turn: Turn, step: Question, digits: str) -> None:
    pending = turn.session.pending
    if pending is not None and digits in (YES, NO):
        if digits == YES:
            _confirmed(turn, step, pending)
        else:
            unanswered.unsure(turn, step)
        return
    if isinstance(step, Number) and number.accepts(step, digits) and pending is None:
        putting.settle(turn)
        number.take(turn, step, digits)
        return
    if pending is None and not isinstance(step, Number):
        for index, choice in enumerate(answers_of(step)):
            if choice.key == digits:
                _take(turn, step, index, "key", digits, 1.0)
                return
    key = global_key.of_keys(turn, digits)
    if key is None or (isinstance(step, Number) and number.may_start(step, digits)):
        unanswered.invalid(turn, step)
    else:
        _global(turn, step, key)


def _global(turn: Turn, step: Question, key: GlobalKey) -> None:
    if key.does != "repeat":
        global_key.follow(turn, key)
    elif turn.session.repeats >= MOST_REPEATS:
        unanswered.invalid(turn, step)
    else:
        turn.took(EdgeKind.REPEAT, key.key)
        turn.session.repeats += 1
        if turn.session.pending is not None:
            _ask_back(turn, step, turn.session.pending)
        else:
            turn.say(putting.first_wording(step), answers=step.barge_in)


# ----------------------------------------------------------------------------------- speech


def _speech(turn: Turn, step: Question, given: Speech) -> None:
    """Sure: taken. Less sure, or only part of what was said: asked back, once. Else: unsure."""
    rules = turn.flow.speech
    sure, likely = given.confidence >= rules.sure, given.confidence >= rules.unsure
    meant = meaning(turn, step, given.text) if likely else None
    match meant:
        case None:
            unanswered.unsure(turn, step, given.text)
        case Meaning(Meant.YES | Meant.NO):
            _agreed(turn, step, given, yes=meant.meant is Meant.YES and sure)
        case Meaning(Meant.NUMBER) if isinstance(step, Number) and not number.accepts(
            step, meant.digits
        ):
            # What does not fit is invalid where it was surely said, not misheard.
            if sure:
                unanswered.invalid(turn, step)
            else:
                unanswered.unsure(turn, step, given.text)
        case _ if sure and meant.whole:
            _said(turn, step, meant, given)
        case _ if turn.session.pending is not None or _repeats(turn, meant):
            unanswered.unsure(turn, step, given.text)
        case _:
            index = _ASKED_KEY - meant.index if meant.meant is Meant.KEY else meant.index
            pending = Pending(index, given.text, given.confidence)
            turn.session.pending = pending
            turn.session.unclear = given.text
            _ask_back(turn, step, pending)


def _said(turn: Turn, step: Question, meant: Meaning, given: Speech) -> None:
    if meant.meant is Meant.KEY:
        _settle_key(turn, step, turn.flow.keys[meant.index])
    else:
        _take(turn, step, meant.index, "speech", given.text, given.confidence)


def _repeats(turn: Turn, meant: Meaning) -> bool:
    """Whoever may have asked for the question again gets it again by being unsure."""
    return meant.meant is Meant.KEY and turn.flow.keys[meant.index].does == "repeat"


def _settle_key(turn: Turn, step: Question, key: GlobalKey) -> None:
    if key.does != "repeat":
        putting.settle(turn)
    _global(turn, step, key)


def _agreed(turn: Turn, step: Question, given: Speech, *, yes: bool) -> None:
    pending = turn.session.pending
    if yes and pending is not None:
        _confirmed(turn, step, pending)
    else:
        unanswered.unsure(turn, step, given.text)


def _confirmed(turn: Turn, step: Question, pending: Pending) -> None:
    """What was asked back is so."""
    if pending.answer <= _ASKED_KEY:
        _settle_key(turn, step, turn.flow.keys[_ASKED_KEY - pending.answer])
    else:
        _take(turn, step, pending.answer, "speech", pending.raw, pending.confidence)


def _ask_back(turn: Turn, step: Question, pending: Pending) -> None:
    language = turn.session.language
    if pending.answer <= _ASKED_KEY:
        heard = turn.render(turn.flow.keys[_ASKED_KEY - pending.answer].label)
    elif isinstance(step, Number):
        heard = said_digits(spoken_number(pending.raw, language), language)
    else:
        heard = turn.render(answers_of(step)[pending.answer].label)
    confirm = turn.flow.speech.confirm
    if confirm is not None:
        turn.speak(turn.render(confirm, heard=heard), answers=step.barge_in)
    else:
        words = catalogue_text("flow-confirm", language, heard=heard)
        turn.speak(words, answers=step.barge_in)


# ---------------------------------------------------------------------------------- answers


def _take(turn: Turn, step: Question, index: int, kind: str, raw: str, confidence: float) -> None:
    putting.settle(turn)
    if isinstance(step, Ask):
        ask.take(turn, step, step.choices[index], kind, raw, confidence)
    elif isinstance(step, Book):
        book.take(turn, step.slots[index], raw, confidence)
    else:
        number.take(
            turn,
            step,
            spoken_number(raw, turn.session.language) or "",
            raw=raw,
            confidence=confidence,
        )


def _unique(keys: str) -> str:
    return "".join(dict.fromkeys(keys))
