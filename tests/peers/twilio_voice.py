"""Twilio's voice API as its documentation describes it, with simulated people behind it.

Requests are judged, calls are made to `ivr.people`, TwiML is judged and performed, webhooks are
signed by the library's own validator and repeated where we do not answer.

https://www.twilio.com/docs/voice/api/call-resource (parameters, states, status callbacks),
https://www.twilio.com/docs/voice/answering-machine-detection,
https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
"""

import asyncio
import itertools
import re
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urldefrag

import httpx
from aiohttp import web
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from ivr.channels.silence_file import write_silence
from ivr.people.directory import person_of
from ivr.people.person import Person
from tests.peers import twiml
from tests.peers.twilio_api import ACCOUNT, TOKEN, TwilioApi, api_error
from tests.peers.twilio_line import Line, answered_by

CALLER = "+8601012345678"
PARAMETERS: dict[str, Callable[[str], bool]] = {
    "To": lambda value: bool(re.match(r"^\+[1-9]\d{6,14}$", value)),
    "From": lambda value: bool(re.match(r"^\+[1-9]\d{6,14}$", value)),
    "Url": lambda value: value.startswith(("http://", "https://")),
    "Method": lambda value: value in ("GET", "POST"),
    "StatusCallback": lambda value: value.startswith(("http://", "https://")),
    "StatusCallbackMethod": lambda value: value in ("GET", "POST"),
    "StatusCallbackEvent": lambda value: value in ("initiated", "ringing", "answered", "completed"),
    "Timeout": lambda value: value.isdigit() and 1 <= int(value) <= 600,
    "MachineDetection": lambda value: value in ("Enable", "DetectMessageEnd"),
    "AsyncAmd": lambda value: value in ("true", "false"),
    "AsyncAmdStatusCallback": lambda value: value.startswith(("http://", "https://")),
    "AsyncAmdStatusCallbackMethod": lambda value: value in ("GET", "POST"),
    "SendDigits": lambda value: bool(re.match(r"^[\dw#*]{1,32}$", value)),
    "Record": lambda value: value.lower() in ("true", "false"),
    "RecordingStatusCallback": lambda value: value.startswith(("http://", "https://")),
    "RecordingStatusCallbackMethod": lambda value: value in ("GET", "POST"),
    "RecordingStatusCallbackEvent": lambda value: value in ("in-progress", "completed", "absent"),
}
EVENT = {"initiated": "initiated", "ringing": "ringing", "in-progress": "answered"}
FINAL = ("completed", "busy", "failed", "no-answer", "canceled")
UNREACHED = {486: "busy", 600: "busy", 603: "busy", 480: "no-answer", 404: "failed"}


@dataclass
class PlacedCall:
    """A call that was created."""

    sid: str
    asked: MultiDict[str]
    person: Person
    status: str = "queued"
    direction: str = "outbound-api"
    line: Line | None = None
    task: "asyncio.Task[None] | None" = None
    recordings: dict[str, str] = field(default_factory=dict)
    """Name -> source."""
    sequence: int = 0


