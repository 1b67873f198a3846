"""Logging: one line an event on standard error, for people or as JSON; numbers masked.

Rooms log events with structlog (``structlog.get_logger(__name__)``), values as keywords; the
libraries' own standard logging comes out the same way, from warnings on. Whatever looks like a
phone number is masked on its way out: the last defence, for the day on which somebody forgets
`PhoneNumber.masked`.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import Processor

from config.sections.logging import LoggingSettings
from core.phone import mask

ROOMS = ("config", "speech", "storage", "ivr", "dialer", "followup", "reports", "app")
_NUMBER = re.compile(r"(?<![\w.:/-])(?:\+\d{8,15}|0\d{9,11}|1[3-9]\d{9})(?![\w])")


def mask_numbers(line: str) -> str:
    """Return `line` with everything that looks like a phone number masked."""
    return _NUMBER.sub(lambda match: mask(match.group()), line)


def _masked(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    return {k: mask_numbers(v) if isinstance(v, str) else v for k, v in event.items()}


def set_up(settings: LoggingSettings, stream: TextIO | None = None) -> None:
    """Send the logs of all rooms to `stream` (standard error by default)."""
    stream = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=False),
        _masked,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings.json_lines
        else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _masked,  # tracebacks, too
                renderer,
            ],
        )
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel("WARNING")
    for room in ROOMS:
        logging.getLogger(room).setLevel(settings.level.upper())
