"""The SMPP driver, bound to a centre for a test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ivr.texting.contract import (
    OutgoingText,
)
from ivr.texting.gateways.smpp.driver import SmppAccount, SmppGateway
from tests.peers.smpp_center import Center
from tests.peers.web_hooks import Kept


@asynccontextmanager
async def bound(
    center: Center, folder: Path, kept: Kept | None = None, **more: Any
) -> AsyncIterator[SmppGateway]:
    account = SmppAccount(
        "127.0.0.1",
        center.port,
        "huifang",
        "secret",
        sender="1069",
        back_off_first=0.05,
        back_off_most=0.2,
    )
    gateway = SmppGateway(
        "center",
        replace(account, **more),
        folder,
        messages_per_second=1000,
        references=iter(range(40, 99)),
    )
    await gateway.start(kept or Kept())
    try:
        yield gateway
    finally:
        await gateway.close()


def message(text: str, number: str = "+8613800138000") -> OutgoingText:
    return OutgoingText("m1", number, text)
