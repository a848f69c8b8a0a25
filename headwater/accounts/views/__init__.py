"""Pages: what users set for themselves (profile.py), what administrators set (admin.py)."""

from __future__ import annotations
