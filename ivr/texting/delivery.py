"""What an undelivered message says of the person's number: delivery report -> disposition. Pure."""

from fnmatch import fnmatchcase

from core.disposition import Disposition
from ivr.texting.contract import DeliveryState

_BY_STATE: dict[str, Disposition] = {
    DeliveryState.EXPIRED: Disposition.UNREACHABLE,
    DeliveryState.UNDELIVERABLE: Disposition.UNREACHABLE,
    DeliveryState.REJECTED: Disposition.FAILED,
    "refused": Disposition.FAILED,
}
"""Expired: the phone was off for days. Undeliverable without a code: nothing more is known.
Rejected: by the gateway or the carrier (content, account), so not the person's doing."""

# Codes that say more than the state. Each list is one source; the first that fits counts.
_BY_CODE: tuple[tuple[str, Disposition], ...] = (
    # Twilio, https://www.twilio.com/docs/api/errors
    ("30003", Disposition.UNREACHABLE),  # unreachable destination handset
    ("30004", Disposition.REJECTED),  # message blocked
    ("30005", Disposition.INVALID_NUMBER),  # unknown destination handset
    ("30006", Disposition.INVALID_NUMBER),  # landline or unreachable carrier
    ("30007", Disposition.FAILED),  # filtered by the carrier
    ("30008", Disposition.FAILED),  # unknown error
    ("21610", Disposition.REFUSED),  # the person wrote STOP to the provider
    ("21211", Disposition.INVALID_NUMBER),  # invalid To
    ("21614", Disposition.INVALID_NUMBER),  # To cannot receive texts
    # SMPP receipts: err is a GSM network error in many networks (3GPP TS 29.002, 17.6.6)
    ("001", Disposition.INVALID_NUMBER),  # unknown subscriber
    ("009", Disposition.INVALID_NUMBER),  # illegal subscriber
    ("005", Disposition.INVALID_NUMBER),  # unidentified subscriber
    ("027", Disposition.UNREACHABLE),  # absent subscriber
    ("013", Disposition.REJECTED),  # call barred
    ("0X0000000B", Disposition.INVALID_NUMBER),  # SMPP: invalid destination address
    ("ISV.MOBILE_NUMBER_ILLEGAL", Disposition.INVALID_NUMBER),
    # Chinese carriers' states as gateways commonly pass them on; they differ by network, so only
    # those that are published alike are told apart.
    ("MK:0001", Disposition.INVALID_NUMBER),  # 空号
    ("CB:0001", Disposition.INVALID_NUMBER),  # 空号
    ("MI:0024", Disposition.UNREACHABLE),  # 关机或停机
    ("MOBILE_NOT_ON_SERVICE", Disposition.UNREACHABLE),  # 停机
    ("IS_CLOSED", Disposition.UNREACHABLE),  # 关机
    ("NULL_NUMBER", Disposition.INVALID_NUMBER),  # 空号
    ("BLACK*", Disposition.REJECTED),  # 黑名单
)


def says_invalid_number(code: str) -> bool:
    """Tell whether a gateway's code says that the number does not exist or takes no texts."""
    return _of_code(code) is Disposition.INVALID_NUMBER


def disposition_of(state: str, code: str, *, invalid_number: bool = False) -> Disposition | None:
    """Return how the attempt ended that the message belonged to; None: it did not end by this.

    `state`: a word of `DeliveryState`, or ``refused`` for a message that its gateway refused for
    good. A delivered message waits for its reply, one under way for its report, and what the
    gateway calls unknown for either.
    """
    ended = _BY_STATE.get(state)
    if ended is None or invalid_number:
        return ended and Disposition.INVALID_NUMBER
    return _of_code(code) or ended


def _of_code(code: str) -> Disposition | None:
    first = code.split(maxsplit=1)[0].upper() if code.strip() else ""
    return next((word for each, word in _BY_CODE if fnmatchcase(first, each)), None)
