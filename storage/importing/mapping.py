"""Which column of an export is which of our fields: a YAML file, checked before it is used."""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from core.errors import AuthorError, Place, Problem, problem
from core.respondent import RespondentClass

FILE_LIMIT = 1_000_000
"""Bytes; a mapping is a page of text."""


def heading(text: str) -> str:
    """Return a heading as it is compared: full-width forms, blanks and case do not matter."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold().lstrip("\ufeff")


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(value)
    return value


Headings = Annotated[list[str], BeforeValidator(_as_list), Field(min_length=1)]
"""One heading, or several that mean the same; the first one that a file has is taken."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Columns(_Part):
    """Our fields and the headings they are found under."""

    case_number: Headings
    """Number of the case in the case platform."""
    numbers: Headings
    """Phone numbers; every one of these columns is read, in this order."""
    party_name: Headings | None = None
    role: Headings | None = None
    """What the party is to the case, for example 报警人."""
    accepted_at: Headings | None = None
    closed_at: Headings | None = None
    unit: Headings | None = None
    """The unit's full name in one column; see also `unit_levels`."""
    officer: Headings | None = None
    badge_number: Headings | None = None
    branch: Headings | None = None
    tags: Headings | None = None
    language: Headings | None = None
    face_to_face: Headings | None = None
    """是, yes, 1, true or Y: visited by a person, never called."""


class ClassRule(_Part):
    """The respondent class, by the value of a column."""

    heading: Headings
    values: dict[str, RespondentClass] = Field(default_factory=dict)
    """Value in the file -> class."""
    otherwise: RespondentClass | None = None
    """Class of all other values; none: such rows are rejected."""


class Mapping(_Part):
    """How one kind of export is read."""

    source: str = Field(min_length=1, max_length=100)
    """Name of the case platform: case numbers are unique within it."""
    columns: Columns
    respondent_class: RespondentClass | ClassRule
    """One class for the whole file, or by a column."""
    unit_levels: list[Headings] = Field(default_factory=list)
    """Columns of the unit tree from the top down, instead of `columns: unit`."""
    unit_separator: str = ""
    """Where one column holds the whole path: what stands between its levels."""
    fields: dict[str, Headings] = Field(default_factory=dict)
    """Further columns that surveys may use: name in the survey -> heading."""
    fixed: dict[str, str] = Field(default_factory=dict)
    """Values for fields that the file has no column for, by the names of `columns`."""
    date_formats: list[str] = Field(default_factory=list)
    """Tried before the usual ones, in the notation of strptime."""
    time_zone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    """Of times in the file."""
    tag_separators: str = "、,;|/，；"
    key_incident_tags: list[str] = Field(default_factory=list)
    """A case with one of these tags is a key incident: a person calls."""
    area_code: str = Field("", pattern=r"^0?\d{0,3}$")
    """Put before land-lines written without one."""
    region: str = Field("CN", pattern="^[A-Z]{2}$")
    """ISO 3166 code of the country of numbers without country code."""

    @model_validator(mode="after")
    def _names(self) -> "Mapping":
        unknown = set(self.fixed) - set(Columns.model_fields) | (set(self.fixed) & {"case_number"})
        if unknown:
            raise ValueError(f"fixed: {', '.join(sorted(unknown))}")
        wrong = [name for name in self.fields if not name.isidentifier()]
        if wrong:
            raise ValueError(f"fields: {', '.join(wrong)}")
        return self


def load_mapping(path: Path) -> Mapping:
    """Read and check a mapping file. Raises AuthorError with every fault and its line."""
    try:
        if path.stat().st_size > FILE_LIMIT:
            raise AuthorError(problem("mapping-too-large", Place(str(path))))
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise AuthorError(
            problem("mapping-unreadable", Place(str(path)), detail=str(error))
        ) from error
    return parse_mapping(text, str(path))


def parse_mapping(text: str, name: str) -> Mapping:
    """Check the text of a mapping; `name` stands in the places of its faults."""
    try:
        tree = YAML(typ="rt").load(text)  # round trip: safe (no objects), and knows its lines
    except MarkedYAMLError as error:
        mark = error.problem_mark
        place = Place(name, mark.line + 1, mark.column + 1) if mark else Place(name)
        raise AuthorError(
            problem("mapping-yaml", place, detail=error.problem or str(error))
        ) from error
    except YAMLError as error:
        raise AuthorError(problem("mapping-yaml", Place(name), detail=str(error))) from error
    if not isinstance(tree, CommentedMap):
        raise AuthorError(problem("mapping-yaml", Place(name, 1, 1), detail="not a mapping"))
    try:
        return Mapping.model_validate(_plain(tree))
    except ValidationError as error:
        raise AuthorError(*(_fault(one, tree, name) for one in error.errors())) from error


def _plain(node: Any) -> Any:
    if isinstance(node, dict):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    # 0571 and 110 without quotation marks are numbers to YAML, but words here.
    return str(node) if isinstance(node, int) and not isinstance(node, bool) else node


def _fault(error: Any, tree: CommentedMap, name: str) -> Problem:
    location: Sequence[str | int] = error["loc"]
    place = _place(tree, location, name)
    where = ".".join(str(part) for part in location if not str(part)[:1].isupper())
    if error["type"] == "extra_forbidden":
        known = Columns.model_fields if location[0] == "columns" else Mapping.model_fields
        return problem("mapping-name-unknown", place, name=where, known="、".join(known))
    if error["type"] == "missing":
        return problem("mapping-name-missing", place, name=where)
    return problem("mapping-value-wrong", place, name=where, detail=error["msg"])


def _place(tree: Any, location: Sequence[str | int], name: str) -> Place:
    """Walk as far towards the fault as the file goes: its line, or its parent's."""
    line, column, node = 1, 1, tree
    for part in location:
        if isinstance(node, CommentedMap) and part in node:
            line, column = (number + 1 for number in node.lc.key(part))
        elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
            line, column = (number + 1 for number in node.lc.item(part))
        else:
            continue  # pydantic names the alternatives of a union as well
        node = node[part]
    return Place(name, line, column)
