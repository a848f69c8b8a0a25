#!/usr/bin/env python
"""Django's own entry, for editors and tools that look for it. People use `headwater`."""

import sys

from headwater.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
