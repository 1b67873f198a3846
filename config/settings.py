"""The settings: one commented YAML file, validated whole before anything is done.

Every setting can be overridden from the environment: ``HUIFANG_DATABASE__URL`` is
``database: url``. Secrets come from the environment or from files that only their owner can
read, never from the settings file. Relative paths are relative to the settings file.
"""

import re
from datetime import date, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from core.disposition import Disposition
from core.document_faults import fault
from core.respondent import RespondentClass
from core.rules import (
    EARLIEST_EVER,
    LATEST_EVER,
    CallingRules,
    PacingRules,
    RetryRule,
    default_retry,
)
from core.trunk import Trunk

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


class DatabaseSettings(Section):
    """Where everything is kept."""

    url: str = "sqlite:///var/huifang.db"
    """``sqlite:///FILE`` or ``postgresql://USER:PASSWORD@HOST/NAME``. A password does not belong
    into this file: set HUIFANG_DATABASE__URL or `url_file`."""
    url_file: Path | None = None
    """A file that holds the URL, readable by its owner only; instead of `url`."""


class FolderSettings(Section):
    """Where files lie."""

    data: Path = Path("var")
    """Prompts, recordings, exports and logs go below this folder."""
    surveys: Path = Path("surveys")
    """Your surveys; the ones that come with Huifang are found by name without it."""
    mappings: Path = Path("mappings")
    """Your import mappings; `police` and `generic` come with Huifang."""


class CallingSettings(Section):
    """When, and how often, one person may be called."""

    hours_from: ClockTime = CallingRules.hours_from
    """First moment of a day at which a call may start, in the called person's time zone; not
    before 8:00."""
    hours_until: ClockTime = CallingRules.hours_until
    """No call starts at or after this time; not after 21:00."""
    time_zone: str = CallingRules.time_zone
    """IANA time zone of parties for whom none is recorded."""
    calendar: str = CallingRules.calendar
    """Working days: CN (statutory holidays with make-up workdays) or another ISO 3166 code."""
    workdays_only: bool = CallingRules.workdays_only
    """True: no calls on weekends and public holidays."""
    quiet_days: tuple[date, ...] = ()
    """Days on which nobody is called, for example days of mourning."""
    calls_per_day: int = Field(default=CallingRules.calls_per_day, ge=1, le=3)
    """Calls to one person on one day, over all batches."""
    between_tries: Duration = CallingRules.between_tries
    """Least time between two tries to the same person."""
    tries: int = Field(default=CallingRules.tries, ge=1, le=10)
    """Tries per callback."""
    calls_per_number: int = Field(default=CallingRules.calls_per_number, ge=1, le=20)
    """Calls to one number in `number_period`, over all batches."""
    number_period: Duration = CallingRules.number_period
    """The period over which `calls_per_number` is counted."""
    refusal_rest: Duration = CallingRules.refusal_rest
    """How long a person who refused is left in peace."""
    due_after_days: dict[str, int] = Field(default_factory=lambda: CallingRules().due_after_days)
    """Working days in which the first callback is due, by respondent class."""

    @model_validator(mode="after")
    def _within_the_law(self) -> "CallingSettings":
        if self.hours_from < EARLIEST_EVER or self.hours_until > LATEST_EVER:
            raise fault("config-hours-too-wide", first=EARLIEST_EVER, last=LATEST_EVER)
        if self.hours_from >= self.hours_until:
            raise fault("config-hours-empty")
        return self

    def rules(self) -> CallingRules:
        """Return the rules that the calling policy obeys."""
        return CallingRules(**dict(self))


class RetrySettings(Section):
    """What follows an attempt that ended with one disposition."""

    action: Literal["retry", "follow_up", "correct", "done"]
    """``retry``, ``follow_up`` (a person), ``correct`` (the number needs mending), ``done``."""
    after: Duration = RetryRule.after
    """Least time until the next try."""
    other_time_of_day: bool = False
    """True: the next try falls into another third of the calling hours."""
    next_day: bool = False
    """True: not again on the same day."""


