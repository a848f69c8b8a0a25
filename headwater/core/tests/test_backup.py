"""The file of a backup: whole or refused."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from headwater.core.backup import commands
from headwater.core.backup.archive import PART, BackupError, Writer, parts, verify
from headwater.core.backup.dump import Database

MANIFEST = b'{"product": "headwater", "format": 1, "release": "0.1.0"}'


def write(path: Path, manifest: bytes = MANIFEST) -> None:
    (path.parent / "logo.svg").write_bytes(b"<svg/>")
    with Writer(path) as writer:
        writer.add("manifest.json", manifest)
        assert writer.add_stream("database/", io.BytesIO(b"a" * (PART + 5))) == PART + 5
        writer.add_file("media/logo.svg", path.parent / "logo.svg")
        writer.add_file("media/gone.svg", path.parent / "gone.svg")
        assert writer.finish() == path.stat().st_size


def test_what_is_written_is_read_again_part_by_part(tmp_path: Path) -> None:
    path = tmp_path / "a.backup"
    write(path)
    assert verify(path) == {"product": "headwater", "format": 1, "release": "0.1.0"}
    assert [(name, len(content.read())) for name, content in parts(path)][:-1] == [
        ("manifest.json", len(MANIFEST)), ("database/000000", PART), ("database/000001", 5), ("media/logo.svg", 6),
    ]  # fmt: skip
    assert (path.stat().st_mode & 0o777, sorted(p.name for p in tmp_path.iterdir())) == (
        0o600, ["a.backup", "logo.svg"],
    )  # fmt: skip


def test_a_file_that_is_not_whole_is_refused_with_why(tmp_path: Path) -> None:
    path = tmp_path / "a.backup"
    write(path)
    whole = path.read_bytes()
    for content, why in (
        (whole[: len(whole) // 2], "is cut off"),
        (whole[: len(whole) - 12_000], "is cut off"),
        (whole.replace(b"<svg/>", b"<SVG/>"), "is damaged: media/logo.svg is not what was written"),
        (b"hello", "is not a backup of Headwater"),
    ):
        path.write_bytes(content)
        with pytest.raises(BackupError, match=why):
            verify(path)
    write(path, b'{"product": "headwater", "format": 2, "release": "9.0.0"}')
    with pytest.raises(BackupError, match=r"made by a newer release \(9.0.0\)"):
        verify(path)
    write(path, b'{"product": "another"}')
    with pytest.raises(BackupError, match="is not a backup of Headwater"):
        verify(path)
    with pytest.raises(BackupError, match="There is no file"):
        verify(tmp_path / "none")


def test_a_writer_that_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    with Writer(tmp_path / "a.backup") as writer:
        writer.add("manifest.json", MANIFEST)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_exists_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "a.backup").write_bytes(b"of Monday")
    with pytest.raises(BackupError, match="exists"):
        commands.backup(tmp_path / "a.backup")
    assert (tmp_path / "a.backup").read_bytes() == b"of Monday"


def test_another_database_of_the_same_server_has_the_same_address() -> None:
    here = Database("postgresql://ann:se%40cret@db.example:5433/crm?sslmode=require")
    assert here.named("crm_restoring").url == "postgresql://ann:se%40cret@db.example:5433/crm_restoring?sslmode=require"
    assert here.settings | {"application_name": ""} == {
        "dbname": "crm", "user": "ann", "password": "se@cret", "host": "db.example", "port": "5433",
        "sslmode": "require", "application_name": "",
    }  # fmt: skip
    assert Database("postgresql://headwater@/headwater?host=/x").named("b").url == "postgresql://headwater@/b?host=/x"
