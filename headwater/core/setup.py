"""What a fresh or upgraded database needs beside its tables."""

from __future__ import annotations


def after_migrate() -> None:
    """Partitions of the log, a position for every consumer, the workspace, rules for scores. Safe to run again."""
    from django.utils.module_loading import import_string

    for path in ("headwater.timeline.partitions.ensure", "headwater.timeline.actions.ensure_consumers"):
        import_string(path)()
    import_string("headwater.accounts.actions.ensure_workspace")()
    import_string("headwater.audience.actions.ensure_defaults")()
