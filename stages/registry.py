"""Registry of all pipelines."""

from stages.digits.pipeline import PIPELINE as DIGITS
from stages.figures.pipeline import PIPELINE as FIGURES
from stages.imbalance.pipeline import PIPELINE as IMBALANCE

PIPELINES = (FIGURES, DIGITS, IMBALANCE)
