"""Results as files in the shape of the import, each result once.

Three steps. Stage: the whole file is written and synced in a folder of ours below the target
folder. Commit: the receipts (`write_backs`) are stored in one transaction. Publish: the staged
file is renamed into place, which happens or does not. The next run publishes staged files that
have receipts and throws away those that have none, so a crash anywhere neither doubles nor loses
a result, even where somebody takes the files away at once.
"""

import asyncio
import csv
import os
from contextlib import suppress
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue import text as words
from core.clock import Clock
from core.errors import TransientError, problem
from storage.database import Database
from storage.final import FinalResult, standing
from storage.importing.mapping import Mapping
from storage.schema import WriteBack
from storage.spreadsheet import defused
from storage.writeback.receipts import Receipt, one_at_a_time, receipt_name, record
from storage.writeback.shape import RESULT_FIELDS, columns_of, imported, shown

STAGING = ".huifang-staging"
"""Folder below the target folder in which files wait for their receipts."""
ROWS_A_FILE = 5000


async def write_files(
    database: Database,
    target: str,
    folder: Path,
    mapping: Mapping,
    *,
    clock: Clock,
    language: str = "zh",
    rows: int = ROWS_A_FILE,
) -> list[Receipt]:
    """Write what is new to files in `folder`, in the shape of `mapping`; returns the receipts.

    Raises TransientError where the folder cannot be written (nothing is lost: run again).
    """
    receipts: list[Receipt] = []
    try:
        while True:
            async with database.write() as session:
                await one_at_a_time(session)
                await _publish(session, target, folder)
                found = await standing(session, target, source=mapping.source, limit=rows)
                if not found:
                    return receipts
                name = receipt_name(target, found)
                await asyncio.to_thread(_stage, folder, target, name, found, mapping, language)
                record(session, target, name, found, clock)
            async with database.read() as session:
                await _publish(session, target, folder, drop=False)
            receipts.append(Receipt(target, name, len(found)))
    except OSError as error:
        detail = error.strerror or str(error)
        raise TransientError(
            problem("write-back-folder", folder=folder, target=target, detail=detail)
        ) from error


async def _publish(session: AsyncSession, target: str, folder: Path, *, drop: bool = True) -> None:
    """Rename staged files that have receipts into place; `drop`: throw the others away."""
    staging = folder / STAGING / target
    for staged in sorted(staging.glob("*.csv")) if staging.is_dir() else ():
        query = select(WriteBack.id).where(
            WriteBack.target == target, WriteBack.receipt == staged.stem
        )
        if await session.scalar(query.limit(1)) is not None:
            with suppress(FileNotFoundError):  # another run was quicker
                staged.replace(folder / staged.name)
            _sync(folder)
        elif drop:
            staged.unlink(missing_ok=True)


def _stage(
    folder: Path,
    target: str,
    name: str,
    found: list[FinalResult],
    mapping: Mapping,
    language: str,
) -> None:
    staging = folder / STAGING / target
    staging.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = staging / f"{name}.csv"
    handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        columns = columns_of(mapping)
        results = [words(f"result-{name}", language) for name in RESULT_FIELDS]
        writer.writerow([defused(cell) for cell in (*columns.values(), *results)])
        zone = ZoneInfo(mapping.time_zone)
        for one in found:
            cells = [imported(one, name, mapping, zone) for name in columns]
            cells += [shown(getattr(one, name), name, zone, language) for name in RESULT_FIELDS]
            writer.writerow([defused(cell) for cell in cells])
        file.flush()
        os.fsync(file.fileno())
    _sync(staging)


def _sync(folder: Path) -> None:
    """A rename survives a power cut only once its folder is synced."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
