"""What `ask`, `number` and `book` share: putting the question, and everything but its answer.

Silence, invalid keys and unsure speech are counted together against `attempts`; each has its own
wordings, one for each time it happens (the last one stays). A spoken answer is taken only when
the whole utterance is one of its phrases and the recogniser is sure; what is likely is asked
back, and what stays unclear makes the call's verdict `unsure`: a person decides.
"""

from core.catalogue import text as catalogue_text
from core.said import digits as said_digits
from core.verdict import Verdict
from flows.compiler import Question
from flows.exchange import Input, Keys, SaveAnswer, Silence, Speech, WaitAnswer
from flows.model import Ask, Book, GlobalKey, Number, Reaction
from flows.program import EdgeKind
from flows.session import Pending, Reason
from flows.spoken_number import spoken_number
from flows.steps import ask, book, global_key, number
from flows.steps.expected import NO, YES, Meaning, Meant, answers_of, expected, meaning
from flows.turn import Turn
from flows.values import Text

_ASKED_KEY = -1
"""In `Pending.answer`: the first of the survey's `keys`; -2 the second ..."""
MOST_REPEATS = 3
"""Times that the repeat key puts one question again; after that it counts as invalid."""


def enter(turn: Turn, step: Question) -> None:
    """Put the question for the first time."""
    put(turn, step, _first_wording(step))


def put(turn: Turn, step: Question, words: Text) -> None:
    """Put the question in these words."""
    turn.session.tries += 1
    turn.say(words, answers=step.barge_in)


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
        _silence(turn, step)
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
            _unsure(turn, step)
        return
    if isinstance(step, Number) and number.accepts(step, digits) and pending is None:
        _settle(turn)
        number.take(turn, step, digits)
        return
    if pending is None and not isinstance(step, Number):
        for index, choice in enumerate(answers_of(step)):
            if choice.key == digits:
                _take(turn, step, index, "key", digits, 1.0)
                return
    key = global_key.of_keys(turn, digits)
    if key is None or (isinstance(step, Number) and number.may_start(step, digits)):
        _invalid(turn, step)
    else:
        _global(turn, step, key)


def _global(turn: Turn, step: Question, key: GlobalKey) -> None:
    if key.does != "repeat":
        global_key.follow(turn, key)
    elif turn.session.repeats >= MOST_REPEATS:
        _invalid(turn, step)
    else:
        turn.took(EdgeKind.REPEAT, key.key)
        turn.session.repeats += 1
        if turn.session.pending is not None:
            _ask_back(turn, step, turn.session.pending)
        else:
            turn.say(_first_wording(step), answers=step.barge_in)


# ----------------------------------------------------------------------------------- speech


def _speech(turn: Turn, step: Question, given: Speech) -> None:
    """Sure: taken. Less sure, or only part of what was said: asked back, once. Else: unsure."""
    rules = turn.flow.speech
    sure, likely = given.confidence >= rules.sure, given.confidence >= rules.unsure
    meant = meaning(turn, step, given.text) if likely else None
    match meant:
        case None:
            _unsure(turn, step, given.text)
        case Meaning(Meant.YES | Meant.NO):
            _agreed(turn, step, given, yes=meant.meant is Meant.YES and sure)
        case Meaning(Meant.NUMBER) if isinstance(step, Number) and not number.accepts(
            step, meant.digits
        ):
            # What does not fit is invalid where it was surely said, not misheard.
            if sure:
                _invalid(turn, step)
            else:
                _unsure(turn, step, given.text)
        case _ if sure and meant.whole:
            _said(turn, step, meant, given)
        case _ if turn.session.pending is not None or _repeats(turn, meant):
            _unsure(turn, step, given.text)
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
        _settle(turn)
    _global(turn, step, key)


def _agreed(turn: Turn, step: Question, given: Speech, *, yes: bool) -> None:
    pending = turn.session.pending
    if yes and pending is not None:
        _confirmed(turn, step, pending)
    else:
        _unsure(turn, step, given.text)


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


# -------------------------------------------------------------------------------- reactions


def _silence(turn: Turn, step: Question) -> None:
    if turn.session.pending is not None:  # asked back and not answered: still unsure
        _unsure(turn, step)
        return
    count = turn.session.silences
    turn.session.silences += 1
    _react(turn, step, EdgeKind.SILENCE, step.on_silence, count, "flow-silence")


def _invalid(turn: Turn, step: Question) -> None:
    count = turn.session.invalids
    turn.session.invalids += 1
    own = "flow-invalid-number" if isinstance(step, Number) else "flow-invalid"
    _react(turn, step, EdgeKind.INVALID, step.on_invalid, count, own)


def _unsure(turn: Turn, step: Question, words: str = "") -> None:
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
    put(turn, step, again[later] if again else _first_wording(step))


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
                tries=tries(turn),
            )
        )
    leave(turn)
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


# ---------------------------------------------------------------------------------- answers


def _take(turn: Turn, step: Question, index: int, kind: str, raw: str, confidence: float) -> None:
    _settle(turn)
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


def _settle(turn: Turn) -> None:
    turn.session.unclear = ""
    turn.session.pending = None


def leave(turn: Turn) -> None:
    """Forget the counts of the question; words that stayed unclear are remembered."""
    session = turn.session
    if session.unclear or session.pending:
        session.unsettled = True
    _settle(turn)
    session.tries = session.repeats = 0
    session.silences = session.invalids = session.unsures = 0


def tries(turn: Turn) -> int:
    """Return how often the question was put, repeats on request included."""
    return turn.session.tries + turn.session.repeats


def _first_wording(step: Question) -> Text:
    if isinstance(step, Ask):
        return step.ask
    return step.number if isinstance(step, Number) else step.book


def _nth(say: list[Text] | Text, count: int) -> Text:
    if not isinstance(say, list):
        return say
    return say[min(count, len(say) - 1)] if say else ""


def _unique(keys: str) -> str:
    return "".join(dict.fromkeys(keys))
