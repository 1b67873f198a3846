"""One pjsua2 library in one process: no threads of its own but the sound clock, no sound card.

Traps this file keeps away from the rest: the library logs by itself from its creation on; every
process must have its own ports; priorities of codecs are one for all calls of a process, so they
are set before each call; accounts are few, so they are made when first needed, and the one that
was unused for longest makes room; what a certificate is checked against belongs to the listening
transport, so trunks that want it different have transports of their own.
"""

import contextlib
import os
import select
import socket
import time
from collections.abc import Callable
from typing import Any

import pjsua2 as pj

from ivr.channels.pjsua2.leg import PjsuaLeg
from ivr.channels.sip.call import LineCall
from ivr.channels.sip.leg import StackError
from ivr.channels.sip.protocol import Ask, Health, LineTrunk, Place, Registered, Setup
from ivr.channels.sip.received import ReceivedCall, trunk_at
from ivr.channels.sip.stack import Arrival

CLOCK_RATE = 8000
SYSTEM_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
_TRANSPORTS = {
    "udp": pj.PJSIP_TRANSPORT_UDP,
    "tcp": pj.PJSIP_TRANSPORT_TCP,
    "tls": pj.PJSIP_TRANSPORT_TLS,
}
_SIP_OFFSET = {"udp": 0, "tcp": 1, "tls": 2}
MOST_ACCOUNTS = 8
"""PJSUA_MAX_ACC as pjsua comes (pjsua-lib/pjsua.h). It cannot be asked for: one account too many
is no error but the process's end (an assertion in pjsua_acc_add)."""
MOST_CALLS = 32
"""Calls put on one process, however many the library would take: a crash loses them all."""

Listener = tuple[str, bool, str]
"""Transport, whether certificates are verified, and against which file of authorities."""


def listener_of(trunk: LineTrunk) -> Listener:
    """Return which listening transport a trunk needs."""
    if trunk.transport != "tls":
        return (trunk.transport, False, "")
    return ("tls", trunk.tls_verify, trunk.tls_ca_file or SYSTEM_AUTHORITIES)


ANSWER_SECONDS = 6.0
"""How long an OPTIONS keeps the account of a trunk that does not answer."""


