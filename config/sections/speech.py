"""`speech`: what hears the people who speak their answers."""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from config.section import Section
from core.document_faults import fault


class SpeechSettings(Section):
    """Speech recognition: a model on this machine, or a server, for each language."""

    by_voice: bool = True
    """True: surveys that listen (`speech.enabled`) take spoken answers beside the keys, which
    always count. False: keys alone, whatever the surveys say."""
    models: dict[str, str] = Field(default_factory=dict)
    """Language -> name of an added model (`huifang models list`). A language left out has the
    model that was added for it, where there is exactly one."""
    servers: dict[str, str] = Field(default_factory=dict)
    """Language -> ``ws://HOST:PORT`` of a vosk-server, in the place of a model here."""
    server_words: dict[str, Path] = Field(default_factory=dict)
    """Language -> a copy of the server's model, or its words.txt. With it the server is held to
    the answers of the survey; without it, it hears any words, which costs it about ten times as
    much."""
    without_model: Literal["refuse", "keys"] = "refuse"
    """What becomes of a survey with spoken answers in a language that nothing here can hear:
    ``refuse`` it, or ask by ``keys`` alone."""
    threads: int = Field(default=0, ge=0, le=256)
    """Threads that recognise, for each model; 0: one a processor."""

    @field_validator("servers")
    @classmethod
    def _are_web_sockets(cls, value: dict[str, str]) -> dict[str, str]:
        for url in value.values():
            if not url.startswith(("ws://", "wss://")):
                raise fault("config-speech-server", found=url)
        return value

    @model_validator(mode="after")
    def _one_each(self) -> "SpeechSettings":
        for language in self.models.keys() & self.servers.keys():
            raise fault("config-speech-both", language=language)
        return self
