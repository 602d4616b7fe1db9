"""Customers whose statistics are the same are one row: what a likelihood needs of them, without loss."""

from dataclasses import dataclass, field

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from clvbayes.data.sources import ask

__all__ = ["Columns", "Table"]

Table = dict[str, np.ndarray]


@dataclass(frozen=True)
class Columns:
    """What a likelihood needs of each customer that informs a model: equally long arrays.

    Attributes
    ----------
    keys : dict of numpy.ndarray
        In which customers of one row agree.
    linear : dict of numpy.ndarray
        What the log-likelihood is linear in, given the keys: a row has the mean over its customers.
    """

    keys: Table
    linear: Table = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.keys["cell"])

    def of(self, informs: np.ndarray) -> "Columns":
        """Some customers alone."""
        return Columns(
            {name: column[informs] for name, column in self.keys.items()}, {name: column[informs] for name, column in self.linear.items()}
        )

    def numbered(self) -> tuple[np.ndarray, np.ndarray]:
        """Which of the distinct customers each one is, in sorted order, and the first of each: linear columns tell customers apart too."""
        frame = pd.DataFrame(self.keys | self.linear)
        numbers = frame.groupby(list(frame.columns), sort=True).ngroup().to_numpy(dtype=np.int64)
        return numbers, np.unique(numbers, return_index=True)[1]

    def distinct(self) -> Table:
        """Distinct rows, sorted by their keys, with the number of their customers as `weight`.

        Means are taken over decimals, whose sums are exact, so that the order of customers does not change a digit.
        """
        keys = {f"key_{k}": column for k, column in enumerate(self.keys.values())}
        averaged = {f"mean_{k}": column for k, column in enumerate(self.linear.values())}
        averages = "".join(f", cast(sum(cast({name} as decimal(38, 12))) as double) / count(*) as {name}" for name in averaged)
        sql = f"select {', '.join(keys)}, count(*) as weight{averages} from given group by {', '.join(keys)} order by {', '.join(keys)}"
        with duckdb.connect() as connection:
            found = ask(connection.from_arrow(pa.table(keys | averaged)), "given", sql).fetchnumpy()
        names = dict(zip((*keys, *averaged), (*self.keys, *self.linear), strict=True))
        return {name: np.asarray(found[key]) for key, name in names.items()} | {"weight": found["weight"].astype(float)}
