"""baresip as the called person: answers at once, says back what it hears, does what it is told."""

import asyncio
import json
import subprocess
from pathlib import Path

from tests.peers.ports import free_port

CONFIG = """\
poll_method epoll
sip_listen 127.0.0.1:{port}
audio_player aubridge,echo
audio_source aubridge,echo
audio_alert aubridge,alert
ausrc_srate 8000
auplay_srate 8000
rtp_ports {rtp}-{rtp_end}
module_path {modules}
module g711.so
module aubridge.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
"""


class Baresip:
    """A baresip process that answers calls to one number."""

    def __init__(self, folder: Path, number: str) -> None:
        self._folder = folder / "baresip"
        self._folder.mkdir()
        self.port, self._control = free_port(), free_port()
        rtp = free_port()
        (module,) = list(Path("/usr/lib").rglob("baresip/modules/aubridge.so"))[:1]
        (self._folder / "config").write_text(
            CONFIG.format(
                port=self.port,
                control=self._control,
                rtp=rtp,
                rtp_end=rtp + 50,
                modules=module.parent,
            )
        )
        account = f"<sip:{number}@127.0.0.1>;regint=0;answermode=auto\n"
        (self._folder / "accounts").write_text(account)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        """Where it can be called."""
        return f"sip:127.0.0.1:{self.port}"

    async def __aenter__(self) -> "Baresip":
        with (self._folder / "log").open("wb") as log:
            self._process = await asyncio.to_thread(
                subprocess.Popen,
                ["baresip", "-f", str(self._folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            async with asyncio.timeout(15):
                while "baresip is ready" not in self.log():
                    assert self._process.poll() is None, self.log()
                    await asyncio.sleep(0.05)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    def log(self) -> str:
        """Return what it wrote."""
        return (self._folder / "log").read_text(errors="replace")

    async def do(self, command: str, params: str = "") -> None:
        """Press keys (``sndcode``), hang up (``hangup``) and the like."""
        told = json.dumps({"command": command, "params": params}).encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", self._control)
        writer.write(b"%d:%s," % (len(told), told))
        await writer.drain()
        answer = await asyncio.wait_for(reader.readuntil(b","), 5)
        writer.close()
        await writer.wait_closed()
        assert answer, command

    async def __aexit__(self, *_: object) -> None:
        if self._process:
            self._process.terminate()
            try:
                await asyncio.to_thread(self._process.wait, 5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                await asyncio.to_thread(self._process.wait)
