"""`web`: the web server of `huifang serve`, to which providers tell what they have to tell."""

from datetime import timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Annotated

from pydantic import AfterValidator, Field

from config.section import Duration, Section
from core.document_faults import fault


def _some_time(value: timedelta) -> timedelta:
    if not timedelta(seconds=1) <= value <= timedelta(minutes=2):
        raise fault("config-web-time-limit")
    return value


class WebSettings(Section):
    """The web server, to which gateways and cloud providers tell what happened."""

    public_url: str = Field(default="", pattern=r"^(https?://.+)?$")
    """Where providers reach this house; each has its hooks below it, at ``/hooks/NAME/...``. A
    gateway that reaches it elsewhere has a `public_url` of its own."""
    address: IPv4Address | IPv6Address = IPv4Address("127.0.0.1")
    """Address that it listens on; behind a proxy on this machine leave it as it is."""
    port: int = Field(default=8080, ge=1, le=65535)
    """Port that it listens on, where a provider is to be heard."""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks of our own proxies: their X-Forwarded-For says who really sent a request."""
    body_limit: int = Field(default=65536, ge=1024, le=10_000_000)
    """Octets that a request may have; a larger one is refused (413) without being read."""
    time_limit: Annotated[Duration, AfterValidator(_some_time)] = timedelta(seconds=10)
    """Within which a request must have come in, and again be answered."""
    monitor_port: int = Field(default=8081, ge=0, le=65535)
    """Port on 127.0.0.1 for monitoring: ``/healthz`` and ``/metrics``; 0: none."""
