"""What the sign-in service's routes are given at the start."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from services.identity.server import SignInServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from db.engines import Databases
    from db.keyring import Keyring
    from db.settings import Settings


@dataclass(frozen=True)
class SignInContext:
    """Databases and keys of the role `portal_web`, the settings, and what tells the time."""

    databases: Databases
    keyring: Keyring
    settings: Settings
    clock: Callable[[], datetime]

    @cached_property
    def server(self) -> SignInServer:
        """Return the OpenID Connect provider, made once."""
        return SignInServer(self.settings)

    def cookie(self, name: str) -> str:
        """Return a cookie's name: bound to this very host wherever there is TLS."""
        return f"__Host-{name}" if self.settings.secure else name
