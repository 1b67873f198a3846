"""The pool of line processes: as many as the channels need, each with ports of its own.

Calls are spread evenly, so that a crash loses few. A line that dies or hangs is replaced at once;
its calls, and no others, end as crashed.
"""

import array
import asyncio
import contextlib
import logging
import math
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import PermanentError, TransientError, problem
from core.trunk import Trunk
from ivr.channels.sip import protocol
from ivr.channels.sip.numbering import line_trunk
from ivr.channels.sip.process import LineProcess
from ivr.channels.sip.stacks import PJSUA2, SipStack

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[3]
PORTS_PER_CALL = 2  # RTP and RTCP
SPARE_PORTS = 12
"""More ports than calls need: one that has just been closed, or that somebody else has, is
passed over."""
START_SECONDS = 20.0
CLOSE_SECONDS = 4.0
RECEPTION_SECONDS = 8.0
"""How long the port on which calls are taken may be held by somebody else at the start."""
RESTART_PAUSE = 0.2
LONGEST_PAUSE = 5.0
WATCH_SECONDS = 1.0


@dataclass(frozen=True)
class Ports:
    """Where the lines listen."""

    address: str = "127.0.0.1"
    """The local address that SIP and RTP are bound to."""
    public_address: str = ""
    """The address told to the other side where it differs (behind NAT)."""
    sip: int = 0
    """First SIP port, three for each process (UDP, TCP, TLS); 0: any free ones."""
    rtp_from: int = 16384
    """First RTP port."""
    rtp_until: int = 32767
    """Last RTP port."""


@dataclass(frozen=True)
class Reception:
    """Where calls of people who ring us come in."""

    port: int
    """UDP and TCP."""
    callers: Mapping[str, Collection[str]]
    """Trunk -> IP addresses from which its calls come."""


