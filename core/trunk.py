"""A trunk: where calls leave the house and what it allows."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Trunk:
    """One trunk. Secrets are resolved (environment or file) before this is made."""

    name: str
    """Its name in settings, logs, reports and errors."""
    uri: str
    """Where calls go, for example ``sip:10.0.0.1:5060`` or ``sip:pbx.example;transport=tcp``; of a
    cloud provider the address of its API."""
    driver: str = "sip"
    """What carries its calls: ``sip`` or ``twilio``."""
    transport: str = "udp"
    """``udp``, ``tcp`` or ``tls``."""
    caller_id: str = ""
    """The number shown to the called person (user part of From)."""
    display_name: str = ""
    """The name shown to the called person where the network carries one."""
    domain: str = ""
    """Domain of From; empty: the host of `uri`."""
    username: str = ""
    """Digest authentication user (RFC 3261, 22), or the account at the provider; empty: none."""
    password: str = field(default="", repr=False)
    """Digest authentication password, or the account's token."""
    register: bool = False
    """True: register before calling, and keep registered (RFC 3261, 10)."""
    outbound_proxy: str = ""
    """URI of an outbound proxy, or empty."""
    number_format: str = "{national}"
    """How the called number is written: ``{e164}`` (+8613800000000), ``{digits}``
    (8613800000000), ``{national}`` (13800000000, 01012345678); a prefix may stand before it."""
    codecs: tuple[str, ...] = ("PCMA", "PCMU")
    """Offered codecs, best first (RFC 3551)."""
    calls_per_second: float = 5.0
    """Calls started in any rolling second."""
    channels: int = 30
    """Calls held at once."""
    ring_seconds: int = 45
    """Seconds to ring before giving up; never under 15."""
    dtmf: str = "auto"
    """Which keys are heard: ``auto`` (RFC 4733 and INFO; in-band tones where the other side did
    not offer telephone-event), ``rfc4733``, ``info``, ``inband``."""
    tls_verify: bool = True
    """True: the trunk's certificate must be valid."""
    tls_ca_file: str = ""
    """PEM file of the authorities that may sign it; empty: the system's."""
    priority: int = 0
    """Trunks of lower priority are used first."""
    callers: tuple[str, ...] = ()
    """IP addresses from which it passes on calls to us; empty: those of the host of `uri`."""
