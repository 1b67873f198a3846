"""A whole file: read as a stream, written in chunks, every row accounted for.

Each chunk is one transaction: a crash leaves whole chunks, and importing the file again finishes
it, because what is there already counts as duplicate.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update

from core.clock import Clock
from core.errors import AuthorError, Place, problem
from storage.database import Database
from storage.importing.directory import table_of
from storage.importing.facts import Facts, Reader, Refusal
from storage.importing.keeping import Keeper
from storage.importing.mapping import Mapping
from storage.importing.numbering import next_ids
from storage.importing.rejects import RejectsFile
from storage.importing.table import open_table
from storage.schema import Import

CHUNK = 5000
"""Rows written in one transaction."""

Progress = Callable[[int, float], None]
"""Told after each chunk: rows read, and the part of the file they are (0-1)."""

imports = table_of(Import)


@dataclass
class ImportReport:
    """What became of a file."""

    file: str
    source: str
    sha256: str
    rows: int = 0
    accepted: int = 0
    duplicate: int = 0
    supplemented: int = 0
    rejected: int = 0
    rejects_file: str = ""
    """Where the rejected rows are; empty: none."""
    unmapped_headings: tuple[str, ...] = ()
    """Columns of the file that the mapping does not speak of."""
    reasons: dict[str, int] = field(default_factory=dict)
    """Catalogue key of a rejection -> rows."""
    warnings: dict[str, int] = field(default_factory=dict)
    """Catalogue key of a number that was left out of a row that was used -> numbers."""

    changed: dict[str, int] = field(default_factory=dict)
    """Fact of known cases (officer, unit, closed_at) that this export changed -> cases; the old
    values are in the table import_conflicts."""
    differing: dict[str, int] = field(default_factory=dict)
    """Fact that this export states differently and that was not changed -> cases."""

    def as_json(self) -> dict[str, Any]:
        """Return the machine-readable form."""
        return asdict(self)


def rejects_path(path: Path) -> Path:
    """Return where the rejected rows of `path` go."""
    return path.with_name(f"{path.stem}.rejects.csv")


async def import_file(
    database: Database,
    path: Path,
    mapping: Mapping,
    *,
    clock: Clock,
    progress: Progress | None = None,
    rejects: Path | None = None,
    chunk: int = CHUNK,
) -> ImportReport:
    """Import `path`. Every row ends accepted, duplicate, supplemented or in the rejects file.

    `rejects`: where rejected rows go; default: ``NAME.rejects.csv`` beside the file. Raises
    AuthorError where the file as a whole cannot be read as `mapping` says (nothing is changed
    then), TransientError or PermanentError of the database or the rejects file (whole chunks
    stay; import the file again to finish it).
    """
    target = rejects or rejects_path(path)
    if target.resolve() == path.resolve():
        raise AuthorError(problem("import-rejects-same", Place(str(path))))
    table = open_table(path, mapping)
    report = ImportReport(path.name, mapping.source, await asyncio.to_thread(_sha256, path))
    report.unmapped_headings = table.unmapped
    run = _Run(database, mapping, clock, report)
    reader = Reader(table, mapping)
    refused = RejectsFile(target, table.headings)
    waiting: list[Facts] = []
    reasons: Counter[str] = Counter()
    warnings: Counter[str] = Counter()
    part, since = 0.0, 0
    try:
        for row, part in table.rows:
            facts = reader.read(row)
            if facts is None:
                continue
            if not report.rows:
                await run.start()
            report.rows += 1
            since += 1
            if isinstance(facts, Refusal):
                report.rejected += 1
                reasons.update({code for code, _ in facts.reasons})
                refused.add(row, facts)
            else:
                warnings.update(facts.warnings)
                waiting.append(facts)
            if since >= chunk:
                await run.write(waiting)
                waiting, since = [], 0
                if progress is not None:
                    progress(report.rows, part)
        if not report.rows:
            raise AuthorError(problem("import-no-rows", Place(str(path), table.line, 1)))
        await run.write(waiting)
        report.rejects_file = str(refused.close() or "")
    finally:
        refused.abandon()
        table.rows.close() if hasattr(table.rows, "close") else None
    report.reasons, report.warnings = dict(reasons), dict(warnings)
    await run.finish()
    if progress is not None:
        progress(report.rows, 1.0)
    return report


class _Run:
    """The row in `imports`, and the chunks."""

    def __init__(
        self, database: Database, mapping: Mapping, clock: Clock, report: ImportReport
    ) -> None:
        self._database = database
        self._mapping = mapping
        self._clock = clock
        self._report = report
        self._id = 0
        self._keeper: Keeper

    async def start(self) -> None:
        async with self._database.write() as session:
            connection = await session.connection()
            before = select(imports.c.id).where(
                imports.c.sha256 == self._report.sha256,
                imports.c.source == self._mapping.source,
                imports.c.finished_at.is_not(None),
            )
            seen = (await connection.execute(before.limit(1))).first() is not None
            (self._id,) = await next_ids(connection, imports, 1)
            row = {
                "id": self._id,
                "file_name": self._report.file[:500],
                "sha256": self._report.sha256,
                "source": self._mapping.source,
                "started_at": self._clock.now(),
                "finished_at": None,
                **self._counts(),
            }
            await connection.execute(insert(imports), [row])
        self._keeper = Keeper(self._mapping.source, self._id, seen=seen)

    async def write(self, chunk: list[Facts]) -> None:
        async with self._database.write() as session:
            connection = await session.connection()
            outcomes = Counter(await self._keeper.keep(connection, chunk, self._clock.now()))
            self._report.accepted += outcomes["accepted"]
            self._report.duplicate += outcomes["duplicate"]
            self._report.supplemented += outcomes["supplemented"]
            statement = update(imports).where(imports.c.id == self._id)
            await connection.execute(statement.values(**self._counts()))

    async def finish(self) -> None:
        found = self._keeper.conflicts
        self._report.changed = {fact: n for (fact, taken), n in found.items() if taken}
        self._report.differing = {fact: n for (fact, taken), n in found.items() if not taken}
        async with self._database.write() as session:
            connection = await session.connection()
            statement = update(imports).where(imports.c.id == self._id)
            now = self._clock.now()
            await connection.execute(statement.values(finished_at=now, **self._counts()))

    def _counts(self) -> dict[str, int]:
        report = self._report
        return {
            "accepted": report.accepted,
            "duplicate": report.duplicate,
            "supplemented": report.supplemented,
            "rejected": report.rejected,
        }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
