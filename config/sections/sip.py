"""`sip`: the SIP side of this machine."""

from typing import Literal

from pydantic import model_validator

from config.section import Section
from core.document_faults import fault


class SipSettings(Section):
    """The SIP side of this machine."""

    stack: Literal["auto", "pjsua2", "pyvoip"] = "auto"
    """What carries SIP and RTP: ``pjsua2``; ``pyvoip``, which does less, on machines without its
    wheel (ARM, Python 3.13); ``auto``: pjsua2 where it is installed, else pyVoIP."""
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
