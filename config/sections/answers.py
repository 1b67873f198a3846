"""`answers`: how people may answer."""

from config.section import Section


class AnswerSettings(Section):
    """How people may answer, beside the keys, which always count."""

    by_voice: bool = True
    """True: surveys that listen (`speech.enabled`) take spoken answers in every language that has
    a model. False: keys alone, whatever the surveys say."""
