"""What is known of a model: read from its files when it is added, and kept beside it."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_NAME = re.compile(r"vosk-model-(?:small-)?(?!spk)([a-z]{2,3})(?:-|$)")
"""Not vosk-model-spk, which tells speakers apart."""
_LANGUAGES = {"cn": "zh", "cz": "cs", "kz": "kk", "ua": "uk", "vn": "vi"}
"""Countries that model names give for their languages (ISO 639-1)."""
_LICENCE_FILES = ("LICENSE*", "LICENCE*", "COPYING*", "NOTICE*", "README*")
_LICENCE = re.compile(
    r"licen[cs]e|apache|creative commons|\bCC[- ]BY|\bMIT\b|\b[AL]?GPL|\bBSD\b|许可", re.IGNORECASE
)
_LONGEST_LINE = 160


@dataclass(frozen=True)
class Description:
    """A model as it was added."""

    name: str
    language: str
    """ISO 639-1."""
    sample_rate: int
    """Samples a second that it was made for; the line's 8,000 are brought to it."""
    bytes: int
    sha256: str
    """Over the names and contents of all its files."""
    licence: str
    """What its files say of the licence; empty where they say nothing."""
    grammars: bool
    """True where it can be held to the answers of a survey; the others hear any words, which
    takes about ten times as much of the processor."""
    added_at: str
    """ISO 8601, UTC."""
    files: Mapping[str, str]
    """Each file's SHA-256, by its path below the model's folder."""

    def as_json(self) -> dict[str, Any]:
        """Return it for machines, without its list of files."""
        return {name: value for name, value in asdict(self).items() if name != "files"}

    def write(self, file: Path) -> None:
        """Keep it."""
        file.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=2), "utf-8")


def read_description(file: Path) -> Description:
    """Return what was kept. Raises OSError, ValueError."""
    try:
        return Description(**json.loads(file.read_text("utf-8")))
    except TypeError as error:
        raise ValueError(str(error)) from error


def language_of(name: str) -> str:
    """Return the language that a model's name gives; empty where it gives none."""
    found = _NAME.match(name.lower())
    return _LANGUAGES.get(found[1], found[1]) if found else ""


def checksums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below `folder`, by its path."""
    found = {}
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            with file.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
            found[file.relative_to(folder).as_posix()] = digest
    return found


def checksum(files: Mapping[str, str]) -> str:
    """Return one SHA-256 for all files, as ``sha256sum`` would print them, sorted by path."""
    lines = "".join(f"{digest}  {path}\n" for path, digest in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def licence_of(folder: Path) -> str:
    """Return the line of a model's files that names its licence, with the file; empty: none."""
    for pattern in _LICENCE_FILES:
        for file in sorted(folder.glob(pattern)):
            if file.is_file():
                with file.open("r", encoding="utf-8", errors="replace") as text:
                    head = text.read(20_000)
                lines = (" ".join(line.split()) for line in head.splitlines())
                named = next((line for line in lines if _LICENCE.search(line)), "")
                if named:
                    return f"{named[:_LONGEST_LINE]} ({file.name})"
    return ""
