"""Copying a model out of a ZIP file or a folder: nothing leaves the folder it is copied into.

A disk that comes into an intranet is not trusted: paths that lead out, links that lead out,
archives that grow without end are refused before anything is in use.
"""

import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from core.errors import AuthorError, PermanentError, Place, problem

MOST_BYTES = 8 << 30
"""The largest model known takes 5 GB."""
MOST_FILES = 5_000
_SPARE_BYTES = 200 << 20
_BLOCK = 1 << 20


@dataclass(frozen=True)
class _Part:
    """One file to be copied."""

    path: PurePosixPath
    size: int
    open: Callable[[], IO[bytes]]


def unpack(source: Path, into: Path) -> Path:
    """Copy the model in `source` (a ZIP file or a folder) below the empty folder `into`.

    Returns the folder of the model itself: archives wrap it in a folder of its name. Raises
    AuthorError where it is no safe archive or holds no model, PermanentError where the disk is
    full.
    """
    place = Place(str(source))
    if source.is_dir():
        _copy(list(_in_folder(source, place)), into, place)
    elif source.is_file():
        try:
            with zipfile.ZipFile(source) as archive:
                _copy(list(_in_archive(archive, place)), into, place)
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
            raise AuthorError(problem("models-no-archive", place, detail=error)) from error
    else:
        raise AuthorError(problem("models-no-source", place))
    return _model_in(into, place)


def _in_archive(archive: zipfile.ZipFile, place: Place) -> Iterator[_Part]:
    for entry in archive.infolist():
        if entry.is_dir():
            continue
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise AuthorError(problem("models-link", place, path=entry.filename))
        if entry.flag_bits & 0x1:
            raise AuthorError(problem("models-encrypted", place))
        yield _Part(
            _inside(entry.filename, place),
            entry.file_size,
            lambda entry=entry: archive.open(entry),  # type: ignore[misc]
        )


def _in_folder(folder: Path, place: Place) -> Iterator[_Part]:
    root = folder.resolve()
    for here, _, names in os.walk(folder):
        for name in names:
            file = Path(here, name)
            # A link inside the model is copied as the file it means.
            target = file.resolve()
            if not target.is_relative_to(root) or not target.is_file():
                raise AuthorError(problem("models-link", place, path=file.relative_to(folder)))
            path = PurePosixPath(file.relative_to(folder).as_posix())
            yield _Part(path, target.stat().st_size, lambda target=target: target.open("rb"))  # type: ignore[misc]


def _inside(name: str, place: Place) -> PurePosixPath:
    """Return the path of an entry. Raises AuthorError where it leads out."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in name or "\0" in name:
        raise AuthorError(problem("models-path", place, path=name[:80]))
    return path


def _copy(parts: list[_Part], into: Path, place: Place) -> None:
    size = sum(part.size for part in parts)
    if len(parts) > MOST_FILES or size > MOST_BYTES:
        raise AuthorError(
            problem(
                "models-too-large",
                place,
                files=len(parts),
                gigabytes=f"{size / 1e9:.1f}",
                most_files=MOST_FILES,
                most=f"{MOST_BYTES / 1e9:.1f}",
            )
        )
    if shutil.disk_usage(into).free < size + _SPARE_BYTES:
        raise PermanentError(
            problem("models-disk-full", folder=into.parent, gigabytes=f"{size / 1e9:.1f}")
        )
    for part in parts:
        target = into.joinpath(part.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with part.open() as source, target.open("xb") as written:
            _copy_bytes(source, written, part, place)


def _copy_bytes(source: IO[bytes], written: IO[bytes], part: _Part, place: Place) -> None:
    """Copy as many bytes as were told, and no more: what an archive tells may be a lie."""
    left = part.size
    while block := source.read(_BLOCK):
        left -= len(block)
        if left < 0:
            break
        written.write(block)
    if left:
        raise AuthorError(problem("models-no-archive", place, detail=part.path))


def _model_in(folder: Path, place: Place) -> Path:
    """Return the folder with the acoustic model: this one, or one or two below it."""
    for pattern in ("", "*", "*/*"):
        for candidate in sorted(folder.glob(pattern)) if pattern else [folder]:
            if any((candidate / name).is_file() for name in ("am/final.mdl", "final.mdl")) and (
                candidate.name != "am"
            ):
                return candidate
    raise AuthorError(problem("models-no-model", place, missing="am/final.mdl"))
