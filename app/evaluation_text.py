"""What an evaluation found, for people to read."""

from collections.abc import Iterator

from rich.table import Table

from core.catalogue import text
from speech.evaluation.report import Report
from speech.evaluation.scoring import Confusion, Share

MOST_MISSES = 20


def parts(report: Report, language: str) -> Iterator[Table | str]:
    """Return the tables and lines of a report, in order."""
    evaluated = report.evaluated
    yield text("evaluation-heading", language, folder=evaluated.folder, n=len(evaluated.recordings))
    if evaluated.head.synthetic:
        yield text("evaluation-synthetic", language, how=evaluated.head.synthetic)
    if done := report.augmentation.described():
        how = ", ".join(f"{name}={value}" for name, value in done.items())
        yield text("evaluation-augmented", language, how=how)
    if report.over_sip:
        yield text("evaluation-over-sip", language, n=report.facts["calls"])
    yield confusion(report.confusion, language)
    yield _shares(report, language)
    if report.sweep:
        yield _sweep(report, language)
    if report.groups:
        yield _groups(report.groups, language)
    for target in report.targets:
        found = text(f"evaluation-{'reached' if target.reached else 'missed'}", language)
        heading = text("evaluation-target", language)
        yield f"{heading}: {text(f'evaluation-{target.name}', language)}: {found}"
    if report.misses:
        yield text("evaluation-misses", language, n=len(report.misses), most=MOST_MISSES)
        for miss in report.misses[:MOST_MISSES]:
            yield f"  {miss.file}: {miss.label} -> {miss.result} {miss.detail}".rstrip()


def confusion(matrix: Confusion, language: str) -> Table:
    """Return what was there (rows) against what was heard (columns); nothing is a dot."""
    rows = matrix.rows()
    used = [place for place in range(len(matrix.results)) if any(row[place] for _, row in rows)]
    table = Table(text("evaluation-label", language))
    for place in used:
        table.add_column(matrix.results[place], justify="right")
    for label, counts in rows:
        table.add_row(label, *(str(counts[place] or "·") for place in used))
    return table


def percent(share: Share) -> tuple[str, str, str]:
    """Return a share, its interval and its n in words."""
    if share.value is None:
        return "-", "-", "0"
    low, high = share.interval
    return (
        f"{share.value:.1%}",
        f"{low:.1%} - {high:.1%}",
        f"{share.hits}/{share.n}",
    )


def _shares(report: Report, language: str) -> Table:
    table = Table(text("evaluation-figure", language), text("evaluation-share", language))
    table.add_column(text("evaluation-interval", language))
    table.add_column("n", justify="right")
    for name, share in report.shares.items():
        table.add_row(text(f"evaluation-{name}", language), *percent(share))
    for name, found in report.delays.items():
        if found is not None:
            shown = f"{found.median:.2f} / {found.p95:.2f} / {found.longest:.2f}"
            what = f"{text(f'evaluation-{name}', language)}: "
            table.add_row(what + text("evaluation-seconds", language), shown, "", str(found.n))
    return table


def _sweep(report: Report, language: str) -> Table:
    names = [name for name in report.sweep[0] if name != "sure"]
    table = Table("sure", *(text(f"evaluation-{name}", language) for name in names))
    for row in report.sweep:
        cells = [row[name] for name in names]
        shown = [f"{c['hits']}/{c['n']}" for c in cells if isinstance(c, dict)]
        table.add_row(f"{row['sure']}", *shown)
    return table


def _groups(groups: dict[str, Share], language: str) -> Table:
    table = Table("", text("evaluation-right", language))
    table.add_column(text("evaluation-interval", language))
    table.add_column("n", justify="right")
    for name, share in groups.items():
        table.add_row(name, *percent(share))
    return table