class LinePool:
    """Starts, watches and replaces line processes."""

    def __init__(
        self,
        trunks: Sequence[Trunk],
        channels: int,
        ports: Ports,
        *,
        silent_seconds: float,
        beep_seconds: float,
        pick_up: bool = False,
        pick_up_words: bool = False,
        stack: SipStack = PJSUA2,
        report: Callable[[Any], None],
        lost: Callable[[set[str]], None],
    ) -> None:
        self._stack = stack
        self._trunks = list(trunks)
        self._channels = channels
        self._ports = ports
        self._silent_seconds = silent_seconds
        self._beep_seconds = beep_seconds
        self._pick_up, self._pick_up_words = pick_up, pick_up_words
        self._reception: Reception | None = None
        self._report = report
        self._lost = lost
        self._nursery: subprocess.Popen[bytes] | None = None
        self._nursery_socket: socket.socket | None = None
        self._lines: dict[int, LineProcess] = {}
        self._where: dict[str, LineProcess] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures: dict[int, int] = {}
        self._closing = False
        self._count = 1
        self._registering = [trunk.name for trunk in self._trunks if trunk.register]
        """Spread over the lines: line n keeps every count-th registration from the n-th on."""
        self.calls_per_line = 0
        self.accounts_per_line = 0
        """Trunks that one line can use at once; it makes room for others by itself."""
        self.restarts = 0

    # ----------------------------------------------------------------------- start and end

    def receive(self, reception: Reception) -> None:
        """Let one line more take calls; to be said before `start`."""
        self._reception = reception

    async def start(self) -> None:
        """Find the library's limit and start the lines. Raises PermanentError."""
        self._stack.check(self._trunks, reception=self._reception is not None)
        await self._start_nursery()
        finder = LineProcess(-1, 0)
        await self._spawn(finder)
        try:
            ready = await asyncio.wait_for(asyncio.shield(finder.ready), START_SECONDS)
        except (TimeoutError, RuntimeError) as error:
            await self.close()
            raise PermanentError(problem("sip-no-line", detail=error)) from error
        await finder.finish(CLOSE_SECONDS)
        self.calls_per_line = ready.max_calls
        self.accounts_per_line = ready.max_accounts
        count = max(1, math.ceil(self._channels / max(1, self.calls_per_line)))
        # A line needs an account for each registration it keeps and each call it carries; the
        # one that takes calls needs one for all that come without a registration.
        most = count * (ready.max_accounts - self.calls_per_line)
        if self._reception:
            most = ready.max_accounts - 1
        registering = sum(trunk.register for trunk in self._trunks)
        if registering > most:
            await self.close()
            raise PermanentError(problem("sip-many-registrations", have=registering, most=most))
        needed = (count + bool(self._reception)) * self._rtp_range
        if needed > self._ports.rtp_until - self._ports.rtp_from + 1:
            await self.close()
            raise PermanentError(
                problem(
                    "sip-few-ports",
                    have=self._ports.rtp_until - self._ports.rtp_from + 1,
                    need=needed,
                )
            )
        self._count = count
        for index in range(count + bool(self._reception)):
            await self._start_line(index)
        results = await asyncio.gather(
            *(
                asyncio.wait_for(asyncio.shield(line.ready), START_SECONDS)
                for line in self.lines
                if not line.receives
            ),
            return_exceptions=True,
        )
        failed = [result for result in results if isinstance(result, BaseException)]
        if failed:
            await self.close()
            raise PermanentError(problem("sip-no-line", detail=failed[0]))
        if self._reception:
            await self._wait_for_reception(self._reception.port)
        self._task(self._watch())

    async def _wait_for_reception(self, port: int) -> None:
        """Wait for the line that takes calls; `_gone` makes it anew while its port is taken, as it
        is for a moment by the lines of a process that was killed. Raises PermanentError."""
        until = time.monotonic() + RECEPTION_SECONDS
        while not (line := self._lines[self._count]).usable:
            try:
                await asyncio.wait_for(asyncio.shield(line.ready), START_SECONDS)
            except (TimeoutError, RuntimeError) as error:
                if time.monotonic() >= until:
                    await self.close()
                    told = problem("sip-no-reception", port=port, detail=error)
                    raise PermanentError(told) from error
                await asyncio.sleep(RESTART_PAUSE)

    @property
    def lines(self) -> list[LineProcess]:
        """The lines as they are now."""
        return list(self._lines.values())

    @property
    def pids(self) -> list[int]:
        """The process ids of the lines and the nursery, for measuring."""
        nursery = [self._nursery.pid] if self._nursery else []
        return nursery + [line.pid for line in self.lines if line.pid]

    @property
    def _rtp_range(self) -> int:
        return self.calls_per_line * PORTS_PER_CALL + SPARE_PORTS

    async def close(self) -> None:
        """Hang up what lives and end every process."""
        self._closing = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(line.finish(CLOSE_SECONDS) for line in self.lines))
        self._lines.clear()
        if self._nursery_socket:
            self._nursery_socket.close()
            self._nursery_socket = None
        if self._nursery:
            nursery, self._nursery = self._nursery, None
            try:
                await asyncio.to_thread(nursery.wait, 12)
            except subprocess.TimeoutExpired:
                nursery.kill()
                await asyncio.to_thread(nursery.wait)

    # ----------------------------------------------------------------------------- calls

    def choose(self, call: str) -> LineProcess:
        """Return the line with most free places and put `call` on it. Raises TransientError."""
        calling = (line for line in self.lines if not line.receives)
        line = max(calling, key=lambda x: x.free, default=None)
        if line is None or line.free < 1:
            raise TransientError(problem("sip-no-free-line"))
        line.calls.add(call)
        self._where[call] = line
        return line

    def room_for(self, call: str) -> bool:
        """Return whether a call that came in can be held.

        The last place of its line is kept free, so that a caller whom nobody can take is told so.
        """
        line = self._where.get(call)
        return line is not None and line.free >= 1

    def send(self, call: str, command: Any) -> None:
        """Send a command to the line that carries `call`, if there is one still."""
        line = self._where.get(call)
        if line is not None:
            line.send(command)

    def first(self) -> LineProcess:
        """Return the line that registers and asks trunks. Raises TransientError."""
        line = self._lines.get(0)
        if line is None or not line.usable:
            raise TransientError(problem("sip-no-free-line"))
        return line

    # --------------------------------------------------------------------------- processes

    async def _start_nursery(self) -> None:
        ours, theirs = socket.socketpair()
        module = "ivr.channels.sip.nursery"
        command = [sys.executable, "-m", module, str(theirs.fileno()), self._stack.engine]
        self._nursery = await asyncio.to_thread(
            lambda: subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command,
                pass_fds=(theirs.fileno(),),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        )
        theirs.close()
        ours.setblocking(False)
        self._nursery_socket = ours
        loop = asyncio.get_running_loop()
        try:
            said = await asyncio.wait_for(loop.sock_recv(ours, 1), START_SECONDS)
        except (TimeoutError, OSError) as error:
            raise PermanentError(problem("sip-no-line", detail=error)) from error
        if not said:
            raise PermanentError(problem("sip-no-line", detail=self._stack.library))

    async def _spawn(self, line: LineProcess) -> None:
        """Have the nursery fork a process for `line`; a dead nursery is replaced."""
        if self._nursery is None or self._nursery.poll() is not None:
            if self._nursery_socket:
                self._nursery_socket.close()
            await self._start_nursery()
        assert self._nursery_socket is not None  # noqa: S101 - set by _start_nursery
        ours, theirs = socket.socketpair()
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [theirs.fileno()]))]
        self._nursery_socket.sendmsg([b"l"], rights)
        theirs.close()
        await line.connect(ours, self._setup(line), self._heard, self._gone)

    def _setup(self, line: LineProcess) -> protocol.Setup:
        index = max(0, line.index)
        if self._reception:
            # A trunk calls back where it was registered from.
            registered_here = set(self._registering) if line.receives else set()
        else:
            every = slice(index, None, self._count)
            registered_here = set(self._registering[every]) if line.index >= 0 else set()
        return protocol.Setup(
            name=f"line-{line.index}",
            address=self._ports.address,
            public_address=self._ports.public_address,
            sip_port=self._ports.sip + 3 * index if self._ports.sip and line.index >= 0 else 0,
            rtp_port=self._ports.rtp_from + index * self._rtp_range,
            rtp_range=self._rtp_range,
            max_calls=line.calls_limit,
            silent_seconds=self._silent_seconds,
            beep_seconds=self._beep_seconds,
            pick_up=self._pick_up,
            pick_up_words=self._pick_up_words,
            trunks=[
                list(line_trunk(trunk, registers=trunk.name in registered_here))
                for trunk in self._trunks
            ],
            reception=self._reception.port if self._reception and line.receives else 0,
            callers=[
                [trunk, sorted(addresses)] for trunk, addresses in self._reception.callers.items()
            ]
            if self._reception and line.receives
            else [],
        )

    async def _start_line(self, index: int) -> None:
        line = LineProcess(index, self.calls_per_line, receives=index >= self._count)
        self._lines[index] = line
        await self._spawn(line)

    def _heard(self, line: LineProcess, message: Any) -> None:
        if isinstance(message, protocol.Freed):
            line.calls.discard(message.call)
            self._where.pop(message.call, None)
        elif isinstance(message, protocol.Arrived):
            line.calls.add(message.call)
            self._where[message.call] = line
        elif isinstance(message, protocol.Ready):
            self._failures.pop(line.index, None)
        self._report(message)

    def _gone(self, line: LineProcess) -> None:
        lost = set(line.calls)
        line.calls.clear()
        for call in lost:
            self._where.pop(call, None)
        if lost:
            self._lost(lost)
        if self._closing or line.index < 0 or self._lines.get(line.index) is not line:
            return
        log.warning("line process %s (pid %s) is gone; replacing it", line.index, line.pid)
        self.restarts += 1
        self._task(self._replace(line.index))

    async def _replace(self, index: int) -> None:
        failures = self._failures.get(index, 0)
        self._failures[index] = failures + 1
        await asyncio.sleep(min(LONGEST_PAUSE, RESTART_PAUSE * 2**failures))
        with contextlib.suppress(PermanentError, OSError):
            await self._start_line(index)
            return
        self._task(self._replace(index))

    async def _watch(self) -> None:
        last = time.monotonic()
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            now = time.monotonic()
            late = now - last > 3 * WATCH_SECONDS
            last = now
            if late:
                continue  # it was we who did not listen
            for line in self.lines:
                if line.usable and line.stalled:
                    log.warning("line process %s (pid %s) hangs; ending it", line.index, line.pid)
                    line.kill()

    def _task(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
