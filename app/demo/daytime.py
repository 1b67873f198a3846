"""A time zone in which it is working time just now: nobody is called at night, not even here."""

from datetime import datetime
from zoneinfo import ZoneInfo

COMFORTABLE = (11, 17)
"""Local hours, first and last, that leave a whole demonstration within the calling hours."""


def daytime_zone(now: datetime, preferred: str = "Asia/Shanghai") -> str:
    """Return `preferred` where it is daytime there, else a fixed-offset zone where it is noon.

    The demonstration obeys the calling hours like everything else; so its people live where
    the hour is right. (Etc/GMT-8 is UTC+8: the sign is POSIX's.)
    """
    if COMFORTABLE[0] <= now.astimezone(ZoneInfo(preferred)).hour <= COMFORTABLE[1]:
        return preferred
    offset = (13 - now.astimezone(ZoneInfo("UTC")).hour + 11) % 24 - 11
    return f"Etc/GMT{-offset:+d}" if offset else "Etc/UTC"
