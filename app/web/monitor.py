"""What monitoring asks: ``/healthz`` for a yes or no, ``/metrics`` for Prometheus."""

from collections.abc import Callable, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.web.tally import HookTally


def monitor(trouble: Callable[[], Mapping[str, str]], tally: HookTally) -> Starlette:
    """Return the application. `trouble`: each part of the house -> what is wrong with it, or ""."""
    registry = tally.registry()

    async def healthz(_request: Request) -> JSONResponse:
        parts = dict(trouble())
        well = not any(parts.values())
        webhooks = {"taken": tally.taken, "refused": tally.refused}
        known = {"well": well, "parts": parts, "webhooks": webhooks}
        return JSONResponse(known, 200 if well else 503)

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/healthz", healthz), Route("/metrics", metrics)])
