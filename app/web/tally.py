"""What came to the webhooks, counted by name and outcome; refusals are told in the log, too."""

from collections import Counter
from collections.abc import Iterator

import structlog
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from core.clock import Clock

TAKEN = "taken"
UNAVAILABLE = "unavailable"
"""It could not be kept just now (503); the provider comes again."""
NOBODY = "-"
"""Stands for every name that no webhook has."""
QUIET = 60.0
"""Seconds within which the same refusal is told once: a flood of them must not fill the log."""

log = structlog.get_logger(__name__)


class HookTally(Collector):
    """Counts the requests of one process since its start."""

    def __init__(self, clock: Clock) -> None:
        self.requests: Counter[tuple[str, str]] = Counter()
        """(name of the webhook, ``taken``, ``unavailable`` or the word of a refusal) -> number."""
        self._clock = clock
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    def count(self, name: str, outcome: str, *, remote: str = "", why: str = "") -> None:
        """Count one request. `remote`: who sent it; `why`: what was wrong, in words."""
        which = (name, outcome)
        self.requests[which] += 1
        if outcome == TAKEN:
            return
        at, before = self._told.get(which, (float("-inf"), 0))
        if self._clock.monotonic() < at + QUIET:
            return
        number = self.requests[which]
        self._told[which] = self._clock.monotonic(), number
        log.warning(
            "webhook_refused",
            webhook=name,
            refusal=outcome,
            times=number - before,
            remote=remote,
            why=why,
        )

    @property
    def taken(self) -> int:
        """How many were taken."""
        return sum(number for (_, outcome), number in self.requests.items() if outcome == TAKEN)

    @property
    def refused(self) -> Counter[str]:
        """How many were not, by word."""
        found: Counter[str] = Counter()
        for (_, outcome), number in self.requests.items():
            if outcome != TAKEN:
                found[outcome] += number
        return found

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yield the figures as Prometheus reads them."""
        family = CounterMetricFamily(
            "huifang_webhook_requests",
            "Requests of providers since the start, by webhook and outcome.",
            labels=("webhook", "outcome"),
        )
        for (name, outcome), number in sorted(self.requests.items()):
            family.add_metric((name, outcome), number)
        yield family
