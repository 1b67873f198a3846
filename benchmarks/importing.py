"""Importing a city's eight months: 430,000 rows of a CSV file, and of a workbook, into SQLite.

`run()` returns for both: seconds, CPU seconds, rows a second, and the peak resident memory in MB
(ru_maxrss of a process of its own), with that of a file a tenth as long beside it: constant
memory means that the two are alike.
"""

import csv
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import openpyxl

ROWS = 430_000
TARGETS = {
    "csv_seconds": ("<=", 180.0),
    "csv_memory_growth": ("<=", 1.5),
    "xlsx_seconds": ("<=", 180.0),
    "xlsx_memory_growth": ("<=", 1.5),
}
HEAD = ["警情编号", "报警人", "联系电话", "报警时间", "结案时间", "处警单位", "处警民警", "警号"]
HEAD += ["警种", "报警类别", "标签", "事发地址"]

_IMPORT = """
import asyncio, json, resource, sys, time
from pathlib import Path
from core.clock import SystemClock
from storage.database import Database
from storage.importing.importer import import_file
from storage.importing.mapping import load_mapping

async def main():
    database = Database(sys.argv[2])
    await database.migrate()
    mapping = load_mapping(Path(sys.argv[3]))
    start, cpu = time.perf_counter(), time.process_time()
    report = await import_file(database, Path(sys.argv[1]), mapping, clock=SystemClock())
    seconds = time.perf_counter() - start
    await database.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cpu = time.process_time() - cpu
    print(json.dumps({"cpu_seconds": cpu, **report.as_json(), "seconds": seconds, "peak_mb": peak}))

asyncio.run(main())
"""


def write_cases(path: Path, rows: int, seed: int = 1) -> None:
    """Write a file as a case platform exports it: 1 row in 20 repeats, 1 in 200 is wrong."""
    chance = random.Random(seed)
    units = [f"第{n}派出所" for n in range(300)]
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD)
        for number in range(rows):
            case = number if chance.random() > 0.05 else chance.randrange(max(1, number))
            person = chance.randrange(10**8)
            phone = f"139{person:08d}" if chance.random() > 0.005 else "无"
            if chance.random() < 0.1:
                phone = f"0575-8{person % 10**7:07d}"
            officer = chance.randrange(4000)
            day = 1 + case % 28
            writer.writerow(
                [
                    f"J3306{case:012d}",
                    f"当事人{person % 100_000}",
                    phone,
                    f"2026-02-{day:02d} {case % 24:02d}:{case % 60:02d}:00",
                    f"2026-03-{day:02d} 12:00:00" if case % 3 else "",
                    units[officer % 300],
                    f"民警{officer}",
                    f"{officer:06d}",
                    ("治安", "刑侦", "交管", "户政")[case % 4],
                    ("110警情", "窗口服务", "刑事案件")[case % 3],
                    "家暴" if case % 100 == 0 else "",
                    f"人民路{case % 900}号",
                ]
            )


def write_workbook(cases: Path, path: Path) -> None:
    """Write the rows of the CSV file `cases` as a workbook, as exporters stream them."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    with cases.open(encoding="gb18030", newline="") as file:
        for row in csv.reader(file):
            sheet.append(row)
    book.save(path)


def _measure(path: Path, url: str) -> dict[str, Any]:
    mapping = Path(__file__).parent.parent / "storage/importing/mappings/police.yaml"
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT, path, url, mapping],
        check=True,
        capture_output=True,
        text=True,
    )
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def run(rows: int = ROWS, url: str = "") -> dict[str, Any]:
    """Import `rows` rows and a tenth of them; `url`: another database (empty) for the CSV file."""
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="huifang-import-") as name:
        folder = Path(name)
        measured: dict[tuple[str, int], dict[str, Any]] = {}
        for count in (rows // 10, rows):
            cases, book = folder / f"{count}.csv", folder / f"{count}.xlsx"
            write_cases(cases, count)
            write_workbook(cases, book)
            for path in (cases, book):
                kind = path.suffix.removeprefix(".")
                here = f"sqlite:///{folder / f'{kind}-{count}.db'}"
                measured[kind, count] = _measure(path, (kind == "csv" and url) or here)
        for kind in ("csv", "xlsx"):
            small, whole = measured[kind, rows // 10], measured[kind, rows]
            if not figures:
                named = ("rows", "accepted", "duplicate", "supplemented", "rejected")
                figures = {key: whole[key] for key in named}
            figures |= {
                f"{kind}_seconds": round(whole["seconds"], 1),
                f"{kind}_cpu_seconds": round(whole["cpu_seconds"], 1),
                f"{kind}_rows_per_second": round(whole["rows"] / whole["seconds"]),
                f"{kind}_peak_mb": round(whole["peak_mb"], 1),
                f"{kind}_peak_mb_tenth": round(small["peak_mb"], 1),
                f"{kind}_memory_growth": round(whole["peak_mb"] / small["peak_mb"], 2),
            }
    return figures


if __name__ == "__main__":
    print(json.dumps(run(), indent=2, ensure_ascii=False))
