"""Which SIP stack carries the calls, and whether the trunks ask for more than it can do."""

from dataclasses import replace

from config.loading import Loaded
from core.errors import AuthorError
from ivr.channels.sip.stacks import SipStack, choose


def sip_stack(loaded: Loaded) -> SipStack:
    """Return the configured stack, or the one that is there (``auto``).

    Raises PermanentError where its library is not installed, AuthorError with place and reason
    for every trunk's setting that it cannot do.
    """
    stack = choose(loaded.settings.sip.stack)
    faults = [
        replace(problem, place=loaded.document.place(("trunks", index, setting)))
        for index, trunk in enumerate(loaded.trunks)
        for setting, problem in stack.faults(trunk)
    ]
    if faults:
        raise AuthorError(*faults)
    return stack
