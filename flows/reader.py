"""A survey's file(s) -> a `Flow` and where everything in it stands.

`read` refuses a file with any fault, all of them at once. `read_what_can_be` gives the linter
what is left when the faulty settings are taken out, so that one run shows everything.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import TypeVar

from pydantic import ValidationError

from core.errors import AuthorError, Place, Problem, problem
from flows.declarations import Part
from flows.faults import located
from flows.mending import take_out
from flows.model import Flow, Shared
from flows.reasons import reason
from flows.source import MOST_BYTES, Path, Source, parse

Document = TypeVar("Document", bound=Part)
_ROUNDS = 50
"""Faulty settings are taken out round by round (a mended part may show a further fault)."""


@dataclass(frozen=True)
class SurveyFile:
    """A survey as read, with the places of everything in it."""

    flow: Flow
    """The survey, the steps of files in `use` among its parts."""
    positions: dict[Path, Place]
    """Path in `flow` -> file, line and column (of a setting its name)."""
    text: str
    """The source text of the survey's own file."""
    sha256: str
    """Hash of the texts of all files read, in order."""
    file: FilePath
    folder: FilePath
    """Recordings and files in `use` lie here."""
    whole: bool = True
    """False where faulty steps were taken out: ways through it cannot be followed."""
    files: tuple[FilePath, ...] = field(default=())
    """All files read."""

    def place(self, path: Path) -> Place:
        """Return the place of `path`, or of the nearest thing around it."""
        while path not in self.positions:
            if not path:
                return Place(str(self.file), 1, 1)
            path = path[:-1]
        return self.positions[path]

    def position(self, path: Path) -> tuple[int, int]:
        """Return line and column of `path`."""
        place = self.place(path)
        return place.line, place.column


def read(path: FilePath | str) -> SurveyFile:
    """Read the survey at `path` and the files it uses. Raises AuthorError with every fault."""
    survey, problems = read_what_can_be(path)
    if problems or survey is None:
        raise AuthorError(*in_order(problems))
    return survey


def read_text(text: str, file: str = "survey.yaml") -> SurveyFile:
    """Read a survey from `text`; `file` names it in problems. Raises AuthorError."""
    survey, problems = _survey(text, FilePath(file), [])
    if problems or survey is None:
        raise AuthorError(*in_order(problems))
    return survey


def read_what_can_be(path: FilePath | str) -> tuple[SurveyFile | None, list[Problem]]:
    """Return the survey without its faulty settings (None: nothing left), and all faults."""
    file = FilePath(path)
    try:
        return _survey(_text(file, Place(str(file))), file, [file])
    except AuthorError as error:
        return None, list(error.problems)


def in_order(problems: list[Problem]) -> list[Problem]:
    """Return `problems` from the top of the file down, each once."""
    once = dict.fromkeys(problems)
    return sorted(once, key=lambda p: (p.place.file, p.place.line, p.place.column, p.code))


def _text(file: FilePath, asked_for_at: Place) -> str:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise AuthorError(
                problem("flow-too-large", Place(str(file), 1, 1), limit=f"{MOST_BYTES // 1000} kB")
            )
        raw = file.read_bytes()
    except OSError as error:
        raise AuthorError(
            problem(
                "flow-unreadable", asked_for_at, path=file, reason=reason(error.strerror or error)
            )
        ) from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise AuthorError(problem("flow-not-utf-8", Place(str(file), line, 1))) from error


def _survey(
    text: str, file: FilePath, files: list[FilePath]
) -> tuple[SurveyFile | None, list[Problem]]:
    try:
        source = parse(text, str(file))
    except AuthorError as error:
        return None, list(error.problems)
    flow, problems, whole = _document(source, Flow)
    if flow is None:
        return None, problems
    texts, places = [text], dict(source.places)
    for name, used in flow.use.items():
        at = source.place(("use", name))
        shared, found, kept = _used(file.parent, used, at)
        problems += found
        whole = whole and kept
        if shared is None:
            continue
        document, origin, path = shared
        files.append(path)
        texts.append(origin.text)
        flow, clashes = _merged(flow, name, document, origin, at)
        problems += clashes
        places |= _places(origin, name)
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()
    survey = SurveyFile(flow, places, text, digest, file, file.parent, whole, tuple(files))
    return survey, problems


def _used(
    folder: FilePath, used: str, at: Place
) -> tuple[tuple[Shared, Source, FilePath] | None, list[Problem], bool]:
    if "\0" in used or FilePath(used).is_absolute() or ".." in FilePath(used).parts:
        return None, [problem("flow-use-outside", at, path=used)], False
    path = folder / used
    try:
        source = parse(_text(path, at), str(path))
    except AuthorError as error:
        return None, list(error.problems), False
    document, problems, whole = _document(source, Shared)
    return (document, source, path) if document else None, problems, whole


def _merged(
    flow: Flow, name: str, shared: Shared, source: Source, at: Place
) -> tuple[Flow, list[Problem]]:
    """Add the steps of a used file as the part `name`, its parts, fields and aspects beside."""
    problems = []
    parts = dict(flow.parts)
    for part, steps in {name: shared.steps, **shared.parts}.items():
        if part in parts:
            place = at if part == name else source.place(("parts", part))
            problems.append(problem("flow-part-twice", place, part=part))
        parts[part] = steps
    for field_name, declared in shared.fields.items():
        ours = flow.fields.get(field_name, declared)
        if ours.type != declared.type:
            place = source.place(("fields", field_name))
            problems.append(problem("flow-field-differs", place, field=field_name))
    merged = {
        "parts": parts,
        "fields": {**shared.fields, **flow.fields},
        "aspects": {**shared.aspects, **flow.aspects},
    }
    return flow.model_copy(update=merged), problems


def _places(source: Source, name: str) -> dict[Path, Place]:
    moved: dict[Path, Place] = {}
    for path, place in source.places.items():
        if path[:1] == ("steps",):
            moved[("parts", name, *path[1:])] = place
        elif path[:1] in (("parts",), ("fields",), ("aspects",)) and len(path) > 1:
            moved[path] = place
    return moved


def _document(source: Source, kind: type[Document]) -> tuple[Document | None, list[Problem], bool]:
    """Validate; on faults take the faulty settings out and report what was taken."""
    problems, whole = list(source.problems), True
    if not isinstance(source.data, dict):
        return None, [*problems, problem("flow-not-a-survey", source.place(()))], False
    data = source.data
    for _ in range(_ROUNDS):
        try:
            return kind.model_validate(data), problems, whole
        except ValidationError as error:
            faults = list(located(error, source, kind))
        problems += [fault for _, fault in faults if fault not in problems]
        for path, fault in sorted(faults, key=lambda found: len(found[0]), reverse=True):
            kept = take_out(
                data,
                path,
                missing=fault.code == "flow-missing-setting",
                unknown=fault.code == "flow-unknown-setting",
            )
            if kept is None:
                return None, problems, False
            whole = whole and kept
    return None, problems, False
