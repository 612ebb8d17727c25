"""The embedded server: reachable with a password alone, and hard to break."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from db import embedded
from db import embedded_folders as folders
from tests.folders import folder

if TYPE_CHECKING:
    from collections.abc import Iterator

MINE = folders.Account(os.geteuid(), os.getegid())
TRUSTING = "local all all trust\n"


def ask(server: embedded.Embedded, query: str, **instead: Any) -> Any:  # noqa: ANN401 (a value of any type)
    """Return the first value of the answer to `query`, as the superuser or as `instead` says."""
    who: dict[str, Any] = {
        "user": embedded.SUPERUSER,
        "password": server.password,
        "dbname": "postgres",
    } | instead
    with psycopg.connect(host=str(server.sockets), autocommit=True, **who) as connection:
        cursor = connection.execute(query)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def postmaster(server: embedded.Embedded) -> int:
    return int((server.data / "postmaster.pid").read_text().split()[0])


@pytest.fixture(scope="module")
def pristine() -> Iterator[Path]:
    """The folder of a server made once and stopped: making one takes most of a test's time."""
    with folder() as name:
        var = Path(name) / "var"
        embedded.start(var, durable=False)
        embedded.stop(var)
        yield var


@pytest.fixture
def made(own_folder: Path, pristine: Path) -> Path:
    """A data folder with a server of the test's own in it, made but not running."""
    subprocess.run(["cp", "-a", pristine, own_folder], check=True)  # noqa: S603, S607 (keeps owners)
    return own_folder


@pytest.fixture
def server(made: Path) -> embedded.Embedded:
    return embedded.start(made, durable=False)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that sockets go under."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("password", ["", "wrong"])
@pytest.mark.parametrize("database", ["postgres", "template1"])
def test_nobody_enters_without_the_password(
    cluster: embedded.Embedded, password: str, database: str
) -> None:
    with pytest.raises(psycopg.OperationalError, match=r"password"):
        ask(cluster, "select 1", password=password, dbname=database)


def test_the_url_opens_the_database(cluster: embedded.Embedded) -> None:
    url = cluster.url("someone", "a/b c", "data")
    assert (url.drivername, url.database) == ("postgresql+psycopg", "data")
    assert (url.username, url.password) == ("someone", "a/b c")
    assert url.query["host"] == str(cluster.sockets)


def test_it_listens_on_a_private_socket_alone(cluster: embedded.Embedded) -> None:
    assert ask(cluster, "show listen_addresses") == ""
    assert ask(cluster, "show unix_socket_directories") == str(cluster.sockets)
    for closed in (cluster.sockets, cluster.data):
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert stat.S_IMODE((cluster.sockets / folders.SOCKET).stat().st_mode) == 0o700


def test_it_is_postgresql_18_and_speaks_unicode(cluster: embedded.Embedded) -> None:
    assert ask(cluster, "show server_version").startswith("18.")
    assert ask(cluster, "show server_encoding") == "UTF8"
    assert ask(cluster, "select upper('é') = 'É'")


def test_the_superusers_password_stays_private(own_folder: Path) -> None:
    server = embedded.start(own_folder, durable=False)
    kept = own_folder / "secrets" / "postgres-superuser"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert server.password not in repr(server)
    assert not list(own_folder.glob("postgres.password"))
    assert stat.S_IMODE(own_folder.stat().st_mode) & 0o066 == 0


def test_rules_that_trust_are_repaired_while_it_runs(made: Path) -> None:
    server = embedded.start(made, durable=False)
    (server.data / "pg_hba.conf").write_text(TRUSTING)
    ask(server, "select pg_reload_conf()")
    assert ask(server, "select 1", password="") == 1, "the test itself does not open the server"
    embedded.start(made)
    with pytest.raises(psycopg.OperationalError, match="password"):
        ask(server, "select 1", password="")


def test_settings_put_into_the_data_folder_open_nothing(made: Path) -> None:
    data = embedded.start(made, durable=False).data
    embedded.stop(made)
    (data / "other_hba.conf").write_text(TRUSTING)
    (data / "pg_hba.conf").write_text(TRUSTING)
    with (data / "postgresql.auto.conf").open("a") as file:
        file.write("listen_addresses = '127.0.0.1'\nhba_file = 'other_hba.conf'\n")
    server = embedded.start(made, durable=False)
    assert ask(server, "show listen_addresses") == ""
    with pytest.raises(psycopg.OperationalError, match="password"):
        ask(server, "select 1", password="")


def test_a_second_start_finds_the_first(made: Path) -> None:
    first = embedded.start(made, durable=False)
    before = postmaster(first)
    assert embedded.start(made) == first
    assert postmaster(first) == before
    assert embedded.is_running(made)


def test_two_may_start_it_at_once(own_folder: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: embedded.start(own_folder, durable=False), range(2))
    assert one == other
    assert ask(one, "select 1") == 1


