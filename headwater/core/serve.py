"""The web server: granian with one ASGI application for pages, API, collector and live updates."""

from __future__ import annotations

import ctypes
import os
import socket
import sys
import time

PR_SET_PDEATHSIG = 1


def port_in_use(host: str, port: int) -> bool:
    """Whether somebody listens on the address already."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host if host != "0.0.0.0" else "127.0.0.1", port)) == 0


def free_port() -> int:
    """A port of this machine on which nobody listens at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end_with_parent(number: int) -> None:
    """Ask the kernel to send this process a signal when its parent is gone (Linux; elsewhere nothing happens)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)


def serve(host: str, port: int, processes: int = 1) -> int:
    """Serve until a signal ends it. Returns the exit status; 1 where the port is taken."""
    patience = time.monotonic() + 3  # a process that was killed a moment ago may still be letting go of it
    while (taken := port_in_use(host, port)) and time.monotonic() < patience:
        time.sleep(0.1)
    if taken:
        print(
            f"headwater: port {port} on {host} is in use. Stop what listens there, or choose another one: "
            f"--port {port + 1} (or HEADWATER_PORT).",
            file=sys.stderr,
        )
        return 1
    # Connections are pooled per process: a thread serves one request and is gone.
    os.environ["HEADWATER_POOL"] = "1"
    from granian import Granian
    from granian.constants import Interfaces, Loops
    from granian.log import LogLevels

    Granian(
        "headwater.web.asgi:application",
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        loop=Loops.uvloop,
        workers=processes,
        respawn_failed_workers=True,
        backlog=2048,
        log_access=False,
        log_level=LogLevels.warning,
        workers_kill_timeout=10,
    ).serve()
    return 0
