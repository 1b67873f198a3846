"""Finding surveys by name: the operator's own folder first, then those that come with Huifang."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from app.wiring import abilities
from config.loading import Loaded
from core.errors import AuthorError, Place, problem
from dialer.batch_report import Survey
from flows.check.linter import check_file
from flows.check.speaking import Measure, Sounds
from flows.check.vocabulary import Vocabulary
from flows.compiler import compile_flow
from flows.program import Program
from flows.reader import SurveyFile, read, read_text
from flows.simulator import examples
from ivr.texting.checking import faults as text_faults


@dataclass(frozen=True)
class ReadySurvey:
    """A survey that was read, checked and compiled."""

    file: SurveyFile
    program: Program

    @property
    def facts(self) -> Survey:
        """What a batch keeps of it."""
        flow = self.file.flow
        required = tuple(name for name, field in flow.fields.items() if field.required)
        return Survey(flow.flow, flow.version, self.file.sha256, self.file.text, required)


def library() -> Path:
    """Return the folder of the surveys that come with Huifang."""
    return Path(str(resources.files("flows").joinpath("library")))


def files(loaded: Loaded) -> dict[str, Path]:
    """Return every survey by its name; the operator's own hide those of the same name."""
    found: dict[str, Path] = {}
    for folder in (library(), loaded.path(loaded.settings.folders.surveys)):
        for file in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
            if not _is_scenarios(file):
                found[file.stem] = file
    return found


def _is_scenarios(file: Path) -> bool:
    return file.name.endswith((".scenarios.yaml", ".scenarios.yml"))


def find(loaded: Loaded, name: str) -> Path:
    """Return the file of a survey, given by name or by path. Raises AuthorError."""
    if name.endswith((".yaml", ".yml")):
        return Path(name)
    known = files(loaded)
    if name not in known:
        raise AuthorError(
            problem(
                "app-unknown-survey",
                Place(),
                name=name,
                folder=loaded.path(loaded.settings.folders.surveys),
                known=", ".join(known) or "-",
            )
        )
    return known[name]


def chosen(loaded: Loaded, names: Iterable[str]) -> list[Path]:
    """Return the files of surveys, given by file, folder or name; scenario files are no surveys.

    Raises AuthorError for a name that nothing has.
    """
    found: list[Path] = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            found += [each for each in sorted(path.glob("*.yaml")) if not _is_scenarios(each)]
        elif not _is_scenarios(path):
            found.append(path if path.is_file() else find(loaded, name))
    return list(dict.fromkeys(found))


def transfers(loaded: Loaded) -> frozenset[str]:
    """Return the names of those to whom the settings let calls be transferred."""
    return frozenset(each.name for each in loaded.settings.transfers)


def ready(
    file: Path,
    *,
    measure: Measure | None = None,
    sounds: Sounds | None = None,
    abilities: frozenset[str] | None = None,
    transfers: frozenset[str] | None = None,
    hears: frozenset[str] | None = None,
    vocabulary: Vocabulary | None = None,
) -> ReadySurvey:
    """Read, check and compile a survey. Raises AuthorError with every fault: nobody is called."""
    found = check_file(
        file,
        measure=measure,
        sounds=sounds,
        abilities=abilities,
        transfers=transfers,
        hears=hears,
        vocabulary=vocabulary,
    )
    faults = [fault for fault in found if fault.is_error]
    if faults:
        raise AuthorError(*faults)
    survey = read(file)
    program = compile_flow(survey.flow, sha256=survey.sha256, transfers=transfers, hears=hears)
    return ReadySurvey(survey, program)


def as_stored(loaded: Loaded, name: str, source: str, sha256: str) -> SurveyFile:
    """Return the survey whose text was stored with a batch, whatever became of its file.

    Raises AuthorError where it cannot be had any more as it was.
    """
    path = files(loaded).get(name)
    if path is not None and (now := read(path)).sha256 == sha256:
        return now
    stored = read_text(source, str(path or f"{name}.yaml"))
    if stored.sha256 != sha256:
        raise AuthorError(problem("app-survey-changed", Place(str(path or name)), name=name))
    return stored


def writable(loaded: Loaded, name: str) -> ReadySurvey:
    """Return the survey `name`, fit to be held by text message. Raises AuthorError."""
    survey = ready(find(loaded, name))
    faults = text_faults(survey.file, examples(survey.program))
    if any(fault.is_error for fault in faults):
        raise AuthorError(*(fault for fault in faults if fault.is_error))
    return survey


def callable_by(loaded: Loaded, name: str) -> ReadySurvey:
    """Return the survey `name`, fit for the configured trunks and transfer targets.

    Raises AuthorError with every fault, among them steps that a trunk cannot perform.
    """
    return ready(find(loaded, name), abilities=abilities(loaded), transfers=transfers(loaded))
