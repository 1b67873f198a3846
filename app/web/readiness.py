"""How the web server stands, asked from another process: `huifang check`."""

from typing import Any

import httpx

from app.web.server import listening
from config.loading import Loaded
from core.catalogue import text

SECONDS = 3.0
"""Within which a house that is at work must answer."""


async def web_server(loaded: Loaded, language: str) -> tuple[bool, str]:
    """Return whether the web server is well, or could be started, and that in words.

    Raises AuthorError where its port cannot be had.
    """
    settings = loaded.settings.web
    known = await _asked(settings.monitor_port)
    if known is None:
        place = loaded.document.place(("web", "port"))
        with listening(str(settings.address), settings.port, place):
            return True, text("check-web-free", language, port=settings.port)
    ill = "; ".join(
        f"{text(f'part-{part}', language)}: {why}" for part, why in known["parts"].items() if why
    )
    refused = "  ".join(f"{word} {n}" for word, n in known["webhooks"]["refused"].items())
    taken = known["webhooks"]["taken"]
    said = text("check-web-works", language, taken=taken, refused=refused or "-")
    return not ill, f"{said} {ill}".rstrip()


async def _asked(port: int) -> dict[str, Any] | None:
    """Ask the house that is at work; None: there is none."""
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=SECONDS) as client:
            known = (await client.get(f"http://127.0.0.1:{port}/healthz")).json()
    except (httpx.HTTPError, ValueError):
        return None
    return known if isinstance(known, dict) and "webhooks" in known else None
