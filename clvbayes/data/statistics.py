"""What any statistics are that a model can be fitted to."""

from datetime import date
from typing import Any, Protocol

import pandas as pd

__all__ = ["Statistics"]


class Statistics(Protocol):
    """Sufficient statistics, one row each of what is `counted`: `Customers` or `Renewals`."""

    @property
    def counted(self) -> str:
        """What has a row, in words: "customers" or "contracts"."""
        ...

    @property
    def segments(self) -> pd.DataFrame:
        """One text column a segment, by row: what coordinates can be pooled over."""
        ...

    @property
    def until(self) -> date | None:
        """Last day of observation."""
        ...

    @property
    def facts(self) -> dict[str, Any]:
        """What a fit writes down of its statistics."""
        ...

    @property
    def frames(self) -> tuple[pd.DataFrame | None, ...]:
        """All that models see."""
        ...

    def __len__(self) -> int: ...
