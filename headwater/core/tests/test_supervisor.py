"""What listens beside the web in a demo keeps out of another demo's way."""

from __future__ import annotations

import socket

import pytest

from headwater.core.supervisor import elsewhere


def _with_neighbour(above: int) -> tuple[int, socket.socket]:
    """A port of the web whose place so far above it somebody has, and that somebody."""
    other = socket.socket()
    other.bind(("127.0.0.1", 0))
    other.listen()
    return other.getsockname()[1] - above, other


def test_a_port_that_somebody_has_is_given_up_for_a_free_one(monkeypatch: pytest.MonkeyPatch) -> None:
    web, other = _with_neighbour(26)
    with other:
        ports = elsewhere(web)
        assert "HEADWATER_TEXTCATCHER_PORT" in ports
        assert int(ports["HEADWATER_TEXTCATCHER_PORT"]) != web + 26
        monkeypatch.setenv("HEADWATER_TEXTCATCHER_PORT", str(web + 26))  # whoever names one gets that one
        assert "HEADWATER_TEXTCATCHER_PORT" not in elsewhere(web)
    monkeypatch.delenv("HEADWATER_TEXTCATCHER_PORT")
    assert "HEADWATER_TEXTCATCHER_PORT" not in elsewhere(web)
