"""What upper packages add to the audit log: words for their actions and for the fields that these change."""

from __future__ import annotations

from typing import Any

from headwater.core.registry import Registry

#: action ("stage.archived") -> what the audit log calls it; without one it stands as it is
audit_words: Registry[Any] = Registry("words of the audit log")
#: field ("rot_days") -> what the audit log calls it
audit_fields: Registry[Any] = Registry("field of the audit log")
