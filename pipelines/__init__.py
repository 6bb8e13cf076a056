"""Whole jobs: intake, check, batch, report, command line.

Importing this package is cheap; the reader, pandas and the rest load when a job first needs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__version__ = "0.1.0"

__all__ = ["__version__", "score"]


def score(frame: pd.DataFrame) -> pd.DataFrame:
    """Decide every case of a table; see `pipelines.frames.score_frame` for the columns."""
    from pipelines.frames import score_frame

    return score_frame(frame)
