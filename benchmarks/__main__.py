"""All benchmarks by one command: ``make bench`` (or ``python -m benchmarks [NAME ...]``).

Each module here has ``run() -> dict`` with its figures and ``TARGETS``: figure -> ("<=" or ">=",
value). Results are printed as a table and written as JSON to benchmarks/results/. These are
measurements, not tests: a machine that is busy gives other figures.
"""

import argparse
import importlib
import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

NAMES = (
    "engine",
    "importing",
    "claims",
    "claim_to_invite",
    "dry_run",
    "pick_up",
    "recognition",
    "sip_load",
    "speech_latency",
    "texting",
    "bad_line_keys",
    "voice_activity",
    "voices",
    "webhooks",
    "talk_off",
)
RESULTS = Path(__file__).parent / "results"


def machine() -> dict[str, object]:
    """Describe the machine that the figures come from."""
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], help="default: all")
    chosen = parser.parse_args().names or NAMES
    RESULTS.mkdir(exist_ok=True)
    table = Table("benchmark", "figure", "value", "target", "reached")
    for name in chosen:
        module = importlib.import_module(f"benchmarks.{name}")
        figures: dict[str, object] = module.run()
        (RESULTS / f"{name}.json").write_text(
            json.dumps({"machine": machine(), "figures": figures}, indent=2, default=str), "utf-8"
        )
        targets: dict[str, tuple[str, float]] = getattr(module, "TARGETS", {})
        for figure, value in figures.items():
            if isinstance(value, dict | list):
                continue
            sign, bound = targets.get(figure, ("", 0.0))
            reached = ""
            if sign and isinstance(value, int | float):
                reached = "yes" if (value <= bound if sign == "<=" else value >= bound) else "NO"
            shown = f"{value:,.2f}" if isinstance(value, float) else str(value)
            table.add_row(name, figure, shown, f"{sign} {bound:g}" if sign else "", reached)
    Console().print(table)
    Console().print(f"JSON: {RESULTS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
