"""`answers`: how people may answer."""

from typing import Literal

from config.section import Section


class AnswerSettings(Section):
    """How people may answer, beside the keys, which always count."""

    by_voice: Literal["where_possible", "required", "never"] = "where_possible"
    """Spoken answers, in surveys that listen (`speech.enabled`). ``where_possible``: in languages
    with a model; in others the survey is held by keys alone. ``required``: without a model nobody
    is called. ``never``: by keys alone."""
