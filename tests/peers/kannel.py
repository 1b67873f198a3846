"""Kannel on loopback: bearerbox, smsbox and its fake short message centre with people behind it."""

import asyncio
import re
import subprocess
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

from tests.peers.ports import free_port

FAKE_SMSC = "/usr/lib/kannel/test/fakesmsc"
CONFIG = """
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = {password}
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
box-allow-ip = "127.0.0.1"
dlr-storage = internal
log-level = 0

group = smsc
smsc = fake
smsc-id = fake
port = {smsc}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sending}
sendsms-interface = 127.0.0.1
mo-recode = true
http-request-retry = 5
http-queue-delay = 1
log-level = 0

group = sendsms-user
username = {username}
password = {password}
concatenation = true
max-messages = 10

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "{told}/incoming?token={secret}&from=%p&to=%P&text=%a&id=%I&at=%T"
"""


class Kannel:
    """The three processes; `address` takes sendsms, `told` is where it tells what comes in."""

    username, password, secret = "tester", "foobar7", "hook0secret"

    def __init__(self, folder: Path, told: str, *, sending: int | None = None) -> None:
        self._folder = folder / "kannel"
        self._folder.mkdir()
        self._told = told
        self.sending = sending or free_port()
        self._smsc, self._admin, self._boxes = free_port(), free_port(), free_port()
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def address(self) -> str:
        """Where sendsms is."""
        return f"http://127.0.0.1:{self.sending}"

    async def __aenter__(self) -> "Kannel":
        config = self._folder / "kannel.conf"
        config.write_text(
            CONFIG.format(
                admin=self._admin,
                boxes=self._boxes,
                smsc=self._smsc,
                sending=self.sending,
                username=self.username,
                password=self.password,
                told=self._told,
                secret=self.secret,
            )
        )
        try:
            for command, port in (
                (["bearerbox", str(config)], self._boxes),
                (["smsbox", str(config)], self.sending),
            ):
                await self._start(command)
                await self._listens(port)
            # Somebody has to be there, or the fake centre is down and messages wait.
            await self._person("+8613900000000 106 text hello")
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def _start(self, command: list[str]) -> None:
        with (self._folder / f"{Path(command[0]).name}.log").open("ab") as log:
            self._processes.append(
                await asyncio.to_thread(
                    subprocess.Popen,
                    command,
                    cwd=self._folder,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )

    async def _listens(self, port: int) -> None:
        async with asyncio.timeout(20):
            while True:
                assert self._processes[-1].poll() is None, self.log()
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                    continue
                writer.close()
                await writer.wait_closed()
                return

    async def _person(self, message: str) -> None:
        """Connect to the fake centre, write `message`, and take what is sent from then on."""
        if len(self._processes) > 2:  # the fake centre serves one at a time
            await self._stop(self._processes.pop())
        await self._start([FAKE_SMSC, "-H", "127.0.0.1", "-r", str(self._smsc), "-m", "1", message])

    async def writes(self, number: str, to: str, text: str) -> None:
        """Let a person with `number` write `text` (as UCS-2) to `to`."""
        await self._person(f"{number} {to} ucs2 {quote_from_bytes(text.encode('utf-16-be'))}")

    def received(self) -> list[tuple[str, str, str]]:
        """Return what arrived at the people: (sender, number, text), long messages joined."""
        whole: list[tuple[str, str, str]] = []
        octets = b""
        for line in re.findall(r"Got message \d+: <(.*)>", self._read("fakesmsc.log")):
            sender, number, kind, content = line.split(" ", 3)
            last = True
            if kind == "udh":
                header, _, content = content.split(" ", 2)
                *_, total, position = unquote_to_bytes(header)
                last = total == position
            octets += unquote_to_bytes(content.replace("+", " "))
            if last:
                coding = "ascii" if kind == "text" else "utf-16-be"
                whole.append((sender, number, octets.decode(coding)))
                octets = b""
        return whole

    def _read(self, name: str) -> str:
        file = self._folder / name
        return file.read_text(errors="replace") if file.exists() else ""

    def log(self) -> str:
        """Return the ends of what the processes wrote."""
        names = ("bearerbox.log", "smsbox.log", "fakesmsc.log")
        return "\n".join(self._read(name)[-2000:] for name in names)

    async def _stop(self, process: "subprocess.Popen[bytes]") -> None:
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, 5)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)

    async def __aexit__(self, *_: object) -> None:
        while self._processes:
            await self._stop(self._processes.pop())
