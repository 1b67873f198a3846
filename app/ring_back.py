"""The configured rules of people who ring us, or write, by themselves."""

from collections.abc import Callable

from config.loading import Loaded
from core.catalogue import text
from core.said import digits
from core.welcome import Welcome
from dialer.incoming.terms import RingBackRules


def ring_back_rules(loaded: Loaded) -> RingBackRules:
    """Return whose survey may still be had, and how callers' numbers are read."""
    settings = loaded.settings.ring_back
    return RingBackRules(within=settings.within, area_code=settings.area_code)


def words_of(loaded: Loaded) -> Callable[[Welcome, str], str]:
    """Return what says, in a language, how a caller without a survey is met. The words hold
    nothing of any case."""
    settings = loaded.settings.ring_back

    def words(welcome: Welcome, language: str) -> str:
        known = Welcome.PERSON if welcome.promises_person else welcome
        office = settings.office
        who = settings.who.get(language) or text("ring-back-who", language)
        more = text("ring-back-office", language, number=digits(office, language)) if office else ""
        return text(f"ring-back-{known.value}", language, who=who, office=more)

    return words
