"""Kinds of step, one a file. Importing the package registers them all."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):  # files whose name begins with _ are helpers
    import_module(f"{__name__}.{_module.name}")