def test_what_is_stored_outlives_a_stop(made: Path) -> None:
    ask(embedded.start(made, durable=False), "create table kept as select 7 as value")
    embedded.stop(made)
    assert not embedded.is_running(made)
    assert ask(embedded.start(made, durable=False), "select value from kept") == 7


def test_what_is_stored_outlives_a_killed_server(made: Path) -> None:
    server = embedded.start(made)
    ask(server, "create table kept as select 7 as value")
    os.kill(postmaster(server), signal.SIGKILL)
    while embedded.is_running(made):
        os.sched_yield()
    assert ask(embedded.start(made), "select value from kept") == 7


@pytest.mark.parametrize("note", ["", f"{os.getpid()}\n", "1\n"], ids=["cut", "ours", "other"])
def test_a_note_of_a_server_long_gone_stops_nothing(made: Path, note: str) -> None:
    data = embedded.start(made, durable=False).data
    embedded.stop(made)
    (data / "postmaster.pid").write_text(note)
    assert ask(embedded.start(made, durable=False), "select 1") == 1


def test_stopping_what_never_started_does_nothing(own_folder: Path) -> None:
    embedded.stop(own_folder)
    assert not own_folder.exists()


def test_a_cut_first_start_is_begun_again(own_folder: Path) -> None:
    half = own_folder / "postgres.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    assert ask(embedded.start(own_folder, durable=False), "select 1") == 1


def test_our_terminals_interrupt_does_not_reach_it(server: embedded.Embedded) -> None:
    assert os.getsid(postmaster(server)) != os.getsid(0)


def test_a_long_path_still_gets_a_short_socket(own_folder: Path) -> None:
    far = own_folder / ("a folder of 80 letters, " * 4)[:80] / ("b" * 80)
    try:
        assert ask(embedded.start(far, durable=False), "select 1") == 1
    finally:
        embedded.stop(far)


def test_a_relative_path_will_do(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own_folder.mkdir()
    monkeypatch.chdir(own_folder.parent)
    server = embedded.start(Path("var"), durable=False)
    assert server.data == own_folder.resolve() / "postgres"


def test_its_log_names_no_value(server: embedded.Embedded, made: Path) -> None:
    ask(server, "create table people (name text primary key)")
    ask(server, "insert into people values ('Hong-Gildong')")
    for broken in (
        "insert into people values ('Hong-Gildong')",
        "select 'Hong-Gildong'::int",
        "select wrong('Hong-Gildong')",
        "do $$ begin perform 'Hong-Gildong'::date; end $$",
    ):
        with suppress(psycopg.Error):
            ask(server, broken)
    embedded.stop(made)
    logged = "".join(file.read_text() for file in (server.data / "log").iterdir())
    assert "ready to accept connections" in logged
    assert "Hong-Gildong" not in logged


def test_a_lost_password_is_said_by_name(made: Path) -> None:
    embedded.start(made, durable=False)
    (made / "secrets" / "postgres-superuser").unlink()
    with pytest.raises(embedded.EmbeddedError, match="postgres-superuser"):
        embedded.start(made)


def test_data_of_another_version_is_refused(made: Path) -> None:
    data = embedded.start(made, durable=False).data
    embedded.stop(made)
    (data / "PG_VERSION").write_text("16\n")
    with pytest.raises(embedded.EmbeddedError, match="PostgreSQL 16"):
        embedded.start(made)
    (data / "PG_VERSION").write_text("18\n")


def test_a_folder_that_cant_be_written_is_said_by_name(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file stands here")
    with pytest.raises(embedded.EmbeddedError, match=r"var can't be written to"):
        embedded.start(tmp_path / "var")


def test_a_socket_folder_of_someone_else_is_refused(temporary: Path) -> None:
    folder = folders.socket_folder(temporary / "data", MINE)
    stranger = folders.Account(MINE.uid + 1, MINE.gid + 1)
    with pytest.raises(folders.EmbeddedError, match=folder.name):
        folders.check_private(folder, stranger)


def test_a_socket_folder_open_to_others_is_refused(temporary: Path) -> None:
    folders.socket_folder(temporary / "data", MINE).chmod(0o710)
    with pytest.raises(folders.EmbeddedError, match="open to others"):
        folders.socket_folder(temporary / "data", MINE)


def test_a_running_servers_socket_folder_is_looked_at_too(
    server: embedded.Embedded, made: Path
) -> None:
    server.sockets.chmod(0o755)
    with pytest.raises(embedded.EmbeddedError, match="open to others"):
        embedded.start(made)


def test_a_link_in_the_socket_folders_place_is_refused(temporary: Path) -> None:
    folder = folders.socket_folder(temporary / "data", MINE)
    folder.rename(temporary / "elsewhere")
    folder.symlink_to(temporary / "elsewhere")
    with pytest.raises(folders.EmbeddedError, match=folder.name):
        folders.socket_folder(temporary / "data", MINE)
