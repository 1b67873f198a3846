"""Why a person has to follow up, and who comes first in the queue."""

from enum import StrEnum


class FollowUpReason(StrEnum):
    """Why a case stands in the follow-up queue, the most pressing first."""

    KEY_INCIDENT = "key_incident"
    DISSATISFIED = "dissatisfied"
    UNSURE = "unsure"
    ASKED_FOR_PERSON = "asked_for_person"
    LATE_REPLY = "late_reply"
    UNKNOWN = "unknown"
    PARTIAL = "partial"
    FACE_TO_FACE = "face_to_face"
    NOT_REACHED = "not_reached"
    INVALID_NUMBER = "invalid_number"

    @property
    def pressing(self) -> int:
        """Lower is more pressing: the reason an item shows is the most pressing of all it has."""
        return list(FollowUpReason).index(self)


def rank(reason: str, *, key_incident: bool = False) -> int:
    """Return the place in the queue, lower first; within one place the deadline decides.

    0 dissatisfied in a key incident, 1 key incident, 2 dissatisfied, 3 all others. Raises
    ValueError for an unknown reason.
    """
    word = FollowUpReason(reason)
    key = key_incident or word is FollowUpReason.KEY_INCIDENT
    return (0 if key else 2) + (0 if word is FollowUpReason.DISSATISFIED else 1)
