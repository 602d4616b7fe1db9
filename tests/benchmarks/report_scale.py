"""How long a report takes: composed, and written as page, PDF, workbook and JSON, twice, the same bytes each time.

    .venv/bin/python tests/benchmarks/report_scale.py [SEGMENTS CHANNELS]

By default 500 segments and 40 channels of 8,000 made-up customers, with a budget, plans for other budgets and a back-test, in both
languages. Prints seconds of each step, the size of each file, and the ratio of all steps to composing alone.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from decisions.made_up_worth import made_up
from made_up_backtest import Past, make_backtest
from made_up_base import Base, make_evidence
from made_up_explored import made_up_explored
from report.test_plan_section import measures

from clvbayes.decisions import allocate
from clvbayes.report import Budgeted, Evidence, GradedModel, compose, render_html, render_json, render_pdf, render_xlsx, values_by_level

CUSTOMERS = 8_000


def main() -> None:
    segments, channels = map(int, sys.argv[1:] or ("500", "40"))
    evidence = made_up_evidence(segments, channels)
    for language in ("en", "de"):
        written(replace(evidence, language=language))


def made_up_evidence(segments: int, channels: int) -> Evidence:
    levels = {
        "segment": tuple(f"Segment {number:03d}" for number in range(segments)),
        "channel": tuple(f"Channel {number:02d}" for number in range(channels)),
    }
    past, plan = make_backtest(Past()), allocate(made_up(), measures(), budget=110e3, seed=1)
    budgeted = Budgeted(plan, explored=made_up_explored(plan))
    graded = GradedModel(past, past.models[0], "EUR")
    return replace(make_evidence(Base(customers=CUSTOMERS, levels=levels)), backtest=graded, budgeted=budgeted)


def written(evidence: Evidence) -> None:
    document, seconds = timed(lambda: compose(evidence))
    print(f"{evidence.language}: composed in {seconds:.1f} s")
    composed = total = seconds
    renderers: dict[str, Callable[[], str | bytes]] = {
        "html": lambda: render_html(document),
        "pdf": lambda: render_pdf(document),
        "xlsx": lambda: render_xlsx(document),
        "json": lambda: render_json(document, values_by_level(evidence)),
    }
    for name, render in renderers.items():
        content, seconds = timed(render)
        same = "the same bytes again" if render() == content else "OTHER BYTES AGAIN"
        print(f"  {name} in {seconds:.1f} s, {len(content) / 1e6:.2f} MB, {same}")
        total += seconds
    print(f"  all in {total:.1f} s, {total / composed:.1f} times composing alone")


def timed[Result](work: Callable[[], Result]) -> tuple[Result, float]:
    started = time.monotonic()
    return work(), time.monotonic() - started


if __name__ == "__main__":
    main()
