"""Rows of a number of ids, however many: one parameter, and the same statement every time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ARRAY, Uuid, any_, literal

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from sqlalchemy import Column, ColumnElement


def among(column: Column[UUID] | ColumnElement[UUID], ids: Collection[UUID]) -> ColumnElement[bool]:
    """Return the condition that a column holds one of these ids."""
    return column == any_(literal(list(ids), ARRAY(Uuid)))
