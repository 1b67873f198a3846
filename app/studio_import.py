"""The studio's recordings brought in: all that is wrong is told at once, and nothing is half done.

A file belongs to the text whose id is its name, or that a list (CSV with the columns id and file)
in the same folder gives it. Recordings are read and judged first; only when nothing is wrong are
they written, under names of their own, and then the manifests are replaced one by one.
"""

import asyncio
import contextlib
import csv
import hashlib
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app import surveys
from app.script import Line, script
from config.loading import Loaded
from core.errors import AuthorError, PermanentError, Place, Problem, problem
from flows.check.speaking import estimate
from flows.compiler import compile_flow
from flows.reader import read
from speech.audio import wav_bytes
from speech.intake import SOUND_FILES, Intake, take_in
from speech.pattern import flat
from speech.studio import COMMON, MANIFEST, Studio, Take, manifest_bytes, take_id

Key = tuple[str, str]
"""(survey, language)."""


@dataclass(frozen=True)
class Imported:
    """What became of an import."""

    taken: tuple[tuple[str, Intake], ...]
    """Id and what was found in the file."""
    missing: tuple[Line, ...]
    """Lines that still have no recording."""
    folders: tuple[Path, ...]

    def as_json(self, language: str) -> dict[str, Any]:
        """Return it for machines."""
        return {
            "taken": [
                {
                    "id": name,
                    "file": str(each.file),
                    "seconds": round(each.seconds, 2),
                    "level": round(each.level_dbov, 1),
                    "clipped": round(each.clipped, 5),
                    "signal_to_noise": round(each.signal_to_noise, 1),
                    "warnings": [fault.as_json(language) for fault in each.warnings],
                }
                for name, each in self.taken
            ],
            "missing": [{"id": each.id, "text": each.text} for each in self.missing],
            "folders": [str(each) for each in self.folders],
        }


def adopted(loaded: Loaded, studio: Studio) -> list[str]:
    """Return the surveys that have a manifest."""
    known = surveys.files(loaded)
    return [name for name in known if any(studio.folder.glob(f"{name}/*/{MANIFEST}"))]


def survey_of(loaded: Loaded, name: str) -> surveys.ReadySurvey:
    """Return a survey as it is read, unchecked: what is recorded is not yet there."""
    path = Path(name)
    file = read(path if path.is_file() else surveys.find(loaded, name))
    return surveys.ReadySurvey(file, compile_flow(file.flow, sha256=file.sha256))


def takes(lines: Iterable[Line], kept: Iterable[Take], *, common: bool) -> list[Take]:
    """Return a manifest's lines: the script's, with what was recorded before kept."""
    before = {flat(take.text): take for take in kept}
    found: dict[str, Take] = {}
    for line in lines:
        old = before.get(flat(line.text))
        found[flat(line.text)] = Take(
            line.text,
            old.file if old else "",
            line.kind,
            line.context,
            line.hint,
            line.step,
            line.place.line,
        )
    for text, take in before.items():
        # What other surveys need stays; so does what a changed survey may need again.
        if text not in found and (take.file or common):
            found[text] = take
    return list(found.values())


def manifests(studio: Studio, lines: Iterable[Line]) -> dict[Key, list[Take]]:
    """Return the manifests that these lines belong into, as they would be.

    Raises AuthorError for a manifest that cannot be read.
    """
    grouped: dict[Key, list[Line]] = {}
    for line in lines:
        grouped.setdefault((line.survey, line.language), []).append(line)
    return {
        key: takes(those, studio.takes(*key) or (), common=key[0] == COMMON)
        for key, those in grouped.items()
    }


def adopt(studio: Studio, lines: Iterable[Line]) -> list[Path]:
    """Write the manifests of a script; recordings that are there already are kept."""
    return [_write(studio, key, them) for key, them in manifests(studio, lines).items()]


async def import_recordings(
    loaded: Loaded,
    studio: Studio,
    folder: Path,
    names: Iterable[str],
    *,
    part: bool,
    words: str,
    progress: Callable[[int, int], None] | None = None,
) -> Imported:
    """Take the recordings in `folder` for the surveys `names` (none: all that have a manifest).

    `part`: further recordings come later, so missing ones are no fault. Raises AuthorError with
    every fault, having changed nothing.
    """
    chosen = list(names) or adopted(loaded, studio)
    if not chosen:
        raise AuthorError(problem("prompts-none-adopted"))
    if not folder.is_dir():
        raise AuthorError(problem("prompts-no-folder", Place(str(folder))))
    lines = [
        line
        for name in chosen
        for line in script(survey_of(loaded, name), words, values=_with_values(studio))
    ]
    by_id: dict[str, list[Line]] = {}
    for line in lines:
        by_id.setdefault(line.id, []).append(line)
    files, faults = assigned(folder, by_id)
    taken: list[tuple[str, Intake]] = []
    for done, (name, file) in enumerate(files.items(), 1):
        line = by_id[name][0]
        expected = estimate(line.text, line.language)
        try:
            taken.append((name, await asyncio.to_thread(take_in, file, expected)))
        except AuthorError as error:
            faults += error.problems
        if progress is not None:
            progress(done, len(files))
    future = manifests(studio, lines)
    lacking = _lacking(future, lines, set(files))
    if lacking and not part:
        faults += [
            problem("prompts-file-missing", Place(str(folder)), id=each.id, text=each.text[:40])
            for each in lacking
        ]
    if not files and not faults:
        faults.append(problem("prompts-nothing-there", Place(str(folder))))
    if faults:
        raise AuthorError(*faults)
    folders = await asyncio.to_thread(_keep, studio, future, by_id, taken)
    return Imported(tuple(taken), tuple(lacking), tuple(folders))


