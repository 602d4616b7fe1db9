"""Progress of long work: a bar with rate and remaining time on a terminal, one plain line at the end elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["sampling_progress", "track", "working"]


@contextmanager
def working(label: str, show: bool) -> Iterator[None]:
    """Show that `label` is going on, where nothing can be counted: a spinner on a terminal, one plain line at the end elsewhere."""
    started = time.monotonic()
    if show and sys.stderr.isatty():
        from rich.console import Console

        with Console(stderr=True).status(label):
            yield
    else:
        yield
    if show:
        print(f"{label}: done in {time.monotonic() - started:.1f} s", file=sys.stderr)


@contextmanager
def track(label: str, total: int, show: bool) -> Iterator[Callable[[int, str], None]]:
    """Yield a function of (steps done, remark) that shows how far `label` has come."""
    if not show:
        yield lambda done, remark: None
        return
    started = time.monotonic()
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[remark]}"))
        with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True)) as bar:
            task = bar.add_task(label, total=total, remark="")
            yield lambda done, remark: bar.update(task, completed=done, remark=remark)
            bar.update(task, completed=total)
    else:
        yield lambda done, remark: None
        print(f"{label}: {total:,} done in {time.monotonic() - started:.1f} s", file=sys.stderr)


@contextmanager
def sampling_progress(label: str, total: int, show: bool) -> Iterator[Callable[[list[Any]], None]]:
    """Yield a callback for nutpie that shows draws of all chains, draws a second and divergences."""
    started = time.monotonic()
    with track(label, total, show) as update:

        def report(chains: list[Any]) -> None:
            done = sum(chain.finished_draws for chain in chains)
            rate = done / max(time.monotonic() - started, 1e-9)
            update(done, f"{rate:,.0f} draws/s, {sum(chain.divergences for chain in chains)} divergences")

        yield report
