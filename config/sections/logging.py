"""`logging`: what is logged."""

from typing import Literal

from config.section import Section


class LoggingSettings(Section):
    """What is logged."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severity."""
    json_lines: bool = False
    """True: one JSON object a line, for machines that gather logs."""
