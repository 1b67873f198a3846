"""Which SIP stack carries the calls, and whether the settings ask for more than it can do."""

from dataclasses import replace

from config.loading import Loaded
from config.sections.trunks import SIP
from core.errors import AuthorError
from ivr.channels.sip.stacks import SipStack, choose


def sip_stack(loaded: Loaded) -> SipStack:
    """Return the configured stack, or the one that is there (``auto``).

    Raises PermanentError where its library is not installed, AuthorError with place and reason
    for every setting that it cannot do.
    """
    stack = choose(loaded.settings.sip.stack)
    faults = [
        replace(problem, place=loaded.document.place(("trunks", index, setting)))
        for index, trunk in enumerate(loaded.trunks)
        if trunk.driver == SIP
        for setting, problem in stack.faults(trunk)
    ]
    if loaded.settings.ring_back.sip_port:
        place = loaded.document.place(("ring_back", "sip_port"))
        faults += [replace(problem, place=place) for problem in stack.reception_faults()]
    if faults:
        raise AuthorError(*faults)
    return stack
