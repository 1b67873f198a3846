"""What `ask`, `number` and `book` share: putting the question, and everything but its answer.

Silence, invalid keys and unsure speech are counted together against `attempts`; each has its own
wordings, one for each time it happens (the last one stays). A spoken answer is taken only when
the whole utterance is one of its phrases and the recogniser is sure; what is likely is asked
back, and what stays unclear makes the call's verdict `unsure`: a person decides.
"""

from collections.abc import Sequence

from core.catalogue import text as catalogue_text
from core.said import digits as said_digits
from core.verdict import Verdict
from flows.compiler import Question
from flows.exchange import Input, Keys, SaveAnswer, Silence, Speech, WaitAnswer
from flows.model import Ask, Book, Choice, GlobalKey, Number, Reaction, Slot
from flows.phrases import match
from flows.program import EdgeKind
from flows.scope import spoken_forms
from flows.session import Pending, Reason
from flows.spoken_number import digit_words, spoken_number
from flows.steps import ask, book, global_key, number
from flows.turn import Turn
from flows.values import Text

YES, NO = "1", "2"
"""Keys that answer when something is asked back."""
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
    phrases: tuple[str, ...] = ()
    if session.pending is not None:
        keys = _unique(YES + NO + keys)
        phrases = (*_confirming("yes", session.language), *_confirming("no", session.language))
    elif isinstance(step, Number):
        least, most = number.lengths(step)
        keys = "".join(key for key in keys if not number.may_start(step, key))
        end_key = step.end_key if most > least else None
        phrases = digit_words(session.language)
    else:
        keys = _unique("".join(a.key for a in _answers(step) if a.key) + keys)
    if turn.flow.speech.enabled:
        phrases = _unique_forms(phrases, _forms(turn, step))
    return WaitAnswer(
        step=session.node,
        keys=keys,
        digits_least=least,
        digits_most=most,
        end_key=end_key,
        timeout=step.timeout,
        inter_digit=step.inter_digit,
        phrases=phrases if turn.flow.speech.enabled else (),
        listen=turn.flow.speech.enabled,
        language=session.language,
    )


def answer(turn: Turn, step: Question, given: Input) -> bool:
    """Deal with one input. False where it is none that a question knows."""
    if isinstance(given, Keys):
        _keys(turn, step, given.digits)
    elif isinstance(given, Speech) and turn.flow.speech.enabled:
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
            _take(turn, step, pending.answer, "speech", pending.raw, pending.confidence)
        else:
            _unsure(turn, step)
        return
    if isinstance(step, Number) and number.accepts(step, digits) and pending is None:
        _settle(turn)
        number.take(turn, step, digits)
        return
    if pending is None and not isinstance(step, Number):
        for index, choice in enumerate(_answers(step)):
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
    rules, pending = turn.flow.speech, turn.session.pending
    sure, likely = given.confidence >= rules.sure, given.confidence >= rules.unsure
    if pending is not None:
        said = match(
            given.text,
            [_confirming("yes", turn.session.language), _confirming("no", turn.session.language)],
        )
        if said is not None and said.whole and likely:
            if said.answer == 0 and sure:
                _take(turn, step, pending.answer, "speech", pending.raw, pending.confidence)
            else:
                _unsure(turn, step, given.text)
            return
    if isinstance(step, Number) and (digits := spoken_number(given.text)) is not None:
        _spoken_number(turn, step, given, digits, sure=sure, likely=likely)
        return
    answers = _answers(step)
    heard = match(given.text, _forms_each(turn, step))
    if heard is None or not likely:
        _unsure(turn, step, given.text)
    elif heard.answer >= len(answers):
        key = turn.flow.keys[heard.answer - len(answers)]
        if heard.whole and sure:
            _global(turn, step, key)
        else:
            _unsure(turn, step, given.text)
    elif heard.whole and sure:
        _take(turn, step, heard.answer, "speech", given.text, given.confidence)
    elif pending is not None:
        _unsure(turn, step, given.text)
    else:
        pending = Pending(heard.answer, given.text, given.confidence)
        turn.session.pending = pending
        turn.session.unclear = given.text
        _ask_back(turn, step, pending)


def _spoken_number(
    turn: Turn, step: Number, given: Speech, digits: str, *, sure: bool, likely: bool
) -> None:
    """Take a spoken number as keys are taken: what does not fit is invalid, not misheard."""
    if not likely or (turn.session.pending is not None and not sure):
        _unsure(turn, step, given.text)
    elif not number.accepts(step, digits):
        if sure:
            _invalid(turn, step)
        else:
            _unsure(turn, step, given.text)
    elif sure:
        _settle(turn)
        number.take(turn, step, digits, raw=given.text, confidence=given.confidence)
    else:
        pending = Pending(0, given.text, given.confidence)
        turn.session.pending = pending
        turn.session.unclear = given.text
        _ask_back(turn, step, pending)


def _ask_back(turn: Turn, step: Question, pending: Pending) -> None:
    if isinstance(step, Number):
        heard = said_digits(spoken_number(pending.raw), turn.session.language)
    else:
        heard = turn.render(_answers(step)[pending.answer].label)
    confirm = turn.flow.speech.confirm
    if confirm is not None:
        turn.speak(turn.render(confirm, heard=heard), answers=step.barge_in)
    else:
        words = catalogue_text("flow-confirm", turn.session.language, heard=heard)
        turn.speak(words, answers=step.barge_in)


def _confirming(which: str, language: str) -> tuple[str, ...]:
    return tuple(catalogue_text(f"flow-confirm-{which}", language).split("|"))


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
        number.take(turn, step, spoken_number(raw) or "", raw=raw, confidence=confidence)


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


def _answers(step: Question) -> Sequence[Choice | Slot]:
    if isinstance(step, Ask):
        return step.choices
    return step.slots if isinstance(step, Book) else []


def _forms_each(turn: Turn, step: Question) -> tuple[tuple[str, ...], ...]:
    """Return the spoken forms of every answer, then of every global key."""
    at = ("forms", turn.session.node, turn.session.language)
    found: tuple[tuple[str, ...], ...] | None = turn.program.prepared.get(at)
    if found is None:
        everything: list[Choice | Slot | GlobalKey] = [*_answers(step), *turn.flow.keys]
        found = tuple(spoken_forms(each, turn.session.language) for each in everything)
        turn.program.prepared[at] = found
    return found


def _forms(turn: Turn, step: Question) -> tuple[str, ...]:
    return tuple(form for forms in _forms_each(turn, step) for form in forms)


def _unique(keys: str) -> str:
    return "".join(dict.fromkeys(keys))


def _unique_forms(*groups: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(form for group in groups for form in group))
