"""`huifang serve` as a process of its own, in a house whose settings a test writes."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx

from tests.peers.ports import free_port

WEB = """\
web: {{port: {port}, monitor_port: {monitor}, public_url: "http://127.0.0.1:{port}"}}
"""


@dataclass
class Serving:
    """The process; `settings` stand above those of its web server."""

    folder: Path
    settings: str
    environ: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=lambda: free_port(socket.SOCK_STREAM))
    monitor: int = field(default_factory=lambda: free_port(socket.SOCK_STREAM))
    shown: list[str] = field(default_factory=list)
    """Every line that it printed."""
    process: asyncio.subprocess.Process | None = None
    _reading: "asyncio.Task[None] | None" = None
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.config = self.folder / "huifang.yaml"
        web = WEB.format(port=self.port, monitor=self.monitor)
        self.config.write_text(f"language: en\n{self.settings}{web}", "utf-8")

    @property
    def url(self) -> str:
        """Where providers reach it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self.process
        return self.process.pid

    async def start(self) -> None:
        """Start it, and wait until it takes what providers tell."""
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app", "-c", str(self.config), "serve"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, **self.environ},
        )
        self._reading = asyncio.create_task(self._read(self.process.stdout))
        await self.until("At work")

    async def _read(self, stream: Any) -> None:
        while line := await stream.readline():
            self.shown.append(line.decode().rstrip())
            self._more.set()
        self.shown.append("")  # it has ended
        self._more.set()

    async def until(self, words: str, seconds: float = 60) -> str:
        """Wait for a line with these words; returns it. It is an error that the process ends."""
        seen = 0
        async with asyncio.timeout(seconds):
            while True:
                for line in self.shown[seen:]:
                    if words in line:
                        return line
                    assert line or self._alive, "\n".join(self.shown)
                seen = len(self.shown)
                self._more.clear()
                await self._more.wait()

    @property
    def _alive(self) -> bool:
        return self._reading is not None and not self._reading.done()

    async def health(self) -> dict[str, Any]:
        """Return what the monitor says."""
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"http://127.0.0.1:{self.monitor}/healthz")
        known: dict[str, Any] = answer.json()
        return known

    async def drain(self) -> int:
        """Ask it to end (SIGTERM), and return its exit status."""
        return await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """Take its life."""
        await self._end(signal.SIGKILL)

    async def _end(self, how: signal.Signals) -> int:
        assert self.process
        assert self._reading
        if self.process.returncode is None:
            self.process.send_signal(how)
        status = await asyncio.wait_for(self.process.wait(), 60)
        await self._reading
        return status

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process and self.process.returncode is None:
            await self.kill()
