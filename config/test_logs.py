"""Logs never show a whole phone number, whoever forgot to mask it."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from config.logs import mask_numbers, set_up
from config.sections.logging import LoggingSettings


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("calling +8613800138000 now", "calling 138****8000 now"),
        ("13800138000,01012345678", "138****8000,010****5678"),
        ("attempt 20260301 took 1500 ms", "attempt 20260301 took 1500 ms"),
        ("2026-03-01T10:00:00 port 5060", "2026-03-01T10:00:00 port 5060"),
    ],
)
def test_whatever_looks_like_a_number_is_masked(line: str, shown: str) -> None:
    assert mask_numbers(line) == shown


@pytest.fixture
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, configured = root.handlers, root.level, structlog.get_config()
    yield
    root.handlers, root.level = handlers, level
    structlog.configure(**configured)


def test_json_lines_carry_values_and_masked_tracebacks(as_before: None) -> None:
    out = io.StringIO()
    set_up(LoggingSettings(json_lines=True), out)
    log = structlog.get_logger("dialer.running")
    try:
        raise ValueError("no route to 13800138000")
    except ValueError:
        log.exception("call to 13800138000 failed", attempt=7)
    event = json.loads(out.getvalue())
    assert (event["level"], event["attempt"]) == ("error", 7)
    assert "138****8000" in event["event"]
    assert "13800138000" not in out.getvalue()


def test_libraries_are_heard_from_warnings_on(as_before: None) -> None:
    out = io.StringIO()
    set_up(LoggingSettings(), out)
    logging.getLogger("apscheduler").info("tick")
    logging.getLogger("apscheduler").warning("missed 13800138000")
    assert "tick" not in out.getvalue()
    assert "138****8000" in out.getvalue()
