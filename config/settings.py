"""The settings: one commented YAML file, validated whole before anything is done.

Every setting can be overridden from the environment: ``HUIFANG_DATABASE__URL`` is
``database: url``. Secrets come from the environment or from files that only their owner can
read, never from the settings file. Relative paths are relative to the settings file.

A section is a file of its own, called as in the settings file: `trunks:` is
config/sections/trunks.py. A new section is a new file there and a field here.
"""

from typing import Literal

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config.sections.calling import CallingSettings
from config.sections.database import DatabaseSettings
from config.sections.folders import FolderSettings
from config.sections.logging import LoggingSettings
from config.sections.mail import MailSettings
from config.sections.pacing import PacingSettings
from config.sections.pick_up import PickUpSettings
from config.sections.plans import PlanSettings
from config.sections.recording import RecordingSettings
from config.sections.retry import RetrySettings
from config.sections.ring_back import RingBackSettings
from config.sections.schedules import ScheduleSettings
from config.sections.sip import SipSettings
from config.sections.speech import SpeechSettings
from config.sections.text_gateways import AnyTextGateway
from config.sections.texting import TextingSettings
from config.sections.transfers import TransferSettings
from config.sections.trunks import TWILIO, AnyTrunk
from config.sections.voices import VoiceSettings, default_voices
from config.sections.web import WebSettings
from config.sections.write_back import WriteBackSettings
from core.disposition import Disposition
from core.document_faults import fault
from core.rules import RetryRule, default_retry


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
    trunks: tuple[AnyTrunk, ...] = ()
    """Where calls leave the house: SIP trunks, and lines of a cloud provider."""
    sip: SipSettings = SipSettings()
    """The SIP side of this machine."""
    voices: dict[str, VoiceSettings] = Field(default_factory=default_voices)
    """Voice of each language."""
    speech: SpeechSettings = SpeechSettings()
    """What hears the people who speak their answers."""
    pick_up: PickUpSettings = PickUpSettings()
    """Finding out who picked up, and what a mailbox hears."""
    recording: RecordingSettings = RecordingSettings()
    """Recordings of calls."""
    plans: tuple[PlanSettings, ...] = ()
    """By which channels people are reached; ``voice``, ``sms``, ``notice_then_voice``,
    ``sms_then_voice`` and ``voice_then_sms`` are there without being written here."""
    schedules: tuple[ScheduleSettings, ...] = ()
    """Batches that are made by the clock."""
    write_back: tuple[WriteBackSettings, ...] = ()
    """Where results are written back to."""
    transfers: tuple[TransferSettings, ...] = ()
    """Persons to whom surveys may transfer a call."""
    mail: MailSettings = MailSettings()
    """Notices by e-mail."""
    ring_back: RingBackSettings = RingBackSettings()
    """People who ring us, or write, by themselves."""
    texting: TextingSettings = TextingSettings()
    """Surveys by text message."""
    text_gateways: tuple[AnyTextGateway, ...] = ()
    """Where text messages leave the house."""
    web: WebSettings = WebSettings()
    """The web server that gateways and cloud providers tell what happened."""
    logging: LoggingSettings = LoggingSettings()
    """What is logged."""

    @model_validator(mode="after")
    def _names_once(self) -> "Settings":
        for section in ("trunks", "plans", "schedules", "write_back", "transfers", "text_gateways"):
            names = [item.name for item in getattr(self, section)]
            for name in names:
                if names.count(name) > 1:
                    raise fault("config-name-twice", section=section, name=name)
        # Both have a webhook of their name.
        told = {trunk.name for trunk in self.trunks if trunk.driver == TWILIO}
        for name in sorted(told & {gateway.name for gateway in self.text_gateways}):
            raise fault("config-name-twice", section="trunks, text_gateways", name=name)
        return self

    @model_validator(mode="after")
    def _notices_before_calls(self) -> "Settings":
        for plan in self.plans:
            plan.check_hours(self.calling.hours)
        return self

    def retry_table(self) -> dict[Disposition, RetryRule]:
        """Return the retry table: the defaults with what the settings change."""
        changed = {word: RetryRule(**dict(rule)) for word, rule in self.retry.items()}
        return default_retry() | changed
