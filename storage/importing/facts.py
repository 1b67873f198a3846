"""One row of the file -> the facts it states, or the reasons why it cannot be used."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core.phone import PhoneNumber, parse_numbers
from core.respondent import RespondentClass
from storage.importing.mapping import ClassRule, Mapping
from storage.importing.rows import Row
from storage.importing.table import Table

_USUAL_DATES = (
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%Y.%m.%d %H:%M:%S",
    "%Y.%m.%d %H:%M",
    "%Y.%m.%d",
    "%Y年%m月%d日%H时%M分%S秒",
    "%Y年%m月%d日%H时%M分",
    "%Y年%m月%d日%H:%M:%S",
    "%Y年%m月%d日%H:%M",
    "%Y年%m月%d日",
    "%Y%m%d%H%M%S",
)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?)?")
_SERIAL = re.compile(r"\d{5}(\.\d+)?")
_SERIAL_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - the zone is the mapping's
_SCIENTIFIC = re.compile(r"([1-9])(?:\.(\d*))?[eE]\+?(\d{1,2})")
_YES = frozenset({"是", "yes", "y", "true", "1", "√"})
_MARKS = ("'", "\ufeff")
_MARKED = frozenset(_MARKS)
_LIMITS = {"case_number": 100, "party_name": 100, "role": 50, "unit": 200, "officer": 100}
_LIMITS |= {"badge_number": 50, "branch": 100, "language": 10}


@dataclass(frozen=True, slots=True)
class Facts:
    """What one row says about one party of one case."""

    case_number: str
    respondent_class: str
    party_name: str
    numbers: tuple[PhoneNumber, ...]
    role: str = ""
    unit: tuple[str, ...] = ()
    """Levels from the top down."""
    officer: str = ""
    badge_number: str = ""
    branch: str = ""
    accepted_at: datetime | None = None
    closed_at: datetime | None = None
    tags: tuple[str, ...] = ()
    key_incident: bool = False
    language: str = ""
    face_to_face: bool = False
    fields: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    """Catalogue keys of what was left out although the row is used (a second, bad number)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a row cannot be used."""

    reasons: tuple[tuple[str, str], ...]
    """Catalogue key and the value at fault (empty where there is none to show)."""


class _Refused(Exception):
    pass


class Reader:
    """Reads rows of one table by one mapping; pure, holds only what is the same for all rows."""

    def __init__(self, table: Table, mapping: Mapping) -> None:
        self._places = table.places
        self._width = len(table.headings)
        self._mapping = mapping
        self._zone = ZoneInfo(mapping.time_zone)
        self._formats = (*mapping.date_formats, *_USUAL_DATES)
        self._key_tags = frozenset(mapping.key_incident_tags)
        self._tags = re.compile(f"[{re.escape(mapping.tag_separators)}\n]+")
        self._cells = {
            name: (columns[0], mapping.fixed.get(name, ""), _LIMITS.get(name, 1000))
            for name, columns in table.places.items()
        }
        self._fixed = mapping.fixed
        self._levels = [f"level.{number}" for number in range(len(mapping.unit_levels))]
        self._field_columns = [
            (name, table.places[f"fields.{name}"][0])
            for name in mapping.fields
            if f"fields.{name}" in table.places
        ]
        rule = mapping.respondent_class
        self._rule = rule if isinstance(rule, ClassRule) else None
        self._fixed_class = str(rule) if isinstance(rule, RespondentClass) else ""

    def read(self, row: Row) -> Facts | Refusal | None:
        """Return the facts of `row`, or why there are none; None for a blank row."""
        if row.fault:
            return Refusal(((row.fault, ""),))
        cells = row.cells
        if not any(cell and not cell.isspace() for cell in cells):
            return None
        if any(cells[self._width :]):
            return Refusal((("row-columns", str(len(cells))),))
        if len(cells) < self._width:
            cells = (*cells, *("",) * (self._width - len(cells)))
        cells = tuple([cell.strip() for cell in cells])
        if not _MARKED.isdisjoint([cell[:1] for cell in cells]):
            cells = tuple([_open(cell) for cell in cells])
        faults: list[tuple[str, str]] = []
        facts = self._facts(cells, faults)
        return Refusal(tuple(faults)) if faults else facts

    def _cell(self, cells: tuple[str, ...], name: str, faults: list[tuple[str, str]]) -> str:
        found = self._cells.get(name)
        if found is None:
            return self._fixed.get(name, "") if self._fixed else ""
        column, fixed, limit = found
        value = cells[column] or fixed
        if value and len(value) > limit:
            faults.append(("row-value-too-long", value[:20]))
        return value

    def _facts(self, cells: tuple[str, ...], faults: list[tuple[str, str]]) -> Facts:
        number = self._case_number(cells, faults)
        numbers, warnings = self._numbers(cells, faults)
        tags = self._tags_of(cells, faults)
        return Facts(
            case_number=number,
            respondent_class=self._class(cells, faults),
            party_name=self._cell(cells, "party_name", faults),
            numbers=numbers,
            role=self._cell(cells, "role", faults),
            unit=self._unit(cells, faults),
            officer=self._cell(cells, "officer", faults),
            badge_number=_repaired(self._cell(cells, "badge_number", faults)),
            branch=self._cell(cells, "branch", faults),
            accepted_at=self._time(cells, "accepted_at", faults),
            closed_at=self._time(cells, "closed_at", faults),
            tags=tags,
            key_incident=not self._key_tags.isdisjoint(tags),
            language=self._cell(cells, "language", faults),
            face_to_face=self._cell(cells, "face_to_face", faults).casefold() in _YES,
            fields={name: cells[column] for name, column in self._field_columns if cells[column]},
            warnings=warnings,
        )

    def _case_number(self, cells: tuple[str, ...], faults: list[tuple[str, str]]) -> str:
        value = self._cell(cells, "case_number", faults)
        if not value:
            faults.append(("row-case-number-missing", ""))
        try:
            return _whole(value if value.isascii() else unicodedata.normalize("NFKC", value))
        except _Refused:
            faults.append(("row-number-rounded", value))
            return ""

    def _numbers(
        self, cells: tuple[str, ...], faults: list[tuple[str, str]]
    ) -> tuple[tuple[PhoneNumber, ...], tuple[str, ...]]:
        found: dict[str, PhoneNumber] = {}
        refused: list[tuple[str, str]] = []
        for column in self._places["numbers"]:
            typed = cells[column]
            if not typed:
                continue
            try:
                parsed = parse_numbers(
                    _whole(typed), region=self._mapping.region, area_code=self._mapping.area_code
                )
            except _Refused:
                refused.append(("row-number-rounded", typed))
                continue
            for number in parsed.numbers:
                found.setdefault(number.e164, number)
            refused += [(one.reason, one.raw) for one in parsed.refused]
        if not found:
            faults += refused or [("row-number-missing", "")]
        return tuple(found.values()), tuple(reason for reason, _ in refused)

    def _class(self, cells: tuple[str, ...], faults: list[tuple[str, str]]) -> str:
        if self._rule is None:
            return self._fixed_class
        columns = self._places.get("respondent_class")
        value = cells[columns[0]] if columns else ""
        found = self._rule.values.get(value, self._rule.otherwise)
        if found is None:
            faults.append(("row-class-unknown", value))
            return ""
        return str(found)

    def _unit(self, cells: tuple[str, ...], faults: list[tuple[str, str]]) -> tuple[str, ...]:
        if self._levels:
            levels = [self._cell(cells, level, faults) for level in self._levels]
        else:
            whole = self._cell(cells, "unit", faults)
            separator = self._mapping.unit_separator
            levels = whole.split(separator) if separator else [whole]
        path = tuple([level.strip() for level in levels if level.strip()])
        if sum(map(len, path)) + len(path) > 200:
            faults.append(("row-value-too-long", "".join(path)[:20]))
        return path

    def _tags_of(self, cells: tuple[str, ...], faults: list[tuple[str, str]]) -> tuple[str, ...]:
        value = self._cell(cells, "tags", faults)
        if not value:
            return ()
        tags = dict.fromkeys(tag.strip() for tag in self._tags.split(value) if tag.strip())
        faults.extend(("row-value-too-long", tag[:20]) for tag in tags if len(tag) > 50)
        return tuple(tags)

    def _time(
        self, cells: tuple[str, ...], name: str, faults: list[tuple[str, str]]
    ) -> datetime | None:
        value = self._cell(cells, name, faults)
        if not value:
            return None
        parsed = _date(value, self._formats)
        if parsed is None or not 1970 <= parsed.year <= 2200:
            faults.append(("row-date-unreadable", value))
            return None
        local = parsed if parsed.tzinfo else parsed.replace(tzinfo=self._zone)
        return local.astimezone(UTC)


def _open(cell: str) -> str:
    """Take the blanks off, and the apostrophe that keeps a spreadsheet from running the cell."""
    cell = cell.strip()
    if cell[:1] not in _MARKS:
        return cell
    cell = cell.lstrip("\ufeff")
    return cell[1:] if cell[:1] == "'" and cell[1:2] in ("=", "+", "-", "@") else cell


def _whole(value: str) -> str:
    """Return digits that a spreadsheet wrote as 1.3800138E+10; refused where digits are lost."""
    if value.isdecimal() and value.isascii():
        return value
    if match := _SCIENTIFIC.fullmatch(value):
        digits = match.group(1) + (match.group(2) or "").rstrip("0")
        exponent = int(match.group(3))
        written = len(match.group(2) or "")
        # Excel shows six digits: fewer written than the number has means that its end is lost.
        if (written < exponent and (len(digits) < exponent + 1 and written <= 5)) or exponent >= 15:
            raise _Refused
        if len(digits) > exponent + 1:
            return value
        return digits.ljust(exponent + 1, "0")
    return value.removesuffix(".0") if re.fullmatch(r"\d+\.0", value) else value


def _repaired(value: str) -> str:
    try:
        return _whole(value)
    except _Refused:
        return value


def _date(value: str, formats: tuple[str, ...]) -> datetime | None:
    if _ISO.fullmatch(value):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return None
    if _SERIAL.fullmatch(value):
        # Whole seconds: a serial is a fraction of a day in binary.
        return _SERIAL_ZERO + timedelta(seconds=round(float(value) * 86400))
    plain = unicodedata.normalize("NFKC", value)
    for candidate in dict.fromkeys((plain, plain.replace("日 ", "日"))):
        for shape in formats:
            try:
                return datetime.strptime(candidate, shape)  # noqa: DTZ007 - the mapping's zone
            except ValueError:
                continue
    return None
