"""The report of a rehearsal in words. Every share says that it is simulated."""

from zoneinfo import ZoneInfo

from core.catalogue import text
from reports.rehearsal import RehearsalReport, Share


def sentences(report: RehearsalReport, language: str) -> list[str]:
    """Return the report line by line, in `language`."""
    zone = ZoneInfo(report.limits.time_zone)

    def line(key: str, **values: object) -> str:
        return text(f"rehearsal-{key}", language, **values)

    def counted(kind: str, counts: dict[str, int]) -> str:
        return (
            text("rehearsal-list", language).join(
                f"{text(f'{kind}-{word}', language)} {number:,}" for word, number in counts.items()
            )
            or "-"
        )

    def length(seconds: float) -> str:
        minutes = round(seconds / 60)
        return line("length", hours=minutes // 60, minutes=minutes % 60)

    last = report.last_end
    limits = report.limits
    lines = [
        line("title", seed=report.seed),
        line(
            "limits",
            channels=limits.channels,
            rate=f"{limits.calls_per_second:g}",
            hours=limits.hours,
        ),
        line(
            "callbacks",
            number=f"{report.callbacks:,}",
            states=counted("batch-state-callback", report.states),
        ),
        line("attempts", number=f"{report.attempts:,}", mean=_mean(report)),
        line("dispositions", counts=counted("disposition", report.dispositions)),
        *([line("texts", counts=counted("disposition", report.texts))] if report.texts else []),
        line("verdicts", counts=counted("verdict", report.verdicts)),
        line("response", **_share(report.response)),
        line("lines", peak=report.lines_peak, mean=f"{report.lines_mean:.1f}"),
        line("starts", peak=report.starts_peak),
        line("talk", talk=f"{report.talk_seconds:.0f}", held=f"{report.line_seconds:.0f}"),
        line("last", at="-" if last is None else f"{last.astimezone(zone):%Y-%m-%d %H:%M}"),
        line("days"),
    ]
    lines += [
        line("day", day=day.day, attempts=f"{day.attempts:,}", reached=f"{day.reached:,}")
        for day in report.days
    ]
    follow_ups = counted("follow-up", report.follow_ups)
    lines += [
        line("follow-ups", number=f"{sum(report.follow_ups.values()):,}", counts=follow_ups),
        line(
            "held-up",
            used=length(report.seconds_in_use),
            full=length(report.seconds_full),
            rate=length(report.seconds_at_rate),
        ),
        line(f"limited-{report.limited_by}"),
        line("simulated"),
    ]
    return lines


def _mean(report: RehearsalReport) -> str:
    return f"{report.attempts / report.callbacks:.2f}" if report.callbacks else "-"


def _share(share: Share) -> dict[str, str]:
    return {
        "rate": f"{share.rate:.1%}",
        "low": f"{share.low:.1%}",
        "high": f"{share.high:.1%}",
        "hits": f"{share.hits:,}",
        "n": f"{share.n:,}",
    }
