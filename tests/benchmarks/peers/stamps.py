"""What a contender hands back: a line a stage, with times of the machine's monotonic clock, and its posterior draws.

Runs in the peers' own environments, Python 3.9 and up.
"""

import json
import re
import time
from pathlib import Path

import numpy as np

PEAK = re.compile(r"VmHWM:\s*(\d+) kB")


def stamp(folder, stage, began, draws=None, **remarks):
    """Note that `stage` ran from `began` until now, then write its draws, dims (chain, draw, ...), which is not timed."""
    line = {"stage": stage, "began": began, "ended": time.monotonic(), **remarks}
    if draws is not None:
        np.savez(Path(folder) / f"{stage}.npz", **draws)
    line["peak_mb"] = int(PEAK.search(Path("/proc/self/status").read_text()).group(1)) / 1024
    with open(Path(folder) / "stages.jsonl", "a") as file:
        file.write(json.dumps(line) + "\n")
