"""The house's end of one recogniser process: started, talked with, started again when it dies."""

import asyncio
import contextlib
import itertools
import json
import logging
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from core.errors import PermanentError, TransientError, problem
from speech.recognition.frames import HEADER, Kind, frame, packed

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 180.0
"""A model of 2 GB from a slow disk takes its time."""
RESTART_PAUSE = 0.2
LONGEST_PAUSE = 30.0
WATCH_SECONDS = 5.0
STALL_SECONDS = 15.0
"""A process that does not answer for so long hangs, and is ended."""
MOST_UNSENT = 4_000_000
"""Bytes of sound (250 s) that may wait for a process that does not read; more are refused."""


class ModelProcess:
    """One process with one model. Only one loop uses it."""

    def __init__(
        self, language: str, folder: Path, threads: int, *, stall_seconds: float = STALL_SECONDS
    ) -> None:
        self.language = language
        self.pid = 0
        self.load_seconds = 0.0
        """Seconds that loading took."""
        self.megabytes = 0.0
        """Memory once the model was loaded."""
        self.restarts = 0
        self._folder = folder
        self._threads = threads
        self._stall_seconds = stall_seconds
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._is_usable, self._is_gone = asyncio.Event(), asyncio.Event()
        self._is_gone.set()
        self._writer: asyncio.StreamWriter | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._complaints: Any = None
        self._serving: asyncio.Task[None] | None = None

    # ----------------------------------------------------------------------- start and end

    async def start(self) -> None:
        """Load the model. Raises PermanentError where that fails."""
        loaded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._serving = asyncio.create_task(self._keep_running(loaded))
        try:
            async with asyncio.timeout(START_SECONDS):
                await asyncio.shield(loaded)
        except TimeoutError as error:
            await self.close()
            raise self._cannot_load(f"{START_SECONDS:.0f} s") from error
        except PermanentError:
            await self.close()
            raise

    async def close(self) -> None:
        """End the process."""
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.gather(self._serving, return_exceptions=True)
            self._serving = None
        self._fail_all()

    @property
    def usable(self) -> bool:
        """True where the model is loaded and the process is there."""
        return self._writer is not None

    async def wait_usable(self) -> None:
        """Wait until it is usable, or usable again."""
        await self._is_usable.wait()

    async def wait_gone(self) -> None:
        """Wait until it is not usable: it died, or was not started yet."""
        await self._is_gone.wait()

    async def _keep_running(self, loaded: "asyncio.Future[None]") -> None:
        """Run the process, again and again, until `close`; the first failure is told."""
        pause = RESTART_PAUSE
        while True:
            try:
                await self._run_once(loaded)
                pause = RESTART_PAUSE
            except PermanentError as error:
                if not loaded.done():
                    loaded.set_exception(error)
                    return
                log.error("recogniser process does not start: %s", error)
                pause = min(LONGEST_PAUSE, pause * 2)
            self.restarts += 1
            log.warning("recogniser process for %s ended; it is started again", self.language)
            await asyncio.sleep(pause)

    async def _run_once(self, loaded: "asyncio.Future[None]") -> None:
        """Start the process and read from it until it ends. Raises PermanentError."""
        ours, theirs = socket.socketpair()
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed below
        try:
            with theirs:
                self._child = await asyncio.to_thread(self._spawn, theirs)
            ours.setblocking(False)
            reader, writer = await asyncio.open_unix_connection(sock=ours)
        except OSError as error:
            ours.close()
            raise self._cannot_load(str(error)) from error
        watching: asyncio.Task[None] | None = None
        try:
            ready = False
            while report := await _read(reader):
                kind, number, content = report
                if kind is Kind.READY:
                    ready = True
                    self._note(json.loads(content))
                    self._writer = writer
                    self._is_usable.set()
                    self._is_gone.clear()
                    watching = asyncio.create_task(self._watch())
                    if not loaded.done():
                        loaded.set_result(None)
                else:
                    self._take(kind, number, content)
            if not ready:
                raise self._cannot_load(self._last_complaint())
        finally:
            if watching is not None:
                watching.cancel()
            self._writer = None
            self._is_usable.clear()
            self._is_gone.set()
            self._fail_all()
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            await asyncio.shield(asyncio.to_thread(self._reap))

    async def _watch(self) -> None:
        """Ask something small now and then; end the process when no answer comes."""
        with contextlib.suppress(TransientError):  # it died by itself
            while True:
                await asyncio.sleep(min(WATCH_SECONDS, self._stall_seconds))
                try:
                    async with asyncio.timeout(self._stall_seconds):
                        await self.ask(Kind.UNKNOWN, ())
                except TimeoutError:
                    log.error("recogniser process for %s hangs; it is ended", self.language)
                    if self._child is not None:
                        self._child.kill()
                    return

    def _spawn(self, theirs: socket.socket) -> "subprocess.Popen[bytes]":
        descriptor = theirs.fileno()
        module = "speech.recognition.process"
        facts = (str(descriptor), str(self._folder), self.language, str(self._threads))
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", module, *facts],
            pass_fds=(descriptor,),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._complaints,
            # Decoding is spread over the process's own threads; its algebra must not start more.
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )

    def _reap(self) -> None:
        """See the process off. It ends by itself when its socket does, but not while it loads;
        it keeps nothing that could be lost."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
        self._complaints.close()

    def _last_complaint(self) -> str:
        """Return the end of what the process wrote to standard error: why Kaldi gave up."""
        with contextlib.suppress(OSError, ValueError):
            self._complaints.seek(max(0, os.fstat(self._complaints.fileno()).st_size - 2000))
            lines = self._complaints.read().decode("utf-8", "replace").split("\n")
            told = [line for line in lines if line.startswith("ERROR")] or lines
            return next((line.strip() for line in reversed(told) if line.strip()), "")
        return ""

    def _note(self, facts: dict[str, Any]) -> None:
        self.pid = facts["pid"]
        self.load_seconds, self.megabytes = facts["seconds"], facts["megabytes"]

    def _cannot_load(self, detail: str) -> PermanentError:
        return PermanentError(
            problem("speech-model-broken", folder=self._folder, detail=detail or "?")
        )

    # -------------------------------------------------------------------- talking with it

    def next_number(self) -> int:
        """Return a number for an utterance or a question."""
        return next(self._numbers) & 0xFFFFFFFF

    def send(self, kind: Kind, number: int, content: bytes = b"") -> bool:
        """Send a frame, never waiting; False where nobody takes it."""
        if self._writer is None or self._writer.is_closing():
            return False
        if self._writer.transport.get_write_buffer_size() > MOST_UNSENT and kind is Kind.SOUND:
            return False
        self._writer.write(frame(kind, number, content))
        return True

    def expect(self, number: int) -> "asyncio.Future[Any]":
        """Return what will hold the answer to `number`; TransientError where the process dies."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self._writer is None:
            future.set_exception(self.gone())
            future.exception()  # seen: an utterance may be dropped before anybody asks
        else:
            self._waiting[number] = future
        return future

    def forget(self, number: int) -> None:
        """Nobody waits for `number` any more."""
        self._waiting.pop(number, None)

    async def ask(self, kind: Kind, question: Any) -> Any:
        """Ask and wait for the answer. Raises TransientError where the process is not there."""
        number = self.next_number()
        answer = self.expect(number)
        self.send(kind, number, packed(question))
        try:
            return await answer
        finally:
            self.forget(number)

    def gone(self) -> TransientError:
        """Return the error of whoever waited for a process that died."""
        return TransientError(problem("speech-recogniser-gone", language=self.language))

    def _take(self, kind: Kind, number: int, content: bytes) -> None:
        future = self._waiting.pop(number, None)
        if future is None or future.done():
            return
        told = json.loads(content)
        if kind is Kind.FAILED:
            future.set_exception(
                TransientError(
                    problem("speech-recognition-failed", language=self.language, detail=told)
                )
            )
            future.exception()
        else:
            future.set_result(told)

    def _fail_all(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(self.gone())
                future.exception()


async def _read(reader: asyncio.StreamReader) -> tuple[Kind, int, bytes] | None:
    """Return the next frame; None at the end."""
    try:
        kind, number, length = HEADER.unpack(await reader.readexactly(HEADER.size))
        return Kind(kind), number, await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
