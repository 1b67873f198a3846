"""Delivery receipts of an SMPP centre (SMPP 3.4, appendix B and 5.3.2.12, 5.3.2.35). Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from ivr.texting.contract import DeliveryReport, DeliveryState
from ivr.texting.delivery import says_invalid_number

_MESSAGE_TYPE = 0x3C
_RECEIPT, _INTERMEDIATE = 0x04, 0x20
"""esm_class, bits 5 to 2 (5.2.12)."""
_FIELD = re.compile(
    r"\b(id|sub|dlvrd|submit date|done date|stat|err):\s*(\S*)|\btext:", re.IGNORECASE
)
_WORDS = {
    "ENROUTE": DeliveryState.ENROUTE,
    "ACCEPTD": DeliveryState.ENROUTE,
    "DELIVRD": DeliveryState.DELIVERED,
    "EXPIRED": DeliveryState.EXPIRED,
    "DELETED": DeliveryState.UNDELIVERABLE,
    "UNDELIV": DeliveryState.UNDELIVERABLE,
    "REJECTD": DeliveryState.REJECTED,
}
_STATES = (
    DeliveryState.UNKNOWN,
    DeliveryState.ENROUTE,
    DeliveryState.DELIVERED,
    DeliveryState.EXPIRED,
    DeliveryState.UNDELIVERABLE,  # 4: deleted
    DeliveryState.UNDELIVERABLE,
    DeliveryState.ENROUTE,  # 6: accepted
    DeliveryState.UNKNOWN,
    DeliveryState.REJECTED,
)
"""message_state (5.2.28), by its number."""
Ids = Literal["same", "hex_in_receipts", "decimal_in_receipts"]
"""Centres answer with one and report with the other form of the same number."""


@dataclass(frozen=True)
class ReceiptReading:
    """How a centre's receipts are to be read."""

    ids: Ids = "same"
    """In which form receipts name an id."""
    zone: str = "UTC"
    """Time zone of their dates."""


def is_receipt(esm_class: int) -> bool:
    """Tell whether a deliver_sm is a delivery receipt or an intermediate notification."""
    return esm_class & _MESSAGE_TYPE in (_RECEIPT, _INTERMEDIATE)


def read(
    text: str, tlvs: dict[str, Any], reading: ReceiptReading, now: datetime
) -> DeliveryReport | None:
    """Return the report; None where it names no message."""
    found = _fields(text)
    id = _same_id(found.get("id", ""), tlvs.get("receipted_message_id") or "")
    if not id:
        return None
    state = tlvs.get("message_state")
    if isinstance(state, int):
        judged = _STATES[state] if state < len(_STATES) else DeliveryState.UNKNOWN
    else:
        judged = _WORDS.get(found.get("stat", "").upper()[:7], DeliveryState.UNKNOWN)
    error = _error(found, tlvs)
    return DeliveryReport(
        id=_as_answered(id, reading.ids),
        state=judged,
        at=_date(found.get("done date", ""), reading.zone) or now,
        error=error,
        invalid_number=judged is DeliveryState.UNDELIVERABLE and says_invalid_number(error),
    )


def _fields(text: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for match in _FIELD.finditer(text):
        if match.group(1) is None:
            break  # from "text:" on, these are the person's words
        fields.setdefault(match.group(1).lower(), match.group(2))
    return fields


def _same_id(written: str, parameter: str) -> str:
    # The parameter ends with NUL (5.3.2.12); of centres that leave it out the last sign is cut.
    return written if not parameter or written[:-1] == parameter else parameter


def _as_answered(id: str, ids: Ids) -> str:
    try:
        if ids == "decimal_in_receipts":
            return f"{int(id):x}"
        if ids == "hex_in_receipts":
            return str(int(id, 16))
    except ValueError:
        return id
    return id


def comparable(id: str, ids: Ids) -> str:
    """Return an id of a submit_sm_resp in the form that `read` gives the receipt's."""
    if ids == "same":
        return id
    try:
        return f"{int(id, 16):x}" if ids == "decimal_in_receipts" else str(int(id))
    except ValueError:
        return id


def _error(found: dict[str, str], tlvs: dict[str, Any]) -> str:
    code = tlvs.get("network_error_code")
    if isinstance(code, bytes) and len(code) == 3 and int.from_bytes(code[1:]):
        return f"{int.from_bytes(code[1:]):03}"
    written = found.get("err", "")
    return written if written.strip("0") else found.get("stat", "")


def _date(written: str, zone: str) -> datetime | None:
    for form, length in (("%y%m%d%H%M%S", 12), ("%y%m%d%H%M", 10)):
        if len(written) == length:
            try:
                moment = datetime.strptime(written, form)  # noqa: DTZ007 - the zone comes next
            except ValueError:
                return None
            return moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return None
