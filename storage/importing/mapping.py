"""Which column of an export is which of our fields: a YAML file, checked before it is used."""

import re
import unicodedata
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    model_validator,
)

from core.document import Document, parse_document, read_document
from core.document_faults import fault, faults
from core.errors import AuthorError
from core.respondent import RespondentClass


def heading(text: str) -> str:
    """Return a heading as it is compared: full-width forms, blanks and case do not matter."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold().lstrip("\ufeff")


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise fault("mapping-time-zone", zone=value)
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


def _class_shape(value: Any) -> str:
    return "=rule" if isinstance(value, dict | ClassRule) else "=class"


Classes = Annotated[
    Annotated[RespondentClass, Tag("=class")] | Annotated[ClassRule, Tag("=rule")],
    Discriminator(_class_shape),
]
"""One class for the whole file, or by a column."""


class Mapping(_Part):
    """How one kind of export is read."""

    source: str = Field(min_length=1, max_length=100)
    """Name of the case platform: case numbers are unique within it."""
    columns: Columns
    respondent_class: Classes
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
        known = set(Columns.model_fields) - {"case_number"}
        for name in self.fixed:
            if name not in known:
                raise fault("mapping-fixed", name=name, known=", ".join(sorted(known)))
        for name in self.fields:
            if not name.isidentifier():
                raise fault("mapping-field-name", name=name)
        return self


def load_mapping(path: Path) -> Mapping:
    """Read and check a mapping file. Raises AuthorError with every fault and its place."""
    return _checked(read_document(path))


def parse_mapping(text: str, name: str) -> Mapping:
    """Check the text of a mapping; `name` stands in the places of its faults."""
    return _checked(parse_document(text, name))


def _checked(document: Document) -> Mapping:
    try:
        mapping = Mapping.model_validate(_words(document.data))
    except ValidationError as error:
        raise AuthorError(*document.problems, *faults(error, document, Mapping)) from error
    if document.problems:
        raise AuthorError(*document.problems)
    return mapping


def _words(value: Any) -> Any:
    """Turn numbers into words: 110 without quotation marks is a number to YAML, a word here."""
    if isinstance(value, dict):
        return {key: _words(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_words(each) for each in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
