"""`ring_back`: people who ring us, or write, by themselves."""

from datetime import timedelta

from pydantic import Field

from config.section import Duration, Section


class RingBackSettings(Section):
    """People who ring us, or write, by themselves: they get their survey, where they left it."""

    sip_port: int = Field(default=0, ge=0, le=65535)
    """UDP and TCP port at the `bind_address` of `sip` to which the trunks pass on calls; 0: no
    calls are taken over SIP."""
    texts: bool = True
    """True: whoever writes any text gets his survey by text, where a text gateway is there."""
    within: Duration = timedelta(days=14)
    """How long after we tried somebody last he still gets his survey."""
    area_code: str = Field(default="", pattern=r"^[0-9]{0,4}$")
    """Put before land-line numbers that the network shows without one."""
    who: dict[str, str] = Field(default_factory=dict)
    """Language -> who we are, as callers hear it: ``市公安局回访中心``."""
    office: str = Field(default="", pattern=r"^[0-9]{0,15}$")
    """The number at which a person can be reached; callers hear it digit by digit."""
