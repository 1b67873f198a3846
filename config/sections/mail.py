"""`mail`: notices by e-mail."""

import re
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from config.section import ClockTime, Duration, Section
from core.document_faults import fault

# The part of RFC 5321 that mail programs really use; no quotes, no comments, no blanks, ASCII.
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
)
_THIS_MACHINE = re.compile(r"localhost|127(?:\.\d{1,3}){3}|::1")
PORTS = {"tls": 465, "starttls": 587, "none": 25}
"""RFC 8314, RFC 6409, RFC 5321."""


def is_address(value: str) -> bool:
    """Return whether `value` is a mail address, and nothing else."""
    return len(value) <= 254 and _ADDRESS.fullmatch(value) is not None


def _address(value: str) -> str:
    if value and not is_address(value):
        raise fault("config-mail-address", address=value)
    return value


MailAddress = Annotated[str, AfterValidator(_address)]
Group = Literal["supervisors", "technicians"]
Groups = tuple[Group, ...]


class ToWhom(Section):
    """Who is told what; an empty list: nobody."""

    urgent: Groups = ("supervisors",)
    """A new urgent follow-up item."""
    overdue: Groups = ("supervisors",)
    """A follow-up item whose deadline has passed."""
    batch: Groups = ("supervisors", "technicians")
    """A batch that was stopped, or paused because something is wrong."""
    trunk: Groups = ("technicians",)
    """A trunk that does not answer."""
    daily: Groups = ("supervisors",)
    """The day's summary."""


class MailSettings(Section):
    """Notices by e-mail; without `host` none are sent."""

    host: str = Field(default="", pattern=r"^[A-Za-z0-9.:_-]*$")
    """Mail server that takes our mails; empty: no notices."""
    port: int | None = Field(default=None, ge=1, le=65535)
    """Its port; left out: 465 (tls), 587 (starttls) or 25 (none)."""
    security: Literal["tls", "starttls", "none"] = "tls"
    """``tls``: encrypted from the start; ``starttls``: encrypted before anything is said;
    ``none``: only for a mail server on this machine."""
    unencrypted: bool = False
    """True: `security: none` may go to another machine too."""
    ca_file: Path | None = None
    """PEM file of the authorities that may sign its certificate; left out: the system's."""
    username: str = ""
    """User to log in as; empty: none."""
    password_env: str = ""
    """Name of the environment variable that holds the password."""
    password_file: Path | None = None
    """File that holds the password, readable by its owner only."""
    sender: MailAddress = ""
    """Address that mails come from."""
    sender_name: str = Field(default="Huifang 回访", max_length=100)
    """Name that stands beside it."""
    supervisors: tuple[MailAddress, ...] = ()
    """Addresses of those who supervise the work."""
    technicians: tuple[MailAddress, ...] = ()
    """Addresses of those who keep the system running."""
    to: ToWhom = ToWhom()
    """Who is told what."""
    language: Literal["zh", "en"] | None = None
    """Language of mails; left out: that of the screens."""
    urgent: Literal["key_incidents", "dissatisfied"] = "dissatisfied"
    """Which new follow-up items are urgent; ``dissatisfied``: key incidents and everybody who
    is dissatisfied."""
    daily_at: ClockTime = time(20, 30)
    """Time of the daily summary (time zone of `calling`); it covers the 24 hours before."""
    digest_above: int = Field(default=5, ge=1, le=1000)
    """So many mails of one kind go to one address within `digest_window`; more become one
    digest."""
    digest_window: Duration = timedelta(minutes=30)
    """Also the shortest time between two digests."""

    @model_validator(mode="after")
    def _whole(self) -> "MailSettings":
        if self.password_env and self.password_file:
            raise fault("config-mail-two-secrets")
        if bool(self.username) != bool(self.password_env or self.password_file):
            raise fault("config-mail-password-without-user")
        near = _THIS_MACHINE.fullmatch(self.host)
        if self.host and self.security == "none" and not (near or self.unencrypted):
            raise fault("config-mail-open", host=self.host)
        if self.host and not self.sender:
            raise fault("config-mail-sender")
        return self

    def addresses(self, kind: str) -> tuple[str, ...]:
        """Return the addresses that are told of `kind`, a name of `to`."""
        groups: Groups = getattr(self.to, kind)
        return tuple(dict.fromkeys(each for group in groups for each in getattr(self, group)))
