"""The back-test of contracts: nothing later than an origin leaks, right bands hold, wrong ones do not, and what happened is told."""

import re
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_up_contracts import UNTIL, draw_truth, make_book
from matplotlib import pyplot as plt
from scipy.stats import binom
from valuation.made_up_books import made_up_contract_fit, made_up_terms

import clvbayes as clv
from clvbayes.data import Contracts, read_contracts, summarize
from clvbayes.errors import ArgumentError, DataError
from clvbayes.grading import LAST_YEAR, Backtest, backtest, rolling_origins
from clvbayes.models import beta_discrete_weibull, mbg_nbd, renewal_change
from clvbayes.models.hierarchy import Cells

MODEL = beta_discrete_weibull()
LABEL = "Beta-discrete-Weibull"
ORIGINS = [date(2024, 6, 30), date(2024, 12, 31)]
OPTIONS: dict[str, Any] = {
    "origins": ORIGINS,
    "until": UNTIL,
    "horizons": [13, 52],
    "models": [(MODEL, renewal_change())],
    "pool": ["term_months"],
    "draws": 100,
    "predictive_draws": 200,
    "seed": 1,
    "progress": False,
}
KEYS = ["model", "origin", "measure", "weeks", "column", "level"]
FORESEEN = ["customers", "mean", "sd", "q05", "q50", "q95"]


def read(terms: pd.DataFrame) -> Contracts:
    columns = {"cancelled_on": "cancelled_on", "billing_months": "billing_months", "segments": ["industry"], "currency": "EUR"}
    return read_contracts(terms, **columns)


