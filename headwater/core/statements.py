"""How many statements a connection keeps prepared.

psycopg keeps a hundred, and forgets the one that was used longest ago. A pass of the worker has some hundred and fifty:
with a hundred nearly all of them would be planned anew each time, which costs more than running them.
"""

from __future__ import annotations

from psycopg._preparing import PrepareManager  # a connection has the setting, but only once it is made

KEPT = 1000


def install() -> None:
    """For every connection made from now on."""
    PrepareManager.prepared_max = KEPT
