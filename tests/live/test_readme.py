"""What the README promises is done, command by command, in a folder of its own.

The trunk is the simulated people's SIP endpoint; everything else is as a newcomer would have it.
"""

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from app.demo.cases import HEADINGS, rows
from app.demo.daytime import daytime_zone
from tests.peers.ports import rtp_setting
from tests.test_docs import ROOT, code_lines

PEOPLE = ("1", "20", "7", "000")
"""Ends of numbers: satisfied, refuses, busy, an invalid number."""

BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
"""As most people have it: what a program does not flush, nobody at a pipe reads."""


@contextmanager
def people() -> Iterator[str]:
    """Start simulated people as a process of their own; yields their host and port."""
    command = [
        sys.executable,
        "-m",
        "app",
        "people",
        "--port",
        "0",
        "--text-port",
        "0",
        "--format",
        "json",
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=BUFFERED
    ) as process:
        try:
            assert process.stdout is not None
            document = ""
            while not document.endswith("\n}\n"):
                line = process.stdout.readline()
                assert line, "the simulated people did not start"
                document += line
            yield json.loads(document)["uri"].removeprefix("sip:")
        finally:
            process.terminate()


def cases(folder: Path, now: datetime, zone: str) -> str:
    """Write a workbook of a handful of cases; returns the day they were accepted from."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADINGS)
    for index, (row, ending) in enumerate(zip(rows(now, zone)[1:], PEOPLE, strict=False)):
        number = f"139000{index:02d}{ending.rjust(3, '1')}"
        sheet.append([*row[:2], number, *row[3:]])
    book.save(folder / "cases.xlsx")
    return f"{now - timedelta(days=3):%Y-%m-%d}"


@pytest.mark.live
def test_the_way_to_a_real_trunk(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    zone = daytime_zone(now)
    day = cases(tmp_path, now, zone)
    environment = (
        BUFFERED
        | rtp_setting()
        | {
            "TELECOM_PASSWORD": "secret",
            "HUIFANG_LANGUAGE": "en",
            "HUIFANG_CALLING__TIME_ZONE": zone,
            "HUIFANG_CALLING__TRIES": "1",
            "HUIFANG_VOICES": '{"zh": {"voice": "cmn", "speed": 300}, "en": {"voice": "en-gb"}}',
        }
    )

    def huifang(*arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "app", *arguments],
            cwd=tmp_path,
            env=environment | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == code, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done.stdout

    with people() as trunk:
        for line in code_lines(ROOT / "README.md"):
            if not line.startswith(".venv/bin/huifang"):
                continue
            command = re.sub(r"\d{4}-\d\d-\d\d", day, line).split()[1:]
            huifang(*command)
            if command[0] == "init":
                settings = tmp_path / "huifang.yaml"
                text = settings.read_text("utf-8")
                text = text.replace(
                    "trunks: []",
                    f'trunks: [{{name: telecom, uri: "sip:{trunk}", caller_id: "01012345678", '
                    "username: huifang, password_env: TELECOM_PASSWORD, channels: 30, "
                    "calls_per_second: 3, ring_seconds: 15}]",
                )
                text = text.replace("without_model: refuse", "without_model: keys")
                settings.write_text(text, "utf-8")
        exported = json.loads(huifang("results", "--format", "json"))
        found = {result["case_number"][-1]: result for result in exported}
        assert [found[n]["disposition"] for n in "1234"] == [
            "completed",
            "refused",
            "busy",
            "invalid_number",
        ]
        assert found["1"]["verdict"] == "satisfied"
        assert all("*" in result["number"] for result in exported)
        queue = json.loads(huifang("queue", "list", "--format", "json"))
        assert _reasons(queue) == ["not_reached", "invalid_number"]
        assert "busy" in huifang("why", "13900002117")
        assert "finished" in huifang("batch", "status", "monday", "--format", "json")
        huifang("results", "-o", "results.csv", "--show-numbers")
        with (tmp_path / "results.csv").open(encoding="utf-8-sig") as stream:
            assert len(list(csv.reader(stream))) == 1 + len(PEOPLE)


def _reasons(queue: Any) -> list[str]:
    items = queue["items"] if isinstance(queue, dict) else queue
    return [item["reason"] for item in items]


@pytest.mark.live
def test_the_demonstration_comes_to_what_it_says(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app", "demo", "--format", "json", "--folder", str(tmp_path / "d")],
        cwd=ROOT,
        env=BUFFERED | rtp_setting(),
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    report = json.loads(done.stdout)
    assert report["right"] is True
    assert report["mismatches"] == []
    # Calls to 60 people and to those who did not answer a text; texts to the others.
    assert sum(report["channels"]["sip"].values()) >= 60
    assert sum(report["channels"]["sms"].values()) >= 18
    assert report["most_at_once"] == 12
