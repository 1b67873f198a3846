"""The configured rules of people who ring us, or write, by themselves."""

from config.loading import Loaded
from dialer.incoming.terms import RingBackRules


def ring_back_rules(loaded: Loaded) -> RingBackRules:
    """Return whose survey may still be had, and how callers' numbers are read."""
    settings = loaded.settings.ring_back
    return RingBackRules(within=settings.within, area_code=settings.area_code)
