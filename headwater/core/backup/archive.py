"""The file of a backup: a tar with a manifest first and the sums of all parts last. Without those it is not whole."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

MANIFEST, SUMS, SECRET = "manifest.json", "sums.json", "secret-key"
DATABASE, MEDIA = "database/", "media/"
FORMAT = 1
#: The dump is kept in parts, so that nothing must be known of its length before it is written
PART = 16 << 20


class BackupError(Exception):
    """It cannot be done; the message says why and what to do."""


class Writer:
    """Writes FILE.part, and gives it its name when it is whole and on the disk."""

    def __init__(self, path: Path) -> None:
        self.path, self.part = path, path.with_name(path.name + ".part")
        self.sums: dict[str, str] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.part.unlink(missing_ok=True)
            # The secret key is in it: nobody else may read it.
            self.file = os.fdopen(os.open(self.part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        except OSError as error:
            raise BackupError(f"{self.part} cannot be written: {error.strerror}.") from error
        self.tar = tarfile.open(fileobj=self.file, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115

    def add(self, name: str, content: bytes) -> None:
        self._add(name, io.BytesIO(content), len(content))

    def add_file(self, name: str, path: Path) -> None:
        """A file that is gone meanwhile is left out."""
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return
        with file:
            self._add(name, file, os.fstat(file.fileno()).st_size)

    def add_stream(self, folder: str, stream: IO[bytes]) -> int:
        """All that comes, in parts. Returns the number of bytes."""
        length = number = 0
        while content := stream.read(PART):
            self.add(f"{folder}{number:06d}", content)
            length, number = length + len(content), number + 1
        return length

    def _add(self, name: str, file: IO[bytes], size: int) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        reader = _Summing(file)
        self.tar.addfile(info, reader)
        self.sums[name] = reader.sum.hexdigest()

    def finish(self) -> int:
        """Put it in its place. Returns its size in bytes."""
        self.add(SUMS, json.dumps(self.sums).encode())
        self.tar.close()
        self.file.flush()
        os.fsync(self.file.fileno())
        size = self.file.tell()
        self.file.close()
        self.part.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        return size

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # a full disk has been told already
            self.tar.close()
        with contextlib.suppress(OSError):
            self.file.close()
        self.part.unlink(missing_ok=True)


class _Summing:
    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.sum = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        try:
            content = self.file.read(size)
        except tarfile.ReadError as error:
            raise BackupError("The backup is cut off: it was not written or copied to its end.") from error
        self.sum.update(content)
        return content


def parts(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Every part in order, to be read before the next. Raises BackupError where it is no tar, or cut off."""
    try:
        with tarfile.open(path, mode="r|") as tar:
            for info in tar:
                content = tar.extractfile(info) if info.isfile() else None
                if content is None or info.name.startswith("/") or ".." in Path(info.name).parts:
                    raise BackupError(f"{path} is not a backup of Headwater: it has a part {info.name!r}.")
                yield info.name, content
    except FileNotFoundError as error:
        raise BackupError(f"There is no file {path}.") from error
    except tarfile.ReadError as error:
        raise BackupError(f"{path} is not a backup of Headwater, or is cut off ({error}).") from error
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror or error}.") from error


def verify(path: Path) -> dict[str, Any]:
    """Read all of it and compare the sums. Returns the manifest. Raises BackupError."""
    manifest: dict[str, Any] = {}
    wanted: dict[str, str] = {}
    found: dict[str, str] = {}
    for name, content in parts(path):
        reader = _Summing(content)
        if name in (MANIFEST, SUMS):
            try:
                read = json.loads(reader.read())
            except ValueError as error:
                raise BackupError(f"{path} is damaged: {name} cannot be read.") from error
            if name == SUMS:
                wanted = read
                continue
            manifest = read
        else:
            while reader.read(1 << 20):
                pass
        found[name] = reader.sum.hexdigest()
    if manifest.get("product") != "headwater":
        raise BackupError(f"{path} is not a backup of Headwater.")
    if int(manifest.get("format", 0)) > FORMAT:
        raise BackupError(f"{path} was made by a newer release ({manifest.get('release')}). Upgrade first.")
    if not wanted:
        raise BackupError(f"{path} is cut off: it was not written or copied to its end.")
    if wanted != found:
        wrong = sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name))
        raise BackupError(f"{path} is damaged: {', '.join(wrong[:3])} is not what was written. Take another backup.")
    return manifest
