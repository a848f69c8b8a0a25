"""The embedded server: start, stop, crash, and refusals that say what to do."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from headwater.core import embedded
from headwater.core.binaries import EmbeddedError, brings, source
from headwater.core.embedded import GIB, MIB, Embedded, log_room, memory, rooms, socket_dir


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """A durable server of its own (fsync on), in a folder that a system user can reach."""
    folder = tmp_path_factory.mktemp("embedded")
    for part in (folder, *folder.parents[:3]):
        if os.geteuid() == 0:
            part.chmod(part.stat().st_mode | 0o011)
    server = Embedded(folder, {"shared_buffers": "32MB"})
    yield server
    server.stop()


def answer(server: Embedded, sql: str) -> object:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        row = connection.execute(sql).fetchone()
        return row[0] if row else None


def test_it_starts_once_and_is_adopted_after_that(server: Embedded) -> None:
    assert server.start() is True
    assert Embedded(server.data_dir).start() is False
    assert answer(server, "SELECT 1") == 1
    assert int(str(answer(server, "SHOW server_version_num"))) >= 150000
    assert answer(server, "SHOW listen_addresses") == ""


def test_what_was_committed_survives_kill_9(server: Embedded) -> None:
    server.start()
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("TRUNCATE kept")
        connection.execute("INSERT INTO kept SELECT generate_series(1, 1000)")
    pid = server.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while server.pid() is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert server.start() is True
    assert answer(server, "SELECT count(*) FROM kept") == 1000


def test_starting_while_the_last_one_is_still_stopping_waits_for_it(server: Embedded) -> None:
    server.start()
    pid = server.pid()
    assert pid is not None
    os.kill(pid, signal.SIGINT)  # a fast stop, as Ctrl+C and `make demo` again at once
    assert server.start() is True
    assert server.pid() != pid
    assert answer(server, "SELECT 1") == 1


def test_it_stops_and_starts_again(server: Embedded) -> None:
    server.start()
    server.stop()
    assert server.pid() is None
    server.stop()
    assert server.start() is True


def test_another_version_s_directory_is_refused_with_what_to_do(server: Embedded) -> None:
    server.start()
    server.stop()
    version = server.pgdata / "PG_VERSION"
    ours = version.read_text()
    version.write_text("14\n")
    try:
        with pytest.raises(EmbeddedError, match=r"was made by PostgreSQL 14; this is PostgreSQL \d+"):
            server.start()
    finally:
        version.write_text(ours)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_another_user_s_directory_is_refused_with_what_to_do(server: Embedded) -> None:
    server.start()
    server.stop()
    owner = server.pgdata.stat()
    os.chown(server.pgdata, 54321, 54321)
    try:
        with pytest.raises(EmbeddedError, match="belongs to user id 54321, which this machine does not know"):
            server.start()
    finally:
        os.chown(server.pgdata, owner.st_uid, owner.st_gid)


def test_a_directory_that_is_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "holiday.jpg").write_text("not a database")
    with pytest.raises(EmbeddedError, match="is not empty and not a PostgreSQL data directory"):
        Embedded(tmp_path).start()
    assert (tmp_path / "postgres" / "holiday.jpg").read_text() == "not a database"


def test_a_folder_without_binaries_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWATER_PG_BIN", str(tmp_path))
    with pytest.raises(EmbeddedError, match=r"HEADWATER_PG_BIN is .*, but there is no `postgres` in it"):
        Embedded(tmp_path / "data").start()


def test_a_long_path_gets_a_short_socket() -> None:
    short = Path("/srv/headwater")
    assert socket_dir(short) == short / "run"
    long = Path("/" + "x" * 100)
    assert len(str(socket_dir(long))) < 60
    assert socket_dir(long) == socket_dir(long) != socket_dir(Path("/" + "y" * 100))


def test_the_write_ahead_log_takes_a_tenth_of_the_free_disk_within_bounds() -> None:
    assert [log_room(free * GIB) for free in (0, 5, 10, 30, 80, 4000)] == [
        "1024MB", "1024MB", "1024MB", "3072MB", "8192MB", "8192MB",
    ]  # fmt: skip


def test_pages_take_a_quarter_of_the_memory_within_bounds() -> None:
    assert [rooms(n)["shared_buffers"] for n in (256 * MIB, 2 * GIB, 24 * GIB, 256 * GIB)] == [
        "128MB", "512MB", "6144MB", "8192MB",
    ]  # fmt: skip
    assert rooms(2 * GIB)["effective_cache_size"] == "1536MB"
    assert 0 < memory() <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_a_container_has_the_memory_that_it_may_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "CGROUP", tmp_path)
    machine = memory()
    (tmp_path / "memory.max").write_text("max\n")  # without a limit
    assert memory() == machine
    (tmp_path / "memory.max").write_text(f"{192 * MIB}\n")
    assert memory() == 192 * MIB


def test_it_reads_again_after_a_start_what_was_in_use(server: Embedded) -> None:
    server.start()
    assert answer(server, "SHOW shared_preload_libraries") == "pg_prewarm"
    server.stop()
    noted = (server.pgdata / "autoprewarm.blocks").read_text()
    assert noted.startswith("<<")  # how many pages, then a line for each
    assert [brings(source(), name) for name in ("pg_prewarm", "nothing_of_the_kind")] == [True, False]
