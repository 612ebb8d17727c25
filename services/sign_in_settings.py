"""The `[auth]` section Streamlit signs in with: your providers, or the built-in service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from db.keyring import secret_text
from services.claims import VERIFY_STAFF, Expected
from services.identity.clients import ACR, MEMBER, STAFF, VERIFY, clients, issuer

if TYPE_CHECKING:
    from db.settings import Settings

_WELL_KNOWN = "/.well-known/openid-configuration"
_ANEW = {"prompt": "login", "max_age": "0"}
"""Ask the person again, whatever session the provider has."""


def provider_settings(settings: Settings) -> dict[str, Any]:
    """Return `[auth]` with all providers, for `st.App(secrets=…)`.

    Without a `verify` provider of its own, verification is a fresh sign-in with the members' one.
    Staff are unknown to either: they verify by a fresh sign-in with the staff's own provider.
    """
    own = _built_in(settings)
    member = _given(settings, "member", {"prompt": "select_account"}, "openid email")
    verify = _given(settings, "verify", _verify_params(settings), "openid email")
    again = _again(member, _verify_params(settings))
    staff = _given(settings, "staff", {"prompt": "select_account"}, "openid email")
    return {
        "redirect_uri": f"{settings.address}/oauth2callback",
        "cookie_secret": secret_text(settings.var / "secrets" / "cookie"),
        "member": member or own["member"],
        "verify": verify or again or own["verify"],
        "staff": staff or own["staff"],
        VERIFY_STAFF: _again(staff or own["staff"], _ANEW),
    }


def expected(settings: Settings) -> dict[str, Expected]:
    """Return for each provider what its tokens must say."""
    own = issuer(settings)
    sections = provider_settings(settings)
    return {
        name: Expected(
            sections[name]["client_id"],
            None if sections[name]["server_metadata_url"] == own + _WELL_KNOWN else own,
        )
        for name in ("member", "verify", "staff", VERIFY_STAFF)
    }


def uses_built_in(settings: Settings) -> bool:
    """Return whether any of the three providers is the built-in service."""
    return not (settings.member_metadata_url and settings.staff_metadata_url)


def _section(
    url: str, client: tuple[str, str], params: dict[str, Any], scope: str
) -> dict[str, Any]:
    """Return one provider. `prompt` stands in both places: Streamlit fills the first by itself."""
    return {
        "client_id": client[0],
        "client_secret": client[1],
        "server_metadata_url": url,
        "client_kwargs": {"scope": scope, "prompt": params["prompt"]},
        "authorize_params": params,
    }


def _given(
    settings: Settings, name: str, params: dict[str, Any], scope: str
) -> dict[str, Any] | None:
    url = getattr(settings, f"{name}_metadata_url")
    if not url:
        return None
    client = (getattr(settings, f"{name}_client_id"), getattr(settings, f"{name}_client_secret"))
    return _section(url, client, params, scope)


def _verify_params(settings: Settings) -> dict[str, Any]:
    acr = {"acr_values": settings.verify_acr} if settings.verify_acr else {}
    return _ANEW | acr


def _again(known: dict[str, Any] | None, params: dict[str, Any]) -> dict[str, Any] | None:
    """Return a provider that signs in anew whoever `known` signs in."""
    if known is None:
        return None
    client = (known["client_id"], known["client_secret"])
    return _section(known["server_metadata_url"], client, params, "openid")


def _built_in(settings: Settings) -> dict[str, dict[str, Any]]:
    url = issuer(settings) + _WELL_KNOWN
    registered = clients(settings)
    params: dict[str, tuple[str, dict[str, Any]]] = {
        "member": (MEMBER, {"prompt": "select_account"}),
        "verify": (VERIFY, _ANEW | {"acr_values": settings.verify_acr or ACR}),
        "staff": (STAFF, {"prompt": "select_account"}),
    }
    return {
        name: _section(url, (client_id, registered[client_id].client_secret), wanted, "openid")
        for name, (client_id, wanted) in params.items()
    }
