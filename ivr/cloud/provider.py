"""Twilio Programmable Voice through the twilio library: calls made, ended, redirected, asked about.

https://www.twilio.com/docs/voice/api/call-resource,
https://www.twilio.com/docs/voice/api/recording,
https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.rest import Client

from core.errors import HuifangError, TransientError, UncertainError, problem
from ivr.channels.contract import Ability, TrunkHealth
from ivr.texting.gateways.incoming import said
from ivr.twilio.http import TwilioHttp

AGAIN = "#rc=2&rp=all"
"""Behind an address: what we do not answer is asked twice more. Not part of the signed address."""
EVENTS = ("initiated", "ringing", "answered", "completed")
GONE = 404
ABILITIES = frozenset(
    {Ability.KEYS, Ability.SPEECH, Ability.RECORD, Ability.TRANSFER, Ability.PICK_UP}
)
"""What a survey may need that this provider holds."""


class ProviderRefused(Exception):
    """The provider answered, and did not do it."""

    def __init__(self, status: int, code: str, words: str, retry_after: int = 0) -> None:
        super().__init__(status, code, words)
        self.status, self.code, self.words, self.retry_after = status, code, words, retry_after


@dataclass(frozen=True)
class NewCall:
    """One call to be made."""

    number: str
    """E.164."""
    caller_id: str
    """E.164: a number of ours there, or a verified one."""
    answer_url: str
    status_url: str
    machine_url: str = ""
    """Where it is told who picked up; empty: nobody wants to know."""
    wait_for_greeting: bool = False
    """True: a mailbox is told only once it would take a message."""
    first_who: bool = False
    """True: nothing is said before it is known who picked up (a key incident)."""
    ring_seconds: int = 45
    extension: str = ""
    recording_url: str = ""
    """Where it is told that the whole call was recorded; empty: it is not."""


@dataclass(frozen=True)
class CallFacts:
    """What the provider says of a call when asked."""

    status: str
    """As in its status callbacks."""


class TwilioVoice:
    """The voice API of one account."""

    def __init__(self, trunk: str, account_sid: str, auth_token: str, api_url: str) -> None:
        self.trunk = trunk
        self._account_sid, self._auth_token, self._api_url = account_sid, auth_token, api_url
        self._http: TwilioHttp | None = None
        self._client: Client | None = None

    async def start(self) -> None:
        """Be ready."""
        self._http = TwilioHttp(self.trunk, self._api_url)
        self._client = Client(self._account_sid, self._auth_token, http_client=self._http)

    async def close(self) -> None:
        """Let go of the connections."""
        if self._http is not None:
            await self._http.close()
        self._http = self._client = None

    async def create(self, call: NewCall) -> str:
        """Make a call; returns the provider's name of it.

        Raises ProviderRefused, TransientError where the request never left, UncertainError where
        nobody knows whether the phone rings.
        """
        more: dict[str, object] = {}
        if call.machine_url:
            more["machine_detection"] = "DetectMessageEnd" if call.wait_for_greeting else "Enable"
            if not call.first_who:
                more["async_amd"] = "true"
                more["async_amd_status_callback"] = call.machine_url + AGAIN
                more["async_amd_status_callback_method"] = "POST"
        if call.extension:
            more["send_digits"] = "ww" + call.extension
        if call.recording_url:
            more["record"] = True
            more["recording_status_callback"] = call.recording_url + AGAIN
            more["recording_status_callback_method"] = "POST"
            more["recording_status_callback_event"] = ["completed"]
        async with self._asked() as client:
            made = await client.calls.create_async(
                to=call.number,
                from_=call.caller_id,
                url=call.answer_url + AGAIN,
                method="POST",
                status_callback=call.status_url + AGAIN,
                status_callback_method="POST",
                status_callback_event=list(EVENTS),
                timeout=call.ring_seconds,
                **more,
            )
        return str(made.sid)

    async def hang_up(self, sid: str) -> None:
        """End a call, rung or answered. Raises as `create`."""
        async with self._asked() as client:
            await client.calls(sid).update_async(status="completed")

    async def redirect(self, sid: str, twiml: str) -> None:
        """Let a call go on with `twiml`, whatever it does now. Raises as `create`."""
        async with self._asked() as client:
            await client.calls(sid).update_async(twiml=twiml)

    async def facts(self, sid: str) -> CallFacts:
        """Ask how a call stands. Raises as `create`."""
        async with self._asked() as client:
            found = await client.calls(sid).fetch_async()
        return CallFacts(str(found.status))

    async def download(self, recording: str) -> bytes:
        """Return a recording as WAV. Raises as `create`; status 404: not there yet, or no more."""
        client_http = self._http
        if client_http is None:
            raise self._not_started()
        address = f"/2010-04-01/Accounts/{self._account_sid}/Recordings/{recording}.wav"
        answer = await client_http.download(address, (self._account_sid, self._auth_token))
        if answer.status_code != 200:
            raise ProviderRefused(answer.status_code, "", "")
        return answer.content

    async def forget(self, recording: str) -> None:
        """Delete a recording there. Raises as `create`."""
        async with self._asked() as client:
            await client.recordings(recording).delete_async()

    async def check(self) -> TrunkHealth:
        """Ask for our own account; nobody is called."""
        try:
            async with self._asked() as client:
                account = await client.api.accounts(self._account_sid).fetch_async()
        except ProviderRefused as refused:
            words = f"{refused.code} {refused.words}".strip()
            return TrunkHealth(self.trunk, False, refused.status, words)
        except HuifangError as error:
            return TrunkHealth(self.trunk, False, 0, "; ".join(error.sentences("en")))
        active = str(account.status) == "active"
        return TrunkHealth(self.trunk, active, 200, "" if active else str(account.status))

    def _not_started(self) -> TransientError:
        return TransientError(problem("cloud-not-started", name=self.trunk))

    @asynccontextmanager
    async def _asked(self) -> AsyncIterator[Client]:
        """Around one request to the API: its refusals in our own words."""
        client, http = self._client, self._http
        if client is None or http is None:
            raise self._not_started()
        try:
            yield client
        except (TwilioRestException, TwilioServiceException) as error:
            words = error.msg if isinstance(error, TwilioRestException) else error.title
            code = str(error.code or "")
            if error.status >= 500 and error.status != 503:
                raise UncertainError(
                    problem("cloud-uncertain", name=self.trunk, reason=f"HTTP {error.status}")
                ) from error
            raise ProviderRefused(error.status, code, said(words), http.retry_after) from error
        except (TwilioException, ValueError, KeyError) as error:  # no answer of the API's kind
            raise UncertainError(
                problem("cloud-uncertain", name=self.trunk, reason=str(error))
            ) from error
