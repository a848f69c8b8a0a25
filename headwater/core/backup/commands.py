"""What `headwater backup` and `headwater restore` do."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

from headwater import __version__
from headwater.core import clock
from headwater.core.config import config

from .archive import DATABASE, FORMAT, MANIFEST, MEDIA, SECRET, BackupError, Writer, parts
from .dump import Database

#: Where a restore is made ready
RESTORING = "headwater_restoring"


def backup(path: Path) -> str:
    """Write everything into one file, while Headwater runs or not. Returns a sentence. Raises BackupError."""
    if path.is_dir():
        path = path / f"headwater-{clock.now():%Y%m%d-%H%M%S}.backup"
    if path.exists():
        raise BackupError(f"{path} exists. Choose another name, or remove it.")
    here, began = Database(config.database_url or config.embedded_url), time.monotonic()
    facts = here.facts()
    if not facts:
        raise BackupError("There is nothing to back up: this database has no Headwater in it.")
    manifest = {"product": "headwater", "format": FORMAT, "release": __version__, "at": clock.now().isoformat()}
    try:
        files, size = _write(path, here, {**manifest, **facts})
    except OSError as error:
        raise BackupError(f"{path} cannot be written: {error.strerror or error}.") from error
    seconds = time.monotonic() - began
    return f"{path}: {facts['people']:,} people, {files:,} files, {size / 2**20:,.1f} MiB in {seconds:.1f} s."


def _write(path: Path, here: Database, manifest: dict[str, Any]) -> tuple[int, int]:
    """Returns the number of files in it, and its size."""
    with Writer(path) as writer:
        writer.add(MANIFEST, json.dumps(manifest).encode())
        writer.add(SECRET, config.secret_key.encode())
        with here.dumped() as stream:
            writer.add_stream(DATABASE, stream)
        # After the database: each file that it names is there.
        files = sorted(p for p in _media().rglob("*") if p.is_file()) if _media().exists() else []
        for file in files:
            writer.add_file(MEDIA + file.relative_to(_media()).as_posix(), file)
        return len(files), writer.finish()


def restore(path: Path, manifest: dict[str, Any], *, aside: bool, go_on: bool) -> list[str]:
    """Begin again from a backup, of which `verify` has given the manifest.

    aside: an installation that is there is put aside, not refused. go_on: what was about to go out then goes out.
    Everything is loaded, migrated and held beside what is there, which stays as it is until the last step: a restore
    that fails or is killed has changed nothing. Returns lines for the administrator. Raises BackupError."""
    there = Database(config.database_url or config.embedded_url)
    facts = there.facts()
    if facts and not aside:
        raise BackupError(
            f"There is an installation already, with {facts['people']:,} people. --replace puts it aside and takes the "
            "backup instead."
        )
    if there.others():
        raise BackupError("Headwater runs on this database. Stop it (web, workers and all), then try again.")
    fresh, media = there.named(RESTORING), _media().with_name("media.restoring")
    shutil.rmtree(media, ignore_errors=True)
    fresh.make()
    key = _load(path, fresh, media)
    lines = _begin_again(fresh, go_on)
    lines = [f"Restored what was there on {manifest['at'][:16].replace('T', ' ')} UTC.", *lines]
    return [*lines, *_take_place(there, fresh, media, bool(facts)), *_key(key)]


def _media() -> Path:
    return config.data_dir / "media"


def _load(path: Path, fresh: Database, media: Path) -> str:
    """Database and files of the backup. Returns the secret key."""
    key = ""
    with fresh.loading() as pipe:
        for name, content in parts(path):
            if name.startswith(DATABASE):
                shutil.copyfileobj(content, pipe, 1 << 20)
            elif name.startswith(MEDIA):
                place = media / name.removeprefix(MEDIA)
                place.parent.mkdir(parents=True, exist_ok=True)
                with place.open("wb") as file:
                    shutil.copyfileobj(content, file, 1 << 20)
            elif name == SECRET:
                key = content.read().decode()
    return key


def _begin_again(fresh: Database, go_on: bool) -> list[str]:
    """Bring it to this release, and let each package hold what would go out a second time."""
    os.environ["DATABASE_URL"] = config.database_url = fresh.url
    import django

    django.setup()
    from django.db import connection, connections
    from django.db.migrations.loader import MigrationLoader

    from headwater.core.registry import restores
    from headwater.core.setup import NoRoom, upgrade

    try:
        loader = MigrationLoader(connection)
        unknown = sorted(f"{app}.{name}" for app, name in set(loader.applied_migrations) - set(loader.disk_migrations))
        if unknown:
            raise BackupError(f"The backup was made by a newer release ({unknown[-1]} is not known). Upgrade first.")
        upgrade()
        if go_on:
            return []
        return [line for hold in restores for line in hold()]
    except NoRoom as error:
        raise BackupError(str(error)) from error
    finally:
        connections.close_all()


def _take_place(there: Database, fresh: Database, media: Path, filled: bool) -> list[str]:
    mark = f"{clock.now():%Y%m%d%H%M%S}"
    before = f"{there.name}_before_{mark}" if filled else None
    fresh.take_place_of(there, before)
    lines = [f"What was there before is kept as the database {before}."] if before else []
    if _media().exists() and any(_media().iterdir()):
        kept = _media().with_name(f"media.before-{mark}")
        _media().rename(kept)
        lines.append(f"The files that were there before are kept in {kept}.")
    elif _media().exists():
        _media().rmdir()
    if media.exists():
        media.rename(_media())
    return lines


def _key(key: str) -> list[str]:
    """Links in mails that are out are signed with the key of then: it comes back too."""
    if os.environ.get("HEADWATER_SECRET_KEY", "").strip():
        if config.secret_key == key:
            return []
        return ["HEADWATER_SECRET_KEY is not the key of the backup: links in mails that went out before will not work."]
    path = config.data_dir / "secret-key"
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(key)
    return []
