"""The SIP stacks there are, and what each can do. Loads neither."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from core.errors import PermanentError, Problem, problem
from core.trunk import Trunk
from ivr.channels.contract import Ability


@dataclass(frozen=True)
class SipStack:
    """One stack, as the house sees it."""

    name: str
    library: str
    """Its import package."""
    engine: str
    """The module whose `Engine` runs in line processes (`ivr.channels.sip.stack.Stack`)."""
    abilities: frozenset[Ability]
    transports: frozenset[str]
    """How SIP may travel: ``udp``, ``tcp``, ``tls``."""
    receives: bool
    """True where people can ring us."""

    @property
    def installed(self) -> bool:
        """True where its library is there."""
        return find_spec(self.library) is not None

    def faults(self, trunk: Trunk) -> list[tuple[str, Problem]]:
        """Return what a trunk wants that the stack cannot do, each with the setting's name."""
        found = []
        if trunk.transport not in self.transports:
            found.append(("transport", trunk.transport))
        for setting, uri in (("uri", trunk.uri), ("outbound_proxy", trunk.outbound_proxy)):
            wanted = _transport_of(uri)
            if wanted and wanted not in self.transports:
                found.append((setting, wanted))
        return [
            (
                setting,
                problem(
                    "sip-stack-transport",
                    trunk=trunk.name,
                    stack=self.name,
                    transport=transport,
                    can=", ".join(sorted(self.transports)),
                ),
            )
            for setting, transport in found
        ]

    def reception_faults(self) -> list[Problem]:
        """Return what is wrong with a port on which people ring us."""
        return [] if self.receives else [problem("sip-stack-incoming", stack=self.name)]

    def check(self, trunks: Sequence[Trunk], *, reception: bool) -> None:
        """Raise PermanentError with all that is wanted and the stack cannot do.

        `reception`: people are to be able to ring us.
        """
        faults = [fault for trunk in trunks for _, fault in self.faults(trunk)]
        faults += self.reception_faults() if reception else []
        if faults:
            raise PermanentError(*faults)


def _transport_of(uri: str) -> str:
    """Return the transport that a URI names by itself, or nothing."""
    if uri.startswith("sips:"):
        return "tls"
    _, marked, named = uri.lower().partition(";transport=")
    return named.partition(";")[0] if marked else ""


_BOTH = frozenset({Ability.KEYS, Ability.RECORD})
PJSUA2 = SipStack(
    "pjsua2",
    "pjsua2",
    "ivr.channels.pjsua2.engine",
    _BOTH | {Ability.TRANSFER},
    frozenset({"udp", "tcp", "tls"}),
    receives=True,
)
PYVOIP = SipStack(
    "pyvoip",
    "pyVoIP",
    "ivr.channels.pyvoip.engine",
    _BOTH,
    frozenset({"udp"}),
    receives=False,
)
STACKS = {stack.name: stack for stack in (PJSUA2, PYVOIP)}


def choose(wanted: str) -> SipStack:
    """Return the stack of that name; ``auto``: pjsua2 where it is installed, else pyVoIP.

    Raises PermanentError where it is not installed.
    """
    stack = STACKS[wanted] if wanted != "auto" else PJSUA2 if PJSUA2.installed else PYVOIP
    if not stack.installed:
        raise PermanentError(problem("sip-stack-missing", stack=stack.name, library=stack.library))
    return stack
