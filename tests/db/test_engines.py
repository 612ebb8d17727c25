"""A server of the operator's own, instead of the embedded one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from db import embedded, engines, migrate
from db.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


def test_a_server_of_ones_own_is_used_by_its_addresses(own_folder: Path, tmp_path: Path) -> None:
    # Not the shared cluster: migrating sets the roles' passwords.
    cluster = embedded.start(own_folder, durable=False)
    data, keys = (
        cluster.url("postgres", cluster.password, name).set(drivername="postgresql")
        for name in ("own", "own_keys")
    )
    chosen = Settings(
        var=tmp_path,
        database_url=data.render_as_string(hide_password=False),
        keys_database_url=keys.render_as_string(hide_password=False),
    )
    addresses = engines.find(chosen)
    migrate.upgrade(addresses)
    web = engines.connect(addresses.roles["portal_web"])
    with web.data.connect() as one, web.keys.connect() as other:
        found = [
            c.execute(text("select current_user, current_database()")).one() for c in (one, other)
        ]
    web.dispose()
    assert [tuple(row) for row in found] == [("portal_web", "own"), ("portal_web", "own_keys")]


def test_role_passwords_are_the_chosen_ones_or_kept_in_a_private_file(tmp_path: Path) -> None:
    made = engines.role_passwords(tmp_path, {"portal_web": "chosen", "portal_work": ""})
    assert made["portal_web"] == "chosen"
    assert made["portal_work"] == engines.role_passwords(tmp_path)["portal_work"]
    kept = tmp_path / "secrets" / "portal_work"
    assert kept.read_text() == made["portal_work"]
    assert kept.stat().st_mode & 0o077 == 0
