"""Which provider signs in whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.settings import Settings
from services.sign_in_settings import provider_settings

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://id.example.kr/.well-known/openid-configuration"


def test_the_built_in_service_is_the_default(tmp_path: Path) -> None:
    auth = provider_settings(Settings(var=tmp_path))
    assert auth["redirect_uri"] == "http://localhost:8501/oauth2callback"
    assert {auth[n]["client_id"] for n in ("member", "verify", "staff")} == {
        "portal-member",
        "portal-verify",
        "portal-staff",
    }
    assert auth["verify"]["authorize_params"]["max_age"] == "0"
    assert auth["verify"]["client_kwargs"]["prompt"] == "login"
    again = auth["staff-verify"]
    assert (again["client_id"], again["authorize_params"]["max_age"]) == ("portal-staff", "0")
    assert auth == provider_settings(Settings(var=tmp_path))
    assert (tmp_path / "secrets/cookie").stat().st_mode & 0o077 == 0


def test_verification_is_a_fresh_sign_in_where_only_members_have_a_provider(tmp_path: Path) -> None:
    auth = provider_settings(
        Settings(
            var=tmp_path, member_metadata_url=URL, member_client_id="c", member_client_secret="s"
        )
    )
    assert auth["verify"]["server_metadata_url"] == URL
    assert auth["verify"]["client_id"] == "c"
    assert auth["verify"]["authorize_params"] == {"prompt": "login", "max_age": "0"}
    assert auth["member"]["client_kwargs"]["scope"] == "openid email"
    assert auth["staff"]["client_id"] == "portal-staff"


def test_a_provider_that_proves_identity_verifies(tmp_path: Path) -> None:
    auth = provider_settings(
        Settings(var=tmp_path, verify_metadata_url=URL, verify_client_id="v", verify_acr="high")
    )
    assert auth["verify"]["authorize_params"]["acr_values"] == "high"
    assert auth["member"]["client_id"] == "portal-member"
