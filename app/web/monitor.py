"""What monitoring asks: ``/healthz`` for a yes or no, ``/metrics`` for Prometheus."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.web.tally import HookTally


class _Parts(Collector):
    """Which parts of the house work, as Prometheus reads it."""

    def __init__(self, trouble: Callable[[], Mapping[str, str]]) -> None:
        self._trouble = trouble

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield one figure a part: 1 it works, 0 it stands still."""
        family = GaugeMetricFamily(
            "huifang_part_well", "1 where a part of the house works.", labels=("part",)
        )
        for part, why in self._trouble().items():
            family.add_metric((part,), 0 if why else 1)
        yield family


def monitor(trouble: Callable[[], Mapping[str, str]], tally: HookTally) -> Starlette:
    """Return the application. `trouble`: each part of the house -> what is wrong with it, or ""."""
    registry = CollectorRegistry()
    registry.register(tally)
    registry.register(_Parts(trouble))

    async def healthz(_request: Request) -> JSONResponse:
        parts = dict(trouble())
        well = not any(parts.values())
        webhooks = {"taken": tally.taken, "refused": tally.refused}
        known = {"well": well, "parts": parts, "webhooks": webhooks}
        return JSONResponse(known, 200 if well else 503)

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/healthz", healthz), Route("/metrics", metrics)])
