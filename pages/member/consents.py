"""`/consents`: what I agreed to, advertising, and whom data may be given; each a switch."""

from __future__ import annotations

from pages.components import consents_panel, gate
from services.actor import Permission

actor = gate.member(Permission.CONSENT_CHANGE)
found, said = consents_panel.decided(actor)
consents_panel.panel(actor, found, said)
