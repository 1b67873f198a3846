"""`text_gateways`: where text messages leave the house; each `driver` has settings of its own."""

from typing import Literal

from pydantic import Field

from config.section import Section


class TextGatewaySettings(Section):
    """What every text gateway has."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    """Its name in logs, reports and errors."""
    messages_per_second: float = Field(default=10.0, gt=0, le=10000)
    """Parts of messages that may be sent in any second, over all processes."""


class DryRunGatewaySettings(TextGatewaySettings):
    """Simulated people who write back; nothing leaves the house."""

    driver: Literal["dry_run"]
    """``dry_run``."""
    reply_seconds: float = Field(default=5.0, ge=0, le=86400)
    """Seconds that they take to answer."""


AnyTextGateway = DryRunGatewaySettings
"""A gateway, its settings chosen by `driver`."""
