"""The webhooks of this house: at which public address each is, and which there are."""

from collections.abc import Iterable

from config.loading import Loaded
from ivr.texting.contract import TextGateway
from ivr.webhook import Webhook

HOOKS = "/hooks/"
"""Path of the web server below which each webhook has its name."""


def hook_address(loaded: Loaded, name: str, own: str = "") -> str:
    """Return the public address of the webhook `name`; empty where no public URL is set.

    `own`: the public URL that its provider alone uses, instead of ``web: public_url``.
    """
    public = (own or loaded.settings.web.public_url).rstrip("/")
    return f"{public}{HOOKS}{name}" if public else ""


def webhooks(gateways: Iterable[TextGateway]) -> dict[str, Webhook]:
    """Return those of the gateways that are told by HTTP, by their names."""
    return {
        gateway.name: gateway
        for gateway in gateways
        if isinstance(gateway, Webhook) and gateway.address
    }
