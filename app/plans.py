"""Plans by name, and whether what they need is there: gateways, and a survey for each channel."""

from collections.abc import Mapping

from app.surveys import ReadySurvey, callable_by, writable
from config.loading import Loaded
from core.document_faults import closest
from core.errors import AuthorError, Place, Problem, problem
from core.plan import NOTICE, SHIPPED, SMS, VOICE, Plan

_FIT = {VOICE: callable_by, SMS: writable}
"""Channel -> what reads a survey that is to be held by it."""


def plans(loaded: Loaded) -> Mapping[str, Plan]:
    """Return all plans by name: those that are shipped and those of the settings."""
    return {**SHIPPED, **{each.name: each.plan() for each in loaded.settings.plans}}


def plan_named(loaded: Loaded, name: str, place: Place = Place()) -> Plan:  # noqa: B008 - frozen
    """Return one plan. Raises AuthorError where there is none of this name, or where nothing is
    configured to carry one of its channels."""
    known = plans(loaded)
    if name not in known:
        raise AuthorError(
            problem(
                "plan-unknown",
                place,
                name=name,
                closest=closest(name, list(known)) or "-",
                known=", ".join(known),
            )
        )
    channels = known[name].channels
    if channels & {SMS, NOTICE} and not loaded.settings.text_gateways:
        raise AuthorError(problem("plan-no-gateway", place, name=name))
    if NOTICE in channels and not callers(loaded):
        raise AuthorError(problem("plan-no-caller", place, name=name))
    return known[name]


def callers(loaded: Loaded) -> list[str]:
    """Return the numbers that called people may see, as the trunks show them."""
    return list(dict.fromkeys(each.caller_id for each in loaded.trunks if each.caller_id))


def survey_for(loaded: Loaded, plan: Plan, name: str) -> ReadySurvey:
    """Return the survey `name`, fit to be held by every channel of the plan.

    Raises AuthorError with the faults of all channels together.
    """
    found: list[ReadySurvey] = []
    faults: list[Problem] = []
    for channel in sorted(plan.channels & _FIT.keys()):
        try:
            found.append(_FIT[channel](loaded, name))
        except AuthorError as error:
            faults += error.problems
    if faults:
        raise AuthorError(*dict.fromkeys(faults))
    return found[0]
