"""The composition root: concrete classes are named here, and only here, and put together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from config.loading import Loaded
from core.clock import Clock, SystemClock
from core.errors import AuthorError, problem
from ivr.channels.contract import VoiceChannel
from ivr.channels.sip.driver import SipChannel
from ivr.channels.sip.pool import Ports
from ivr.conversation_rules import ConversationRules
from speech.mending import mend_all
from speech.prompts import PromptCache
from speech.studio import Studio
from speech.voice import Voice
from speech.voices import Voices
from storage.database import Database


def database(loaded: Loaded, clock: Clock | None = None) -> Database:
    """Return the configured database; nothing is opened yet."""
    return Database(loaded.database_url, clock=clock or SystemClock())


@asynccontextmanager
async def opened(loaded: Loaded, clock: Clock | None = None) -> AsyncIterator[Database]:
    """Open the database, its tables brought up to date where it is new; close it at the end.

    Raises PermanentError where its tables are of another version: that is the operator's to decide.
    """
    db = database(loaded, clock)
    try:
        await db.ready()
        yield db
    finally:
        await db.close()


def prompt_cache(loaded: Loaded, folder: Path | None = None) -> PromptCache:
    """Return the cache of prompts with the configured voices, in `folder` or the data folder."""
    voices = {
        language: Voice(
            voice.voice,
            voice.speed,
            voice.pitch,
            voice.engine,
            loaded.path(voice.model) if voice.model else None,
        )
        for language, voice in loaded.settings.voices.items()
    }
    cache = folder or loaded.data / "prompts"
    return PromptCache(cache, Voices(), voices=voices, studio=studio(loaded))


def studio(loaded: Loaded) -> Studio:
    """Return the folder of the studio's recordings."""
    return Studio(loaded.path(loaded.settings.folders.studio))


def sip_channel(loaded: Loaded) -> SipChannel:
    """Return the SIP driver with lines for all configured channels.

    Raises AuthorError where no trunk is configured.
    """
    if not loaded.trunks:
        raise AuthorError(problem("app-no-trunk"))
    sip, pacing = loaded.settings.sip, loaded.settings.pacing
    ports = Ports(
        address=sip.bind_address,
        public_address=sip.public_address,
        rtp_from=sip.rtp_ports[0],
        rtp_until=sip.rtp_ports[1],
    )
    channels = min(pacing.channels, sum(trunk.channels for trunk in loaded.trunks))
    return SipChannel(loaded.trunks, channels=channels, ports=ports)


@asynccontextmanager
async def on_the_line(loaded: Loaded, channel: VoiceChannel) -> AsyncIterator[None]:
    """Start the channel, and close it at the end; recordings that a crash cut off are mended.

    Raises PermanentError where no line can be started.
    """
    await asyncio.to_thread(mend_all, recordings(loaded))
    await channel.start()
    try:
        yield
    finally:
        await channel.close()


def conversation_rules(loaded: Loaded) -> ConversationRules:
    """Return how conversations are held."""
    return ConversationRules(
        recordings=recordings(loaded),
        record_calls=loaded.settings.recording.calls,
        transfers={each.name: each.target for each in loaded.settings.transfers},
    )


def recordings(loaded: Loaded) -> Path:
    """Return the folder of recordings."""
    return loaded.data / "recordings"