@dataclass
class TwilioVoice(TwilioApi):
    """The API on loopback. What a test may want otherwise stands in the fields."""

    people: Callable[[str], Person] = person_of
    refusals: list[tuple[int, int, dict[str, str]]] = field(default_factory=list)
    """The next requests to create a call are refused so: HTTP status, error code, headers."""
    broken: str = ""
    """``answer``: calls are created, but the connection ends before the answer."""
    before: Callable[[str, PlacedCall, dict[str, str]], Awaitable[None]] | None = None
    """Awaited before each webhook request: (path, call, fields)."""
    twice: bool = False
    """True: every webhook request is made twice."""
    shuffled: bool = False
    """True: status callbacks come late and the wrong way round: after the call, the last first."""
    silent: bool = False
    """True: no status callbacks at all."""
    calls: dict[str, PlacedCall] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    """What our side did that the documentation does not allow."""
    answers: list[tuple[str, int]] = field(default_factory=list)
    """Last word of the path of a webhook request, and how it was answered."""
    hints: list[str] = field(default_factory=list)
    """What the recogniser was told to expect."""
    forgotten: list[str] = field(default_factory=list)
    """Recordings that were deleted."""
    _numbers: Any = field(default_factory=lambda: itertools.count(1))
    _late: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Say what is served."""
        super().add_routes(router)
        account = "/2010-04-01/Accounts/{sid}"
        router.add_post(account + "/Calls.json", self._create)
        router.add_get(account + "/Calls/{call}.json", self._fetch)
        router.add_post(account + "/Calls/{call}.json", self._update)
        router.add_get(account + "/Recordings/{recording}.wav", self._sound)
        router.add_delete(account + "/Recordings/{recording}.json", self._forget)

    async def __aenter__(self) -> Self:
        self._validator = RequestValidator(TOKEN)
        self._client = httpx.AsyncClient(trust_env=False, timeout=15)
        return await super().__aenter__()

    async def __aexit__(self, *_: object) -> None:
        tasks = [call.task for call in self.calls.values() if call.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.aclose()
        await super().__aexit__()

    def to(self, number: str) -> list[PlacedCall]:
        """Return the calls to a number."""
        return [call for call in self.calls.values() if call.asked["To"] == number]

    async def ring(self, number: str, hook: str, person: Person | None = None) -> PlacedCall:
        """Let somebody ring the line whose webhook is `hook`; returns once his call is over."""
        asked = MultiDict(From=number, To=CALLER, StatusCallback=f"{hook}/status")
        sid = f"CA{next(self._numbers):032x}"
        call = PlacedCall(sid, asked, person or self.people(number), "ringing", "inbound")
        self.calls[call.sid] = call
        line = call.line = Line(call.person, self._asking(call), self._recording(call))
        document = await self._request(call, f"{hook}/incoming", {}, document=True)
        if document is None or "<Reject" in document:
            call.status = "busy"
            return call
        call.status = "in-progress"
        await line.hold(document)
        await self._status(call, "completed", 200)
        return call

    async def all_over(self) -> None:
        """Wait until every call has ended."""
        await asyncio.gather(*(call.task for call in self.calls.values() if call.task))

    # --------------------------------------------------------------------------- the API

    async def _create(self, request: web.Request) -> web.Response:
        if (wrong := self.wrong(request)) is not None:
            return wrong
        asked: MultiDict[str] = MultiDict(
            (name, str(value)) for name, value in (await request.post()).items()
        )
        if fault := _fault(asked):
            self.faults.append(fault)
            return api_error(400, 21205, fault)
        if self.refusals:
            status, code, headers = self.refusals.pop(0)
            return api_error(status, code, "refused as the test wants it", headers)
        call = PlacedCall(f"CA{next(self._numbers):032x}", asked, self.people(asked["To"]))
        self.calls[call.sid] = call
        call.task = asyncio.create_task(self._live(call))
        if self.broken == "answer":
            assert request.transport is not None
            request.transport.close()
        return web.json_response(_resource(call), status=201)

    async def _fetch(self, request: web.Request) -> web.Response:
        call = self.calls.get(request.match_info["call"])
        wrong = self.wrong(request)
        if call is None:
            return wrong or api_error(404, 20404, "not found")
        return wrong or web.json_response(_resource(call))

    async def _update(self, request: web.Request) -> web.Response:
        call = self.calls.get(request.match_info["call"])
        if (wrong := self.wrong(request)) is not None or call is None:
            return wrong or api_error(404, 20404, "not found")
        if call.status in FINAL:
            return api_error(400, 21220, "Call is not in-progress. Cannot redirect.")
        asked = {name: str(value) for name, value in (await request.post()).items()}
        if set(asked) == {"Twiml"} and call.line is not None:
            _, faults = twiml.read(asked["Twiml"])
            self.faults += faults
            call.line.document = asked["Twiml"]
        elif asked == {"Status": "completed"}:
            if call.line is not None:
                call.line.over = True
            elif call.task is not None:
                call.task.cancel()
                asyncio.get_running_loop().create_task(self._status(call, "canceled"))
        else:
            self.faults.append(f"update of {asked}")
        return web.json_response(_resource(call))

    async def _sound(self, request: web.Request) -> web.Response:
        sid = request.match_info["recording"]
        known = any(sid in call.recordings for call in self.calls.values())
        if (wrong := self.wrong(request)) is not None or not known or sid in self.forgotten:
            return wrong or api_error(404, 20404, "not found")
        with tempfile.NamedTemporaryFile(suffix=".wav") as file:
            write_silence(Path(file.name), 2.0)
            return web.Response(body=Path(file.name).read_bytes(), content_type="audio/x-wav")

    async def _forget(self, request: web.Request) -> web.Response:
        wrong = self.wrong(request)
        self.forgotten.append(request.match_info["recording"])
        return wrong or web.Response(status=204)

    # ------------------------------------------------------------------------- the calls

    async def _live(self, call: PlacedCall) -> None:
        person = call.person
        await self._status(call, "initiated")
        if person.rings:
            await self._status(call, "ringing")
        if person.status == 0:
            await self._status(call, "no-answer", 487)
        elif person.status != 200:
            await self._status(call, UNREACHED.get(person.status, "failed"), person.status)
        else:
            await self._answered(call)
        for fields in reversed(self._late.pop(call.sid, [])):
            await self._request(call, call.asked["StatusCallback"], fields)

    async def _answered(self, call: PlacedCall) -> None:
        person = call.person
        line = call.line = Line(person, self._asking(call), self._recording(call))
        detection = call.asked.get("MachineDetection", "")
        line.wait_for_greeting = detection == "DetectMessageEnd"
        first: dict[str, str] = {}
        if detection and call.asked.get("AsyncAmd") == "true":
            line.machine = self._telling(call)
        elif detection:
            # Nothing is asked before it is known who picked up.
            who = answered_by(person, wait_for_greeting=line.wait_for_greeting)
            first["AnsweredBy"] = who
        await self._status(call, "in-progress")
        await line.hold(await self._request(call, call.asked["Url"], first, document=True))
        await self._status(call, "completed", 200)
        if call.asked.get("Record", "").lower() == "true":
            await self._recorded(call)

    async def _recorded(self, call: PlacedCall) -> None:
        told = {
            "RecordingSid": self._recording(call)("OutboundAPI", 30.0),
            "RecordingStatus": "completed",
            "RecordingDuration": "30",
        }
        await self._request(call, call.asked["RecordingStatusCallback"], told)

    def _asking(self, call: PlacedCall) -> Callable[[str, dict[str, str]], Awaitable[str | None]]:
        async def ask(url: str, fields: dict[str, str]) -> str | None:
            if fields.pop("_child", ""):
                child = {"CallSid": "CA" + "c" * 32, "ParentCallSid": call.sid}
                return await self._request(call, url, fields | child)
            return await self._request(call, url, fields, document=True)

        return ask

    def _recording(self, call: PlacedCall) -> Callable[[str, float], str]:
        def record(source: str, _seconds: float) -> str:
            sid = f"RE{next(self._numbers):032x}"
            call.recordings[sid] = source
            return sid

        return record

    def _telling(self, call: PlacedCall) -> Callable[[str], Awaitable[None]]:
        async def tell(who: str) -> None:
            url = call.asked["AsyncAmdStatusCallback"]
            fields = {"AnsweredBy": who, "MachineDetectionDuration": "2400"}
            await self._request(call, url, fields)

        return tell

    async def _status(self, call: PlacedCall, status: str, sip: int = 0) -> None:
        call.status = status
        call.sequence += 1
        wanted = EVENT.get(status, "completed")
        if self.silent or wanted not in call.asked.getall("StatusCallbackEvent", ["completed"]):
            return
        fields = {
            "CallStatus": status,
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(call.sequence - 1),
            "Timestamp": "Sat, 28 Nov 2026 04:00:00 +0000",
        }
        if status in FINAL:
            fields |= {"SipResponseCode": str(sip), "CallDuration": "30", "Duration": "1"}
        if self.shuffled and status != "completed":
            self._late.setdefault(call.sid, []).append(fields)
            return
        await self._request(call, call.asked["StatusCallback"], fields)

    # ---------------------------------------------------------------------- the webhooks

    async def _request(
        self, call: PlacedCall, url: str, fields: dict[str, str], *, document: bool = False
    ) -> str | None:
        """Make a webhook request, again where its address says so; return its TwiML."""
        address, rules = urldefrag(url)
        more = parse_qs(rules)
        times = 1 + int(more.get("rc", ["1"])[0] if "rp" in more else 0)
        sent = {
            "CallSid": call.sid,
            "AccountSid": ACCOUNT,
            "From": call.asked["From"],
            "To": call.asked["To"],
            "CallStatus": call.status,
            "ApiVersion": "2010-04-01",
            "Direction": call.direction,
        } | fields
        headers = {"X-Twilio-Signature": self._validator.compute_signature(address, sent)}
        if self.before is not None:
            await self.before(address.rsplit("/", 1)[-1], call, sent)
        answer: httpx.Response | None = None
        for _ in range(times):
            try:
                answer = await self._client.post(address, data=sent, headers=headers)
            except httpx.HTTPError:
                continue
            self.answers.append((address.rsplit("/", 1)[-1], answer.status_code))
            if answer.status_code < 500:
                break
        if answer is None or answer.status_code >= 300:
            return None
        if self.twice:
            again = await self._client.post(address, data=sent, headers=headers)
            if again.text != answer.text:
                self.faults.append(f"another answer to the same request: {again.text}")
        if not document:
            return None
        if not answer.headers["content-type"].startswith(("text/xml", "application/xml")):
            self.faults.append(f"TwiML as {answer.headers['content-type']}")
        root, faults = twiml.read(answer.text)
        self.faults += faults
        self.hints += [gather.get("hints", "") for gather in root.iter("Gather")]
        return answer.text


def _fault(asked: MultiDict[str]) -> str:
    for name, value in asked.items():
        if name not in PARAMETERS:
            return f"no parameter {name}"
        if not PARAMETERS[name](value):
            return f"{name}={value!r}"
    missing = [name for name in ("To", "From", "Url") if name not in asked]
    if missing:
        return f"missing: {missing}"
    once = [name for name in set(asked) if not name.endswith("CallbackEvent")]
    if any(len(asked.getall(name)) > 1 for name in once):
        return "a parameter twice"
    if "AsyncAmd" in asked and "MachineDetection" not in asked:
        return "AsyncAmd without MachineDetection"
    return ""


def _resource(call: PlacedCall) -> dict[str, Any]:
    return {
        "sid": call.sid,
        "account_sid": ACCOUNT,
        "api_version": "2010-04-01",
        "date_created": "Sat, 28 Nov 2026 04:00:00 +0000",
        "date_updated": "Sat, 28 Nov 2026 04:00:00 +0000",
        "direction": "outbound-api",
        "from": call.asked["From"],
        "to": call.asked["To"],
        "status": call.status,
        "answered_by": None,
        "duration": None,
        "price": None,
        "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Calls/{call.sid}.json",
        "subresource_uris": {},
    }
