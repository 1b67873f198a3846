"""Numbers as people say them to a machine: digit by digit, or as one number below 1,000.

Only an utterance that is a number from end to end counts; anything else is left to be asked
again, and so is what can be read as two different numbers. The words are each language's data.
"""

from collections.abc import Iterator
from functools import lru_cache

from flows.language import Language, Numbers, Units, language

Piece = tuple[str, int]
"""What a word is (``digit``, ``unit``, ``whole``, ``joined``, ``repeats``) and its value."""

LONGEST = 60
"""Units of an utterance beyond which it is no number any more."""
MOST_PHRASES = 200
"""Numbers that a recogniser is told one by one; of more it is told the digits only."""
MOST_WORDED = 1000
"""Numbers below this are known as words; longer ones are said digit by digit."""


def spoken_number(words: str, code: str = "zh") -> str | None:
    """Return the digits that `words` say, or None where they are no number, or more than one.

    “五” -> 5, “幺三八” -> 138, “二十” -> 20, “two zero” -> 20, “이십삼” -> 23.
    """
    tongue = language(code)
    said = tongue.cut(words)
    if len(said) > LONGEST:
        return None
    readings = {
        figures
        for units in _bare(said, tongue)
        for pieces in _pieces(units, _vocabulary(code))
        if (figures := _figures(pieces, tongue.numbers)) is not None
    }
    return readings.pop() if len(readings) == 1 else None


def _bare(said: Units, tongue: Language) -> set[Units]:
    """Return the utterance with and without what may stand around a number."""
    known = _vocabulary(tongue.code)
    # "oh" is a filler and a nought: here it counts.
    before = {*tongue.cut_all(tongue.numbers.before), *tongue.filler_units} - known.keys()
    after = {*tongue.cut_all(tongue.numbers.after), *tongue.trailer_units} - known.keys()
    found: set[Units] = set()
    todo = [said]
    while todo:
        units = todo.pop()
        if not units or units in found:
            continue
        found.add(units)
        todo += [units[len(b) :] for b in before if units[: len(b)] == b]
        todo += [units[: -len(a)] for a in after if units[-len(a) :] == a]
    return found


@lru_cache(maxsize=32)
def _vocabulary(code: str) -> dict[Units, Piece]:
    tongue = language(code)
    numbers = tongue.numbers
    found: dict[Units, Piece] = {(figure,): ("digit", int(figure)) for figure in "0123456789"}
    for figure, names in numbers.digits.items():
        found |= {tongue.cut(name): ("digit", int(figure)) for name in names}
    for kind in ("units", "whole", "repeats"):
        values: dict[str, int] = getattr(numbers, kind)
        found |= {tongue.cut(name): (kind, value) for name, value in values.items()}
    for name in numbers.joined:
        found.setdefault(tongue.cut(name), ("joined", 0))
    return found


def _pieces(units: Units, known: dict[Units, Piece]) -> Iterator[list[Piece]]:
    """Yield every way to read `units` as words of numbers."""
    if not units:
        yield []
        return
    for length in range(1, len(units) + 1):
        piece = known.get(units[:length])
        if piece is not None:
            for rest in _pieces(units[length:], known):
                yield [piece, *rest]


def _figures(pieces: list[Piece], numbers: Numbers) -> str | None:
    if not pieces:
        return None
    return _digit_by_digit(pieces) or _as_value(pieces, numbers)


def _digit_by_digit(pieces: list[Piece]) -> str | None:
    figures, times = "", 1
    for kind, value in pieces:
        if kind == "repeats":
            times = value
        elif kind == "digit":
            figures, times = figures + str(value) * times, 1
        else:
            return None
    return figures if times == 1 else None


def _as_value(pieces: list[Piece], numbers: Numbers) -> str | None:
    """Read a number in its places: each is worth less than the one before it."""
    total, below = 0, MOST_WORDED
    waiting: int | None = None
    """A digit that a unit may follow."""
    gap = tens_only = False
    for kind, value in pieces:
        if kind == "joined" or (kind == "digit" and value == 0):
            if not total or waiting is not None or gap:
                return None
            gap = True
            continue
        if kind == "repeats" or value >= below:
            return None
        if kind == "units":
            if waiting is None and value not in numbers.bare_unit:
                return None
            total += value * (1 if waiting is None else waiting)
            waiting, below, tens_only = None, value, False
        elif waiting is not None:
            return None
        elif kind == "whole":
            total += value
            # Ones follow twenty; they follow ten only where eleven has no word of its own.
            open_ended = value >= 20 or 11 not in numbers.whole.values()
            below = 10 if value % 10 == 0 and open_ended else 1
        else:
            waiting = value
            # 一百五 is 150, but too easily misheard: only 一百五十 or 一百零五 count.
            tens_only = below == 100 and not gap and not numbers.ones_after_hundred
        gap = False
    if gap or tens_only:
        return None
    return str(total + (waiting or 0))


@lru_cache(maxsize=4096)
def worded(number: int, code: str) -> str | None:
    """Return a number below 1,000 as it is usually said; None where the language has no words."""
    numbers = language(code).numbers
    if not numbers.digits or not 0 <= number < MOST_WORDED:
        return None
    if number < 10:
        return numbers.digits[str(number)][0]
    own = {value: name for name, value in numbers.whole.items()}
    units = {value: name for name, value in numbers.units.items()}
    between = " " if language(code).spaced else ""
    said: list[str] = []
    if number >= 100:
        hundreds, number = divmod(number, 100)
        bare = hundreds == 1 and 100 in numbers.bare_unit
        said += [] if bare else [numbers.digits[str(hundreds)][0]]
        said.append(units[100])
        if 0 < number < 10 or (number and language(code).spaced):
            said += numbers.joined[:1]
    if 10 in units and number >= 10:
        tens, number = divmod(number, 10)
        said += [numbers.digits[str(tens)][0]] if tens > 1 or (said and between == "") else []
        said.append(units[10])
    elif number >= 20:
        said.append(own[number // 10 * 10])
        number %= 10
    elif number >= 10:
        said.append(own[number])
        number = 0
    if number:
        said.append(numbers.digits[str(number)][0])
    return between.join(said)


def number_phrases(code: str, least: int, most: int) -> tuple[str, ...]:
    """Return what the recogniser should expect: digits, and the numbers from `least` to `most`
    as words where there are not too many of them."""
    numbers = language(code).numbers
    single = [name for names in numbers.digits.values() for name in names]
    single += [*numbers.units, *numbers.whole]
    if most - least > MOST_PHRASES:
        return tuple(dict.fromkeys(single))
    every = [worded(number, code) for number in range(max(10, least), most + 1)]
    return tuple(dict.fromkeys([*single, *filter(None, every)]))


def key_phrases(code: str, key: str, *, framed: bool = False) -> tuple[str, ...]:
    """Return the words that stand for a key: 一, 幺, 按一; `framed`: none of a numeral alone."""
    tongue = language(code)
    if not key.isdigit():
        return tongue.key_names.get(key, ())
    frames = [frame for frame in tongue.key_frames if not (framed and frame == "{}")]
    names = tongue.digit_words(key)
    return tuple(dict.fromkeys(frame.format(name) for frame in frames for name in names))
