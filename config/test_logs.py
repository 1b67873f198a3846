"""Logs never show a whole phone number, whoever forgot to mask it."""

import io
import json
import logging

import pytest

from config.logs import mask_numbers, set_up
from config.settings import LoggingSettings


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


def test_json_lines_carry_values_and_masked_tracebacks() -> None:
    out = io.StringIO()
    set_up(LoggingSettings(json_lines=True), out)
    log = logging.getLogger("huifang.dialer")
    try:
        raise ValueError("no route to 13800138000")
    except ValueError:
        log.exception("call to 13800138000 failed", extra={"attempt": 7})
    event = json.loads(out.getvalue())
    assert (event["level"], event["attempt"]) == ("error", 7)
    assert "138****8000" in event["event"]
    assert "13800138000" not in out.getvalue()
