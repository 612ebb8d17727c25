"""What is made ready before the first visitor comes."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from streamlit.runtime import runtime

from pages.http import warm

if TYPE_CHECKING:
    import pytest


def test_the_step_in_which_streamlit_sends_is_there_to_be_shortened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Fails when a new Streamlit names it otherwise: then pages would be late again, silently."""
    monkeypatch.setattr(runtime, "MESSAGE_FLUSH_INTERVAL_SECS", 0.005)
    monkeypatch.setattr(gc, "freeze", lambda: None)
    warm.warm()
    assert vars(runtime)["MESSAGE_FLUSH_INTERVAL_SECS"] == 0.0
    assert "MESSAGE_FLUSH_INTERVAL_SECS" in runtime.Runtime._loop_coroutine.__code__.co_names
