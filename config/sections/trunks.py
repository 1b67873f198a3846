"""`trunks`: where calls leave the house: SIP trunks, and lines of a cloud provider."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from config.section import Section
from core.document_faults import SHAPE, fault
from core.trunk import Trunk

DRIVERS = ("sip", "twilio")
SIP = "sip"
TWILIO = "twilio"


class TrunkSettings(Section):
    """What every trunk has."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    """Its name in logs, reports and errors."""
    calls_per_second: float = Field(default=Trunk.calls_per_second, gt=0, le=1000)
    """Calls started in any rolling second."""
    channels: int = Field(default=Trunk.channels, ge=1, le=10000)
    """Calls held at once."""
    ring_seconds: int = Field(default=Trunk.ring_seconds, ge=15, le=120)
    """Seconds to ring before giving up."""
    priority: int = 0
    """Trunks of lower priority are used first."""


class SipTrunkSettings(TrunkSettings):
    """A SIP trunk."""

    driver: Literal["sip"] = "sip"
    """``sip``; may be left out."""
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
    dtmf: Literal["auto", "rfc4733", "info", "inband"] = "auto"
    """Which keys are heard; ``auto`` is right for nearly every trunk."""
    tls_verify: bool = True
    """True: the trunk's certificate must be valid."""
    tls_ca_file: str = ""
    """PEM file of the authorities that may sign it; empty: the system's."""
    callers: tuple[str, ...] = ()
    """IP addresses from which it passes on the calls of people who ring back; empty: those of
    the host of `uri`."""

    @model_validator(mode="after")
    def _one_secret(self) -> "SipTrunkSettings":
        if self.password_env and self.password_file:
            raise fault("config-two-secrets", trunk=self.name)
        for address in self.callers:
            try:
                ip_address(address)
            except ValueError:
                raise fault("config-no-address", trunk=self.name, value=address) from None
        if self.registration and not self.username:
            raise fault("config-register-needs-user", trunk=self.name)
        if not any(word in self.number_format for word in ("{e164}", "{digits}", "{national}")):
            raise fault("config-number-format", trunk=self.name, value=self.number_format)
        return self


class CloudVoiceSettings(Section):
    """Who speaks and hears one language at the provider."""

    language: str = Field(min_length=2)
    """Language of the voice, as the provider writes it: ``cmn-CN``."""
    voice: str = Field(min_length=1)
    """The provider's voice: ``Polly.Zhiyu``."""
    hears: str = ""
    """Language of its recogniser: ``cmn-Hans-CN``; empty: keys alone."""


def default_cloud_voices() -> dict[str, CloudVoiceSettings]:
    """Return the provider's voices of the languages that the surveys of the house speak."""
    return {
        "zh": CloudVoiceSettings(language="cmn-CN", voice="Polly.Zhiyu", hears="cmn-Hans-CN"),
        "en": CloudVoiceSettings(language="en-US", voice="Polly.Joanna", hears="en-US"),
        "ko": CloudVoiceSettings(language="ko-KR", voice="Polly.Seoyeon", hears="ko-KR"),
    }


class TwilioTrunkSettings(TrunkSettings):
    """A line of Twilio Programmable Voice; see channels.md."""

    driver: Literal["twilio"]
    """``twilio``."""
    calls_per_second: float = Field(default=1.0, gt=0, le=1000)
    """Calls started in any rolling second; Twilio itself starts one a second where nothing else
    was agreed."""
    account_sid: str = Field(pattern=r"^AC[0-9a-fA-F]{32}$")
    """The account."""
    auth_token_env: str = ""
    """Name of the environment variable that holds its token; Twilio's requests are signed by it."""
    auth_token_file: Path | None = None
    """File that holds the token, readable by its owner only."""
    caller_id: str = Field(pattern=r"^\+[1-9][0-9]{6,14}$")
    """The number shown to the called person (E.164): one of the account, or verified there."""
    public_url: str = Field(default="", pattern=r"^(https?://.+)?$")
    """Where Twilio reaches the house, if elsewhere than at `web: public_url`."""
    takes_calls: bool = False
    """True: who rings the number gets his survey; see `ring_back` and channels.md for what has to
    be set up at Twilio."""
    prompts: Literal["provider", "own"] = "provider"
    """Who speaks: ``provider``, its voice of the language; ``own``, the prompts of this house
    (studio recordings, its own voices), which the provider fetches."""
    voices: dict[str, CloudVoiceSettings] = Field(default_factory=default_cloud_voices)
    """The provider's voice and recogniser of each language."""
    api_url: str = Field(default="https://api.twilio.com", pattern=r"^https?://.+")
    """Address of the API; another one for a region, or for a proxy of the house."""

    @model_validator(mode="after")
    def _one_token(self) -> "TwilioTrunkSettings":
        if bool(self.auth_token_env) == bool(self.auth_token_file):
            raise fault("config-trunk-token", trunk=self.name)
        return self


def _shape(value: Any) -> str | None:
    driver = value.get("driver", SIP) if isinstance(value, dict) else value.driver
    return f"{SHAPE}{driver}" if driver in DRIVERS else None


AnyTrunk = Annotated[
    Annotated[SipTrunkSettings, Tag("=sip")] | Annotated[TwilioTrunkSettings, Tag("=twilio")],
    Discriminator(
        _shape,
        custom_error_type="catalogue",
        custom_error_message="{code}",
        custom_error_context={"code": "config-trunk-driver", "allowed": ", ".join(DRIVERS)},
    ),
]
"""A trunk, its settings chosen by `driver`."""
