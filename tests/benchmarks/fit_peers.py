"""How long from the start of a process to the posteriors of purchases and spend, beside pymc-marketing and lifetimes?

    python3.13 -m venv PYMC
    PYMC/bin/pip install "pymc-marketing==1.3.*" nutpie numpyro pyarrow
    python3.9 -m venv LIFETIMES
    LIFETIMES/bin/pip install "lifetimes==0.11.3" "numpy<1.24" "pandas<1.6" "scipy<1.11" pyarrow
    .venv/bin/python tests/benchmarks/fit_peers.py --pymc-marketing PYMC/bin/python --lifetimes LIFETIMES/bin/python

Three bases, each an RFM frame in weeks, with daily times:

- cdnow: all 23,570 customers of CDNOW in their first 39 weeks, from the file in the wheel of lifetimes; the segment, over which clvbayes
  pools, is the month of the first order;
- segments: 100,000 simulated customers in eight segments of different parameters, observed for 1 to 156 weeks;
- large: 942,800 customers simulated from the maxima that are published for the sample of CDNOW, acquired in 12 weeks, observed until week
  39, without segments. (Copies of real customers would be exact duplicates, which favour clvbayes.)

Contenders run one at a time, each run a fresh process that reads the frame from a Parquet file. Before them, each has run once on data of
the same size from another seed (pymc-marketing with 25 draws; lifetimes, which compiles nothing, on 2,000 customers), so that imports and
compile caches are warm; every package has a compile cache of its own, in a temporary folder. A run is repeated until it has had three goes
or two minutes, and the median by time is shown. pymc-marketing samples with its default priors and settings (4 chains, 1,000 draws after
1,000 for tuning), by PyMC's own NUTS, which is the default where nothing else is installed, by nutpie, the default where that is installed,
and if asked by numpyro; it has no hierarchy. Whatever takes ten minutes is stopped.

Printed for each base: seconds from the start of the process until both posteriors are there (ours with their certificates), seconds of
all processors, which a busy machine disturbs less, and seconds of each fit by itself; the smallest bulk effective sample size over all
parameters of a model; the smaller of the two over the seconds from the start; the peak memory of all processes (pages shared between them
count once); ratios; and the pooled posteriors side by side. All see spend as means.
"""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import arviz_stats
import numpy as np
import pandas as pd
import xarray as xr

sys.path.insert(0, str(Path(__file__).parents[1]))
from made_up_statistics import segmented_frame, simulate

PEERS = Path(__file__).parent / "peers"
CDNOW_UNTIL = pd.Timestamp("1997-09-30")
SAMPLE_MAXIMA = {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614, "p": 6.25, "q": 3.74, "v": 15.44}  # peers.md 4.1
SIZES = {"cdnow": 23_570, "segments": 100_000, "large": 942_800}
SEGMENTS = 8
GOES, GO_ON_FOR = 3, 120.0
WARM_UP_DRAWS = "25"
OURS, PYMC, LIFETIMES = "clvbayes", "pymc-marketing", "lifetimes"


@dataclass(frozen=True)
class Contender:
    """A package in one of its ways to fit."""

    package: str
    way: str
    python: str
    arguments: tuple[str, ...]
    warm_up: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return f"{self.package}, {self.way}"


@dataclass(frozen=True)
class Run:
    """One go of a contender: stages, draws by stage, seconds until the last posterior or the stop, seconds of all processors, memory."""

    contender: Contender
    stages: dict[str, dict]
    draws: dict[str, dict[str, np.ndarray]]
    seconds: float
    cpu: float
    peak_mb: float
    trouble: str

    def ess(self, stage: str) -> float:
        """The smallest bulk effective sample size over the parameters of a stage that vary."""
        draws = self.draws.get(stage, {})
        moving = {name: values for name, values in draws.items() if np.ptp(values) > 0}
        if not moving or next(iter(moving.values())).shape[1] < 2:
            return float("nan")
        dims = {name: ("chain", "draw", *(f"{name}_{k}" for k in range(values.ndim - 2))) for name, values in moving.items()}
        sizes = arviz_stats.ess(xr.Dataset({name: (dims[name], values) for name, values in moving.items()}), method="bulk")
        return min(float(size.min()) for size in sizes.data_vars.values())


