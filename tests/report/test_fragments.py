"""Results in a notebook: the same words and numbers as in the report, and pictures on axes of one's own."""

import re

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt
from report.made_up_documents import EVERYTHING, make_any
from report.test_report import Page
from valuation.made_up_fits import made_up_customers, made_up_fit

from clvbayes.errors import ArgumentError
from clvbayes.models import mbg_nbd
from clvbayes.report import compose, render_html
from clvbayes.report.fragments import fragment, picture
from clvbayes.report.language import translated


@pytest.fixture(scope="module")
def everything():
    return make_any(EVERYTHING)


@pytest.fixture(scope="module")
def results(everything):
    fit = made_up_fit(mbg_nbd(), made_up_customers())
    return {"fit": fit, "valuation": everything.valuation, "backtest": everything.backtest.backtest, "plan": everything.budgeted.plan}


@pytest.fixture(autouse=True)
def no_window():
    backend = mpl.get_backend()
    plt.switch_backend("agg")
    yield
    plt.close("all")
    plt.switch_backend(backend)


def test_a_valuation_shows_the_tables_of_the_report() -> None:
    evidence = make_any("normal")
    shown, report = Page(fragment(evidence.valuation)), Page(render_html(compose(evidence)))
    for title in ("By industry", "Orders and money of existing customers"):
        assert shown.table(title) == report.table(title)
    assert ("dt", "Customer equity") in shown.texts


def test_a_fit_shows_its_certificate(results) -> None:
    rows = Page(fragment(results["fit"])).table("What was checked")
    assert [row[1:4] for row in rows[1:]] == [["R-hat", "holds", "largest 1.003"], ["Contraction", "note", "log_shape is prior-driven"]]


def test_a_backtest_shows_its_verdicts(results) -> None:
    page = Page(fragment(results["backtest"]))
    own = results["backtest"].models[0]
    told = {cell for row in page.table(f"Whether the 90 % bands of totals held: {own}") for cell in row}
    assert {translated(verdict.message) for verdict in results["backtest"].verdicts if verdict.model == own} <= told


@pytest.mark.parametrize("name", ["fit", "valuation", "backtest", "plan"])
def test_a_notebook_takes_the_fragment_and_it_changes_nothing_around_it(name, results) -> None:
    shown = results[name]._repr_html_()
    assert shown == fragment(results[name])
    [style] = re.findall(r"<style>(.*?)</style>", shown, flags=re.DOTALL)
    depth, outside = 0, []
    for part in re.split(r"([{}])", style):
        if part == "{":
            depth += 1
        elif part == "}":
            depth -= 1
        elif depth == 0 and part.strip():
            outside.append(part.strip())
    assert outside == [".clvbayes"], "a rule would style the notebook too"
    assert "<script" not in shown and "http" not in shown.replace("http://www.w3.org/2000/svg", "")


def test_pictures_are_drawn_on_the_axes_given(results) -> None:
    for name, label in (("valuation", "Revenue per period"), ("backtest", "Revenue of known customers"), ("plan", "Mean profit")):
        _, axes = plt.subplots()
        assert results[name].plot(axes) is axes
        assert axes.get_ylabel().startswith(label) and axes.get_legend() is not None


def test_without_axes_pyplots_own_are_taken(results) -> None:
    assert results["valuation"].plot() is plt.gca()


def test_what_has_no_picture_or_is_no_axes_is_refused(results) -> None:
    with pytest.raises(ArgumentError, match="there is no picture of a Fit"):
        picture(results["fit"])
    with pytest.raises(ArgumentError, match="axes must be matplotlib's Axes"):
        results["valuation"].plot("here")
    with pytest.raises(ArgumentError, match="a report shows no int"):
        fragment(3)
