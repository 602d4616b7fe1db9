"""Batches of customers hold as much memory each, not as many customers."""

from dataclasses import dataclass

import numpy as np
import pytest

from clvbayes.valuation import events
from clvbayes.valuation.events import in_order


@dataclass(frozen=True)
class Some:
    ids: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, rows: slice) -> "Some":
        return Some(self.ids[rows])


@pytest.mark.parametrize(
    ("memory", "expected"),
    [
        ([1, 1, 1, 1, 1], [2, 2, 1]),
        ([1, 1, 2, 1, 1], [2, 1, 2]),
        ([50, 1, 1, 50, 1], [1, 2, 1, 1]),  # whoever needs more than a batch may have stands alone
        ([0.5, 0.5, 1, 1], [3, 1]),
    ],
)
def test_batches_are_of_as_much_memory_and_in_order(memory, expected, monkeypatch) -> None:
    monkeypatch.setattr(events, "CELLS_AT_ONCE", 20)
    done = list(in_order(lambda _, some: some.ids.tolist(), 10, Some(np.arange(len(memory))), np.array(memory, dtype=float)))
    assert [len(ids) for _, ids in done] == expected
    assert [k for _, ids in done for k in ids] == list(range(len(memory)))
    assert all(list(range(rows.start, rows.stop)) == ids for rows, ids in done)


def test_nobody_is_no_batch() -> None:
    assert list(in_order(lambda _, some: some, 10, Some(np.zeros(0)), np.zeros(0))) == []
