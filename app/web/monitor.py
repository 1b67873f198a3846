"""What monitoring asks: ``/healthz`` for a yes or no, ``/metrics`` for Prometheus."""

from collections.abc import Callable, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


def monitor(trouble: Callable[[], Mapping[str, str]], registry: CollectorRegistry) -> Starlette:
    """Return the application. `trouble`: each part of the house -> what is wrong with it, or ""."""

    async def healthz(_request: Request) -> JSONResponse:
        parts = dict(trouble())
        well = not any(parts.values())
        return JSONResponse({"well": well, "parts": parts}, 200 if well else 503)

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/healthz", healthz), Route("/metrics", metrics)])
