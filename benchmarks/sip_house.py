"""A house for the SIP benchmark: settings, surveys, cases, and SIPp as everybody who is called.

The calls go the whole way of the product: imported cases, a batch, the dialer with its pacing,
the SQLite database, the prompt cache, conversations, line processes.
"""

import csv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app import surveys
from app.calling import Calls, dialer
from app.demo.daytime import daytime_zone
from app.prompt_building import prepare
from app.wiring import opened, prompt_cache, sip_channel
from config.loading import Loaded, load
from core.clock import SystemClock
from core.errors import HuifangError
from dialer.batches import create_batch
from dialer.running import Dialer
from ivr.channels.sip.driver import SipChannel
from speech.g711 import encode_ulaw
from speech.synthesis import Synthesis, Voice
from storage.batches import ask, batch_named
from storage.database import Database
from storage.importing.importer import import_file
from storage.importing.shipped import find_mapping
from storage.selection import CaseQuery
from tests.peers import pcap

KEY = "7"
ANSWER_SECONDS = 25
"""Seconds that everybody talks after the tone: a call lasts some 40 seconds, which is short for a
survey that has an open question."""

SETTINGS = """\
language: en
database: {{url: "sqlite:///huifang.db"}}
folders: {{data: ., surveys: surveys}}
calling: {{time_zone: {zone}, tries: 1, hours_from: "8:00", hours_until: "21:00"}}
pacing: {{calls_per_second: {rate}, channels: {channels}}}
sip: {{rtp_ports: [34000, 45999]}}
recording: {{calls: {recorded}}}
trunks:
  - {{name: load, uri: "{uri}", channels: {channels}, calls_per_second: {rate}}}
voices:
  zh: {{voice: cmn, speed: 240}}
"""
NOTICE = (
    "您好，这里是回访中心，想了解一下您对我们工作的意见，只有一个问题，大约需要半分钟，"
    "本次通话会录音，不愿意接受回访请按9。"
)
QUESTION = "您对这次的处理结果满意吗？满意请按7，不满意请按3，重听请按星号键。"
OPINION = "请说。"
HEAD = """\
flow: {name}
version: 1
title: 测量用问卷
respondents: [emergency]
languages: [zh]
aspects: {{overall: 总体评价}}
keys:
  - {{key: 9, label: 不再接受回访, does: refuse}}
"""
HELD = (
    HEAD
    + """\
steps:
  - say: {notice}
    notice: true
  - ask: {question}
    id: overall
    aspect: overall
    choices:
      - {{key: 7, label: 满意, phrases: [满意], verdict: satisfied}}
      - {{key: 3, label: 不满意, phrases: [不满意], verdict: dissatisfied}}
  - record: {opinion}
    id: opinion
    seconds: {seconds}
    silence: 10
  - end: completed
"""
)
SHORT = (
    HEAD
    + """\
steps:
  - say: 您好，回访中心，拒绝请按9。
    notice: true
  - end: completed
    say: 再见。
"""
)
SPOKEN = (
    "我昨天下午给你们打过电话，后来派出所的同志很快就到了，问了情况，也做了登记。"
    "不过结果到现在还没有通知我，希望能尽快给一个答复，另外楼下晚上还是有人在吵。谢谢你们。"
)
"""What everybody who is called says in the open answer, over and over."""
GREETING = "喂，你好。"
GREETED_AT = 0.4
"""Seconds after the answer."""
DECIDED_SECONDS = 0.8
"""Quiet after the greeting until the first prompt: it is known then that a person picked up."""
THOUGHT_SECONDS = 1.0
"""Between the end of a prompt and what the person does about it."""
LINE_NOISE = 20.0
"""Root mean square of the line's noise (-61 dBm0): people's lines are never quite silent."""


@dataclass
class House:
    """A database with a running batch, and what calls it."""

    loaded: Loaded
    database: Database
    channel: SipChannel
    dialer: Dialer


def write_settings(folder: Path, uri: str, *, channels: int, rate: float, recorded: bool) -> Loaded:
    """Write the settings and surveys of a house into `folder`; return them read."""
    (folder / "surveys").mkdir(parents=True)
    held = HELD.format(
        name="held", notice=NOTICE, question=QUESTION, opinion=OPINION, seconds=ANSWER_SECONDS
    )
    (folder / "surveys" / "held.yaml").write_text(held, "utf-8")
    (folder / "surveys" / "short.yaml").write_text(SHORT.format(name="short"), "utf-8")
    file = folder / "huifang.yaml"
    zone = daytime_zone(SystemClock().now())
    text = SETTINGS.format(
        zone=zone, uri=uri, channels=channels, rate=rate, recorded=str(recorded).lower()
    )
    file.write_text(text, "utf-8")
    return load(file)


