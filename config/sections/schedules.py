"""`schedules`: batches that are made by the clock."""

from typing import Literal

from pydantic import Field

from config.section import Section
from core.respondent import RespondentClass


class ScheduleSettings(Section):
    """Batches that are made by the clock."""

    name: str = Field(pattern=r"^[a-z0-9_-]+$")
    """Its name; batches are called after it and the time."""
    cron: str
    """Five fields as in crontab: minute hour day month weekday."""
    survey: str
    """Name of the survey."""
    plan: str = "voice"
    """Name of the plan: by which channels people are reached."""
    time_zone: str = "Asia/Shanghai"
    """IANA time zone of `cron`."""
    respondents: RespondentClass | None = None
    """Class of respondents: case_handling, emergency, counter or community."""
    units: tuple[str, ...] = ()
    """Units with all below them; empty: all."""
    accepted_within_days: int | None = Field(default=None, ge=1)
    """Cases accepted in the last so many days."""
    closed_within_days: int | None = Field(default=None, ge=1)
    """Cases closed in the last so many days."""
    tags: tuple[str, ...] = ()
    """Cases with one of these tags; empty: all."""
    without_tags: tuple[str, ...] = ()
    """No cases with one of these tags."""
    sample_number: int | None = Field(default=None, ge=1)
    """Draw so many callbacks; left out: all."""
    sample_ratio: float | None = Field(default=None, gt=0, le=1)
    """Draw this share of callbacks."""
    sample_by: tuple[Literal["unit", "class", "branch", "officer", "tag"], ...] = ()
    """Strata of the sample."""
    sample_seed: int | None = None
    """Seed of the sample; left out: taken from the batch's name."""
    priority: int = 0
    """Lower is called first."""
