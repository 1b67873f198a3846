"""`transfers`: persons to whom surveys may transfer a call."""

import re

from pydantic import Field, field_validator

from config.section import Section
from core.document_faults import fault


class TransferSettings(Section):
    """Persons to whom surveys may transfer a call."""

    name: str = Field(pattern=r"^[a-z0-9_-]+$")
    """What surveys call it."""
    target: str
    """A number, or a SIP URI."""

    @field_validator("target")
    @classmethod
    def _can_be_dialled(cls, value: str) -> str:
        if not re.fullmatch(r"\+?[0-9*#]{2,20}|sips?:[^\s@]+(@[^\s@]+)?", value):
            raise fault("config-transfer", found=value)
        return value
