"""What a survey declares beside its steps: fields of the case, keys, rules of speech."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from flows.values import Key, Phrases, Text


class Part(BaseModel):
    """Base of everything in a survey: unknown settings are refused."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        coerce_numbers_to_str=True,  # `label: 110` is a label
    )


class FieldDeclaration(Part):
    """One field of the case that texts and conditions may use."""

    type: Literal["text", "number", "date", "datetime", "yes_no"] = "text"
    """What it holds."""
    required: bool = True
    """True: a case without it is not called with this survey."""
    example: str | float | bool | None = None
    """A value for the simulator and for measuring prompts."""


class GlobalKey(Part):
    """A key that works at every question and during every prompt, the notice included."""

    key: Key
    """The key."""
    label: Text
    """What it does, in words."""
    phrases: Phrases = Field(default_factory=list)
    """Spoken forms."""
    does: Literal["refuse", "repeat", "goto"] = "goto"
    """``refuse``: the refusal that the notice names; ``repeat``: say the question again."""
    goto: str | None = None
    """The step it leads to; for `refuse` where left out, the call ends as refused."""


class SpeechRules(Part):
    """When a spoken answer is believed."""

    enabled: bool = False
    """True: questions also listen."""
    sure: float = Field(default=0.85, ge=0, le=1)
    """Confidence from which an answer is taken as it is."""
    unsure: float = Field(default=0.5, ge=0, le=1)
    """Confidence from which it is asked back; below, it counts as not understood."""
    confirm: Text | None = None
    """The question back, with ``{{ heard }}``; the product's own wording where left out."""
