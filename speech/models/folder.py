"""The models of this machine: one folder each below the data folder, with its description."""

import asyncio
import contextlib
import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.errors import AuthorError, HuifangError, PermanentError, Place, Problem, problem
from speech.models.description import (
    Description,
    checksum,
    checksums,
    language_of,
    licence_of,
    read_description,
)
from speech.models.layout import layout
from speech.models.unpacking import unpack
from speech.recognition.model_process import ModelProcess

_CONTENT = "model"
_DESCRIPTION = "model.json"
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Checked:
    """What came of checking a model."""

    model: Description
    problems: tuple[Problem, ...]
    seconds: float = 0.0
    """Seconds that loading took."""
    megabytes: float = 0.0
    """Memory that it takes once loaded."""

    @property
    def good(self) -> bool:
        """True where nothing is wrong."""
        return not self.problems


class ModelFolder:
    """The models below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        """Return where the content of a model lies."""
        return self._folder / name / _CONTENT

    def list(self) -> list[Description]:
        """Return all models, by name. Raises AuthorError where a description is unreadable."""
        found, problems = [], []
        for file in sorted(self._folder.glob(f"*/{_DESCRIPTION}")):
            if file.parent.name.startswith("."):
                continue  # a model that was being added when the machine stopped
            try:
                found.append(read_description(file))
            except (OSError, ValueError) as error:
                problems.append(problem("models-unreadable", Place(str(file)), detail=error))
        if problems:
            raise AuthorError(*problems)
        return found

    async def add(
        self, source: Path, now: datetime, *, language: str = "", name: str = ""
    ) -> Checked:
        """Copy the model in `source` (a ZIP file or a folder) here, and load it once.

        It is there whole or not at all. Raises AuthorError where it is no model, is here already,
        or its language is not told by its name, PermanentError where it cannot be loaded or kept.
        """
        with self._new_folder() as fresh:
            content = await asyncio.to_thread(self._unpack, source, fresh)
            chosen = name or _name_of(source, content, fresh)
            described = await asyncio.to_thread(
                self._describe, content, source, chosen, language or language_of(chosen), now
            )
            checked = await _loaded(described, content)
            if checked.problems:
                raise PermanentError(*checked.problems)
            described.write(fresh / _DESCRIPTION)
            self._keep(fresh, content, chosen)
        return checked

    async def check(self, model: Description) -> Checked:
        """Look whether every file is as it was added, and load the model once."""
        content = self.path(model.name)
        files = await asyncio.to_thread(checksums, content)
        changed = sorted(
            path
            for path in files.keys() | model.files.keys()
            if files.get(path) != model.files.get(path)
        )
        if changed:
            shown = ", ".join(changed[:5])
            return Checked(model, (problem("models-changed", Place(str(content)), files=shown),))
        return await _loaded(model, content)

    @contextlib.contextmanager
    def _new_folder(self) -> Iterator[Path]:
        """Give an empty folder on the same disk; what is left of it is removed."""
        fresh = self._folder / f".adding-{secrets.token_hex(4)}"
        try:
            fresh.mkdir(parents=True)
            yield fresh
        except OSError as error:
            detail = error.strerror or str(error)
            raise PermanentError(
                problem("models-unwritable", folder=self._folder, detail=detail)
            ) from error
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _unpack(self, source: Path, fresh: Path) -> Path:
        unpacked = fresh / "unpacked"
        unpacked.mkdir()
        return unpack(source, unpacked)

    def _describe(
        self, content: Path, source: Path, name: str, language: str, now: datetime
    ) -> Description:
        place = Place(str(source))
        parts = layout(content)
        if parts.missing:
            raise AuthorError(problem("models-no-model", place, missing=", ".join(parts.missing)))
        if not _NAME.fullmatch(name):
            raise AuthorError(problem("models-name", place, name=name[:80]))
        if not _LANGUAGE.fullmatch(language):
            raise AuthorError(problem("models-language", place, name=name))
        files = checksums(content)
        described = Description(
            name=name,
            language=language,
            sample_rate=parts.sample_rate(),
            bytes=sum((content / path).stat().st_size for path in files),
            sha256=checksum(files),
            licence=licence_of(content),
            grammars=parts.has_grammars,
            added_at=now.isoformat(timespec="seconds"),
            files=files,
        )
        for known in self.list():
            if known.sha256 == described.sha256 or known.name == name:
                raise AuthorError(problem("models-twice", place, name=known.name))
        return described

    def _keep(self, fresh: Path, content: Path, name: str) -> None:
        """Put it in its place, by one rename at the end."""
        ready = fresh / "ready"
        ready.mkdir()
        content.rename(ready / _CONTENT)
        (fresh / _DESCRIPTION).rename(ready / _DESCRIPTION)
        ready.rename(self._folder / name)


def _name_of(source: Path, content: Path, fresh: Path) -> str:
    """Return a model's name: of the folder in the archive, else of what was given."""
    if content.parent == fresh:  # nothing was wrapped around it
        return source.name.removesuffix(".zip")
    return content.name


async def _loaded(model: Description, content: Path) -> Checked:
    """Load the model in a process of its own; say how long that took and what it occupies."""
    process = ModelProcess(model.language, content, 1)
    try:
        await process.start()
    except HuifangError as error:
        return Checked(model, error.problems)
    finally:
        await process.close()
    return Checked(model, (), process.load_seconds, process.megabytes)
