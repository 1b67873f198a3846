"""The names that stand beside a case: its unit, officer and branch, where it has them."""

from typing import Any, TypeVar

from sqlalchemy import Select

from storage.schema import Branch, Case, Officer, Unit

NAMES = (Unit.name.label("unit"), Officer.name.label("officer"), Branch.name.label("branch"))
"""Columns of a query; NULL where the case has none."""

Query = TypeVar("Query", bound=Select[*tuple[Any, ...]])


def with_names(query: Query) -> Query:
    """Join unit, officer and branch to a query over cases."""
    return (
        query.outerjoin(Unit, Unit.id == Case.unit_id)
        .outerjoin(Officer, Officer.id == Case.officer_id)
        .outerjoin(Branch, Branch.id == Case.branch_id)
    )
