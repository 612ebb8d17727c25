"""The worker's tasks, one subject a file. Whoever imports one registers them all."""

from __future__ import annotations

from services.tasks import cases, exports, family, members, messages, periodic

__all__ = ["cases", "exports", "family", "members", "messages", "periodic"]
