"""The webhook of a cloud trunk: who may speak, about which call, and to whom it is handed.

Below its address: ``incoming`` and ``status`` (somebody rings the line; his call is over);
``calls/TOKEN/answer`` (somebody picked up: what is said first), ``status``, ``machine``,
``transfer`` and ``recording`` (news), any other word there is a turn of the conversation; and
``prompts/CODE/FILE``, which the provider plays. What comes in is kept before it is answered.
"""

import asyncio
import mimetypes
from collections.abc import Callable, Mapping
from urllib.parse import unquote, urlsplit

from core.clock import Clock
from dialer.cloud.news import News
from dialer.cloud.receiving import Receives, Receiving
from dialer.cloud.talking import Talking
from dialer.cloud.terms import CloudLine
from ivr.cloud.reading import recording_sid
from ivr.cloud.twiml import TYPE
from ivr.twilio.signed import SignedRequests
from ivr.webhook import WebRequest, WebResponse
from storage.cloud_calls import Held, by_sid, by_token
from storage.database import Database


class CloudHook:
    """A Webhook: everything that the provider tells and asks of one trunk's calls."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        line: CloudLine,
        signed: SignedRequests,
        *,
        ended: Callable[[int], None] = lambda _: None,
        receives: Receives | None = None,
    ) -> None:
        """`ended` is told the attempt of which there is news. `receives`: how the calls of people
        who ring the line are taken; None: they are not."""
        self._database, self._line, self._signed, self._ended = database, line, signed, ended
        self._talking = Talking(database, clock, line)
        self._news = News(database, clock, line)
        self._receiving = Receiving(database, clock, line, receives) if receives else None

    @property
    def address(self) -> str:
        """Its public address, without slash at the end."""
        return self._line.address

    async def request(self, request: WebRequest) -> WebResponse:
        """Deal with one request. Raises the database's errors (503): the provider asks again."""
        below = urlsplit(request.url).path.removeprefix(urlsplit(self.address).path).strip("/")
        what, _, rest = below.partition("/")
        if what == "prompts":
            return await self._prompt(request, rest)
        fields = self._signed.fields(request)
        if isinstance(fields, WebResponse):
            return fields
        if self._receiving is not None and not rest and what in ("incoming", "status"):
            return await self._received(self._receiving, what, fields)
        token, _, word = rest.partition("/")
        if what != "calls" or not word:
            return WebResponse(404, refusal="unknown")
        async with self._database.read() as session:
            held = await by_token(session, token)
        if held is None or not _is_about(held, word, fields):
            return WebResponse(404, refusal="unknown")
        return await self._about(held, word, fields)

    async def _received(
        self, receiving: Receiving, what: str, fields: Mapping[str, str]
    ) -> WebResponse:
        """Deal with a call of somebody who rings: it comes in, or it is over."""
        sid, status = fields.get("CallSid", ""), fields.get("CallStatus", "")
        if not (sid and status):
            return WebResponse(400, refusal="malformed")
        if what == "incoming":
            return _twiml(await receiving.incoming(fields))
        async with self._database.read() as session:
            held = await by_sid(session, self._line.trunk, sid)
        if held is not None:  # of who only heard a sentence nothing is kept
            await self._news.status(held.attempt_id, status, fields)
        return WebResponse(204)

    async def _about(self, held: Held, word: str, fields: Mapping[str, str]) -> WebResponse:
        if word == "status":
            status = fields.get("CallStatus", "")
            if not status:
                return WebResponse(400, refusal="malformed")
            await self._news.status(held.attempt_id, status, fields)
            self._ended(held.attempt_id)
        elif word == "machine":
            changed = await self._news.who(held.attempt_id, fields.get("AnsweredBy", ""))
            if changed is not None:
                await self._news.redirect(changed)
        elif word == "transfer":
            if fields.get("CallStatus") == "in-progress":
                await self._news.put_through(held.attempt_id)
        elif word == "recording":
            if fields.get("RecordingStatus") == "completed":
                await self._news.recorded(held, recording_sid(fields))
        elif word == "answer":
            return _twiml(await self._news.answered(held, fields))
        else:
            return _twiml(await self._talking.turn(held, word, fields))
        return WebResponse(204)

    async def _prompt(self, request: WebRequest, rest: str) -> WebResponse:
        """Hand out a prompt whose address was made by us."""
        if request.method not in ("GET", "HEAD"):
            return WebResponse(405, refusal="malformed")
        code, _, name = rest.partition("/")
        file = self._line.files.find(code, unquote(name))
        if file is None:
            return WebResponse(404, refusal="unknown")
        kind = mimetypes.guess_type(file.name)[0] or "audio/x-wav"
        return WebResponse(200, await asyncio.to_thread(file.read_bytes), kind)


def _is_about(held: Held, word: str, fields: Mapping[str, str]) -> bool:
    """Say whether a request names the call that its address means."""
    told = fields.get("ParentCallSid" if word == "transfer" else "CallSid", "")
    return bool(told) and held.call_sid in ("", told)


def _twiml(document: str) -> WebResponse:
    return WebResponse(200, document, TYPE)
