"""`/leave`: 회원탈퇴. What leaving today would do, then one confirmation, then the certificate."""

from __future__ import annotations

from pages.components import gate, leave_panel
from services.actor import Permission

actor = gate.member(Permission.ACCOUNT_LEAVE)
leave_panel.panel(actor)
