"""`text_gateways`: where text messages leave the house; each `driver` has settings of its own."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from config.section import Section
from core.document_faults import SHAPE, fault, known_zone

DRIVERS = ("dry_run", "http", "smpp", "twilio")


class TextGatewaySettings(Section):
    """What every text gateway has."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    """Its name in logs, reports and errors, and below ``/hooks/`` in its web address."""
    messages_per_second: float = Field(default=10.0, gt=0, le=10000)
    """Parts of messages that may be sent in any second, over all processes."""

    def secret_sources(self) -> dict[str, "GatewaySecret"]:
        """Return where its secrets come from, by their names."""
        return {}


class DryRunGatewaySettings(TextGatewaySettings):
    """Simulated people who write back; nothing leaves the house."""

    driver: Literal["dry_run"]
    """``dry_run``."""
    reply_seconds: float = Field(default=5.0, ge=0, le=86400)
    """Seconds that they take to answer."""


class GatewaySecret(Section):
    """Where a secret of a gateway comes from: one of the two."""

    env: str = ""
    """Name of the environment variable that holds it."""
    file: Path | None = None
    """File that holds it, readable by its owner only."""

    @model_validator(mode="after")
    def _one_source(self) -> "GatewaySecret":
        if bool(self.env) == bool(self.file):
            raise fault("config-gateway-secret")
        return self


class HttpGatewaySettings(TextGatewaySettings):
    """A gateway that speaks HTTP, described by a YAML file; see channels.md."""

    driver: Literal["http"]
    """``http``."""
    description: str = Field(min_length=1)
    """``kannel``, ``aliyun``, ``carrier-mas``, or a description of your own: its file."""
    values: dict[str, str] = Field(default_factory=dict)
    """What the description asks for: addresses, senders, signs."""
    secrets: dict[str, GatewaySecret] = Field(default_factory=dict)
    """The secrets that it asks for."""
    public_url: str = Field(default="", pattern=r"^(https?://.+)?$")
    """Where this gateway reaches the house, if elsewhere than at `web: public_url`."""
    hook_addresses: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks that its hooks may be called from; empty: any, the secret alone decides."""
    tls_ca_file: str = ""
    """PEM file of the authorities that may sign its certificate; empty: the system's."""

    def secret_sources(self) -> dict[str, GatewaySecret]:
        """Return where its secrets come from."""
        return self.secrets


class SmppGatewaySettings(TextGatewaySettings):
    """A short message centre that is spoken to by SMPP 3.4."""

    driver: Literal["smpp"]
    """``smpp``."""
    host: str = Field(min_length=1)
    """Host name or address of the centre."""
    port: int = Field(default=2775, ge=1, le=65535)
    """TCP port of the centre."""
    system_id: str = Field(min_length=1, max_length=15)
    """The account."""
    password: GatewaySecret
    """Its password, of 8 characters at most."""
    system_type: str = Field(default="", max_length=12)
    """Kind of system, where the centre asks for it."""
    sender: str = Field(default="", max_length=20)
    """The number or name that messages come from."""
    sender_ton: int = Field(default=0, ge=0, le=6)
    """Type of number of `sender`: 0 unknown, 1 international, 3 network's own, 5 a name."""
    sender_npi: int = Field(default=1, ge=0, le=18)
    """Numbering plan of `sender`: 1 telephone, 0 unknown (names)."""
    number_format: Literal["{e164}", "{digits}", "{national}"] = "{digits}"
    """How numbers are written: ``{e164}`` +8613800138000, ``{digits}`` 8613800138000,
    ``{national}`` 13800138000."""
    number_ton: int = Field(default=1, ge=0, le=6)
    """Type of number of the people's numbers: 1 international, 2 national, 0 unknown."""
    number_npi: int = Field(default=1, ge=0, le=18)
    """Numbering plan of the people's numbers."""
    window: int = Field(default=10, ge=1, le=1000)
    """Messages that may wait for their answer at once, each way."""
    enquire_seconds: float = Field(default=30.0, ge=1, le=600)
    """Silence after which the centre is asked whether it is there."""
    response_seconds: float = Field(default=10.0, ge=1, le=120)
    """Time for its answers; past it a message is uncertain."""
    throttle_seconds: float = Field(default=5.0, gt=0, le=600)
    """Rest after the centre said that it is too fast for it."""
    long_messages: Literal["udh8", "udh16", "payload"] = "udh8"
    """How long messages go: in parts with 8 or 16 bit references, or whole (message_payload)."""
    default_alphabet: Literal["gsm7", "latin1", "ascii"] = "gsm7"
    """What the centre understands by data_coding 0."""
    receipt_ids: Literal["same", "hex_in_receipts", "decimal_in_receipts"] = "same"
    """How delivery receipts write the id that was answered to the message."""
    receipt_zone: Annotated[str, AfterValidator(known_zone)] = "Asia/Shanghai"
    """Time zone of the dates in delivery receipts."""
    tls: bool = False
    """True: the connection is encrypted."""
    tls_ca_file: str = ""
    """PEM file of the authorities that may sign its certificate; empty: the system's."""

    def secret_sources(self) -> dict[str, GatewaySecret]:
        """Return where its password comes from."""
        return {"password": self.password}


class TwilioGatewaySettings(TextGatewaySettings):
    """Twilio Programmable Messaging."""

    driver: Literal["twilio"]
    """``twilio``."""
    account_sid: str = Field(pattern=r"^AC[0-9a-fA-F]{32}$")
    """The account."""
    auth_token: GatewaySecret
    """Its token; requests of Twilio are signed with it."""
    sender: str = ""
    """Our number there (E.164) or short code."""
    messaging_service: str = Field(default="", pattern=r"^(MG[0-9a-fA-F]{32})?$")
    """A messaging service instead of `sender`."""
    validity_seconds: int = Field(default=14400, ge=1, le=36000)
    """After which a message that still waits is given up."""
    public_url: str = Field(default="", pattern=r"^(https?://.+)?$")
    """Where Twilio reaches the house, if elsewhere than at `web: public_url`."""
    api_url: str = Field(default="https://api.twilio.com", pattern=r"^https?://.+")
    """Address of the API; another one for a proxy of the house."""

    @model_validator(mode="after")
    def _one_sender(self) -> "TwilioGatewaySettings":
        if bool(self.sender) == bool(self.messaging_service):
            raise fault("config-gateway-sender", name=self.name)
        return self

    def secret_sources(self) -> dict[str, GatewaySecret]:
        """Return where its token comes from."""
        return {"auth_token": self.auth_token}


def _shape(value: Any) -> str | None:
    driver = value.get("driver") if isinstance(value, dict) else getattr(value, "driver", None)
    return f"{SHAPE}{driver}" if driver in DRIVERS else None


AnyTextGateway = Annotated[
    Annotated[DryRunGatewaySettings, Tag("=dry_run")]
    | Annotated[HttpGatewaySettings, Tag("=http")]
    | Annotated[SmppGatewaySettings, Tag("=smpp")]
    | Annotated[TwilioGatewaySettings, Tag("=twilio")],
    Discriminator(
        _shape,
        custom_error_type="catalogue",
        custom_error_message="{code}",
        custom_error_context={"code": "config-gateway-driver", "allowed": ", ".join(DRIVERS)},
    ),
]
"""A gateway, its settings chosen by `driver`."""
