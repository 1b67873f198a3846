"""`pick_up`: who picked up: a person, a mailbox, a fax, a carrier's announcement."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from config.section import Section
from core.document_faults import fault


class PickUpSettings(Section):
    """Finding out who picked up, and what a mailbox hears."""

    listen: bool = True
    """False: nobody listens; the survey begins shortly after the answer, whoever answered."""
    announcements: tuple[str, ...] = ("zh", "en")
    """Languages of carriers, mailboxes and assistants: their phrases are recognised where there is
    a model for the language."""
    long_greeting: float = Field(default=6.0, ge=3.0, le=15.0)
    """Seconds of speech without a pause, from the answer, that are taken for a machine. More: fewer
    people are taken for machines, and more machines for people."""
    mailbox: Literal["hang_up", "message"] = "hang_up"
    """What a mailbox gets: ``hang_up`` nothing, ``message`` the message of its language after the
    beep. Key incidents never leave one."""
    messages: dict[str, str] = Field(default_factory=dict)
    """The message by language, said as it stands: it takes no fields, so no case detail either."""

    @field_validator("messages")
    @classmethod
    def _no_fields(cls, messages: dict[str, str]) -> dict[str, str]:
        for language, words in messages.items():
            if "{" in words or "}" in words:
                raise fault("config-message-field", tongue=language)
        return messages

    @model_validator(mode="after")
    def _something_to_say(self) -> "PickUpSettings":
        if self.mailbox == "message" and not self.messages:
            raise fault("config-message-missing")
        return self
