"""The engine: sets of people walk through journeys, a step at a time, in one transaction for a batch.

base     what a step is, and its registry         graph    a published graph made ready, and what is wrong with one
fields   settings of steps                        batch    what a transaction has to write, written at its end
walk     advance: run steps until all wait        deciding conditions of branches and waits
"""

from .base import GO, STEPS, Context, Outcome, Step, Traveller, step
from .batch import Batch
from .walk import advance

__all__ = ["GO", "STEPS", "Batch", "Context", "Outcome", "Step", "Traveller", "advance", "step"]
