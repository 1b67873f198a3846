"""What kind of number it is: a person's, or one that is never called. Pure."""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType

_CHINESE_MOBILE = re.compile(r"\+861[3-9]\d{9}")


@lru_cache(maxsize=65536)
def kind_of_number(e164: str) -> str:
    """Return ``subscriber``, ``service`` (110, 12345, 95588, 400 ...) or ``unknown``."""
    if _CHINESE_MOBILE.fullmatch(e164):  # nine numbers of ten, and parsing is slow
        return "subscriber"
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return "unknown"
    national = phonenumbers.national_significant_number(number)
    region = phonenumbers.region_code_for_country_code(number.country_code or 0)
    if phonenumbers.is_emergency_number(national, region):
        return "service"
    if region == "CN" and len(national) < 10:
        # A Chinese subscriber has 10 digits or more (area code included): what is shorter is
        # 110, 12345, 95588, 0755-110 and the like, or was cut off.
        return "service"
    kind = phonenumbers.number_type(number)
    service = (
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
    )
    if kind in service or (region == "CN" and national.startswith(("400", "800"))):
        return "service"
    return "subscriber" if phonenumbers.is_possible_number(number) else "unknown"


@lru_cache(maxsize=65536)
def takes_texts(e164: str) -> bool:
    """Return False for a land-line: no text message reaches it."""
    if _CHINESE_MOBILE.fullmatch(e164):
        return True
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.number_type(number) != PhoneNumberType.FIXED_LINE
