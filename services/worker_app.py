"""The app in which the worker's tasks are registered, and how patiently most are tried again."""

from __future__ import annotations

from typing import Final

from procrastinate import App, PsycopgConnector

from services.patience import Patience

APP: Final = App(connector=PsycopgConnector())
PATIENT: Final = Patience()
