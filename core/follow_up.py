"""Why a person has to follow up, and which reason comes first."""

from enum import StrEnum


class FollowUpReason(StrEnum):
    """Why a case stands in the follow-up queue, the most pressing first."""

    KEY_INCIDENT = "key_incident"
    DISSATISFIED = "dissatisfied"
    UNSURE = "unsure"
    ASKED_FOR_PERSON = "asked_for_person"
    UNKNOWN = "unknown"
    PARTIAL = "partial"
    FACE_TO_FACE = "face_to_face"
    NOT_REACHED = "not_reached"
    INVALID_NUMBER = "invalid_number"


_RANKS = {reason: rank for rank, reason in enumerate(FollowUpReason)}


def rank(reason: str, *, key_incident: bool = False) -> int:
    """Return the place of `reason` in the queue's order, lower first.

    A key incident comes first, whatever else is wrong. Raises ValueError for an unknown reason.
    """
    own = _RANKS[FollowUpReason(reason)]
    return _RANKS[FollowUpReason.KEY_INCIDENT] if key_incident else own
