"""An SMPP 3.4 centre as a TextGateway: bound as a transceiver, bound again when it was lost."""

import asyncio
import contextlib
import itertools
import random
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import structlog
from smpplib import consts

from core.clock import Clock, SystemClock
from core.errors import HuifangError, TransientError, UncertainError, problem
from core.phone import written
from ivr.texting.contract import Accepted, IncomingText, OutgoingText, Refused, Take, TextEvent
from ivr.texting.delivery import says_invalid_number
from ivr.texting.gateways.incoming import e164, made_up_id
from ivr.texting.gateways.smpp import receipts
from ivr.texting.gateways.smpp.alphabet import decoded, encoded
from ivr.texting.gateways.smpp.joining import Part, PartKeeper, header
from ivr.texting.gateways.smpp.receipts import ReceiptReading
from ivr.texting.gateways.smpp.session import (
    BindRefused,
    NotAnswered,
    Session,
    SessionLost,
    connect,
    status_words,
)
from ivr.texting.parts import EACH, GSM7, UCS2, parts_of

log = structlog.get_logger(__name__)

LOOK_SECONDS = 60.0
"""Between two looks for parts of incoming messages that were left behind."""
MOST_UNANSWERED = 1000
"""Messages remembered that came and could not be acknowledged."""
_UDH = 0x40
_PERMANENT = {
    consts.SMPP_ESME_RINVMSGLEN,
    consts.SMPP_ESME_RINVDSTADR,
    consts.SMPP_ESME_RINVDSTTON,
    consts.SMPP_ESME_RINVDSTNPI,
    consts.SMPP_ESME_RINVPARLEN,
}
"""Refused for what the message is (SMPP 3.4, 5.1.3)."""
_THROTTLED = {consts.SMPP_ESME_RTHROTTLED, consts.SMPP_ESME_RMSGQFUL}
_EACH_UDH16 = {GSM7: 152, UCS2: 66}
"""Units of a part whose header takes 7 octets."""


@dataclass(frozen=True)
class SmppAccount:
    """The centre, and how it wants to be spoken to."""

    host: str
    port: int
    system_id: str
    password: str = field(default="", repr=False)
    system_type: str = ""
    sender: str = ""
    """Source address."""
    sender_ton: int = 0
    sender_npi: int = 1
    number_format: str = "{digits}"
    """``{e164}``, ``{digits}`` or ``{national}``."""
    number_ton: int = 1
    number_npi: int = 1
    """Type of number and numbering plan (SMPP 3.4, 5.2.5, 5.2.6): international, ISDN."""
    window: int = 10
    """Requests that may be unanswered at once, each way."""
    enquire_seconds: float = 30.0
    response_seconds: float = 10.0
    throttle_seconds: float = 5.0
    """Wait that we name when the centre says that it is too fast for it."""
    long_messages: Literal["udh8", "udh16", "payload"] = "udh8"
    """How a long message goes: in parts with 8 or 16 bit references, or whole in
    message_payload."""
    default_alphabet: Literal["gsm7", "latin1", "ascii"] = "gsm7"
    """What data_coding 0 means at the centre."""
    receipts: ReceiptReading = field(default_factory=ReceiptReading)
    region: str = "CN"
    """Country of incoming numbers that are written without country code."""
    back_off_first: float = 1.0
    back_off_most: float = 60.0


