"""Cells that a spreadsheet may open without running anything."""

_STARTS = ("=", "+", "-", "@", "\t", "\r")


def defused(cell: str) -> str:
    """Return `cell` so that no spreadsheet takes it for a formula (CSV injection, OWASP)."""
    return f"'{cell}" if cell.startswith(_STARTS) else cell
