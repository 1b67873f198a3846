"""The rows that were not taken, each with its reason, in a file to mend and import again.

UTF-8 with a byte order mark, so that Excel shows Chinese. The reason columns come first, so that
a row with too many cells keeps them all; they are ignored when the file is imported.
"""

import csv
import os
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from core.catalogue import text
from core.errors import PermanentError, Place, problem
from storage.importing.facts import Refusal
from storage.importing.mapping import heading
from storage.importing.rows import REASON_HEADINGS, Row
from storage.spreadsheet import defused


class RejectsFile:
    """Made with the first rejected row; without one there is no file."""

    def __init__(self, path: Path, headings: tuple[str, ...]) -> None:
        self.path = path
        self._part = path.with_name(path.name + ".part")
        ours = {heading(reason) for reason in REASON_HEADINGS}
        self._ours = {n for n, shown in enumerate(headings) if heading(shown) in ours}
        self._headings = [h for n, h in enumerate(headings) if n not in self._ours]
        self._file: IO[str] | None = None
        self._writer: Any = None

    def add(self, row: Row, refusal: Refusal) -> None:
        """Write one row. Raises PermanentError where that is impossible (disk full, forbidden)."""
        try:
            self._add(row, refusal)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> PermanentError:
        detail = error.strerror or str(error)
        return PermanentError(
            problem("import-rejects-unwritable", Place(str(self.path)), detail=detail)
        )

    def _add(self, row: Row, refusal: Refusal) -> None:
        if self._file is None:
            # Names and numbers: for its owner only.
            handle = os.open(self._part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
            self._file = open(handle, "w", encoding="utf-8-sig", newline="")  # noqa: SIM115, PTH123
            self._writer = csv.writer(self._file)
            self._writer.writerow([*REASON_HEADINGS, *self._headings])
        reasons = [
            "; ".join(text(code, language, value=value) for code, value in refusal.reasons)
            for language in ("zh", "en")
        ]
        cells = [cell for number, cell in enumerate(row.cells) if number not in self._ours]
        if row.fault and len(row.cells) == 1:
            cells = list(row.cells)
        self._writer.writerow([defused(cell) for cell in (*reasons, *cells)])

    def close(self) -> Path | None:
        """Finish the file; returns where it is, or None where no row was rejected.

        Raises PermanentError where it cannot be written whole.
        """
        if self._file is None:
            return None
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._part.replace(self.path)
        except OSError as error:
            raise self._unwritable(error) from error
        self._file = None
        return self.path

    def abandon(self) -> None:
        """The import stopped half-way: no half a file stays (importing again makes a whole one)."""
        if self._file is None:
            return
        with suppress(OSError):  # what waits in its buffer does not fit on a full disk
            self._file.close()
        self._file = None
        self._part.unlink(missing_ok=True)