class Account(pj.Account):  # type: ignore[misc]
    """A trunk as pjsua sees it."""

    def __init__(
        self, trunk: LineTrunk, report: Callable[[Any], None], arrived: "Arrived | None" = None
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self._report, self._arrived = report, arrived
        self._asked: tuple[int, float] | None = None
        self.calls = 0
        """Calls that go through it at present."""
        self.used = 0.0
        """When it was last asked for, in monotonic seconds."""

    @property
    def idle(self) -> bool:
        """True where nothing depends on it."""
        asking = self._asked and time.monotonic() - self._asked[1] < ANSWER_SECONDS
        return not (self.trunk.registrar or self.calls or asking)

    def becomes(self, trunk: LineTrunk) -> None:
        """Serve another trunk from now on."""
        self.trunk = trunk
        self._asked = None

    def onRegState(self, prm: Any) -> None:
        active = prm.code // 100 == 2 and prm.expiration > 0
        self._report(Registered(self.trunk.name, active, prm.code, prm.reason))

    def onIncomingCall(self, prm: Any) -> None:
        if self._arrived is not None:  # else pjsua2 refuses it
            self._arrived(self, prm)

    def ask(self, number: int) -> None:
        """Send OPTIONS (RFC 3261, 11). One at a time: pjsua2 does not tell answers apart."""
        if self._asked:
            self._report(Health(number, 408, "the last OPTIONS is still unanswered", 0.0))
            return
        prm = pj.SendRequestParam()
        prm.method = "OPTIONS"
        prm.txOption.targetUri = request_uri("", self.trunk)
        self._asked = (number, time.monotonic())
        self.sendRequest(prm)

    def onSendRequest(self, prm: Any) -> None:
        tsx = prm.e.body.tsxState.tsx
        if not self._asked or tsx.statusCode < 200:
            return
        number, began = self._asked
        self._asked = None
        elapsed = (time.monotonic() - began) * 1000
        self._report(Health(number, tsx.statusCode, tsx.statusText, elapsed))


Arrived = Callable[[Account, Any], None]
"""Takes a call that came in: the account that pjsua found for it, and pjsua2's parameters."""


def request_uri(user: str, trunk: LineTrunk) -> str:
    """Return the URI to call `user` at a trunk."""
    target = trunk.target
    if trunk.transport != "udp" and "transport=" not in target:
        target += f";transport={trunk.transport}"
    return f"sip:{user}@{target}" if user else f"sip:{target}"


class Engine:
    """The library, its transports and accounts (`ivr.channels.sip.stack.Stack`)."""

    most_trunks = MOST_ACCOUNTS

    def __init__(self, setup: Setup, report: Callable[[Any], None]) -> None:
        self._setup = setup
        self._report = report
        self._trunks = {row[0]: LineTrunk(*row) for row in setup.trunks}
        self._accounts: dict[str, Account] = {}
        self._transports: dict[Listener, int] = {}
        self._probes: list[LineCall] = []  # held to the end of the process
        self.take: Callable[[ReceivedCall, Arrival], None]
        self._arrivals = 0
        self.endpoint = pj.Endpoint()

    def start(self) -> None:
        """Create the library and the transports that the trunks need; register.

        Raises StackError.
        """
        try:
            self._create()
        except pj.Error as error:
            raise StackError(f"{error.title}: {error.reason}") from error

    def _create(self) -> None:
        self.endpoint.libCreate()
        config = pj.EpConfig()
        config.logConfig.level = 0
        config.logConfig.consoleLevel = 0
        config.uaConfig.threadCnt = 0
        config.uaConfig.mainThreadOnly = True
        config.uaConfig.maxCalls = self._setup.max_calls or 32
        config.uaConfig.userAgent = "Huifang"
        config.medConfig.threadCnt = 0
        config.medConfig.hasIoqueue = False
        config.medConfig.clockRate = CLOCK_RATE
        config.medConfig.sndClockRate = CLOCK_RATE
        config.medConfig.channelCount = 1
        config.medConfig.ecTailLen = 0
        config.medConfig.noVad = True
        self.endpoint.libInit(config)
        wanted = {listener_of(trunk) for trunk in self._trunks.values()} or {("udp", False, "")}
        if self._setup.reception:
            wanted |= {("udp", False, ""), ("tcp", False, "")}
        for listener in sorted(wanted):
            self._transports[listener] = self._listen(listener)
        self.endpoint.libStart()
        self.endpoint.audDevManager().setNullDev()
        for codec in self.endpoint.codecEnum2():
            self.endpoint.codecSetPriority(codec.codecId, 0)
        if self._setup.reception:
            self._receive()
        for trunk in self._trunks.values():
            if trunk.registrar:
                self.account(trunk.name)

    def _receive(self) -> None:
        """Make the account that takes what comes to our address; before all others, so that
        pjsua gives it every call that is for none of them."""
        address = self._setup.public_address or self._setup.address
        here = LineTrunk(
            name="",
            target=address,
            transport="udp",
            identity=f"<sip:huifang@{address}>",
            registrar="",
            username="",
            password="",
            outbound_proxy="",
            codecs=[],
            dtmf="auto",
            tls_verify=False,
            tls_ca_file="",
        )
        self._reception = Account(here, self._report, self._arrived)
        self._reception.create(self._configure(here), True)

    def _arrived(self, account: Account, prm: Any) -> None:
        source, message = prm.rdata.srcAddress, prm.rdata.wholeMsg
        name = trunk_at(source, self._setup.callers)
        trunk = self._trunks.get(name, account.trunk)
        self._arrivals += 1
        call = ReceivedCall(f"in-{os.getpid()}-{self._arrivals}", trunk, self._report, self._setup)
        call.leg = PjsuaLeg(account, call, id=prm.callId)
        self._prefer(trunk.codecs)
        self.take(call, Arrival(name, source, message))

    def _listen(self, listener: Listener) -> int:
        kind, verify, authorities = listener
        config = pj.TransportConfig()
        config.boundAddress = self._setup.address
        config.publicAddress = self._setup.public_address
        taken = any(known[0] == kind for known in self._transports)
        if self._setup.reception and kind != "tls":
            config.port = self._setup.reception
        elif self._setup.sip_port and not taken:
            config.port = self._setup.sip_port + _SIP_OFFSET[kind]
        if kind == "tls":
            config.tlsConfig.verifyServer = verify
            config.tlsConfig.CaListFile = authorities
        return int(self.endpoint.transportCreate(_TRANSPORTS[kind], config))

    def account(self, name: str) -> Account:
        """Return the account of a trunk. Raises LookupError for an unknown one, pjsua2.Error."""
        if name not in self._accounts:
            trunk = self._trunks[name]
            if len(self._accounts) < MOST_ACCOUNTS - bool(self._setup.reception):
                account = Account(trunk, self._report, self._arrived)
                account.create(self._configure(trunk))
            else:
                account = self._unused()
                del self._accounts[account.trunk.name]
                account.modify(self._configure(trunk))
                account.becomes(trunk)
            self._accounts[name] = account
        account = self._accounts[name]
        account.used = time.monotonic()
        return account

    def _unused(self) -> Account:
        """Return the account that was not needed for longest. Raises LookupError where all are.

        It becomes another trunk's: deleting accounts and making others in their places ends the
        process (an assertion in pjsip_timer_init_session at the next call).
        """
        idle = [account for account in self._accounts.values() if account.idle]
        if not idle:
            raise LookupError("every account is in use")
        return min(idle, key=lambda account: account.used)

    def _configure(self, trunk: LineTrunk) -> Any:
        config = pj.AccountConfig()
        config.idUri = trunk.identity
        config.sipConfig.transportId = self._transports[listener_of(trunk)]
        if trunk.username:
            config.sipConfig.authCreds.append(
                pj.AuthCredInfo("digest", "*", trunk.username, 0, trunk.password)
            )
        if trunk.outbound_proxy:
            config.sipConfig.proxies.append(trunk.outbound_proxy)
        config.regConfig.registrarUri = trunk.registrar
        config.regConfig.registerOnAdd = bool(trunk.registrar)
        config.regConfig.retryIntervalSec = 10
        config.regConfig.firstRetryIntervalSec = 2
        config.callConfig.timerUse = pj.PJSUA_SIP_TIMER_OPTIONAL
        config.natConfig.sdpNatRewriteUse = 0
        config.natConfig.viaRewriteUse = 1
        config.natConfig.contactRewriteUse = 1
        # Two codecs in an answer are no reason for a second INVITE (pjsua would "lock" one).
        config.mediaConfig.lockCodecEnabled = False
        media = config.mediaConfig.transportConfig
        media.boundAddress = self._setup.address
        media.publicAddress = self._setup.public_address
        media.port = self._setup.rtp_port
        media.portRange = self._setup.rtp_range
        return config

    def find_limit(self) -> int:
        """Ask the library how many calls it carries, by placing calls until it refuses.

        They go to a socket of our own that nobody reads; the process ends afterwards. What was
        compiled in cannot be asked for in any other way, and differs between wheels.
        """
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nowhere:
            nowhere.bind(("127.0.0.1", 0))
            uri = f"sip:127.0.0.1:{nowhere.getsockname()[1]}"
            trunk = next(iter(self._trunks))
            while len(self._probes) < MOST_CALLS:
                order = Place(f"limit-{len(self._probes)}", trunk, "", "", 60)
                call = LineCall(order, "auto", lambda _: None, self._setup)
                call.leg = PjsuaLeg(self.account(trunk), call, uri)
                try:
                    call.begin()
                except StackError:
                    break
                self._probes.append(call)
            return len(self._probes)

    def call(self, order: Place) -> LineCall:
        """Make a call. Raises StackError."""
        try:
            account = self.account(order.trunk)
        except pj.Error as error:
            raise StackError(error.reason) from error
        except LookupError as error:
            raise StackError(f"{error}") from error
        self._prefer(account.trunk.codecs)
        call = LineCall(order, account.trunk.dtmf, self._report, self._setup)
        call.leg = PjsuaLeg(account, call, request_uri(order.user, account.trunk))
        return call

    def ask(self, command: Ask) -> None:
        """Send OPTIONS to a trunk. Raises StackError."""
        try:
            self.account(command.trunk).ask(command.ask)
        except pj.Error as error:
            raise StackError(error.reason) from error
        except LookupError as error:
            raise StackError(f"{error}") from error

    def _prefer(self, codecs: list[str]) -> None:
        """Offer `codecs` in this order in the calls placed from now on."""
        wanted = {"PCMA": "PCMA/8000/1", "PCMU": "PCMU/8000/1"}
        for name, codec in wanted.items():
            rank = codecs.index(name) if name in codecs else -1
            self.endpoint.codecSetPriority(codec, 0 if rank < 0 else 250 - rank)

    def wait(self, house: socket.socket | None, seconds: float) -> bool:
        """Let the library work; return True where the house has sent something.

        Waiting inside the library would wake at every RTP packet of every call. A nap that only a
        command ends, and then everything at once, costs a third of the CPU less.
        """
        news, _, _ = select.select([house] if house else [], [], [], seconds)
        self.endpoint.libHandleEvents(0)  # takes up to 16 sockets, each to its last packet
        return bool(news)

    def unregister(self) -> None:
        """Take back the registrations."""
        for account in self._accounts.values():
            if account.trunk.registrar:
                with contextlib.suppress(pj.Error):
                    account.setRegistration(False)
