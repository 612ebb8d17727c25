"""Serves one script as the portal serves its own: `python -m bench.constants SCRIPT`."""

from __future__ import annotations

import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import streamlit as st

import app
from db.settings import settings
from pages.http import warm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def _lifespan(_app: st.App) -> AsyncIterator[None]:
    warm.warm()
    yield


if __name__ == "__main__":
    chosen = settings()
    app.listen(st.App(sys.argv[1], middleware=app.middleware(chosen), lifespan=_lifespan), chosen)
