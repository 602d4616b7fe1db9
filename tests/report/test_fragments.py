"""Results in a notebook: the same words and numbers as in the report, and pictures on axes of one's own."""

import re

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from report.made_up_contracts_evidence import contract_evidence
from report.made_up_documents import EVERYTHING, make_any
from report.test_report import Page
from valuation.made_up_fits import made_up_customers, made_up_fit

from clvbayes.data import Renewals, read_transactions, summarize
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
    of_contracts = contract_evidence(orders=False)
    return {
        "fit": fit,
        "valuation": everything.valuation,
        "backtest": everything.backtest.backtest,
        "plan": everything.budgeted.plan,
        "book": of_contracts.valuation.contracts,
        "renewals": of_contracts.renewals,
    }


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


@pytest.mark.parametrize("orders", [False, True])
def test_a_book_of_contracts_shows_the_tables_of_the_report_and_so_does_its_valuation(orders) -> None:
    evidence = contract_evidence(orders=orders)
    report, book = Page(render_html(compose(evidence))), Page(fragment(evidence.valuation.contracts))
    for title in ("Contracts by their term", "Renewals due in the next three months"):
        assert book.table(title) == report.table(title) == Page(fragment(evidence.valuation)).table(title)
    plain = repr(evidence.valuation.contracts)
    assert "of 106 contracts of 87 customers" in plain and "net retention" in plain and len(plain) < 1_000
    assert ("dt", "Net retention (NRR)") in book.texts and ("dt", "Customer equity") not in book.texts


def test_statistics_show_what_became_of_every_row() -> None:
    evidence = contract_evidence(orders=False)
    title = "What became of every row of the contracts"
    assert Page(evidence.renewals._repr_html_()).table(title) == Page(render_html(compose(evidence))).table(title)
    orders = pd.DataFrame({"customer_id": ["a", "a", "b", None], "date": ["2025-01-01", "2025-02-01", "2025-01-05", "2025-01-07"]})
    customers = summarize(read_transactions(orders.assign(amount=[10.0, 20.0, 5.0, 7.0]), currency="EUR"))
    rows = Page(customers._repr_html_()).table("What became of every row")
    assert [row[1:] for row in rows[1:]] == [["4", "42.00"], ["1", "7.00"], ["3", "35.00"]]


def test_statistics_from_a_frame_say_that_nothing_is_known_of_rows() -> None:
    counted = Renewals.from_frame(pd.DataFrame({"survived": [1, 0], "churned": [0, 1]}))
    assert "The contracts came as a table of counts" in counted._repr_html_()
    assert "The customers came as a table of statistics" in made_up_customers()._repr_html_()


@pytest.mark.parametrize("name", ["fit", "valuation", "backtest", "plan", "book", "renewals"])
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


def test_a_book_draws_the_way_from_todays_revenue_to_that_in_a_year(results) -> None:
    book, (_, axes) = results["book"], plt.subplots()
    assert book.plot(axes) is axes
    heights = np.array([bar.get_height() for bar in axes.patches])
    means = book.bridge.sum("term").mean("draw").to_numpy()
    assert np.allclose(heights, means)
    assert axes.get_ylabel().startswith("Recurring revenue a year, EUR")


def test_without_axes_pyplots_own_are_taken(results) -> None:
    assert results["valuation"].plot() is plt.gca()


def test_what_has_no_picture_or_is_no_axes_is_refused(results) -> None:
    with pytest.raises(ArgumentError, match="there is no picture of a Fit"):
        picture(results["fit"])
    with pytest.raises(ArgumentError, match="axes must be matplotlib's Axes"):
        results["valuation"].plot("here")
    with pytest.raises(ArgumentError, match="a report shows no int"):
        fragment(3)
