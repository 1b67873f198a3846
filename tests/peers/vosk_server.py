"""A recognition server that speaks vosk-server's WebSocket protocol, with a real model.

Run as ``python -m tests.peers.vosk_server MODEL``: it listens on a free port of 127.0.0.1, prints
it, and ends with its standard input. `vosk_server` starts one.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import vosk
from websockets.asyncio.server import ServerConnection, serve

ROOT = Path(__file__).resolve().parents[2]


class Server:
    """One model; an utterance a connection."""

    def __init__(self, folder: str) -> None:
        vosk.SetLogLevel(-1)
        self._model = vosk.Model(folder)

    async def serve(self, connection: ServerConnection) -> None:
        config: dict[str, Any] = {}
        recogniser: Any = None
        async for message in connection:
            if isinstance(message, str) and "config" in message:
                config = json.loads(message)["config"]
                continue
            if recogniser is None:
                recogniser = self._recogniser(config)
            answer, over = await asyncio.to_thread(_heard, recogniser, message)
            await connection.send(answer)
            if over:
                return

    def _recogniser(self, config: dict[str, Any]) -> Any:
        rate = float(config.get("sample_rate", 8000))
        if phrases := config.get("phrase_list"):
            grammar = json.dumps(phrases, ensure_ascii=False)
            made = vosk.KaldiRecognizer(self._model, rate, grammar)
        else:
            made = vosk.KaldiRecognizer(self._model, rate)
        made.SetWords(bool(config.get("words", True)))
        made.SetMaxAlternatives(int(config.get("max_alternatives", 0)))
        return made


def _heard(recogniser: Any, message: str | bytes) -> tuple[str, bool]:
    if message == '{"eof" : 1}':
        return recogniser.FinalResult(), True
    if recogniser.AcceptWaveform(message):
        return recogniser.Result(), False
    return recogniser.PartialResult(), False


async def main(folder: str) -> None:
    server = Server(folder)
    async with serve(server.serve, "127.0.0.1", 0) as listening:
        sys.stdout.write(f"{listening.sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


@contextmanager
def vosk_server(folder: Path) -> Iterator[tuple[str, int]]:
    """Start a server; gives its URL and its process id."""
    command = [sys.executable, "-m", "tests.peers.vosk_server", str(folder)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        port = child.stdout.readline().strip()
        assert port, "the server did not start"
        try:
            yield f"ws://127.0.0.1:{port}", child.pid
        finally:
            child.stdin.close()
            child.kill()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