def read_cdnow(file: Path, customers: int) -> pd.DataFrame:
    """CDNOW's first 39 weeks as an RFM frame, orders of one day as one; of fewer customers, every so-manieth."""
    orders = pd.read_csv(file, sep=r"\s+", header=None, names=["customer_id", "date", "quantity", "amount"], dtype=str)
    orders = orders[orders["date"] != "date"].astype({"amount": float})  # the file of the wheel has a headline, the original has none
    orders["date"] = pd.to_datetime(orders["date"], format="%Y%m%d")
    days = orders[orders["date"] <= CDNOW_UNTIL].groupby(["customer_id", "date"])["amount"].sum().reset_index()
    days["first"] = days.groupby("customer_id")["date"].transform("min")
    repeats = days[days["date"] > days["first"]].groupby("customer_id")
    frame = days.groupby("customer_id").agg(first=("date", "min"), last=("date", "max"))
    frame["frequency"] = repeats.size()
    frame["recency"] = (frame["last"] - frame["first"]).dt.days / 7
    frame["T"] = (CDNOW_UNTIL - frame["first"]).dt.days / 7
    frame["monetary_value"] = repeats["amount"].mean()
    frame["segment"] = frame["first"].dt.strftime("%Y-%m")
    frame = frame.drop(columns=["first", "last"]).fillna({"frequency": 0, "monetary_value": 0.0}).astype({"frequency": int}).reset_index()
    return frame.iloc[:: max(1, len(frame) // customers)].head(customers)


def like_cdnow(customers: int, seed: int) -> pd.DataFrame:
    """Customers with the published parameters; the segment is the month of 28 days in which they were acquired."""
    rng = np.random.default_rng(seed)
    acquired = rng.integers(84, size=customers)
    frame = simulate({name: np.full(customers, value) for name, value in SAMPLE_MAXIMA.items()}, 273 - acquired, rng)
    return frame.assign(segment=(acquired // 28).astype(str))


def run(contender: Contender, arguments: tuple[str, ...], frame: Path, caches: Path, limit: float) -> Run:
    """Let a contender fit a frame in a process group of its own, which is ended after `limit` seconds."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        script = PEERS / f"fit_{contender.package.replace('-', '_')}.py"
        environment = {**os.environ, "PYTENSOR_FLAGS": f"base_compiledir={caches / contender.package}", "TMPDIR": made}
        if contender.package != OURS:
            environment.pop("PYTHONPATH", None)
        with open(folder / "output", "w") as output:
            started, cpu = time.monotonic(), cpu_of_children()
            process = subprocess.Popen(
                [contender.python, str(script), str(frame), str(folder), *arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )
            peak, stopped = 0.0, False
            try:
                while process.poll() is None:
                    peak = max(peak, memory_mb(process.pid))
                    time.sleep(0.1)
                    if stopped := time.monotonic() - started > limit:
                        break
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        lines = (folder / "stages.jsonl").read_text().splitlines() if (folder / "stages.jsonl").exists() else []
        stages = {line["stage"]: line for line in map(json.loads, lines)}
        draws = {stage: dict(np.load(folder / f"{stage}.npz")) for stage in stages if (folder / f"{stage}.npz").exists()}
        trouble = f"stopped at {limit:.0f} s" if stopped else ""
        if process.returncode and not stopped:
            trouble = "failed: " + ((folder / "output").read_text().strip().splitlines() or ["no word"])[-1][:200]
        seconds = stages["spend"]["ended"] - started if "spend" in stages else time.monotonic() - started
        peak = max([peak, *(line["peak_mb"] for line in stages.values())])
        return Run(contender, stages, draws, seconds, cpu_of_children() - cpu, peak, trouble)


def cpu_of_children() -> float:
    """Processor seconds of all processes that have ended under this one."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def memory_mb(group: int) -> float:
    """Resident memory of the processes of a group; a page that several of them hold counts once."""
    total = 0
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and int((process / "stat").read_text().rpartition(")")[2].split()[2]) == group:
                total += next(int(line.split()[1]) for line in (process / "smaps_rollup").open() if line.startswith("Pss:"))
        except (FileNotFoundError, ProcessLookupError, PermissionError, StopIteration):
            continue  # it has just ended
    return total / 1024


def goes(contender: Contender, frame: Path, caches: Path, limit: float) -> Run:
    """The median by time of up to three goes; of two, the slower one."""
    runs: list[Run] = []
    while len(runs) < GOES and sum(go.seconds for go in runs) < GO_ON_FOR and not any(go.trouble for go in runs):
        runs.append(run(contender, contender.arguments, frame, caches, limit))
        say(f"  {contender.label}: {runs[-1].seconds:.1f} s, {runs[-1].peak_mb:.0f} MB {runs[-1].trouble}")
    return next((go for go in runs if go.trouble), sorted(runs, key=lambda go: go.seconds)[len(runs) // 2])


def say(text: str) -> None:
    """Tell the person who waits."""
    print(text, file=sys.stderr, flush=True)


def contenders(base: str, asked: argparse.Namespace) -> Iterator[Contender]:
    """Who runs on a base."""
    if base != "large":
        yield Contender(OURS, "hierarchical", sys.executable, ("segment",), ("segment",))
    yield Contender(OURS, "pooled", sys.executable, ())
    if asked.lifetimes:
        for model in ("mbg", "bg"):
            yield Contender(LIFETIMES, f"{model}, maximum likelihood", asked.lifetimes, (model,), (model,))
    if asked.pymc_marketing and base != "large":
        for sampler in asked.samplers:
            for model in asked.purchases:
                way = (model, sampler)
                yield Contender(PYMC, f"{model}, {sampler}", asked.pymc_marketing, way, (*way, WARM_UP_DRAWS))


def measures(run: Run) -> dict[str, object]:
    """A row of the table."""
    took = {stage: line["ended"] - line["began"] for stage, line in run.stages.items()}
    purchases, spend = run.ess("purchases"), run.ess("spend")
    return {
        "contender": run.contender.label,
        "start to posterior, s": run.seconds,
        "CPU, s": np.nan if "stopped" in run.trouble else run.cpu,
        "purchases, s": took.get("purchases", np.nan),
        "spend, s": took.get("spend", np.nan),
        "ESS purchases": purchases,
        "ESS spend": spend,
        "ESS/s": min(purchases, spend) / run.seconds if "spend" in run.stages else np.nan,
        "peak, MB": run.peak_mb,
        "": run.trouble,
    }


def certificate(run: Run, stage: str) -> str:
    """What a fit says of itself."""
    found = run.stages.get(stage, {})
    if "passed" in found:
        verdict = f"certificate {'passed' if found['passed'] else 'FAILED'}; {found['rows']:,} rows; {found['settings']}"
        checks = [f"    {check}" for check in found["checks"] if "[failed]" in check or "k-hat" in check]
        return "\n".join([f"{run.contender.label}, {stage}: {verdict}", *checks, ""])
    return f"{run.contender.label}, {stage}: {found['diverging']} divergences\n" if found.get("diverging") else ""


def ratios(runs: list[Run]) -> pd.DataFrame:
    """Of each peer to each of ours: time over time, ESS/s of ours over theirs, memory over memory."""
    rows = []
    for ours in (run for run in runs if run.contender.package == OURS and "spend" in run.stages):
        for theirs in (
            run for run in runs if run.contender.package != OURS and (run.stages.keys() >= {"spend"} or "stopped" in run.trouble)
        ):
            mine, other = measures(ours), measures(theirs)
            least = "at least " if theirs.trouble else ""
            row = {"ours": ours.contender.way, "peer": theirs.contender.label}
            row["time, theirs/ours"] = f"{least}{theirs.seconds / ours.seconds:.2f}"
            for stage in ("purchases", "spend"):
                row[f"{stage} alone"] = f"{other[f'{stage}, s'] / mine[f'{stage}, s']:.2f}"
            row["ESS/s, ours/theirs"] = f"{mine['ESS/s'] / other['ESS/s']:.1f}"
            row["memory, theirs/ours"] = f"{least}{theirs.peak_mb / ours.peak_mb:.2f}"
            rows.append(row)
    return pd.DataFrame(rows).replace("nan", "-")


def comparable(run: Run) -> dict[str, np.ndarray]:
    """Draws of what all estimate: mean rate, heterogeneity, dropout and mean amount, in coordinates that hardly depend on each other."""
    found: dict[str, np.ndarray] = {}
    purchases, spend = run.draws.get("purchases", {}), run.draws.get("spend", {})
    if "population" in purchases:
        names = ("log(r/alpha)", "log r", "logit(a/(a+b))", "log(a+b)")
        found |= {name: purchases["population"][..., k] for k, name in enumerate(names)}
    elif purchases:
        r, alpha, a, b = (purchases[name] for name in ("r", "alpha", "a", "b"))
        found |= {"log(r/alpha)": np.log(r / alpha), "log r": np.log(r), "logit(a/(a+b))": np.log(a / b), "log(a+b)": np.log(a + b)}
    if "population" in spend:
        mean, within, between = (spend["population"][..., k] for k in range(3))
        found |= {"log(pv/(q-1))": mean, "log p": -2 * within, "log q": np.log(2 + np.exp(-2 * between))}
    elif spend:
        p, q, v = (spend[name] for name in ("p", "q", "v"))
        with np.errstate(invalid="ignore"):
            found |= {"log(pv/(q-1))": np.log(p * v / (q - 1)), "log p": np.log(p), "log q": np.log(q)}
    return found


def agreement(base: str, runs: list[Run]) -> pd.DataFrame:
    """Mean and standard deviation of the comparable coordinates, and how far a peer's mean lies from that of clvbayes, in its sd."""
    pooled = [run for run in runs if run.contender.way != "hierarchical"]
    ours = next((comparable(run) for run in pooled if run.contender.package == OURS), {})
    columns: dict[str, dict[str, str]] = {}
    if base == "large":
        truth = {name: np.array([[value]]) for name, value in SAMPLE_MAXIMA.items()}
        exact = comparable(Run(pooled[0].contender, {}, {"purchases": truth, "spend": truth}, 0.0, 0.0, 0.0, ""))
        columns["truth"] = {name: f"{value.item():.4f}" for name, value in exact.items()}
    for run in pooled:
        column = {}
        for name, draws in comparable(run).items():
            band = f" ± {draws.std():.4f}" if draws.size > 1 else ""
            off = (
                f" ({(draws.mean() - ours[name].mean()) / ours[name].std():+.1f} sd)"
                if run.contender.package != OURS and name in ours
                else ""
            )
            column[name] = f"{draws.mean():.4f}{band}{off}"
        columns[run.contender.label] = column
    return pd.DataFrame(columns).T


def compete(base: str, asked: argparse.Namespace, folder: Path) -> None:
    """Run all contenders on one base and print what was found."""
    customers = min(SIZES[base], asked.customers or SIZES[base])
    made = {"cdnow": like_cdnow, "segments": segmented_frame, "large": like_cdnow}[base]
    frame = read_cdnow(asked.cdnow, customers) if base == "cdnow" else made(customers, 1)
    data, warm_up, few = folder / "frame.parquet", folder / "warm_up.parquet", folder / "few.parquet"
    frame.to_parquet(data, index=False)
    made(customers, 2).to_parquet(warm_up, index=False)
    like_cdnow(2000, 2).to_parquet(few, index=False)
    machine = f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"
    print(f"\n== {base}: {len(frame):,} customers, {(frame['frequency'] > 0).sum():,} with repeat purchases; {machine}", flush=True)
    runs = []
    for contender in contenders(base, asked):
        warm = run(contender, contender.warm_up, few if contender.package == LIFETIMES else warm_up, folder, asked.limit)
        say(f"  {contender.label}, warm-up: {warm.seconds:.1f} s {warm.trouble}")
        runs.append(goes(contender, data, folder, asked.limit))
    print(pd.DataFrame(map(measures, runs)).round(1).to_string(index=False, na_rep="-"))
    for fitted in runs:
        for stage in ("purchases", "spend"):
            print(certificate(fitted, stage), end="")
    compared = ratios(runs)
    print("\n" + ("no ratios: nothing to compare" if compared.empty else compared.to_string(index=False)))
    print(f"\n{agreement(base, runs).to_string(na_rep='-')}", flush=True)


def main() -> None:
    """Run the bases asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pymc-marketing", metavar="PYTHON", help="interpreter of its environment; left out, it does not run")
    parser.add_argument("--lifetimes", metavar="PYTHON", help="interpreter of its environment; left out, it does not run")
    parser.add_argument("--bases", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--customers", type=int, help="at most so many customers a base, for a trial")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds after which a run is stopped (%(default)s)")
    parser.add_argument(
        "--samplers", nargs="+", choices=["pymc", "nutpie", "numpyro"], default=["pymc", "nutpie"], help="of pymc-marketing"
    )
    parser.add_argument(
        "--purchases", nargs="+", choices=["mbg", "bg"], default=["mbg"], help="purchase models of pymc-marketing (%(default)s)"
    )
    parser.add_argument("--cdnow", metavar="FILE", type=Path, help="CDNOW_master.txt; by default the one in the wheel of lifetimes")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the run under way ends too
    if asked.cdnow is None:
        spec = find_spec("lifetimes")
        assert spec is not None and spec.origin is not None
        asked.cdnow = Path(spec.origin).parent / "datasets" / "CDNOW_master.txt"
    for base in asked.bases:
        with tempfile.TemporaryDirectory() as folder:
            compete(base, asked, Path(folder))


if __name__ == "__main__":
    main()
