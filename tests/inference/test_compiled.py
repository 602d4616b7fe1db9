"""Code that was just compiled and code from the cache give the same bytes."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
import numpy as np
import pytensor
import pytensor.tensor as pt
from clvbayes.inference import compiled
from clvbayes.models.special import log_rising
from clvbayes.models.square_root import posterior_root

x = pt.vector("x")
a, b, c = pt.exp(x[::3]), pt.exp(x[1::3]), pt.exp(x[2::3])
value = (log_rising(a, b, maths=pt) - log_rising(a + c, b, maths=pt) - pt.log1p(c / a) * b + pt.softplus(x[::3])).sum()
root, log_volume = posterior_root(a[:5], x[:60].reshape((3, 5, 4)))
value = value + (root**3).sum() + log_volume
found = compiled.compile_graph([x], [value, pytensor.grad(value, x)])
at = np.random.default_rng(1).normal(size=300)
value, gradient = found.call(at)
print(np.asarray(value).tobytes().hex() + gradient.tobytes().hex(), sum(found.call.stats.cache_hits.values()))
"""


def test_the_first_use_on_a_machine_gives_the_bytes_of_later_ones(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTENSOR_FLAGS": f"base_compiledir={tmp_path}"}
    runs = [
        subprocess.run([sys.executable, "-c", SCRIPT], env=environment, check=True, capture_output=True, text=True).stdout.split()
        for _ in range(2)
    ]
    assert [hits for _, hits in runs] == ["0", "1"]
    assert runs[0][0] == runs[1][0]
