"""One bound SMPP 3.4 session over one connection: requests in a window, answers, keep-alive.

smpplib encodes and decodes the PDUs. Its client reads a socket in one thread and acknowledges
deliver_sm by itself; here one is acknowledged when it is safe, while others go on.
"""

import asyncio
import itertools
import ssl
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from smpplib import command_codes, consts, exceptions, smpp

log = structlog.get_logger(__name__)

LARGEST_PDU = 70_000
"""Octets; message_payload carries 64 kB at most."""
_HEADER = 16
_READING_FAULTS = (struct.error, exceptions.UnknownCommandError, ValueError, KeyError, IndexError)
_RESPONSE = 0x80000000

Deliver = Callable[[Any], Awaitable[int]]
"""Takes a deliver_sm; returns the command_status that answers it."""


class SessionLost(Exception):
    """The connection is gone; what was not answered is not known."""


class BindRefused(Exception):
    """The centre refused the bind; the message is its command_status in words."""


class NotAnswered(Exception):
    """No response came in time."""


class Session:
    """Made by `connect`; over when `ended` is set."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        deliver: Deliver,
        window: int,
        response_seconds: float,
        enquire_seconds: float,
    ) -> None:
        self._reader, self._writer = reader, writer
        self._deliver = deliver
        self._window = asyncio.Semaphore(window)
        self._delivering = asyncio.Semaphore(window)
        self._response_seconds, self._enquire_seconds = response_seconds, enquire_seconds
        self._sequences = itertools.cycle(range(1, 0x7FFFFFFF))
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._heard = asyncio.Event()
        self._bound = False
        self.ended = asyncio.Event()

    async def bind(self, **account: Any) -> None:
        """Bind as a transceiver. Raises BindRefused, NotAnswered, SessionLost."""
        self._background(self._read())
        answer = await self.ask("bind_transceiver", interface_version=0x34, **account)
        if answer.status != consts.SMPP_ESME_ROK:
            raise BindRefused(status_words(answer.status))
        self._bound = True
        self._background(self._keep_alive())

    async def ask(self, command: str, **fields: Any) -> Any:
        """Send a request and return its response. Raises NotAnswered, SessionLost."""
        async with self._window:
            if self.ended.is_set():
                raise ConnectionError  # nothing was sent
            sequence = next(self._sequences)
            pdu = smpp.make_pdu(command, sequence=sequence, **fields)
            pdu.sequence = sequence
            answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            self._waiting[sequence] = answer
            try:
                self._write(pdu)
                async with asyncio.timeout(self._response_seconds):
                    return await answer
            except TimeoutError:
                raise NotAnswered(command) from None
            finally:
                self._waiting.pop(sequence, None)

    async def close(self) -> None:
        """Unbind, let what comes in be finished, and hang up."""
        if self._bound and not self.ended.is_set():
            try:
                await self.ask("unbind")
            except (NotAnswered, SessionLost, ConnectionError):
                log.info("smpp_unbind_unanswered")
        self._end()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            await self._writer.wait_closed()
        except OSError:
            log.info("smpp_closed_hard")

    def _background(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _write(self, pdu: Any) -> None:
        self._writer.write(pdu.generate())

    def _end(self) -> None:
        self.ended.set()
        self._heard.set()
        self._writer.close()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(SessionLost())

    async def _read(self) -> None:
        try:
            while not self.ended.is_set():
                start = await self._reader.readexactly(4)
                (length,) = struct.unpack(">L", start)
                if not _HEADER <= length <= LARGEST_PDU:
                    log.warning("smpp_length_wrong", length=length)
                    break
                await self._received(start + await self._reader.readexactly(length - 4))
        except (OSError, EOFError):
            log.info("smpp_connection_ended")
        finally:
            self._end()

    async def _received(self, octets: bytes) -> None:
        self._heard.set()
        _, code, status, sequence = struct.unpack(">LLLL", octets[:_HEADER])
        if code == command_codes.get_command_code("generic_nack"):
            answer = self._waiting.get(sequence)
            if answer and not answer.done():
                answer.set_result(smpp.make_pdu("generic_nack", status=status, sequence=sequence))
            return
        try:
            pdu = smpp.parse_pdu(octets, sequence=sequence, allow_unknown_opt_params=True)
        except _READING_FAULTS:
            log.warning("smpp_pdu_unreadable", command=hex(code), sequence=sequence)
            if not code & _RESPONSE:
                self._nack(sequence, consts.SMPP_ESME_RINVCMDID)
            return
        if code & _RESPONSE:
            answer = self._waiting.get(sequence)
            if answer and not answer.done():
                answer.set_result(pdu)
        elif pdu.command == "deliver_sm":
            await self._delivering.acquire()  # the centre waits while as many are not yet safe
            self._background(self._delivered(pdu))
        elif pdu.command in ("enquire_link", "unbind"):
            self._respond(f"{pdu.command}_resp", sequence)
            if pdu.command == "unbind":
                self._end()
        elif pdu.command != "alert_notification":
            self._nack(sequence, consts.SMPP_ESME_RINVCMDID)

    async def _delivered(self, pdu: Any) -> None:
        try:
            status = await self._deliver(pdu)
        finally:
            self._delivering.release()
        self._respond("deliver_sm_resp", pdu.sequence, status)

    def _respond(self, command: str, sequence: int, status: int = consts.SMPP_ESME_ROK) -> None:
        if self.ended.is_set():
            return
        answer = smpp.make_pdu(command, sequence=sequence)
        answer.sequence, answer.status = sequence, status
        self._write(answer)

    def _nack(self, sequence: int, status: int) -> None:
        self._respond("generic_nack", sequence, status)

    async def _keep_alive(self) -> None:
        """Ask whether the centre is there whenever it said nothing for a while (SMPP 3.4, 4.11)."""
        while not self.ended.is_set():
            self._heard.clear()
            try:
                async with asyncio.timeout(self._enquire_seconds):
                    await self._heard.wait()
                    continue
            except TimeoutError:
                log.debug("smpp_enquire_link")
            try:
                await self.ask("enquire_link")
            except (NotAnswered, SessionLost, ConnectionError):
                log.warning("smpp_link_dead")
                self._end()


async def connect(
    host: str, port: int, *, tls: ssl.SSLContext | None, seconds: float, **more: Any
) -> Session:
    """Connect within `seconds`. Raises OSError, TimeoutError."""
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection(host, port, ssl=tls)
    return Session(reader, writer, **more)


def status_words(status: int) -> str:
    """Return a command_status as it is written: ``0x00000058 Throttling error``."""
    words = str(consts.DESCRIPTIONS.get(status, ""))
    return f"0x{status:08X} {words}".strip()
