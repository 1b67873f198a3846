"""Phone numbers: what was typed -> what can be dialled. E.164 inside, masked outside.

Chinese case platforms export numbers with full-width digits, blanks, dashes, +86 or 0086,
land-lines with or without area code, extensions, and several numbers in one cell.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType, shortnumberinfo


@dataclass(frozen=True)
class PhoneNumber:
    """A number that can be dialled."""

    e164: str
    """For example ``+8613800138000`` (ITU-T E.164)."""
    extension: str = ""
    """Digits to be dialled after the answer, or empty."""
    kind: str = "mobile"
    """``mobile``, ``landline`` or ``other``."""

    def masked(self) -> str:
        """Return the number as screens and logs may show it: ``138****8000``."""
        return mask(self.e164)


def mask(number: str) -> str:
    """Hide the middle of a number: the first three and the last four digits stay.

    ``+86`` is left out. A short number keeps its last two digits only.
    """
    digits = number.removeprefix("+86")
    if len(digits) < 8:
        return "*" * max(0, len(digits) - 2) + digits[-2:]
    return f"{digits[:3]}{'*' * (len(digits) - 7)}{digits[-4:]}"


def written(number: str, number_format: str) -> str:
    """Return `number` (E.164) as a trunk or a text gateway wants it.

    ``{national}`` is what one dials inside the country: ``13800138000``, ``01012345678``.
    Numbers that are none of E.164 (an extension of the house) stay as they are.
    """
    digits = number.removeprefix("+")
    national = digits
    if number.startswith("+"):
        try:
            parsed = phonenumbers.parse(number)
            shown = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
            national = "".join(c for c in shown if c.isdigit())
        except phonenumbers.NumberParseException:
            national = digits
    return number_format.format(e164=number, digits=digits, national=national)


@dataclass(frozen=True)
class RefusedNumber:
    """A piece of a cell that gave no number to dial."""

    raw: str
    """As it was typed; mask it before it is shown."""
    reason: str
    """A key of the catalogue: ``number-service``, ``number-area-code``, ``number-malformed`` or
    ``number-unassigned``."""


@dataclass(frozen=True)
class ParsedNumbers:
    """What one cell held: numbers in the order they were typed, each once, and what was refused."""

    numbers: tuple[PhoneNumber, ...] = ()
    refused: tuple[RefusedNumber, ...] = ()


LONGEST_CELL = 500
"""Characters looked at; a longer cell holds no phone numbers."""

_BETWEEN = re.compile(r"[、,;/|\n\r\t]+|或|和|及|以及")
_EXTENSION = re.compile(
    r"(?:转|轉|分机号?|内线|extension|ext\.?|[x#])\s*[:.-]?\s*([0-9]{1,6})\D*$", re.IGNORECASE
)
_LAST_GROUP = re.compile(r"^(.*\d)\s*-\s*([0-9]{1,6})$")
_LABEL = r"[^\d+(-]+"
_EDGES = re.compile(rf"^(?:{_LABEL})|(?:[^\dA-Za-z]+)$")
_WORDS_IN_BRACKETS = re.compile(r"\([^()\d]*\)")
_FILLING = re.compile(r"[\s().·•_-]+")
# Carriers' prefixes for cheap calls; a whole number follows (工信部《电信网编号计划》, 179xx).
_CARRIER = re.compile(r"^(?:179\d\d|12593|10193|11808)(?=0?\d{10,})")
_MOBILE = re.compile(r"1[3-9]\d{9}")
_AREA = re.compile(r"0(?:10|2\d|[3-9]\d\d)")
# 工信部《电信网编号计划》: 1xx emergency and enquiries, 10xxx carriers, 106 text messages,
# 12xxx public hotlines, 95xxx/96xxx firms and provinces, 400 and 800 firms.
_SERVICE = re.compile(r"1[0-2]\d|1[02]\d{3,5}|106\d{5,}|9[56]\d{3,6}|[48]00\d{7}")
_SERVICE_BEHIND_AREA = re.compile(r"1[0-2]\d|1[02]\d{3}|9[56]\d{3,4}")
_LOCAL = re.compile(r"[2-8]\d{6,7}")
_WHOLE_LANDLINE = re.compile(r"0(?:10|2\d|[3-9]\d\d)[2-8]\d{2,3}")
"""Area code and exchange, without the last four digits."""

_REFUSED_TYPES = {
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.UAN,
    PhoneNumberType.VOICEMAIL,
}
_KINDS = {PhoneNumberType.MOBILE: "mobile", PhoneNumberType.FIXED_LINE: "landline"}


def parse_numbers(cell: str, *, region: str = "CN", area_code: str = "") -> ParsedNumbers:
    """Return every number that `cell` holds; what cannot or must not be dialled is refused.

    `region`: ISO 3166 code of the country whose numbers are written without country code.
    `area_code`: put before land-lines written without one (``0575`` or ``575``); empty: such
    numbers are refused, because a guess would ring a stranger.
    """
    if _MOBILE.fullmatch(cell) and region == "CN":  # nine cells of ten
        return _gathered([_mobile(cell, cell)])
    typed = unicodedata.normalize("NFKC", cell[: LONGEST_CELL + 1]).strip()
    if len(typed) > LONGEST_CELL:
        return ParsedNumbers(refused=(RefusedNumber(typed[:40], "number-malformed"),))
    found: list[PhoneNumber | RefusedNumber] = []
    for piece in _BETWEEN.split(typed):
        if any(character.isdigit() for character in piece):
            found += _of_piece(piece.strip(), region, area_code)
    return _gathered(found)


def _gathered(found: list[PhoneNumber | RefusedNumber]) -> ParsedNumbers:
    numbers: dict[str, PhoneNumber] = {}
    for one in found:
        if isinstance(one, PhoneNumber):
            numbers.setdefault(one.e164, one)
    return ParsedNumbers(
        tuple(numbers.values()), tuple(one for one in found if isinstance(one, RefusedNumber))
    )


def _of_piece(piece: str, region: str, area_code: str) -> list[PhoneNumber | RefusedNumber]:
    """Read a piece as one number; where that fails, as several with blanks between them."""
    whole = _read(piece, region, area_code)
    words = piece.split()
    if isinstance(whole, PhoneNumber) or len(words) < 2:
        return [whole]
    apart = [_read(word, region, area_code) for word in words if re.search(r"\d", word)]
    if all(isinstance(one, PhoneNumber) or one.reason == "number-service" for one in apart):
        return apart
    return [whole]


def _read(piece: str, region: str, area_code: str) -> PhoneNumber | RefusedNumber:
    rest, extension = piece, ""
    if match := _EXTENSION.search(piece):
        rest, extension = piece[: match.start()], match.group(1)
    read = _read_digits(piece, rest, extension, region, area_code)
    if isinstance(read, RefusedNumber) and not extension:
        match = _LAST_GROUP.match(_EDGES.sub("", rest))
        if match:
            shorter = _read_digits(piece, match.group(1), match.group(2), region, area_code)
            if isinstance(shorter, PhoneNumber) and shorter.kind != "mobile":
                return shorter
    return read


def _read_digits(
    raw: str, rest: str, extension: str, region: str, area_code: str
) -> PhoneNumber | RefusedNumber:
    rest = _EDGES.sub("", _WORDS_IN_BRACKETS.sub("", rest).strip())
    digits = _FILLING.sub("", rest)
    if not re.fullmatch(r"\+?[0-9]+", digits):
        return RefusedNumber(raw, "number-malformed")
    abroad = digits.startswith(("+", "00"))
    if abroad:
        digits = "+" + digits.lstrip("+").removeprefix("00")
    if region == "CN" and not (abroad and not digits.startswith("+86")):
        return _chinese(raw, digits, extension, area_code)
    return _checked(raw, digits, region, extension)


def _chinese(raw: str, digits: str, extension: str, area_code: str) -> PhoneNumber | RefusedNumber:
    with_country = digits.startswith("+86")
    national = digits.removeprefix("+86")
    if not with_country and len(national) >= 12 and national.startswith("86"):
        national = national.removeprefix("86")
    national = _CARRIER.sub("", national)
    if re.fullmatch(r"0?1[3-9]\d{9}", national):
        return _mobile(raw, national.lstrip("0"), extension)
    if _SERVICE.fullmatch(national) and not (with_country and len(national) > 8):
        return RefusedNumber(raw, "number-service")
    if national.startswith("400") or national.startswith("800"):
        return RefusedNumber(raw, "number-service")
    if match := _AREA.match(national):
        if _SERVICE_BEHIND_AREA.fullmatch(national[match.end() :]):
            return RefusedNumber(raw, "number-service")
        if _landline_assigned(national[:-4], len(national)):
            return PhoneNumber(f"+86{national[1:]}", extension, "landline")
    elif _LOCAL.fullmatch(national):
        if not area_code:
            return RefusedNumber(raw, "number-area-code")
        national = f"0{area_code.lstrip('0')}{national}"
        if _landline_assigned(national[:-4], len(national)):
            return PhoneNumber(f"+86{national[1:]}", extension, "landline")
    return _checked(raw, f"+86{national.lstrip('0')}", "CN", extension)


def _mobile(raw: str, digits: str, extension: str = "") -> PhoneNumber | RefusedNumber:
    if not _mobile_assigned(digits[:7]):
        return RefusedNumber(raw, "number-unassigned")
    return PhoneNumber(f"+86{digits}", extension, "mobile")


@lru_cache(maxsize=50_000)
def _mobile_assigned(prefix: str) -> bool:
    # Seven digits decide (the rest numbers the subscriber), so a file of a million rows asks
    # the number plan a few thousand times only.
    return phonenumbers.is_valid_number(phonenumbers.parse(f"+86{prefix}0000"))


@lru_cache(maxsize=50_000)
def _landline_assigned(beginning: str, length: int) -> bool:
    """True where area code and exchange are a land-line's, whatever the last four digits are."""
    # As with mobiles: the last four digits number the subscriber. What is shorter (services
    # behind an area code) or unknown is looked at digit by digit by the caller.
    if not _WHOLE_LANDLINE.fullmatch(beginning) or not 11 <= length <= 12:
        return False
    first = phonenumbers.parse(f"+86{beginning[1:]}0000")
    return (
        phonenumbers.is_valid_number(first)
        and phonenumbers.number_type(first) == PhoneNumberType.FIXED_LINE
    )


def _checked(raw: str, digits: str, region: str, extension: str) -> PhoneNumber | RefusedNumber:
    try:
        parsed = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return RefusedNumber(raw, "number-malformed")
    if shortnumberinfo.is_valid_short_number_for_region(parsed, region):
        return RefusedNumber(raw, "number-service")
    if not phonenumbers.is_valid_number(parsed):
        return RefusedNumber(raw, "number-unassigned")
    kind = phonenumbers.number_type(parsed)
    if kind in _REFUSED_TYPES:
        return RefusedNumber(raw, "number-service")
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return PhoneNumber(e164, extension, _KINDS.get(kind, "other"))
