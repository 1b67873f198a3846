"""Results for people and other programs: CSV, JSON and XLSX, written as they are read."""

import csv
import json
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from core.catalogue import entries, text
from core.phone import mask
from storage.database import Database
from storage.results import GivenAnswer, Result, ResultFilter, aspects_in_use, results
from storage.spreadsheet import defused
from storage.transcripts import Transcribed

FIELDS = (
    *("batch", "source", "case_number", "respondent_class", "key_incident", "unit", "officer"),
    *("badge_number", "branch", "party", "number", "callback_id", "callback_state"),
    *("callback_verdict", "sequence", "channel", "trunk", "claimed_at", "dialed_at", "ringing_at"),
    *("answered_at", "ended_at", "ring_seconds", "talk_seconds", "disposition", "aapor"),
    *("verdict", "reason", "sip_status", "q850_cause", "packets_lost", "language", "recording"),
)
"""Columns of the table, in order; the aspects and the answers in words follow."""

ROWS_A_SHEET = 1_000_000
"""A worksheet holds 1,048,576 rows."""

_TRANSLATED = {
    "respondent_class": "class",
    "disposition": "disposition",
    "verdict": "verdict",
    "callback_verdict": "verdict",
}


class Shape:
    """How values are shown: in which language and time zone, and whether numbers are masked."""

    def __init__(
        self,
        *,
        language: str = "zh",
        time_zone: str = "Asia/Shanghai",
        show_numbers: bool = False,
        aspects: list[str] | None = None,
    ) -> None:
        self.language = language
        self.zone = ZoneInfo(time_zone)
        self.show_numbers = show_numbers
        self.aspects = aspects or []

    def headings(self) -> list[str]:
        """Return the headings of the table."""
        names = [text(f"result-{name}", self.language) for name in FIELDS]
        return [*names, *self.aspects, text("result-answers", self.language)]

    def row(self, result: Result) -> list[Any]:
        """Return one line of the table."""
        aspects = result.aspects
        return [
            *(self._cell(name, getattr(result, name), result) for name in FIELDS),
            *(self._word("verdict", aspects.get(name, "")) for name in self.aspects),
            "; ".join(self._answer(answer) for answer in result.answers),
        ]

    def _answer(self, answer: GivenAnswer) -> str:
        said = f"{answer.step}={answer.label or answer.value}"
        return f"{said} {told(answer.transcript, self.language)}".rstrip()

    def document(self, result: Result) -> dict[str, Any]:
        """Return one JSON object: our own names and words, times in ISO 8601, UTC."""
        values = {name: getattr(result, name) for name in FIELDS}
        values["number"] = self._number(result.number)
        values["attempt_id"] = result.attempt_id
        values["aspects"] = result.aspects
        values["answers"] = [asdict(answer) for answer in result.answers]
        return values

    def _cell(self, name: str, value: Any, result: Result) -> Any:
        if value is None:
            return ""
        if name == "number":
            return self._number(result.number)
        if isinstance(value, datetime):
            return value.astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S")
        if isinstance(value, bool):
            return text("result-yes" if value else "result-no", self.language)
        return self._word(_TRANSLATED.get(name, ""), value) if name in _TRANSLATED else value

    def _number(self, number: str) -> str:
        return number.removeprefix("+86") if self.show_numbers else mask(number)

    def _word(self, kind: str, value: str) -> str:
        key = f"{kind}-{value}"
        return text(key, self.language) if value and key in entries() else value


def told(transcript: Transcribed | None, language: str) -> str:
    """Return the words of a recorded answer, or why there are none; empty for other answers."""
    if transcript is None:
        return ""
    if transcript.state == "done" and transcript.text:
        return text("transcript-words", language, words=transcript.text)
    key = "nothing" if transcript.state == "done" else transcript.state
    return text(f"transcript-{key}", language)


async def write_csv(found: AsyncIterator[Result], stream: TextIO, shape: Shape) -> int:
    """Write the table as CSV; returns the number of attempts."""
    writer = csv.writer(stream)
    writer.writerow([defused(heading) for heading in shape.headings()])
    count = 0
    async for result in found:
        writer.writerow([_safe(value) for value in shape.row(result)])
        count += 1
    return count


async def write_json(found: AsyncIterator[Result], stream: TextIO, shape: Shape) -> int:
    """Write one JSON array, an attempt a line; returns the number of attempts."""
    stream.write("[")
    count = 0
    async for result in found:
        document = shape.document(result)
        stream.write(",\n" if count else "\n")
        stream.write(json.dumps(document, ensure_ascii=False, default=_json))
        count += 1
    stream.write("\n]\n")
    return count


async def write_xlsx(found: AsyncIterator[Result], path: Path, shape: Shape) -> int:
    """Write a workbook in constant memory; returns the number of attempts."""
    book = Workbook(write_only=True)
    count = 0
    sheet = book.create_sheet()
    sheet.append(shape.headings())
    async for result in found:
        if count and count % ROWS_A_SHEET == 0:
            sheet = book.create_sheet()
            sheet.append(shape.headings())
        sheet.append([_safe(value) for value in shape.row(result)])
        count += 1
    book.save(path)
    return count


async def export_results(
    database: Database,
    path: Path,
    kind: str,
    *,
    wanted: ResultFilter | None = None,
    shape: Shape | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write results to `path` (whole or not at all, for its owner only); returns how many.

    `kind`: ``csv`` (UTF-8 with byte order mark, for Excel), ``json`` or ``xlsx``. `shape` without
    aspects gets a column for each aspect that was ever rated.
    """
    shape = shape or Shape()
    shape.aspects = shape.aspects or await aspects_in_use(database)
    found = _counted(results(database, wanted), progress)
    part = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    try:
        encoding = "utf-8-sig" if kind == "csv" else "utf-8"
        with os.fdopen(handle, "w", encoding=encoding, newline="") as stream:
            if kind == "csv":
                count = await write_csv(found, stream, shape)
            elif kind == "json":
                count = await write_json(found, stream, shape)
            else:
                count = await write_xlsx(found, part, shape)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return count


async def _counted(
    found: AsyncIterator[Result], progress: Callable[[int], None] | None
) -> AsyncIterator[Result]:
    count = 0
    async for result in found:
        yield result
        count += 1
        if progress is not None and count % 1000 == 0:
            progress(count)


def _safe(value: Any) -> Any:
    return defused(ILLEGAL_CHARACTERS_RE.sub("", value)) if isinstance(value, str) else value


def _json(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
