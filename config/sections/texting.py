"""`texting`: surveys by text message."""

from datetime import timedelta

from pydantic import Field, model_validator

from config.section import Duration, Section
from core.document_faults import fault


class TextingSettings(Section):
    """Surveys by text message (短信回访); the hours are those of `calling`."""

    expire_after: Duration = timedelta(hours=48)
    """How long a question waits for its reply, the reminder included, before the survey ends."""
    remind_after: Duration = timedelta(hours=24)
    """After how much silence the question is put once more; once a survey. 0s: never."""
    late_within: Duration = timedelta(days=30)
    """How long after its end a reply still belongs to a survey; a person gets it."""
    send_tries: int = Field(default=10, ge=1, le=100)
    """How often a message is tried again that a gateway surely did not take."""

    advance_notice: dict[str, str] = Field(default_factory=dict)
    """Language -> what a notice says before a call, ``{number}`` being the number that will call;
    left out: a sentence of the product."""

    @model_validator(mode="after")
    def _reminder_first(self) -> "TextingSettings":
        if self.remind_after >= self.expire_after:
            raise fault("config-reminder-late")
        for language, words in self.advance_notice.items():
            if "{number}" not in words:
                raise fault("config-notice-number", language=language)
        return self