def write_cases(file: Path, number: int, accepted: str) -> None:
    """Write `number` cases with a mobile number each."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(("case number", "name", "phone", "accepted", "unit", "class"))
        for index in range(number):
            rows.writerow(
                (f"B{index:06d}", "测试", f"138{index:08d}", accepted, "A/B", "emergency")
            )


@dataclass(frozen=True)
class Person:
    """What everybody who is called does: greets, waits, presses a key, waits, speaks."""

    path: Path
    """The capture of it, for SIPp."""
    key_at: float
    """Seconds after the answer at which the key is pressed: after the question."""
    seconds: float


async def person(path: Path, loaded: Loaded) -> Person:
    """Write what the called person sends, by the lengths of the prompts of `loaded`."""
    prompts = prompt_cache(loaded)
    asked = await prompts.measure(NOTICE, "zh") + await prompts.measure(QUESTION, "zh")
    greeting = _spoken(GREETING)
    key_at = GREETED_AT + len(greeting) / 8000 + DECIDED_SECONDS + asked + THOUGHT_SECONDS
    seconds = key_at + ANSWER_SECONDS + 10
    sound = np.random.default_rng(1).normal(0.0, LINE_NOISE, int(seconds * 50) * 160)
    _put(sound, greeting, GREETED_AT)
    opinion_at = key_at + await prompts.measure(OPINION, "zh") + THOUGHT_SECONDS
    _put(sound, np.resize(_spoken(SPOKEN), int((seconds - opinion_at) * 8000)), opinion_at)
    codes = encode_ulaw(np.clip(sound, -32767, 32767).astype("<i2").tobytes())
    voice = [
        pcap.Packet(n * 0.02, n + 1, n * 160, pcap.PCMU, codes[n * 160 : (n + 1) * 160])
        for n in range(len(codes) // 160)
    ]
    first = int(key_at / 0.02)
    key = pcap.press(KEY, at=key_at, sequence=voice[first].sequence, timestamp=first * 160)
    pcap.write(path, [*voice[:first], *key, *voice[first + len(key) :]])
    return Person(path, key_at, seconds)


def _spoken(text: str) -> NDArray[np.float64]:
    return np.asarray(Synthesis().make(text, Voice("cmn")), dtype=np.float64) * 32767


def _put(sound: NDArray[np.float64], spoken: NDArray[np.float64], at: float) -> None:
    part = sound[int(at * 8000) :][: len(spoken)]
    part += spoken[: len(part)]


@asynccontextmanager
async def running(loaded: Loaded, survey: str, calls: int) -> AsyncIterator[House]:
    """Import `calls` cases, make a batch of `survey`, start the lines; nothing is called yet."""
    clock = SystemClock()
    async with opened(loaded, clock) as database:
        file = loaded.folder / "cases.csv"
        accepted = f"{clock.now():%Y-%m-%d} 00:00:00"
        write_cases(file, calls, accepted)
        report = await import_file(database, file, find_mapping("generic"), clock=clock)
        ready = surveys.ready(surveys.find(loaded, survey))
        made = await create_batch(
            database,
            name=survey,
            survey=ready.facts,
            query=CaseQuery(),
            rules=loaded.settings.calling.rules(),
            clock=clock,
        )
        if made.callbacks != calls:
            raise RuntimeError(f"{made.callbacks} callbacks instead of {calls}: {report}")
        async with database.write() as session:
            batch = await batch_named(session, survey)
            if batch is None:
                raise RuntimeError("the batch is not there")
            await ask(session, batch, "start", by="benchmark", now=clock.now())
        channel, prompts = sip_channel(loaded), prompt_cache(loaded)
        callings = Calls(loaded, database, channel, prompts, clock, loaded.trunks)
        for one in await callings.prepare([made.batch_id]):
            await prepare(prompts, one)
        await channel.start()
        try:
            yield House(
                loaded,
                database,
                channel,
                dialer(loaded, database, channel, callings, clock, batches=[made.batch_id]),
            )
        except HuifangError as error:
            raise RuntimeError(error.sentences("en")) from error
        finally:
            await channel.close()
