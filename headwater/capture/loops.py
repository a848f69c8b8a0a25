"""What the worker calls again and again for capture."""

from __future__ import annotations

from headwater.core.registry import Loop, loops

from . import sequencer

loops.add("capture.sequencer", Loop("capture.sequencer", sequencer.run_once, order=100))
loops.add("capture.prune", Loop("capture.prune", sequencer.prune, order=30, thread="housekeeping", every=600))