class PacingSettings(Section):
    """How fast the whole house calls; each trunk has its own limits beside these."""

    calls_per_second: float = Field(default=PacingRules.calls_per_second, gt=0, le=1000)
    """Calls started in any rolling second, over all trunks."""
    channels: int = Field(default=PacingRules.channels, ge=1, le=10000)
    """Calls held at once, over all trunks."""
    back_off_first: Duration = PacingRules.back_off_first
    """Pause of a trunk after its first 429, burst of 480, or 503; doubles with each further one."""
    back_off_most: Duration = PacingRules.back_off_most
    """Longest such pause; a larger Retry-After is obeyed all the same."""
    failed_tries: int = Field(default=PacingRules.failed_tries, ge=1, le=50)
    """Tries that failed by our own or the trunk's fault after which a person takes over."""

    def rules(self) -> PacingRules:
        """Return the rules that the pacing obeys."""
        return PacingRules(**dict(self))


class TrunkSettings(Section):
    """One SIP trunk."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    """Its name in logs, reports and errors."""
    uri: str = Field(pattern=r"^sips?:.+")
    """Where calls go: ``sip:HOST:PORT``."""
    transport: Literal["udp", "tcp", "tls"] = "udp"
    """How SIP travels."""
    caller_id: str = ""
    """The number shown to the called person."""
    display_name: str = ""
    """The name shown where the network carries one."""
    domain: str = ""
    """Domain of the From header; empty: the host of `uri`."""
    username: str = ""
    """User of digest authentication; empty: none."""
    password_env: str = ""
    """Name of the environment variable that holds the password."""
    password_file: Path | None = None
    """File that holds the password, readable by its owner only."""
    registration: bool = False
    """True: register at the trunk before calling, and stay registered."""
    outbound_proxy: str = ""
    """SIP URI of an outbound proxy."""
    number_format: str = Trunk.number_format
    """How the called number is written: ``{e164}``, ``{digits}`` or ``{national}``, a prefix
    may stand before it."""
    codecs: tuple[Literal["PCMA", "PCMU"], ...] = ("PCMA", "PCMU")
    """Offered codecs, best first."""
    calls_per_second: float = Field(default=Trunk.calls_per_second, gt=0, le=1000)
    """Calls started in any rolling second."""
    channels: int = Field(default=Trunk.channels, ge=1, le=10000)
    """Calls held at once."""
    ring_seconds: int = Field(default=Trunk.ring_seconds, ge=15, le=120)
    """Seconds to ring before giving up."""
    dtmf: Literal["auto", "rfc4733", "info", "inband"] = "auto"
    """Which keys are heard; ``auto`` is right for nearly every trunk."""
    tls_verify: bool = True
    """True: the trunk's certificate must be valid."""
    tls_ca_file: str = ""
    """PEM file of the authorities that may sign it; empty: the system's."""
    priority: int = 0
    """Trunks of lower priority are used first."""

    @model_validator(mode="after")
    def _one_secret(self) -> "TrunkSettings":
        if self.password_env and self.password_file:
            raise fault("config-two-secrets", trunk=self.name)
        if self.registration and not self.username:
            raise fault("config-register-needs-user", trunk=self.name)
        if not any(word in self.number_format for word in ("{e164}", "{digits}", "{national}")):
            raise fault("config-number-format", trunk=self.name, value=self.number_format)
        return self


class SipSettings(Section):
    """The SIP side of this machine."""

    bind_address: str = "127.0.0.1"
    """Address that SIP and RTP are bound to: the one that reaches the trunk. The default reaches
    nobody but this machine."""
    public_address: str = ""
    """Address written into SIP and SDP where it differs (behind a 1:1 NAT)."""
    rtp_ports: tuple[int, int] = (20000, 29999)
    """First and last UDP port of RTP; every line process takes its own part."""

    @model_validator(mode="after")
    def _port_range(self) -> "SipSettings":
        first, last = self.rtp_ports
        if not 1024 <= first < last <= 65535:
            raise fault("config-port-range", first=first, last=last)
        return self


class VoiceSettings(Section):
    """One voice of the offline speech synthesis."""

    voice: str
    """Name of an espeak-ng voice, for example ``cmn``."""
    speed: int = Field(default=160, ge=80, le=300)
    """Words per minute, as the engine counts them. The default Chinese voice has 200, which is
    between four and five syllables a second."""
    pitch: int = Field(default=50, ge=0, le=99)
    """Pitch, 0-99."""


