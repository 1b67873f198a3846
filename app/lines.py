"""All trunks of this house as one voice channel: those of SIP, and lines of a cloud provider.

Calls of a cloud line are not dialled here: the provider holds them (`dialer.cloud`).
"""

from collections.abc import AsyncIterator
from typing import cast

from app.cloud import CloudLines
from app.wiring import sip_channel, sip_trunks, with_texts
from config.loading import Loaded
from core.errors import AuthorError, problem
from ivr.channels.contract import (
    Ability,
    Call,
    DialRequest,
    IncomingCall,
    ReceivingChannel,
    TrunkHealth,
    VoiceChannel,
)
from ivr.cloud.provider import ABILITIES
from speech.contract import Recogniser


class Lines:
    """The voice channel over all trunks."""

    def __init__(
        self, loaded: Loaded, hears: Recogniser | None = None, cloud: CloudLines | None = None
    ) -> None:
        """`cloud`: opened by whoever serves its webhooks. Raises AuthorError where there is no
        trunk, or cloud lines that nobody serves."""
        self._loaded, self._cloud = loaded, cloud
        clouds = [trunk for trunk in loaded.trunks if trunk not in sip_trunks(loaded)]
        if clouds and not cloud:
            names = ", ".join(trunk.name for trunk in clouds)
            raise AuthorError(problem("cloud-needs-serve", names=names))
        self._sip: VoiceChannel | None = None
        if sip_trunks(loaded) or not clouds:
            self._sip = sip_channel(loaded, hears)
        self.abilities = self._abilities(bool(clouds))

    def _abilities(self, clouds: bool) -> frozenset[Ability]:
        """Return what every trunk can do: a call may go over any of them. People ring back over
        those that take calls, whatever the others do."""
        by_cloud = with_texts(self._loaded, ABILITIES)
        if self._sip is None:
            return by_cloud
        own = with_texts(self._loaded, self._sip.abilities)
        return own & (by_cloud | {Ability.INCOMING}) if clouds else own

    async def start(self) -> None:
        """Start the SIP lines."""
        if self._sip is not None:
            await self._sip.start()

    async def dial(self, request: DialRequest) -> Call:
        """Begin a call over a SIP trunk. Raises TransientError when no line is free."""
        assert self._sip is not None, request.trunk  # noqa: S101 - no SIP trunk, no such claim
        return await self._sip.dial(request)

    def incoming(self) -> AsyncIterator[IncomingCall]:
        """Yield the calls of people who ring us over SIP, where that is among the abilities."""
        return cast(ReceivingChannel, self._sip).incoming()

    async def check(self) -> list[TrunkHealth]:
        """Ask every trunk whether it is there."""
        found = await self._sip.check() if self._sip is not None else []
        return found + (await self._cloud.check() if self._cloud else [])

    async def close(self) -> None:
        """Hang up whatever is left of the SIP lines and end them."""
        if self._sip is not None:
            await self._sip.close()
