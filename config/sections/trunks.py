"""`trunks`: the SIP trunks."""

from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from config.section import Section
from core.document_faults import fault
from core.trunk import Trunk


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
    callers: tuple[str, ...] = ()
    """IP addresses from which it passes on the calls of people who ring back; empty: those of
    the host of `uri`."""

    @model_validator(mode="after")
    def _one_secret(self) -> "TrunkSettings":
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
