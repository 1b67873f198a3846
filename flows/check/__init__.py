"""The linter of surveys: everything that is wrong, all at once, each with its place."""

from flows.check.linter import check, check_file

__all__ = ["check", "check_file"]