@pytest.fixture(scope="module")
def terms() -> pd.DataFrame:
    """With contracts that ended within a term, after both origins and before."""
    made = made_up_terms(90).drop(columns="channel")
    last = made.groupby("contract_id").tail(1)
    long = last[(last["term_months"] > 1) & (last["end"] >= pd.Timestamp(2025, 6, 30)) & last["cancelled_on"].isna()].index[::4]
    made.loc[long, "end"] = pd.Timestamp(2025, 3, 31)
    return made[made["end"] >= made["start"]].reset_index(drop=True)


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the place of fits: nothing is sampled; what is learned is the share that was not renewed, and how many changed."""

    def learned(model, renewals, *, pool, **_):
        statistics = renewals.statistics
        left = (statistics["churned"].sum() + 1) / (statistics["survived"].sum() - statistics["entry"].sum() + 3)
        centre = None if model.kind == "changes" else np.array([np.log(left / (1 - left)), 1.2, 0.1])
        return made_up_contract_fit(model, renewals, pool=pool, centre=centre)

    monkeypatch.setattr(rolling_origins, "fit", learned)


@pytest.fixture
def found(terms: pd.DataFrame, made_up: None) -> Backtest:
    return backtest(read(terms), **OPTIONS)


def foreseen(found: Backtest, origin: date) -> pd.DataFrame:
    rows = found.forecasts[found.forecasts["origin"] == origin]
    return rows.set_index(KEYS)[FORESEEN]


# no look ahead --------------------------------------------------------------------------------------------------------------------------


def a_term(terms: pd.DataFrame, after: date) -> Any:
    """One that began soon after a day, of a contract that ran on it."""
    of = terms.groupby("contract_id")["start"].transform("min") <= pd.Timestamp(after)
    return terms.index[of & (terms["start"] > pd.Timestamp(after)) & (terms["term_months"] == 12)][0]


def running(terms: pd.DataFrame, after: date) -> Any:
    """A term of a year that ran on a day, without notice, and for another two months at least."""
    day = pd.Timestamp(after)
    runs = (terms["start"] <= day) & (terms["end"] > day + pd.Timedelta(days=60)) & (terms["term_months"] == 12)
    return terms.index[runs & terms["cancelled_on"].isna()][0]


def later_terms_gone(terms: pd.DataFrame, after: date) -> pd.DataFrame:
    contract = terms.loc[a_term(terms, after), "contract_id"]
    return terms[(terms["contract_id"] != contract) | (terms["start"] <= pd.Timestamp(after))]


def later_amount(terms: pd.DataFrame, after: date) -> pd.DataFrame:
    return terms.assign(monthly_amount=terms["monthly_amount"].where(terms.index != a_term(terms, after), 9999.0))


def later_notice(terms: pd.DataFrame, after: date) -> pd.DataFrame:
    at = running(terms, after)
    return terms.assign(cancelled_on=terms["cancelled_on"].where(terms.index != at, pd.Timestamp(after) + pd.Timedelta(days=20)))


def later_early_end(terms: pd.DataFrame, after: date) -> pd.DataFrame:
    at = running(terms, after)
    contract = terms.loc[at, "contract_id"]
    kept = terms[(terms["contract_id"] != contract) | (terms["start"] <= terms.loc[at, "start"])]
    return kept.assign(end=kept["end"].where(kept.index != at, pd.Timestamp(after) + pd.Timedelta(days=10)))


def later_contract(terms: pd.DataFrame, after: date) -> pd.DataFrame:
    row = terms.loc[[a_term(terms, after)]]
    new = row.assign(contract_id="NEW", customer_id="NEW", industry="a new one", start=pd.Timestamp(after) + pd.Timedelta(days=1))
    return pd.concat([terms, new.assign(end=new["start"] + pd.DateOffset(years=1) - pd.Timedelta(days=1))], ignore_index=True)


CHANGES = [later_terms_gone, later_amount, later_notice, later_early_end, later_contract]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("origin", ORIGINS, ids=str)
def test_what_is_learned_after_an_origin_changes_no_forecast_from_it(change, origin, terms, found) -> None:
    changed = change(terms, origin)
    assert len(changed) != len(terms) or not changed.equals(terms)
    again = backtest(read(changed), **OPTIONS)
    pd.testing.assert_frame_equal(foreseen(again, origin), foreseen(found, origin), check_exact=True)
    happened = [one.forecasts.loc[one.forecasts["origin"] == origin, "actual"] for one in (again, found)]
    assert happened[0].equals(happened[1]) == (change in (later_notice, later_contract)), "these two change nothing that is graded"


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_the_same_before_an_origin_does_change_it(change, terms, found) -> None:
    again = backtest(read(change(terms, ORIGINS[0] - timedelta(days=90))), **OPTIONS)
    assert not foreseen(again, ORIGINS[0]).equals(foreseen(found, ORIGINS[0]))


def test_contracts_as_they_were_known() -> None:
    rows = {
        "ended early later": ("2024-01-01", "2024-08-31", None),
        "ended early before": ("2024-01-01", "2024-04-30", None),
        "early end by a notice given": ("2024-01-01", "2024-08-31", "2024-05-31"),
        "early end by a notice to come": ("2024-01-01", "2024-08-31", "2024-07-31"),
        "aligned to a month's end": ("2024-01-15", "2024-12-31", None),
        "notice given": ("2024-01-01", "2024-12-31", "2024-06-30"),
        "notice to come": ("2024-01-01", "2024-12-31", "2024-07-01"),
        "not begun": ("2024-07-01", "2025-06-30", None),
    }
    frame = pd.DataFrame([(name, name, *row, 12, 1.0) for name, row in rows.items()])
    frame.columns = ["contract_id", "customer_id", "start", "end", "cancelled_on", "term_months", "monthly_amount"]
    known = read_contracts(frame, cancelled_on="cancelled_on").known_on(date(2024, 6, 30)).to_frame().set_index("contract_id")
    assert known["last_day"].dt.strftime("%Y-%m-%d").to_dict() == {
        "ended early later": "2024-12-31",
        "ended early before": "2024-04-30",
        "early end by a notice given": "2024-08-31",
        "early end by a notice to come": "2024-12-31",
        "aligned to a month's end": "2024-12-31",
        "notice given": "2024-12-31",
        "notice to come": "2024-12-31",
    }
    assert sorted(known.index[known["cancelled_on"].notna()]) == ["early end by a notice given", "notice given"]


# bands ----------------------------------------------------------------------------------------------------------------------------------


def simulated(seed: int, contracts: int = 250) -> tuple[pd.DataFrame, np.ndarray]:
    """A book, and the coordinates that all its contracts share; ten years long, with amounts of their own."""
    rng = np.random.default_rng([71, seed])
    truth = draw_truth(MODEL.priors(None), {"segment": ("a",), "term_months": (1, 12, 24)}, rng)
    truth["term_months"][:] = 0.0
    book = make_book(contracts, truth, rng, years=10.0)
    book["monthly_amount"] = np.round(rng.lognormal(4, 0.7, contracts), 2)[book["contract_id"].str[1:].astype(int)]
    return book, truth["segment"].loc["a"].to_numpy()


def graded(book: pd.DataFrame, coordinates: np.ndarray, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Backtest:
    """By the true parameters, known to nine digits."""
    monkeypatch.setattr(
        rolling_origins, "fit", lambda model, known, **_: made_up_contract_fit(model, known, pool=(), centre=coordinates, sd=1e-9)
    )
    given = {"horizons": [13], "origins": 12, "models": [MODEL], "predictive_draws": 200, "seed": 1, "progress": False}
    table = read_contracts(book, segments=["segment"], cancelled_on=options.pop("cancelled_on", None))
    return backtest(table, until=UNTIL, **(given | options))


def test_bands_of_the_true_model_hold_as_often_as_they_say(monkeypatch) -> None:
    """Of four books, twelve forecasts each that do not overlap; and what was learned of them widens them by little."""
    found = [graded(*simulated(seed), monkeypatch) for seed in range(4)]
    of_total = "column == '' and model == @LABEL and measure == 'recurring revenue'"
    total, widened = (pd.concat([getattr(one, name).query(of_total) for one in found]) for name in ("by_itself", "forecasts"))
    widths = [(made["q95"] - made["q05"]).to_numpy() for made in (widened, total)]
    assert 1 < np.median(widths[0] / widths[1]) < 1.2
    held = int(total["held_90"].sum())
    in_the_middle = int((total["pit"].sub(0.5).abs() <= 0.25).sum())
    assert binom.cdf(held, len(total), 0.9) > 0.005
    assert 0.005 < binom.cdf(in_the_middle, len(total), 0.5) < 0.995
    assert all(one.verdict(LABEL, "recurring revenue", 13).judgement != "too narrow" for one in found)
    by_level = pd.concat([one.by_itself.query("column == 'term_months'") for one in found])
    assert by_level["held_90"].mean() > 0.87
    # the model knows each contract's age, which the baseline does not look at
    assert sum(one.differences.query("model == @LABEL and other == @LAST_YEAR")["difference"].mean() < 0 for one in found) >= 3


def test_who_gave_no_notice_is_not_foreseen_to_leave_twice(monkeypatch) -> None:
    """Nine of ten who leave say so some weeks before: those are certain to leave, and of the others few do."""
    book, coordinates = simulated(1, 800)
    rng = np.random.default_rng(5)
    leaves = (book.groupby("contract_id").cumcount(ascending=False) == 0) & (book["end"] < pd.Timestamp(UNTIL))
    days = pd.to_timedelta(np.ceil(rng.random(len(book)) * np.minimum(90, 25 * book["term_months"])), unit="D")
    notice = (book["end"] - days).astype("datetime64[s]").where(leaves & (rng.random(len(book)) < 0.9))
    given = {"horizons": [4], "predictive_draws": 100, "cancelled_on": "cancelled_on"}
    found = graded(book.assign(cancelled_on=notice), coordinates, monkeypatch, **given)
    total = found.forecasts.query("column == '' and model == @LABEL and measure == 'contracts'")
    assert abs((total["actual"] - total["mean"]).sum()) < 3 * np.sqrt((total["sd"] ** 2).sum())


def test_bands_do_not_hold_where_the_truth_shifts(monkeypatch) -> None:
    """From 2023 on, every third renewal that would have come does not. What the first forecasts missed moves the later ones."""
    book, coordinates = simulated(1)
    rng = np.random.default_rng(3)
    fails = (book["start"] >= pd.Timestamp(2023, 1, 1)) & (book.groupby("contract_id").cumcount() > 0) & (rng.random(len(book)) < 1 / 3)
    shifted = book[fails.groupby(book["contract_id"]).cumsum() == 0]
    found = graded(shifted, coordinates, monkeypatch, horizons=[26], origins=6)
    for measure in ("contracts", "recurring revenue"):
        verdict = found.verdict(LABEL, measure, 26)
        assert (verdict.origins, verdict.judgement) == (6, "too narrow")
        assert verdict.lowest > 0
        score = [
            made.query("column == '' and model == @LABEL and measure == @measure")["interval_90"].to_numpy()
            for made in (found.by_itself, found.forecasts)
        ]
        assert score[1][-3:].sum() < 0.6 * score[0][-3:].sum()
    assert "They were too narrow" in found.verdict(LABEL, "contracts", 26).message


# what happened --------------------------------------------------------------------------------------------------------------------------


def test_what_happened_is_what_stands_in_the_table(made_up) -> None:
    def calendar_years(contract: str, first: int, last: int, amount: float, growth: float = 0.0) -> list[tuple[Any, ...]]:
        return [(contract, f"{year}-01-01", f"{year}-12-31", 12, amount + growth * (year - first)) for year in range(first, last + 1)]

    rows = [
        *calendar_years("renewed, larger", 2021, 2025, 100.0, growth=10.0),
        *calendar_years("not renewed", 2021, 2023, 200.0),
        *calendar_years("back after a gap", 2021, 2022, 400.0),
        ("back after a gap", "2025-01-01", "2025-12-31", 12, 400.0),
        *calendar_years("ended within a term", 2021, 2023, 800.0),
        ("ended within a term", "2024-01-01", "2024-03-31", 12, 800.0),
        *calendar_years("another term", 2021, 2023, 1600.0),
        ("another term", "2024-01-01", "2025-12-31", 24, 1500.0),
        *calendar_years("begun later", 2024, 2025, 3200.0),
        *calendar_years("renewed late", 2021, 2023, 6400.0),
        ("renewed late", "2024-01-20", "2025-01-19", 12, 6400.0),
    ]
    table = read_contracts(
        pd.DataFrame(
            [(row[0], *row) for row in rows], columns=["customer_id", "contract_id", "start", "end", "term_months", "monthly_amount"]
        )
    )
    found = backtest(table, **{**OPTIONS, "models": [MODEL], "origins": date(2023, 11, 11), "horizons": [8, 26]})
    total = found.forecasts.query("column == '' and model == @LABEL").set_index(["measure", "weeks"])
    # six ran; eight weeks later, on 6 January, one has gone and one is late; after half a year another has ended within its term
    assert total["customers"].tolist() == [5] * 4
    assert total.loc[("contracts", 8), "actual"] == 4
    assert total.loc[("recurring revenue", 8), "actual"] == 12 * (130.0 + 800.0 + 1500.0 + 6400.0)
    assert total.loc[("contracts", 26), "actual"] == 3
    assert total.loc[("recurring revenue", 26), "actual"] == 12 * (130.0 + 1500.0 + 6400.0)


def test_every_origin_horizon_and_level_is_graded_and_levels_add_up(found) -> None:
    assert found.models == (f"{LABEL} + Changes at renewal",)
    forecasts = found.forecasts
    assert set(forecasts["model"]) == {*found.models, LAST_YEAR}
    assert set(forecasts["column"]) == {"", "industry", "term_months"}
    assert not forecasts.duplicated(KEYS).any()
    keys = ["model", "origin", "measure", "weeks"]
    total = forecasts[forecasts["column"] == ""].set_index(keys)
    assert len(total) == 2 * 2 * 2 * 2
    for column in ("industry", "term_months"):
        sums = forecasts[forecasts["column"] == column].groupby(keys)[["customers", "actual", "mean"]].sum().loc[total.index]
        np.testing.assert_allclose(sums, total[["customers", "actual", "mean"]], rtol=1e-12)
    of_each = found.customers.set_index(keys).loc[total.index]
    np.testing.assert_allclose(of_each["mean"] * of_each["customers"], total["mean"], rtol=1e-12)
    np.testing.assert_allclose(of_each["actual"] * of_each["customers"], total["actual"], rtol=1e-12)
    assert (of_each["log_score"].dropna() <= 0).all()
    assert len(of_each["log_score"].dropna()) == len(of_each) / 2
    assert found.certificates["passed"].tolist() == [True] * 4


def test_the_baseline_renews_as_many_as_last_year(made_up) -> None:
    """Of 60 yearly contracts that came to a decision in 2024, 45 renewed; those of 2023 all did, and no longer count."""
    rows = []
    for k in range(60):
        last = 2025 if k < 45 else 2024
        rows += [
            (f"K{k:02d}", f"K{k:02d}", f"{year}-07-01", f"{year + 1}-06-30", 12, 100.0) for year in range(2020, 2025) if year + 1 <= last
        ]
    frame = pd.DataFrame(rows, columns=["contract_id", "customer_id", "start", "end", "term_months", "monthly_amount"])
    given = {**OPTIONS, "models": [MODEL], "pool": (), "origins": date(2025, 3, 31), "horizons": [26], "predictive_draws": 4000}
    with pytest.raises(DataError, match="no forecast of 26 weeks can be graded"):
        backtest(read_contracts(frame), **(given | {"until": date(2025, 8, 31)}))
    found = backtest(read_contracts(frame), **(given | {"until": date(2025, 10, 31)}))
    baseline = found.forecasts.query("column == '' and model == @LAST_YEAR and measure == 'contracts'").iloc[0]
    share = (45 + 0.5) / (60 + 1)
    assert baseline["customers"] == 45
    assert abs(baseline["mean"] / (45 * share) - 1) < 0.01
    chance = 45 * share * (1 - share) + 45 * 44 * share * (1 - share) / (61 + 1)  # beta-binomial
    assert abs(baseline["sd"] / np.sqrt(chance) - 1) < 0.06


# what is refused, and what is said ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"models": []}, "models must be a list of models of renewals"),
        ({"models": MODEL}, "models must be a list of models of renewals"),
        ({"models": [mbg_nbd()]}, "a model of contracts is one of renewals, or a pair of one and a model of changes, not MbgNbd"),
        ({"models": [(renewal_change(), MODEL)]}, "a model of contracts is one of renewals"),
        ({"models": [MODEL, MODEL]}, re.escape(f"models names {LABEL} twice")),
        ({"pool": ["country"]}, "pool names 'country', which is no segment"),
        ({"by": ["country"]}, "by must name segments of these contracts, each once: 'industry', 'term_months'"),
        ({"opportunity": "year"}, "opportunity and spend_growth are of orders: leave them out where contracts are graded"),
        ({"spend_growth": 0.02}, "opportunity and spend_growth are of orders"),
        ({"predictive_draws": 10}, "predictive_draws must be a whole number of at least 100, not 10"),
        ({"customers": 0}, "customers must be a whole number of at least 1, not 0"),
        ({"horizons": [0]}, "horizons must be whole numbers of weeks"),
        ({"origins": 0}, "origins must be at least 1"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_arguments_that_cannot_be_used_are_refused_before_anything_is_fitted(options, said, terms, monkeypatch) -> None:
    def never(*_, **__):
        raise AssertionError("it was fitted")

    monkeypatch.setattr(rolling_origins, "fit", never)
    with pytest.raises(ArgumentError, match=said):
        backtest(read(terms), **(OPTIONS | options))


def test_models_of_contracts_are_none_of_orders() -> None:
    orders = clv.read_transactions(clv.synthetic.company(customers=60, seed=1).orders, is_return="is_return")
    with pytest.raises(ArgumentError, match="a model is a purchase model, or a pair of a purchase and a spend model"):
        backtest(orders, models=[MODEL], seed=1)


def test_what_cannot_be_graded_is_said(made_up) -> None:
    """Nothing was decided until 2021; in the second half of 2022 nothing ran; and no data reach 104 weeks beyond 2024."""
    rows = [
        *[(f"A{k}", "2020-03-01", "2021-02-28") for k in range(3)],
        *[(f"A{k}", "2021-03-01", "2022-02-28") for k in range(3)],
        *[(f"B{k}", f"{year}-01-01", f"{year}-12-31") for k in range(3) for year in (2023, 2024, 2025)],
    ]
    frame = pd.DataFrame([(row[0], *row, 12, 1.0) for row in rows])
    frame.columns = ["customer_id", "contract_id", "start", "end", "term_months", "monthly_amount"]
    origins = [date(2020, 3, 15), date(2020, 12, 31), date(2022, 9, 30), date(2024, 6, 30)]
    given = {**OPTIONS, "models": [MODEL], "pool": (), "origins": origins, "horizons": [13, 400], "until": date(2025, 6, 30)}
    found = backtest(read_contracts(frame), **given)
    assert found.settings["origins"] == ["2024-06-30"]
    assert list(found.notes) == [
        "1 of 4 origins have fewer than 13 weeks of contracts before them, or after them.",
        "400 weeks cannot be graded: no origin lies so long before 2025-06-30, where the data end.",
        "From 2020-12-31 nothing could be forecast: DataFrame: none of 3 contracts has come to the end of a term until 2020-12-31; no "
        "renewal can be learned from",
        "From 2022-09-30 nothing could be forecast: no contract runs on 2022-09-30",
    ]
    with pytest.raises(DataError, match=r"no forecast could be graded: .*no contract runs on 2022-09-30"):
        backtest(read_contracts(frame), **(given | {"origins": origins[2]}))


def test_observation_that_begins_late_counts_earlier_renewals_as_not_seen(terms, monkeypatch) -> None:
    seen: list[Cells | Any] = []

    def learned(model, known, *, pool, **_):
        seen.append(known)
        return made_up_contract_fit(model, known, pool=pool)

    monkeypatch.setattr(rolling_origins, "fit", learned)
    since = date(2023, 6, 30)
    backtest(read(terms), since=since, **{**OPTIONS, "models": [MODEL]})
    for known, origin in zip(seen, ORIGINS, strict=True):
        expected = summarize(read(terms).known_on(origin), since=since, until=origin)
        pd.testing.assert_frame_equal(known.statistics, expected.statistics)
        assert known.statistics["entry"].sum() > 0


def test_some_customers_are_graded(terms, made_up) -> None:
    some = backtest(read(terms), customers=20, **OPTIONS)
    total = some.forecasts.query("column == ''")["customers"]
    assert 0 < total.max() < backtest(read(terms), **OPTIONS).forecasts.query("column == ''")["customers"].max()
    assert some.settings["customers"] == 20


# how it shows itself --------------------------------------------------------------------------------------------------------------------


def test_it_shows_itself_and_is_kept(found, tmp_path) -> None:
    axes = found.plot()
    assert "Recurring revenue of known contracts" in axes.get_ylabel()
    plt.close("all")
    shown = found._repr_html_()
    assert "Past forecasts of contracts" in shown
    assert "recurring revenue" in shown
    assert found.to_frame() is found.forecasts
    again = clv.load(clv.save(found, tmp_path / "kept"))
    assert isinstance(again, Backtest)
    pd.testing.assert_frame_equal(again.forecasts, found.forecasts)
    assert (again.verdicts, again.choice, again.notes, again.settings) == (found.verdicts, found.choice, found.notes, found.settings)
    assert again._repr_html_() == shown


def test_rows_places_change_nothing(terms, found) -> None:
    again = backtest(read(terms.sample(frac=1, random_state=3)), **OPTIONS)
    pd.testing.assert_frame_equal(again.forecasts, found.forecasts, check_exact=True)


# what was missed ------------------------------------------------------------------------------------------------------------------------


def test_only_what_had_ended_by_an_origin_moves_its_forecasts(terms, made_up, found) -> None:
    """The first origin is moved by what is assumed beforehand; the second by what the first had missed within 13 weeks, not within 52."""
    alone = backtest(read(terms), widened=False, **OPTIONS)
    assert (found.settings["widened"], alone.settings["widened"]) == (True, False)
    own = alone.forecasts.query("model != @LAST_YEAR").reset_index(drop=True)
    pd.testing.assert_frame_equal(alone.by_itself, own)
    pd.testing.assert_frame_equal(found.by_itself, own)
    baselines = [made.forecasts.query("model == @LAST_YEAR").reset_index(drop=True) for made in (found, alone)]
    pd.testing.assert_frame_equal(*baselines)
    assert foreseen(found, ORIGINS[0])["sd"].sum() > foreseen(alone, ORIGINS[0])["sd"].sum()
    first_alone = backtest(read(terms), **(OPTIONS | {"origins": ORIGINS[1:]}))
    assert not foreseen(found, ORIGINS[1]).equals(foreseen(first_alone, ORIGINS[1]))


def test_it_teaches_what_contracts_miss_and_a_value_takes_it(found, terms) -> None:
    missed = clv.learn_discrepancy(found, seed=1)
    assert isinstance(missed, clv.ContractDiscrepancy)
    assert missed.evidence["what"].tolist() == ["contracts lost", "amount of contracts"]
    assert missed.evidence["origins"].tolist() == [2, 2]
    again = clv.learn_discrepancy(found, seed=1)
    assert missed.shared.equals(again.shared)
    with pytest.raises(ArgumentError, match="the back-test has no model 'NBD'"):
        clv.learn_discrepancy(found, model="NBD", seed=1)
    known = summarize(read(terms), until=UNTIL)
    fits = (made_up_contract_fit(MODEL, known), None)
    valuation = clv.value(
        *(None, None, None, clv.Economics(0.5, 0.08, 3)),
        contracts=(*fits, known),
        contract_discrepancy=missed,
        draws=100,
        seed=1,
        progress=False,
    )
    assert valuation.discrepancy["what"].tolist() == ["contracts lost", "amount of contracts"]
