"""The clock of today is the identity, there and back."""

import numpy as np

from clvbayes.models.clock import STEADY


def test_operational_time_is_calendar_time() -> None:
    T, start, stop = np.array([50.0, 4.0]), np.array([3.0, 0.0]), np.array([10.5, 4.0])
    elapsed = STEADY.elapsed(T, start, stop)
    assert elapsed.tolist() == [7.5, 4.0]
    assert np.array_equal(STEADY.ahead(elapsed), elapsed)
