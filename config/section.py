"""What a section is made of, and how durations and clock times are written in it."""

from datetime import time, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


def _duration(value: Any) -> Any:
    if isinstance(value, str):
        for unit in ("min", "s", "h", "d"):
            number = value.strip().removesuffix(unit).strip()
            if number != value.strip() and number.replace(".", "", 1).isdigit():
                return timedelta(seconds=float(number) * _UNITS[unit])
    return value


def _clock_time(value: Any) -> Any:
    return f"0{value}" if isinstance(value, str) and value[1:2] == ":" else value


Duration = Annotated[timedelta, BeforeValidator(_duration), Field(ge=timedelta(0))]
ClockTime = Annotated[time, BeforeValidator(_clock_time)]


class Section(BaseModel):
    """A part of the settings file; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
