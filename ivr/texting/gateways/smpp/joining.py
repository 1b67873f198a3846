"""Long incoming messages: their parts, and where they are kept until the last one is there.

A part is acknowledged once it is safe, because many centres send the next one only then. So a
part is written to a file (and that file to the disk) before it is acknowledged; after a crash
the parts are still there.
"""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

PATIENCE = timedelta(minutes=30)
"""After which a message whose parts did not all come is taken as far as it came."""


@dataclass(frozen=True)
class Part:
    """One part of a message."""

    number: str
    """Who wrote it, as the centre names him."""
    to: str
    reference: int
    """The message's reference number: the same in all its parts."""
    total: int
    position: int
    """From 1."""
    octets: str
    """In hexadecimal digits."""
    data_coding: int
    at: str
    """ISO 8601."""
    id: str = ""
    """The centre's id, where it names one."""

    @property
    def message(self) -> str:
        """Which message it belongs to."""
        what = f"{self.number}\0{self.to}\0{self.reference}\0{self.total}"
        return sha256(what.encode()).hexdigest()[:24]


def header(octets: bytes) -> tuple[tuple[int, int, int] | None, bytes]:
    """Take the user data header off: ((reference, total, position) or None, the rest).

    3GPP TS 23.040, 9.2.3.24.1 (8 bit references) and 9.2.3.24.8 (16 bit).
    """
    if not octets or len(octets) < octets[0] + 1:
        return None, octets
    elements, rest = octets[1 : octets[0] + 1], octets[octets[0] + 1 :]
    while len(elements) >= 2:
        kind, length = elements[0], elements[1]
        value, elements = elements[2 : 2 + length], elements[2 + length :]
        if kind == 0x00 and len(value) == 3:
            return (value[0], value[1], value[2]), rest
        if kind == 0x08 and len(value) == 4:
            return (int.from_bytes(value[:2]), value[2], value[3]), rest
    return None, rest


class PartKeeper:
    """Keeps parts in `folder`, one file a part, until their message is whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, part: Part) -> list[Part]:
        """Keep `part` safely; returns all parts of its message once they are there, in order."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = self._file(part)
        aside = file.with_suffix(".new")
        with aside.open("w", encoding="utf-8") as opened:
            json.dump(asdict(part), opened)
            opened.flush()
            os.fsync(opened.fileno())
        aside.replace(file)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        parts = self._parts(f"{part.message}-*.part")
        return parts if len(parts) == part.total else []

    def forget(self, parts: list[Part]) -> None:
        """Drop the parts of a message that was taken."""
        for part in parts:
            self._file(part).unlink(missing_ok=True)

    def left_behind(self, now: datetime) -> list[list[Part]]:
        """Return the messages that are whole (a crash came between) or waited for too long."""
        messages: dict[str, list[Part]] = {}
        for part in self._parts("*.part"):
            messages.setdefault(part.message, []).append(part)
        old: Callable[[list[Part]], bool] = lambda parts: (  # noqa: E731 - reads as the rule
            max(datetime.fromisoformat(part.at) for part in parts) + PATIENCE < now
        )
        return [parts for parts in messages.values() if len(parts) == parts[0].total or old(parts)]

    def _file(self, part: Part) -> Path:
        return self._folder / f"{part.message}-{part.position:03}.part"

    def _parts(self, pattern: str) -> list[Part]:
        found = (Part(**json.loads(f.read_text("utf-8"))) for f in self._folder.glob(pattern))
        return sorted(found, key=lambda part: (part.message, part.position))