def _with_values(studio: Studio) -> bool:
    """Return whether the operator records the words of values, too."""
    for file in studio.folder.glob(f"{COMMON}/*/{MANIFEST}"):
        read_already = studio.takes(COMMON, file.parent.name) or ()
        if any(take.kind == "value" for take in read_already):
            return True
    return False


def assigned(folder: Path, known: dict[str, list[Line]]) -> tuple[dict[str, Path], list[Problem]]:
    """Return the file of each id in `folder`, and a problem for every file that is unclear."""
    listed: dict[str, str] = {}
    for file in sorted(folder.glob("*.csv")):
        listed |= _listed(file)
    found: dict[str, Path] = {}
    faults: list[Problem] = []
    ids = {name.casefold(): name for name in known}
    for file in sorted(folder.rglob("*")):
        if file.suffix.lower() not in SOUND_FILES or not file.is_file():
            continue
        name = listed.get(file.name.casefold()) or ids.get(file.stem.casefold())
        if name is None or name not in known:
            faults.append(problem("prompts-file-unknown", Place(str(file))))
        elif name in found:
            faults.append(
                problem("prompts-file-twice", Place(str(file)), id=name, other=found[name].name)
            )
        else:
            found[name] = file
    return found, faults


def _listed(file: Path) -> dict[str, str]:
    """Return file name -> id of a list that the studio filled in."""
    content = file.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030", "replace")
    return {
        str(row["file"]).strip().casefold(): str(row["id"]).strip()
        for row in csv.DictReader(io.StringIO(text, newline=""))
        if row.get("file") and row.get("id")
    }


def _lacking(future: dict[Key, list[Take]], lines: list[Line], given: set[str]) -> list[Line]:
    recorded = {
        (key, flat(take.text)) for key, them in future.items() for take in them if take.file.strip()
    }
    found = {
        (line.survey, line.id): line
        for line in lines
        if line.id not in given and ((line.survey, line.language), flat(line.text)) not in recorded
    }
    return list(found.values())


def _keep(
    studio: Studio,
    future: dict[Key, list[Take]],
    by_id: dict[str, list[Line]],
    taken: list[tuple[str, Intake]],
) -> list[Path]:
    """Write the sounds, then the manifests, then take away what they replaced."""
    written: list[Path] = []
    try:
        for name, intake in taken:
            content = wav_bytes(intake.sound)
            file = f"{name}-{hashlib.sha256(content).hexdigest()[:8]}.wav"
            for line in by_id[name]:
                key = (line.survey, line.language)
                folder = studio.of(*key)
                folder.mkdir(parents=True, exist_ok=True)
                if not (folder / file).exists():
                    written.append(folder / file)
                    (folder / file).write_bytes(content)
                future[key] = [
                    replace(take, file=file) if take_id(take.text, line.language) == name else take
                    for take in future[key]
                ]
    except OSError as error:
        for path in written:
            with contextlib.suppress(OSError):
                path.unlink()
        raise _unwritable(studio.folder, error) from error
    # A call under way may be about to play what is replaced: that goes with the next import.
    before = {key: {take.file for take in studio.takes(*key) or ()} for key in future}
    folders = [_write(studio, key, them).parent for key, them in future.items()]
    for key, them in future.items():
        named = {take.file for take in them} | before[key]
        for old in studio.of(*key).glob("*.wav"):
            if old.name not in named:
                with contextlib.suppress(OSError):
                    old.unlink()
    return folders


def _write(studio: Studio, key: Key, them: list[Take]) -> Path:
    """Replace a manifest in one step; returns it."""
    folder = studio.of(*key)
    temporary = folder / f".{MANIFEST}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(manifest_bytes(them, key[1]))
        temporary.replace(folder / MANIFEST)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return folder / MANIFEST


def _unwritable(folder: Path, error: OSError) -> PermanentError:
    detail = error.strerror or str(error)
    return PermanentError(problem("speech-cache-unwritable", folder=folder, detail=detail))
