"""The composition root: concrete classes are named here, and only here, and put together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from app.recognisers import chosen
from app.sip_stack import sip_stack
from app.transcribing import Transcribing
from config.loading import Loaded
from config.sections.trunks import SIP
from core.clock import Clock, SystemClock
from core.errors import AuthorError, problem
from core.trunk import Trunk
from dialer.terms import DialerRules
from ivr.channels.contract import Ability, VoiceChannel
from ivr.channels.sip.driver import SipChannel
from ivr.channels.sip.pickup import PickUpRules
from ivr.channels.sip.pool import Ports
from ivr.cloud.provider import ABILITIES as CLOUD_ABILITIES
from ivr.conversation_rules import ConversationRules
from speech.contract import Recogniser
from speech.mending import mend_all
from speech.pickup.judge import Tuning
from speech.pickup.lists import load_phrases
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


def sip_trunks(loaded: Loaded) -> tuple[Trunk, ...]:
    """Return the trunks whose calls this machine holds itself."""
    return tuple(trunk for trunk in loaded.trunks if trunk.driver == SIP)


def abilities(loaded: Loaded) -> frozenset[Ability]:
    """Return what every trunk of the house can do: a call may go over any of them.

    Raises as `sip_stack` does.
    """
    by_sip = len(sip_trunks(loaded))
    by_cloud = with_texts(loaded, CLOUD_ABILITIES)
    if loaded.trunks and not by_sip:
        return by_cloud
    found = with_texts(loaded, sip_stack(loaded).abilities)
    return found if by_sip == len(loaded.trunks) else found & by_cloud


def with_texts(loaded: Loaded, channel: frozenset[Ability]) -> frozenset[Ability]:
    """Return what calls of ours can do: where there is a text gateway, they can send texts, too."""
    return channel | {Ability.TEXT} if loaded.settings.text_gateways else channel


def sip_channel(
    loaded: Loaded, hears: Recogniser | None = None, *, receives: bool = True
) -> SipChannel:
    """Return the SIP driver with lines for all configured channels; `hears` takes what is spoken.

    `receives`: it takes the calls of people who ring back, where that is configured.

    Raises AuthorError where no trunk is configured, or the settings want what the SIP stack
    cannot do.
    """
    trunks = sip_trunks(loaded)
    if not trunks:
        raise AuthorError(problem("app-no-trunk"))
    channels = min(loaded.settings.pacing.channels, sum(trunk.channels for trunk in trunks))
    return SipChannel(
        trunks,
        channels=channels,
        ports=sip_ports(loaded),
        recogniser=hears,
        pick_up=pick_up_rules(loaded),
        reception=loaded.settings.ring_back.sip_port if receives else 0,
        stack=sip_stack(loaded),
    )


def sip_ports(loaded: Loaded) -> Ports:
    """Return where the lines listen."""
    sip = loaded.settings.sip
    return Ports(
        address=sip.bind_address,
        public_address=sip.public_address,
        rtp_from=sip.rtp_ports[0],
        rtp_until=sip.rtp_ports[1],
    )


def pick_up_rules(loaded: Loaded) -> PickUpRules | None:
    """Return how it is found out who picked up; None: it is not.

    Raises AuthorError where a file of the operator's phrases cannot be read.
    """
    settings = loaded.settings.pick_up
    if not settings.listen:
        return None
    lists = [load_phrases(each, loaded.data / "pickup") for each in settings.announcements]
    return PickUpRules(
        Tuning(long_greeting=settings.long_greeting), tuple(each for each in lists if each)
    )


@asynccontextmanager
async def on_the_line(
    loaded: Loaded, channel: VoiceChannel, hears: Recogniser | None = None
) -> AsyncIterator[None]:
    """Start the channel and what hears for it, and close both at the end; recordings that a crash
    cut off are mended.

    Raises PermanentError where no line can be started, or a model cannot be loaded.
    """
    await asyncio.to_thread(mend_all, recordings(loaded))
    async with started(hears):
        await channel.start()
        try:
            yield
        finally:
            await channel.close()


def conversation_rules(loaded: Loaded) -> ConversationRules:
    """Return how conversations are held."""
    pick_up = loaded.settings.pick_up
    return ConversationRules(
        recordings=recordings(loaded),
        record_calls=loaded.settings.recording.calls,
        transfers={each.name: each.target for each in loaded.settings.transfers},
        mailbox_messages=dict(pick_up.messages) if pick_up.mailbox == "message" else {},
    )


def dialer_rules(loaded: Loaded, language: str) -> DialerRules:
    """Return the configured rules of calling."""
    settings = loaded.settings
    return DialerRules(
        settings.calling.rules(),
        settings.pacing.rules(),
        settings.retry_table(),
        language,
    )


def recordings(loaded: Loaded) -> Path:
    """Return the folder of recordings."""
    return loaded.data / "recordings"


@asynccontextmanager
async def started(hears: Recogniser | None) -> AsyncIterator[Recogniser | None]:
    """Load the recogniser's models, and end it; nothing where there is none.

    Raises PermanentError where a model cannot be loaded.
    """
    if hears is None:
        yield None
        return
    await hears.start()
    try:
        yield hears
    finally:
        await hears.close()


def transcribing(
    loaded: Loaded, database: Database, hears: Recogniser | None, clock: Clock
) -> Transcribing | None:
    """Return what writes open answers down; None where nothing hears them."""
    if hears is None:
        return None
    names = chosen(loaded).names
    return Transcribing(database, hears, recordings(loaded), clock, models=names)
