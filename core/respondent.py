"""The four classes of respondents that are called back."""

from enum import StrEnum


class RespondentClass(StrEnum):
    """Why a party is called: decides the survey, the channel and when the first callback is due."""

    CASE_HANDLING = "case_handling"
    EMERGENCY = "emergency"
    COUNTER = "counter"
    COMMUNITY = "community"