def _default_voices() -> dict[str, VoiceSettings]:
    return {
        "zh": VoiceSettings(voice="cmn", speed=200),
        "en": VoiceSettings(voice="en-gb"),
        "ko": VoiceSettings(voice="ko"),
    }


class RecordingSettings(Section):
    """Recordings of calls."""

    calls: bool = False
    """True: record whole calls. The survey's notice must say so."""


class ScheduleSettings(Section):
    """Batches that are made by the clock."""

    name: str = Field(pattern=r"^[a-z0-9_-]+$")
    """Its name; batches are called after it and the time."""
    cron: str
    """Five fields as in crontab: minute hour day month weekday."""
    survey: str
    """Name of the survey."""
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


class WriteBackSettings(Section):
    """One place where results are written back to."""

    name: str = Field(pattern=r"^[a-z0-9_-]+$")
    """Its name; each result goes to each target once."""
    folder: Path | None = None
    """Write CSV files in the shape of the import mapping into this folder."""
    mapping: str = "police"
    """The import mapping whose headings the file has."""
    url_env: str = ""
    """Environment variable with the URL of a database to write rows to."""
    table: str = ""
    """Its table."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Our field -> its column."""

    @model_validator(mode="after")
    def _one_place(self) -> "WriteBackSettings":
        if bool(self.folder) == bool(self.table):
            raise fault("config-write-back-place", name=self.name)
        if self.table and not (self.url_env and self.columns):
            raise fault("config-write-back-table", name=self.name)
        return self


class TransferSettings(Section):
    """Persons to whom surveys may transfer a call."""

    name: str = Field(pattern=r"^[a-z0-9_-]+$")
    """What surveys call it."""
    target: str
    """A number, or a SIP URI."""

    @field_validator("target")
    @classmethod
    def _can_be_dialled(cls, value: str) -> str:
        if not re.fullmatch(r"\+?[0-9*#]{2,20}|sips?:[^\s@]+(@[^\s@]+)?", value):
            raise fault("config-transfer", found=value)
        return value


class LoggingSettings(Section):
    """What is logged."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severity."""
    json_lines: bool = False
    """True: one JSON object a line, for machines that gather logs."""


class Settings(BaseSettings):
    """All settings."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        env_prefix="HUIFANG_",
        env_nested_delimiter="__",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file; nothing else is looked at."""
        return env_settings, init_settings

    language: Literal["zh", "en"] = "zh"
    """Language of screens, errors and reports."""
    database: DatabaseSettings = DatabaseSettings()
    """Where everything is kept."""
    folders: FolderSettings = FolderSettings()
    """Where files lie."""
    calling: CallingSettings = CallingSettings()
    """When, and how often, one person may be called."""
    pacing: PacingSettings = PacingSettings()
    """How fast the whole house calls."""
    retry: dict[Disposition, RetrySettings] = Field(default_factory=dict)
    """What follows each disposition, where it differs from the default table."""
    trunks: tuple[TrunkSettings, ...] = ()
    """SIP trunks."""
    sip: SipSettings = SipSettings()
    """The SIP side of this machine."""
    voices: dict[str, VoiceSettings] = Field(default_factory=_default_voices)
    """Voice of each language."""
    recording: RecordingSettings = RecordingSettings()
    """Recordings of calls."""
    schedules: tuple[ScheduleSettings, ...] = ()
    """Batches that are made by the clock."""
    write_back: tuple[WriteBackSettings, ...] = ()
    """Where results are written back to."""
    transfers: tuple[TransferSettings, ...] = ()
    """Persons to whom surveys may transfer a call."""
    logging: LoggingSettings = LoggingSettings()
    """What is logged."""

    @model_validator(mode="after")
    def _names_once(self) -> "Settings":
        for section in ("trunks", "schedules", "write_back", "transfers"):
            names = [item.name for item in getattr(self, section)]
            for name in names:
                if names.count(name) > 1:
                    raise fault("config-name-twice", section=section, name=name)
        return self

    def retry_table(self) -> dict[Disposition, RetryRule]:
        """Return the retry table: the defaults with what the settings change."""
        changed = {word: RetryRule(**dict(rule)) for word, rule in self.retry.items()}
        return default_retry() | changed
