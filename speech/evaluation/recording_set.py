"""A set of labelled recordings: a folder with `set.yaml`, `recordings.csv` and the sounds.

`set.yaml` says what the set evaluates; `recordings.csv` has a row for every recording. Every fault
of both is told at once, with file, line and column.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.document import Document, read_document
from core.document_faults import faults
from core.errors import AuthorError, Place, Problem, problem
from core.reasons import reason
from speech.evaluation.rows import Cell, read_rows

HEAD, ROWS = "set.yaml", "recordings.csv"
COLUMNS = ("file", "label", "group", "words", "answered_at")
NO_ANSWER = "none"
"""Label of speech that answers nothing: it must not be taken for an answer."""
NEVER = "never"


class Evaluates(StrEnum):
    """What a set is for."""

    SPEECH = "speech"
    PICKUP = "pickup"
    TONES = "tones"


class Head(BaseModel):
    """What `set.yaml` says."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    evaluates: Evaluates
    """``speech``, ``pickup`` or ``tones``."""
    language: str = ""
    """Language that is spoken (``zh``, ``en``, ``ko``); not asked for tones."""
    survey: str = ""
    """Speech: the survey that is answered, a file beside this one or a path."""
    step: str = ""
    """Speech: the `ask` step of it that is answered; the labels are its answers."""
    synthetic: str = ""
    """Where the recordings were made by a machine: how. Shown with every figure."""
    notes: str = Field(default="")
    """Anything else worth knowing of the set."""


@dataclass(frozen=True)
class Recording:
    """One labelled recording."""

    file: Path
    label: str
    place: Place
    """Of the label."""
    group: str = ""
    """Recordings of one group are also counted by themselves: a voice, a kind of case."""
    words: str = ""
    """What is said, for people to read."""
    answered_at: float | None = 0.0
    """Pick-up: seconds at which the call is answered; None: never."""

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.file.stem


@dataclass(frozen=True)
class RecordingSet:
    """A set that was read."""

    folder: Path
    head: Head
    recordings: tuple[Recording, ...]
    document: Document
    """`set.yaml`, for the places of its settings."""

    @property
    def survey(self) -> Path:
        """The survey's file."""
        return self.folder / self.head.survey

    def check_labels(self, known: Collection[str]) -> None:
        """Raise AuthorError where a label is none of `known`."""
        wrong = [one for one in self.recordings if one.label not in known]
        if wrong:
            names = ", ".join(known)
            raise AuthorError(
                *(
                    problem("evaluation-label-unknown", one.place, label=one.label, known=names)
                    for one in wrong
                )
            )


def read_set(folder: Path, evaluates: Evaluates) -> RecordingSet:
    """Read the set in `folder`. Raises AuthorError with all its faults."""
    if not (folder / HEAD).is_file():
        raise AuthorError(problem("evaluation-no-set", Place(str(folder)), file=HEAD))
    document = read_document(folder / HEAD)
    problems: list[Problem] = list(document.problems)
    try:
        head = Head.model_validate(document.data)
    except ValidationError as error:
        raise AuthorError(*problems, *faults(error, document, Head)) from error
    problems += _missing(head, evaluates, document, folder)
    recordings: list[Recording] = []
    try:
        rows = read_rows(folder / ROWS, COLUMNS, needed=("file", "label"))
        for row in rows:
            recordings.append(_recording(folder, row, problems))
    except AuthorError as error:
        problems += error.problems
    if not recordings and not problems:
        problems.append(problem("evaluation-empty-set", Place(str(folder / ROWS), 1, 1)))
    if problems:
        raise AuthorError(*problems)
    return RecordingSet(folder, head, tuple(recordings), document)


def _missing(
    head: Head, evaluates: Evaluates, document: Document, folder: Path
) -> Iterator[Problem]:
    if head.evaluates is not evaluates:
        place = document.place(("evaluates",))
        yield problem("evaluation-other-set", place, found=head.evaluates, wanted=evaluates)
        return
    wanted = {
        Evaluates.SPEECH: ("language", "survey", "step"),
        Evaluates.PICKUP: ("language",),
        Evaluates.TONES: (),
    }[evaluates]
    for name in wanted:
        if not getattr(head, name):
            yield problem("evaluation-setting-missing", document.place((name,)), setting=name)
    if head.survey and not (folder / head.survey).is_file():
        yield problem("evaluation-no-file", document.place(("survey",)), file=head.survey)


def _recording(folder: Path, row: dict[str, Cell], problems: list[Problem]) -> Recording:
    file = row["file"]
    if not file.text or not (folder / file.text).is_file():
        problems.append(problem("evaluation-no-file", file.place, file=file.text or "?"))
    moment: float | None = 0.0
    written = row.get("answered_at")
    if written is not None and written.text:
        try:
            moment = None if written.text == NEVER else float(written.text)
        except ValueError:
            moment = -1.0
        if moment is not None and not 0 <= moment <= 600:
            problems.append(problem("evaluation-bad-moment", written.place, found=written.text))
    return Recording(
        folder / file.text,
        row["label"].text,
        row["label"].place,
        row["group"].text if "group" in row else "",
        row["words"].text if "words" in row else "",
        moment,
    )


def unreadable(file: Path, cause: object) -> AuthorError:
    """Return the error of a sound that cannot be read."""
    return AuthorError(
        problem("evaluation-unreadable", Place(str(file)), reason=reason(str(cause)))
    )
