"""How somebody who rings us, or writes to us, by himself is met."""

from enum import StrEnum


class Welcome(StrEnum):
    """A word of `incoming_calls.welcome`."""

    SURVEY = "survey"
    """He gets his survey, at the question where he left it."""
    ANSWERED = "answered"
    """Nothing is asked of him any more: he has answered, or his callback is over."""
    KEY_INCIDENT = "key_incident"
    """A key incident: no detail to whoever rings; a person calls back."""
    PERSON = "person"
    """A matter for a person (visited face to face, or a survey that cannot be held by voice)."""
    DO_NOT_CALL = "do_not_call"
    """He wanted no more calls."""
    UNDER_WAY = "under_way"
    """We are calling him at this moment."""
    UNKNOWN = "unknown"
    """Nobody of his number is called back."""
    WITHHELD = "withheld"
    """He does not show his number."""
    BUSY = "busy"
    """All lines are in use: he is not answered."""

    @property
    def promises_person(self) -> bool:
        """True where he is told that a person will call him: then one has to."""
        return self in (Welcome.KEY_INCIDENT, Welcome.PERSON)
