"""Bring the Korean catalogue up to date: new messages are added, dead ones dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services import catalogue

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(_parser: ArgumentParser) -> None:
    """Declare the command's arguments: none."""


def run(_chosen: Namespace) -> None:
    """Update the catalogue in place."""
    catalogue.update()