class SmppGateway:
    """A TextGateway. One process binds with one account, unless the centre allows several."""

    def __init__(
        self,
        name: str,
        account: SmppAccount,
        folder: Path,
        *,
        messages_per_second: float = 10.0,
        tls: ssl.SSLContext | None = None,
        clock: Clock | None = None,
        references: Iterator[int] | None = None,
    ) -> None:
        """`folder`: where parts of long incoming messages are kept until they are whole."""
        self.name = name
        self.messages_per_second = messages_per_second
        self._account = account
        self._tls = tls
        self._clock = clock or SystemClock()
        self._keeper = PartKeeper(folder)
        self._joining = asyncio.Lock()
        # Where references begin does not matter, only that two runs do not begin alike.
        begin = random.randrange(65536)  # noqa: S311 - no secret
        self._references = references or itertools.count(begin)
        self._session: Session | None = None
        self._take: Take | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._trouble = ""
        self._unanswered: dict[tuple[Any, ...], datetime] = {}

    async def start(self, take: Take) -> None:
        """Begin to connect; returns when the first try is over, whatever came of it."""
        self._take = take
        tried = asyncio.Event()
        self._keeping = asyncio.create_task(self._keep_bound(tried))
        await tried.wait()

    async def close(self) -> None:
        """Unbind and hang up."""
        if self._keeping:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        if self._session:
            await self._session.close()
            self._session = None

    async def check(self) -> str:
        """Say what the last try to bind came to."""
        return "" if self._bound() else self._trouble or "not bound"

    async def send(self, text: OutgoingText) -> Accepted | Refused:
        """Submit all parts. Raises TransientError, UncertainError; see the contract."""
        ids: list[str] = []
        for fields in self._parts(text):
            if ids:
                await self._clock.sleep(1 / self.messages_per_second)
            answer = await self._submit(fields, begun=bool(ids))
            if answer.status == consts.SMPP_ESME_ROK:
                ids.append(_text(getattr(answer, "message_id", b"")))
                continue
            if ids:  # the person has the beginning: never send it again
                reason = f"part {len(ids) + 1}: {status_words(answer.status)}"
                raise UncertainError(problem("gateway-uncertain", reason=reason))
            return self._refused(answer.status)
        form = self._account.receipts.ids
        return Accepted(tuple(receipts.comparable(id, form) for id in ids if id))

    async def _submit(self, fields: dict[str, Any], *, begun: bool) -> Any:
        while True:
            session = self._bound()
            try:
                if session is None:
                    raise ConnectionError
                answer = await session.ask("submit_sm", **fields)
            except ConnectionError:
                if begun:
                    raise UncertainError(
                        problem("gateway-uncertain", reason="connection lost between two parts")
                    ) from None
                raise TransientError(
                    problem("gateway-away", name=self.name, reason=self._trouble or "not bound")
                ) from None
            except (NotAnswered, SessionLost) as error:
                said = type(error).__name__
                raise UncertainError(problem("gateway-uncertain", reason=said)) from error
            if not (begun and answer.status in _THROTTLED):
                return answer
            await self._clock.sleep(self._account.throttle_seconds)

    def _refused(self, status: int) -> Refused:
        code, _, words = status_words(status).partition(" ")
        wait = self._account.throttle_seconds if status in _THROTTLED else 0.0
        return Refused(
            code,
            words,
            permanent=status in _PERMANENT,
            retry_after=wait,
            invalid_number=says_invalid_number(code),
        )

    def _parts(self, text: OutgoingText) -> Iterator[dict[str, Any]]:
        account = self._account
        common = {
            "source_addr": account.sender,
            "source_addr_ton": account.sender_ton,
            "source_addr_npi": account.sender_npi,
            "destination_addr": written(text.number, account.number_format),
            "dest_addr_ton": account.number_ton,
            "dest_addr_npi": account.number_npi,
            "registered_delivery": 1,
        }
        wide = account.long_messages == "udh16"
        parts = parts_of(text.text, _EACH_UDH16 if wide else EACH)
        alphabet = account.default_alphabet
        if parts.count == 1 or account.long_messages == "payload":
            octets, coding = encoded(text.text, parts.encoding, alphabet)
            where = "short_message" if parts.count == 1 else "message_payload"
            yield {**common, "data_coding": coding, where: octets}
            return
        reference = next(self._references) % (65536 if wide else 256)
        for position, part in enumerate(parts.texts, 1):
            octets, coding = encoded(part, parts.encoding, alphabet)
            kind = b"\x06\x08\x04" if wide else b"\x05\x00\x03"
            head = kind + reference.to_bytes(2 if wide else 1) + bytes([parts.count, position])
            yield {
                **common,
                "esm_class": _UDH,
                "data_coding": coding,
                "short_message": head + octets,
            }

    def _bound(self) -> Session | None:
        return self._session if self._session and not self._session.ended.is_set() else None

    async def _keep_bound(self, tried: asyncio.Event) -> None:
        wait = self._account.back_off_first
        while True:
            try:
                session = self._session = await self._bind()
                self._trouble, wait = "", self._account.back_off_first
                tried.set()
                await self._while_bound(session)
                await session.close()
                self._trouble = "connection lost"
            except (OSError, TimeoutError, BindRefused, NotAnswered, SessionLost) as error:
                self._trouble = str(error) or type(error).__name__
            except Exception as error:  # whatever it is, the next try may go well
                log.exception("smpp_session_failed", gateway=self.name)
                self._trouble = str(error) or type(error).__name__
            log.warning("smpp_not_bound", gateway=self.name, reason=self._trouble, wait=wait)
            tried.set()
            await self._clock.sleep(wait)
            wait = min(wait * 2, self._account.back_off_most)

    async def _while_bound(self, session: Session) -> None:
        """Look after parts that nobody completes, until the session ends."""
        while not session.ended.is_set():
            try:
                await self._take_left_behind()
            except HuifangError as error:
                log.warning("smpp_parts_not_taken", gateway=self.name, reason=str(error))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await session.ended.wait()

    async def _bind(self) -> Session:
        account = self._account
        session = await connect(
            account.host,
            account.port,
            tls=self._tls,
            seconds=account.response_seconds,
            deliver=self._delivered,
            window=account.window,
            response_seconds=account.response_seconds,
            enquire_seconds=account.enquire_seconds,
        )
        try:
            await session.bind(
                system_id=account.system_id,
                password=account.password,
                system_type=account.system_type,
            )
        except BaseException:
            await session.close()
            raise
        return session

    async def _delivered(self, pdu: Any) -> int:
        """Keep what a deliver_sm tells; returns the status that answers it."""
        same = (pdu.source_addr, pdu.destination_addr, pdu.short_message, pdu.data_coding)
        now = self._unanswered.pop(same, None) or self._clock.now()
        session, kept = self._session, False
        try:
            if receipts.is_receipt(pdu.esm_class or 0):
                await self._take_receipt(pdu, now)
            else:
                await self._take_text(pdu, now)
            kept = True
        except HuifangError as error:
            log.warning("smpp_delivery_not_kept", gateway=self.name, reason=str(error))
        except Exception:
            log.exception("smpp_delivery_failed", gateway=self.name)
        if not kept or session is None or session.ended.is_set():
            # The centre does not hear that we have it, and brings it again: with its first time,
            # by which it is known.
            self._unanswered[same] = now
            while len(self._unanswered) > MOST_UNANSWERED:
                del self._unanswered[next(iter(self._unanswered))]
        return int(consts.SMPP_ESME_ROK if kept else consts.SMPP_ESME_RX_T_APPN)

    async def _take_receipt(self, pdu: Any, now: datetime) -> None:
        octets = pdu.short_message or getattr(pdu, "message_payload", None) or b""
        tlvs = {
            "receipted_message_id": _text(getattr(pdu, "receipted_message_id", None)),
            "message_state": getattr(pdu, "message_state", None),
            "network_error_code": getattr(pdu, "network_error_code", None),
        }
        report = receipts.read(octets.decode("latin-1"), tlvs, self._account.receipts, now)
        if report is None:
            log.warning("smpp_receipt_without_id", gateway=self.name)
            return
        await self._taken(report)

    async def _take_text(self, pdu: Any, now: datetime) -> None:
        octets = pdu.short_message or getattr(pdu, "message_payload", None) or b""
        place: tuple[int, int, int] | None = None
        if (pdu.esm_class or 0) & _UDH:
            place, octets = header(octets)
        elif getattr(pdu, "sar_msg_ref_num", None) is not None:
            place = (pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum)
        reference, total, position = place or (0, 1, 1)
        part = Part(
            number=_text(pdu.source_addr),
            to=_text(pdu.destination_addr),
            reference=reference,
            total=total,
            position=position,
            octets=octets.hex(),
            data_coding=pdu.data_coding or 0,
            at=now.isoformat(),
            id=_text(getattr(pdu, "receipted_message_id", None)),
        )
        if total < 2:
            await self._taken(self._joined([part]))
            return
        async with self._joining:  # two parts of one message may come at once
            parts = await asyncio.to_thread(self._keeper.keep, part)
            if parts:
                await self._taken(self._joined(parts))
                await asyncio.to_thread(self._keeper.forget, parts)

    async def _take_left_behind(self) -> None:
        async with self._joining:
            for parts in self._keeper.left_behind(self._clock.now()):
                await self._taken(self._joined(parts))
                self._keeper.forget(parts)

    def _joined(self, parts: list[Part]) -> IncomingText:
        first = parts[0]
        octets = b"".join(bytes.fromhex(part.octets) for part in parts)
        text = decoded(octets, first.data_coding, self._account.default_alphabet)
        at = datetime.fromisoformat(first.at)
        number = e164(first.number, self._account.region)
        # SMPP has no id for an incoming message; some centres name one in a parameter.
        id = first.id or made_up_id(number, text, at, first.to)
        return IncomingText(id, number, first.to, text, at)

    async def _taken(self, event: TextEvent) -> None:
        if self._take is not None:
            await self._take(self.name, event)


def _text(octets: bytes | str | None) -> str:
    if isinstance(octets, str):
        return octets
    return (octets or b"").split(b"\0")[0].decode("latin-1")
