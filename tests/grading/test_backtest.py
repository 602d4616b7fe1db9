"""Back-tests from end to end, on bases so small that nothing is learned from them but whether they are honest."""

import hashlib
import json
import math
import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from valuation.made_up_fits import made_up_fit

from clvbayes import synthetic
from clvbayes.data import order_days, read_transactions, summarize
from clvbayes.errors import ArgumentError, DataError
from clvbayes.grading import Backtest, backtest, rolling_origins
from clvbayes.grading.baselines import steady_draws
from clvbayes.grading.tables import TABLES
from clvbayes.inference import kept
from clvbayes.models import beta_binomial_returns, gamma_gamma, lognormal, mbg_nbd

UNTIL = date(2025, 12, 31)
ORIGINS = [UNTIL - timedelta(weeks=weeks) for weeks in (8, 4)]
LABEL = "MBG/NBD + Gamma-Gamma"
MODELS = [mbg_nbd()]
FORESEEN = ["mean", "sd", *[f"q{q}" for q in ("02_5", "05", "10", "25", "50", "75", "90", "95", "97_5")]]
KEYS = ["origin", "model", "who", "measure", "weeks", "column", "level"]
OPTIONS: dict[str, Any] = {
    "origins": ORIGINS,
    "horizons": [4, 8],
    "until": UNTIL,
    "draws": 100,
    "predictive_draws": 100,
    "seed": 3,
    "progress": False,
}
FIRST_ONLY = {**OPTIONS, "origins": ORIGINS[:1]}


def read(orders: pd.DataFrame):
    columns = {"order_id": "order_id", "returned_order": "returned_order", "is_return": "is_return"}
    return read_transactions(orders, **columns, segments=["industry", "channel"], currency="EUR")


@pytest.fixture(scope="module")
def orders() -> pd.DataFrame:
    return synthetic.company(customers=110, seed=2, years=1.5, until=UNTIL, return_share=0.1).orders


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where fits are kept under names that say all that they depend on: what changes none of it needs no fit of its own."""
    return tmp_path_factory.mktemp("fits")


@pytest.fixture(scope="module")
def honest(orders, folder) -> Backtest:
    return backtest(read(orders), models=MODELS, folder=folder, **OPTIONS)


@pytest.fixture
def made_up(monkeypatch):
    """In the place of fits: nothing is sampled."""
    monkeypatch.setattr(rolling_origins, "fit", lambda model, customers, *, pool, **_: made_up_fit(model, customers, pool=pool))


def assert_same(one: Backtest, other: Backtest, *, but: tuple[str, ...] = ()) -> None:
    """All of them; of the settings, these differ."""
    for name in (*TABLES, "by_itself", "differences", "certificates"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True)
    assert (one.verdicts, one.choice, one.notes) == (other.verdicts, other.choice, other.notes)
    assert one.settings.keys() == other.settings.keys()
    assert tuple(name for name in one.settings if one.settings[name] != other.settings[name]) == but


# no look ahead --------------------------------------------------------------------------------------------------------------------------


def foreseen(found: Backtest, origin: date, who: str = "existing") -> pd.DataFrame:
    rows = found.forecasts[(found.forecasts["origin"] == origin) & (found.forecasts["who"] == who)]
    return rows.set_index(KEYS)[["customers", *FORESEEN]]


def is_order(orders: pd.DataFrame) -> pd.Series:
    return orders["customer_id"].notna() & (orders["amount"] > 0) & ~orders["is_return"]


def first_days(orders: pd.DataFrame) -> pd.Series:
    """Of each line's customer."""
    return orders["customer_id"].map(orders[is_order(orders)].groupby("customer_id")["date"].min())


def a_line(orders: pd.DataFrame, after: date, before: date, *, known: bool = True) -> Any:
    """An order line in a window, of a customer known at its beginning."""
    day = pd.Timestamp(after)
    within = is_order(orders) & (orders["date"] > day) & (orders["date"] <= pd.Timestamp(before))
    return orders.index[within & ((first_days(orders) <= day) == known)][0]


def amount_changed(orders: pd.DataFrame, at: Any) -> pd.DataFrame:
    return orders.assign(amount=orders["amount"].where(orders.index != at, orders["amount"] * 50))


def returned(orders: pd.DataFrame, at: Any) -> pd.DataFrame:
    line = orders.loc[at]
    back = line.to_frame().T.assign(
        order_id="R-new",
        amount=-line["amount"],
        is_return=True,
        returned_order=line["order_id"],
        date=min(line["date"] + pd.Timedelta(days=3), pd.Timestamp(UNTIL)),
    )
    return pd.concat([orders, back.astype(orders.dtypes.to_dict())], ignore_index=True)


def segments_changed(orders: pd.DataFrame, at: Any) -> pd.DataFrame:
    return orders.assign(industry=orders["industry"].where(orders.index != at, "a new one"))


def deleted(orders: pd.DataFrame, at: Any) -> pd.DataFrame:
    return orders[~((orders["customer_id"] == orders.loc[at, "customer_id"]) & (orders["date"] == orders.loc[at, "date"]))]


def added(orders: pd.DataFrame, at: Any) -> pd.DataFrame:
    extra = orders.loc[[at]].assign(order_id="O-new", amount=4321.0)
    free = orders["date"][orders["date"] >= orders.loc[at, "date"]].drop_duplicates()
    mine = set(orders.loc[orders["customer_id"] == orders.loc[at, "customer_id"], "date"])
    return pd.concat([orders, extra.assign(date=next(day for day in free if day not in mine))], ignore_index=True)


def won(orders: pd.DataFrame, at: Any) -> pd.DataFrame:
    return pd.concat([orders, orders.loc[[at]].assign(order_id="O-won", customer_id="A-NEW-ONE", industry="a new one")], ignore_index=True)


CHANGES = [amount_changed, returned, segments_changed, deleted, added, won]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_comes_after_an_origin_changes_no_forecast_from_it(change, orders, honest, folder) -> None:
    """To the byte; though what happened is another."""
    changed = change(orders, a_line(orders, ORIGINS[0], ORIGINS[1]))
    assert not changed.equals(orders)
    found = backtest(read(changed), models=MODELS, folder=folder, **FIRST_ONLY)
    pd.testing.assert_frame_equal(foreseen(found, ORIGINS[0]), foreseen(honest, ORIGINS[0]), check_exact=True)
    actual = [run.forecasts.query("origin == @ORIGINS[0] and column == ''")["actual"].tolist() for run in (found, honest)]
    assert (actual[0] == actual[1]) == (change in (returned, segments_changed))  # revenue is gross


def test_all_that_comes_after_an_origin_together_changes_no_fit_from_it(orders, honest) -> None:
    """Fitted anew, so that nothing but the fits themselves says so."""
    changed = orders
    for change in CHANGES:
        changed = change(changed, a_line(changed, ORIGINS[0], ORIGINS[1]))
    found = backtest(read(changed), models=MODELS, **FIRST_ONLY)
    pd.testing.assert_frame_equal(foreseen(found, ORIGINS[0]), foreseen(honest, ORIGINS[0]), check_exact=True)


@pytest.mark.parametrize("change", [amount_changed, deleted, added])
def test_what_comes_before_an_origin_changes_forecasts_from_it(change, orders, made_up) -> None:
    """So that the test above could fail: though the parameters stay, what is known of a customer does not."""
    changed = change(orders, a_line(orders, ORIGINS[0] - timedelta(weeks=12), ORIGINS[0] - timedelta(weeks=6)))
    before, after = (foreseen(backtest(read(frame), models=MODELS, **FIRST_ONLY), ORIGINS[0]) for frame in (orders, changed))
    moved = (before["mean"] != after["mean"]).groupby(level="measure").any()
    assert moved["revenue"] and moved["orders"] == (change is not amount_changed)


def test_amounts_that_newcomers_bring_change_no_forecast_of_newcomers(orders, honest, folder) -> None:
    changed = amount_changed(orders, a_line(orders, ORIGINS[0], ORIGINS[1], known=False))
    found = backtest(read(changed), models=MODELS, folder=folder, **FIRST_ONLY)
    pd.testing.assert_frame_equal(foreseen(found, ORIGINS[0], "new"), foreseen(honest, ORIGINS[0], "new"), check_exact=True)
    actual = [run.forecasts.query("who == 'new' and measure == 'revenue' and origin == @ORIGINS[0]")["actual"] for run in (found, honest)]
    assert (actual[0].to_numpy() > actual[1].to_numpy()).all()


def test_the_last_day_of_the_data_changes_no_forecast(orders, honest, folder) -> None:
    """Data that reach further have more to grade, and foresee the same."""
    shorter = {**FIRST_ONLY, "until": UNTIL - timedelta(weeks=3)}
    found = backtest(read(orders), models=MODELS, folder=folder, **shorter)
    rows = foreseen(found, ORIGINS[0])
    pd.testing.assert_frame_equal(rows, foreseen(honest, ORIGINS[0]).loc[rows.index], check_exact=True)
    assert found.forecasts["weeks"].unique().tolist() == [4]


# the same again -------------------------------------------------------------------------------------------------------------------------


def test_neither_rows_places_nor_kept_fits_change_a_result(orders, honest) -> None:
    """In one go and without a folder, from the rows in another order."""
    shuffled = orders.sample(frac=1.0, random_state=4)
    found = backtest(read(shuffled), models=MODELS, **OPTIONS)
    assert_same(found, honest, but=("fits", "sha256"))
    assert found.settings["fits"] == []


def test_another_seed_gives_another_result(orders, honest) -> None:
    found = backtest(read(orders), models=MODELS, **{**OPTIONS, "seed": 4, "origins": ORIGINS[1:]})
    one, other = (run.forecasts.query("origin == @ORIGINS[1] and measure == 'revenue' and model == @LABEL") for run in (found, honest))
    assert one["actual"].tolist() == other["actual"].tolist() and (one["mean"].to_numpy() != other["mean"].to_numpy()).all()


def test_an_interrupted_run_goes_on_where_it_stopped(orders, honest, tmp_path, monkeypatch) -> None:
    """What was fitted is not fitted again, and the result is that of one go."""
    fitted: list[str] = []
    fit, run, most = kept.fit, tmp_path / "run", 3

    def watched(model, *args, **options):
        if len(fitted) == most:
            raise KeyboardInterrupt
        fitted.append(model.name)
        return fit(model, *args, **options)

    monkeypatch.setattr(kept, "fit", watched)
    with pytest.raises(KeyboardInterrupt):
        backtest(read(orders), models=MODELS, folder=run, **OPTIONS)
    done = {path.name for path in run.iterdir()}
    assert fitted == ["mbg_nbd", "gamma_gamma", "mbg_nbd"] and len(done) == 3
    most = 4
    assert_same(backtest(read(orders), models=MODELS, folder=run, **OPTIONS), honest)
    assert fitted[3:] == ["gamma_gamma"] and done < {path.name for path in run.iterdir()}
    assert_same(backtest(read(orders), models=MODELS, folder=run, **OPTIONS), honest)
    assert len(fitted) == 4 and len(list(run.iterdir())) == 4


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def made_up_and_kept(monkeypatch) -> list[str]:
    """In the place of fits that are kept; the models fitted, in their order."""
    fitted: list[str] = []

    def fit(model, customers, *, pool, **_):
        fitted.append(model.name)
        return made_up_fit(model, customers, pool=pool)

    monkeypatch.setattr(kept, "fit", fit)
    return fitted


def test_kept_fits_of_others_stay(orders, tmp_path, made_up_and_kept) -> None:
    """The folder is the caller's: what another run put there, and whatever else lies in it, is not dropped."""
    backtest(read(orders), models=[(mbg_nbd(), lognormal())], folder=tmp_path, **OPTIONS)
    (tmp_path / "notes.txt").write_text("mine")
    before = contents(tmp_path)
    found = backtest(read(orders), models=MODELS, folder=tmp_path, **FIRST_ONLY)
    after = contents(tmp_path)
    assert {name: after[name] for name in before} == before
    assert made_up_and_kept == ["mbg_nbd", "lognormal"] * 2 + ["gamma_gamma"]
    assert len({name.split("/")[0] for name in after}) == 4 + 1 + 1
    assert len(found.settings["fits"]) == 2


def test_settings_name_the_fits_that_were_kept(orders, tmp_path, made_up_and_kept) -> None:
    found = backtest(read(orders), models=[mbg_nbd(), (mbg_nbd(), lognormal())], folder=tmp_path, **OPTIONS)
    assert sorted(found.settings["fits"]) == sorted(path.name for path in tmp_path.iterdir()) and len(set(found.settings["fits"])) == 6
    assert [name.rsplit("-", 1)[0] for name in found.settings["fits"]] == ["mbg_nbd", "gamma_gamma", "lognormal"] * 2 == made_up_and_kept
    again = backtest(read(orders), models=[mbg_nbd(), (mbg_nbd(), lognormal())], folder=tmp_path, **OPTIONS)
    assert_same(again, found)
    assert len(made_up_and_kept) == 6


def test_settings_say_what_was_graded_and_how(orders, honest) -> None:
    table = read(orders)
    assert honest.settings == {
        "models": {
            LABEL: {
                "purchases": {"name": "mbg_nbd", "options": {"season": False, "level": False}},
                "spend": {"name": "gamma_gamma", "options": {}},
            }
        },
        "pool": [],
        "by": ["industry", "channel"],
        "since": None,
        "until": UNTIL.isoformat(),
        "opportunity": None,
        "origins": [day.isoformat() for day in ORIGINS],
        "fits": honest.settings["fits"],
        "source": "DataFrame",
        "sha256": table.sha256,
        "currency": "EUR",
        "horizons": [4, 8],
        "spend_growth": 0.0,
        "widened": True,
        "code": kept.code_digest(*rolling_origins.CODE),
        "asked": [day.isoformat() for day in ORIGINS],
        "customers": None,
        "seed": 3,
        "draws": 100,
        "predictive_draws": 100,
    }
    assert len(table.sha256) == 64 and json.loads(json.dumps(honest.settings)) == honest.settings


def test_settings_name_a_file_by_its_name_and_its_hash(orders, made_up, tmp_path) -> None:
    plain = orders[is_order(orders)][["customer_id", "date", "amount"]]
    plain.to_csv(tmp_path / "orders.csv", index=False)
    found = backtest(read_transactions(tmp_path / "orders.csv"), models=MODELS, **FIRST_ONLY)
    assert (found.settings["source"], found.settings["currency"]) == ("orders.csv", None)
    assert found.settings["sha256"] == hashlib.sha256((tmp_path / "orders.csv").read_bytes()).hexdigest()


def test_a_damaged_fit_is_fitted_anew(orders, tmp_path, made_up_and_kept) -> None:
    """In which ways it may be damaged is told where fits are kept."""
    first = backtest(read(orders), models=MODELS, folder=tmp_path, **FIRST_ONLY)
    for name in first.settings["fits"]:
        (tmp_path / name / "posterior.nc").write_bytes(b"no longer a posterior")
    assert_same(backtest(read(orders), models=MODELS, folder=tmp_path, **FIRST_ONLY), first)
    assert made_up_and_kept == ["mbg_nbd", "gamma_gamma"] * 2


# what adds up ---------------------------------------------------------------------------------------------------------------------------


def test_every_origin_horizon_and_model_is_graded(honest) -> None:
    total = honest.forecasts.query("who == 'existing' and column == ''")
    expected = {(origin, weeks) for origin in ORIGINS for weeks in (4, 8) if origin + timedelta(weeks=weeks) <= UNTIL}
    for model in (LABEL, "No churn", "Last year's rate"):
        for measure in ("orders", "revenue"):
            own = total[(total["model"] == model) & (total["measure"] == measure)]
            assert set(zip(own["origin"], own["weeks"], strict=True)) == expected and len(own) == len(expected)
    assert honest.models == (LABEL,) and honest.notes == ()
    assert honest.certificates[["origin", "model"]].to_numpy().tolist() == [
        [origin, title] for origin in ORIGINS for title in ("MBG/NBD", "Gamma-Gamma")
    ]


def test_levels_of_a_column_add_up_to_the_total(honest) -> None:
    existing = honest.forecasts[honest.forecasts["who"] == "existing"]
    by = ["origin", "model", "measure", "weeks"]
    total = existing[existing["column"] == ""].set_index(by)[["customers", "actual", "mean"]]
    assert (total["mean"] > 0).all()
    for column in ("industry", "channel"):
        summed = existing[existing["column"] == column].groupby(by, sort=False)[["customers", "actual", "mean"]].sum()
        assert (summed["customers"] == total["customers"]).all()
        np.testing.assert_allclose(summed[["actual", "mean"]], total.loc[summed.index, ["actual", "mean"]], rtol=1e-9)
        orders_only = summed.index.get_level_values("measure") == "orders"
        assert (summed["actual"][orders_only] == total["actual"].loc[summed.index][orders_only]).all()


def test_weeks_classes_tenths_and_customers_add_up_to_the_total(honest) -> None:
    total = honest.forecasts.query("who == 'existing' and column == ''").set_index(["origin", "model", "measure", "weeks"])
    weekly = honest.weekly.set_index(["origin", "model", "measure"])
    for (origin, model, measure, weeks), row in total.iterrows():
        own = weekly.loc[(origin, model, measure)]
        own = own[own["week"] <= weeks]
        assert own["week"].tolist() == list(range(1, weeks + 1))
        assert own["actual"].sum() == pytest.approx(row["actual"]) and own["mean"].sum() == pytest.approx(row["mean"], rel=1e-9)
    for _, classes in honest.classes.groupby("by"):
        summed = classes.groupby(["origin", "model", "measure", "weeks"], sort=False)[["customers", "actual", "mean"]].sum()
        np.testing.assert_allclose(summed, total.loc[summed.index, ["customers", "actual", "mean"]], rtol=1e-9)
    tenths = honest.ranking.groupby(["origin", "model", "weeks"], sort=False)[["customers", "actual", "best"]].sum()
    revenue = total.xs("revenue", level="measure").loc[tenths.index]
    np.testing.assert_allclose(tenths, revenue[["customers", "actual", "actual"]], rtol=1e-9)
    customers = honest.customers[honest.customers["measure"] != "next amount"].set_index(["origin", "model", "measure", "weeks"])
    np.testing.assert_allclose(customers["customers"] * customers["mean"], total.loc[customers.index, "mean"], rtol=1e-9)
    np.testing.assert_allclose(customers["customers"] * customers["actual"], total.loc[customers.index, "actual"], rtol=1e-9)
    tenths_of_pit = honest.pit.groupby(["origin", "model", "measure", "weeks"], sort=False)["customers"].sum()
    assert (tenths_of_pit.loc[customers.index] == customers["customers"]).all()


def test_what_happened_is_what_stands_in_the_orders(orders, honest) -> None:
    """By plain pandas, from the lines: positive amounts by customer and day, of customers known before."""
    lines = orders[is_order(orders)]
    days = lines.groupby(["customer_id", "date"], as_index=False)["amount"].sum()
    first = days.groupby("customer_id")["date"].transform("min")
    for (origin, weeks), rows in honest.forecasts.query("column == ''").groupby(["origin", "weeks"]):
        start, end = pd.Timestamp(origin), pd.Timestamp(origin) + pd.Timedelta(weeks=weeks)
        window = (days["date"] > start) & (days["date"] <= end)
        known, new = days[window & (first <= start)], days[window & (first > start)]
        actual = rows[rows["model"] == LABEL].set_index(["who", "measure"])["actual"]
        assert actual["existing", "orders"] == len(known) and actual["existing", "revenue"] == pytest.approx(known["amount"].sum())
        assert actual["new", "orders"] == len(new) - new["customer_id"].nunique()
        assert actual["new", "revenue"] == pytest.approx(new["amount"].sum())
        counted = rows[rows["model"] == LABEL].set_index(["who", "measure"])["customers"]
        assert counted["new", "orders"] == new["customer_id"].nunique()
        assert counted["existing", "orders"] == days.loc[first <= start, "customer_id"].nunique()


def test_scores_and_verdicts_follow_from_the_frames(honest) -> None:
    total = honest.forecasts
    assert (total["held_90"] == ((total["q05"] <= total["actual"]) & (total["actual"] <= total["q95"]))).all()
    assert (total["held_50"] == ((total["q25"] <= total["actual"]) & (total["actual"] <= total["q75"]))).all()
    width, outside = (
        total["q95"] - total["q05"],
        np.maximum(total["q05"] - total["actual"], 0) + np.maximum(total["actual"] - total["q95"], 0),
    )
    np.testing.assert_allclose(total["interval_90"], width + 20 * outside, rtol=1e-9)
    assert len(honest.verdicts) == 3 * 2 * 2
    own = total.query("model == @LABEL and who == 'existing' and column == '' and measure == 'orders' and weeks == 4")
    verdict = honest.verdict(LABEL, "orders", 4)
    assert (verdict.origins, verdict.held) == (2, own["held_90"].sum())
    assert (honest.verdict(LABEL, "orders", 8).origins, verdict.judgement) == (1, "too few origins")
    with pytest.raises(ArgumentError, match="no verdict on Mine, orders, 4 weeks"):
        honest.verdict("Mine", "orders", 4)


def test_losses_are_those_of_single_customers(honest) -> None:
    """Mean loss of the differences against the customers' frame, origin by origin weighed by its customers."""
    for measure, column, sign in (("orders", "log_score", -1), ("revenue", "crps", 1)):
        for weeks in (4, 8):
            own = honest.customers[honest.customers["model"] == LABEL]
            own = own[(own["measure"] == measure) & (own["weeks"] == weeks)]
            expected = sign * (own[column] * own["customers"]).sum() / own["customers"].sum()
            row = honest.differences.set_index(["measure", "weeks", "model", "other"]).loc[(measure, weeks, LABEL, "No churn")]
            assert row["loss"] == pytest.approx(expected, rel=1e-9)
            assert (row["forecasts"], row["customers"]) == (own["customers"].sum(), own["customers"].max())
            assert row["origins"] == {4: 2, 8: 1}[weeks] == len(own)


# models and baselines -------------------------------------------------------------------------------------------------------------------


def test_candidates_with_the_same_purchase_model_foresee_the_same_orders(orders, made_up) -> None:
    found = backtest(read(orders), models=[(mbg_nbd(), gamma_gamma()), (mbg_nbd(), lognormal())], **FIRST_ONLY)
    assert found.models[0] == LABEL and found.models[1].startswith("MBG/NBD + ")
    one, other = (
        found.forecasts[(found.forecasts["model"] == model) & (found.forecasts["measure"] == "orders")].drop(columns="model")
        for model in found.models
    )
    pd.testing.assert_frame_equal(one.reset_index(drop=True), other.reset_index(drop=True), check_exact=True)
    revenue = [found.forecasts.query("model == @model and measure == 'revenue'")["mean"].tolist() for model in found.models]
    assert revenue[0] != revenue[1]
    same = found.differences.query("measure == 'orders' and model == @found.models[0] and other == @found.models[1]")
    assert (same["difference"] == 0).all() and (same["se"] == 0).all()


def test_a_shared_purchase_model_is_fitted_once_an_origin(orders, monkeypatch) -> None:
    fitted = []

    def counted(model, customers, *, pool, **_):
        fitted.append(model.name)
        return made_up_fit(model, customers, pool=pool)

    monkeypatch.setattr(rolling_origins, "fit", counted)
    backtest(read(orders), models=[mbg_nbd(), (mbg_nbd(), lognormal())], **OPTIONS)
    assert fitted == ["mbg_nbd", "gamma_gamma", "lognormal"] * 2


def test_baselines_foresee_as_if_nobody_left(orders, honest) -> None:
    """No churn: whatever was ordered a week is ordered in the next; half of a base has left and is foreseen all the same."""
    total = "who == 'existing' and column == '' and measure == 'orders' and weeks == 4"
    of_baseline = honest.forecasts.query(total).query("model == 'No churn'").set_index("origin")["mean"]
    assert (of_baseline > honest.by_itself.query(total).set_index("origin")["mean"]).all()


def test_the_last_years_rate_is_that_of_the_last_year(made_up) -> None:
    """A base that bought every week until a year ago and nothing since: without churn it will again, by the last year it will not."""
    rows = [(f"c{k}", UNTIL - timedelta(weeks=150) + timedelta(weeks=j)) for k in range(30) for j in range(60)]
    rows += [("late", UNTIL - timedelta(weeks=w)) for w in (40, 2)]
    table = read_transactions(pd.DataFrame(rows, columns=["customer_id", "date"]).assign(amount=10.0))
    found = backtest(table, models=MODELS, **{**OPTIONS, "origins": ORIGINS[1:], "horizons": [4]})
    mean = found.forecasts.query("who == 'existing' and measure == 'orders'").set_index("model")["mean"]
    assert mean["No churn"] > 30
    assert mean["Last year's rate"] < 2


def newly_won(seed: int = 6) -> pd.DataFrame:
    """Thirty known customers, those who ordered most first, and as many won since, those first who came first."""
    random = np.random.default_rng(seed)
    rows = []
    for k in range(30):
        came = ORIGINS[0] - timedelta(weeks=100 - k)
        rows += [(f"c{k:02d}", came)] + [(f"c{k:02d}", came + timedelta(days=int(day))) for day in random.choice(range(1, 400), 60 - 2 * k)]
        rows += [(f"n{k:02d}", ORIGINS[0] + timedelta(days=1 + k))]
    frame = pd.DataFrame(rows, columns=["customer_id", "date"]).drop_duplicates()
    return frame.assign(date=pd.to_datetime(frame["date"]), amount=10.0)


def test_baselines_foresee_known_customers_and_newcomers_by_their_closed_forms(made_up) -> None:
    """Of newcomers nothing is known, though they are as many as the known ones: the mean rate from the day they came."""
    lines = newly_won()
    options = {**FIRST_ONLY, "predictive_draws": 1000}
    forecasts = backtest(read_transactions(lines), models=MODELS, **options).forecasts.query("measure == 'orders'")
    origin, year = pd.Timestamp(ORIGINS[0]), pd.Timestamp(ORIGINS[0] - timedelta(weeks=52))
    known = lines[lines["date"] <= origin].assign(first=lambda frame: frame.groupby("customer_id")["date"].transform("min"))
    repeats = known[known["date"] > known["first"]]
    ids = sorted(known["customer_id"].unique())
    T = (origin - known.groupby("customer_id")["first"].min().loc[ids]).dt.days.to_numpy() / 7
    seen = {
        "No churn": (repeats["customer_id"].value_counts().reindex(ids, fill_value=0), T),
        "Last year's rate": (repeats[repeats["date"] > year]["customer_id"].value_counts().reindex(ids, fill_value=0), np.minimum(T, 52.0)),
    }
    arrived = np.arange(1, 31)
    for label, (counted, weeks_seen) in seen.items():
        x = counted.to_numpy(dtype=float)
        draws = steady_draws(x, weeks_seen, 1000, np.random.default_rng([options["seed"], rolling_origins.BASELINE_DRAWS]))[:, :, 0]
        rate, shape = np.exp(draws).T[:, :, None]
        for weeks in (4, 8):
            rows = forecasts[(forecasts["model"] == label) & (forecasts["weeks"] == weeks)].set_index("who")
            left = np.maximum(7 * weeks - arrived, 0) / 7
            expected = {
                "existing": ((shape + x) / (shape / rate + weeks_seen) * weeks).sum(axis=1).mean(),
                "new": rate.mean() * left.sum(),
            }
            for who, mean in expected.items():
                row = rows.loc[who]
                assert abs(row["mean"] - mean) < 4 * row["sd"] / math.sqrt(1000), (label, weeks, who)
        assert rows.loc["new", "customers"] == 30 == rows.loc["existing", "customers"]


def test_newcomers_orders_are_free_as_often_as_those_of_known_customers(made_up) -> None:
    """Every second repeat order was free; first orders all were, so that nothing else brings money."""
    lines = newly_won().sort_values(["customer_id", "date"], ignore_index=True)
    place = lines.groupby("customer_id").cumcount()
    options = {**FIRST_ONLY, "predictive_draws": 1000}
    paid, free = (
        backtest(read_transactions(lines.assign(amount=amount)), models=MODELS, **options).forecasts.query("who == 'new'")
        for amount in (np.where(place > 0, 10.0, 0.0), np.where(place % 2 == 1, 10.0, 0.0))
    )
    repeats = place[(place > 0) & (lines["date"] <= pd.Timestamp(ORIGINS[0]))]
    assert np.array_equal(paid.query("measure == 'orders'")["mean"], free.query("measure == 'orders'")["mean"])
    ratio = free.query("measure == 'revenue'")["mean"].to_numpy() / paid.query("measure == 'revenue'")["mean"].to_numpy()
    np.testing.assert_allclose(ratio, (repeats % 2 == 1).mean(), rtol=0.05)


def test_by_decides_which_levels_are_graded(orders, made_up) -> None:
    options = FIRST_ONLY
    all_of_them = backtest(read(orders), models=MODELS, **options)
    one, none = (backtest(read(orders), models=MODELS, by=by, **options) for by in (["channel"], []))
    assert set(all_of_them.forecasts["column"]) == {"", "industry", "channel"}
    assert set(one.forecasts["column"]) == {"", "channel"} and set(none.forecasts["column"]) == {""}
    by_total = [run.by_itself.query("column == ''")[["mean", "actual", "q05"]].to_numpy() for run in (all_of_them, one, none)]
    assert np.array_equal(by_total[0], by_total[1]) and np.array_equal(by_total[0], by_total[2])
    # what levels are off besides the total leaves its mean alone, but for chance
    moved = [run.forecasts.query("column == '' and who == 'existing'")["mean"].to_numpy() for run in (all_of_them, one, none)]
    np.testing.assert_allclose(moved[0], moved[2], rtol=0.05)
    np.testing.assert_allclose(moved[1], moved[2], rtol=0.05)


def test_pooled_fits_are_graded_too(orders, made_up) -> None:
    found = backtest(read(orders), models=MODELS, pool=["industry", "channel"], **FIRST_ONLY)
    assert np.isfinite(found.forecasts[FORESEEN]).all().all() and set(found.forecasts["who"]) == {"existing", "new"}


# what cannot be graded ------------------------------------------------------------------------------------------------------------------


def test_horizons_and_origins_that_cannot_be_graded_are_noted(orders, made_up) -> None:
    asked = [*ORIGINS[1:], UNTIL - timedelta(weeks=1), UNTIL - timedelta(weeks=300)]
    found = backtest(read(orders), models=MODELS, **{**OPTIONS, "origins": asked, "horizons": [4, 8, 52]})
    assert found.forecasts["weeks"].unique().tolist() == [4]
    assert any(note.startswith("2 of 3 origins") for note in found.notes)
    for weeks in (8, 52):
        assert any(note.startswith(f"{weeks} weeks cannot be graded") for note in found.notes)
    assert not any(note.startswith("4 weeks") for note in found.notes)


def test_one_day_is_an_origin_as_good_as_a_list_of_it(orders, made_up) -> None:
    found = backtest(read(orders), models=MODELS, **{**OPTIONS, "origins": ORIGINS[0]})
    assert_same(found, backtest(read(orders), models=MODELS, **FIRST_ONLY))


def early_and_alone(orders: pd.DataFrame) -> pd.DataFrame:
    """One customer half a year before all others, so that an origin lies where there is nothing yet to learn from."""
    first = orders[orders["customer_id"].notna()].iloc[[0]]
    return pd.concat(
        [orders, first.assign(customer_id="THE-FIRST", order_id="O-first", date=orders["date"].min() - pd.Timedelta(weeks=26))]
    )


def test_an_origin_from_which_nothing_can_be_learned_is_noted_and_left_out(orders, made_up) -> None:
    early = orders["date"].min().date() - timedelta(weeks=10)
    table = read(early_and_alone(orders))
    found = backtest(table, models=MODELS, **{**OPTIONS, "origins": [early, ORIGINS[1]]})
    assert found.forecasts["origin"].unique().tolist() == [ORIGINS[1]]
    [note] = [note for note in found.notes if str(early) in note]
    assert "nothing could be forecast" in note and "too few" in note
    alone = backtest(table, models=MODELS, **{**OPTIONS, "origins": [ORIGINS[1]]})
    pd.testing.assert_frame_equal(found.forecasts, alone.forecasts, check_exact=True)
    assert found.settings["origins"] == [ORIGINS[1].isoformat()]
    assert (found.differences["origins"] == 1).all()


def test_an_origin_at_which_a_baseline_has_no_mode_is_noted_and_left_out(orders, made_up, monkeypatch) -> None:
    steady, calls = rolling_origins.steady_draws, []

    def lost(*args):
        calls.append(args)
        if len(calls) == 1:
            raise DataError("the mode of a baseline was not found: Maximum number of iterations has been exceeded.")
        return steady(*args)

    monkeypatch.setattr(rolling_origins, "steady_draws", lost)
    found = backtest(read(orders), models=MODELS, **OPTIONS)
    assert found.forecasts["origin"].unique().tolist() == [ORIGINS[1]] and found.settings["origins"] == [ORIGINS[1].isoformat()]
    assert any(f"From {ORIGINS[0]} nothing could be forecast: the mode of a baseline" in note for note in found.notes)
    assert found.certificates["origin"].unique().tolist() == [ORIGINS[1]]


def test_where_nothing_at_all_can_be_learned_that_is_said(orders, made_up) -> None:
    early = orders["date"].min().date() - timedelta(weeks=10)
    with pytest.raises(DataError, match=r"no forecast could be graded: From .* nothing could be forecast"):
        backtest(read(early_and_alone(orders)), models=MODELS, **{**OPTIONS, "origins": [early]})


def test_the_smallest_base_that_can_be_learned_from_is_graded(folder) -> None:
    """Two customers and one repeat order until the origin, and nothing since."""
    rows = [("a", UNTIL - timedelta(weeks=30)), ("a", UNTIL - timedelta(weeks=20)), ("b", UNTIL - timedelta(weeks=25))]
    table = read_transactions(pd.DataFrame(rows, columns=["customer_id", "date"]).assign(amount=[10.0, 20.0, 30.0]))
    found = backtest(table, models=MODELS, folder=folder / "tiny", **FIRST_ONLY)
    assert (found.forecasts["actual"] == 0).all() and np.isfinite(found.forecasts[FORESEEN]).all().all()
    assert set(found.forecasts["who"]) == {"existing"} and set(found.customers["measure"]) == {"orders", "revenue"}
    assert found.choice.model == LABEL and "nan" not in found.choice.reason
    for verdict in found.verdicts:
        assert "nan" not in verdict.message and "inf" not in verdict.message


def test_a_base_that_only_began_to_return_is_graded_gross(orders, made_up) -> None:
    """What comes back is no negative revenue."""
    all_back = orders[is_order(orders)].assign(is_return=False, returned_order=None)
    back = all_back.assign(
        order_id="R" + all_back["order_id"].astype(str), amount=-all_back["amount"], is_return=True, returned_order=all_back["order_id"]
    )
    late = back["date"] > pd.Timestamp(ORIGINS[1])
    with_returns = pd.concat([all_back, back[late]], ignore_index=True).astype({"returned_order": "str"})
    found, plain = (
        backtest(read(frame), models=MODELS, **{**OPTIONS, "origins": ORIGINS[1:]})
        for frame in (with_returns, all_back.astype({"returned_order": "str"}))
    )
    assert found.forecasts["actual"].tolist() == plain.forecasts["actual"].tolist()
    assert (found.forecasts.query("column == '' and who == 'existing'")["actual"] > 0).all()


def test_since_leaves_out_what_lies_before(orders, made_up) -> None:
    since = date(2025, 4, 1)
    found = backtest(read(orders), models=MODELS, since=since, **FIRST_ONLY)
    cut = backtest(read(orders[orders["date"] >= pd.Timestamp(since)]), models=MODELS, **FIRST_ONLY)
    assert found.forecasts.query("column == ''")["customers"].tolist() == cut.forecasts.query("column == ''")["customers"].tolist()
    assert found.forecasts["actual"].tolist() == cut.forecasts["actual"].tolist()
    known = summarize(read(orders), since=since, until=ORIGINS[0])
    assert found.forecasts["customers"].max() == len(known)


def test_order_days_after_until_are_not_graded(orders, made_up) -> None:
    """Nobody says that they are complete."""
    until = UNTIL - timedelta(weeks=2)
    found = backtest(read(orders), models=MODELS, **{**OPTIONS, "until": until, "origins": 2, "horizons": [4]})
    last = found.forecasts["origin"].max()
    assert last == until - timedelta(weeks=4)
    days = order_days(read(orders), until=until)
    counted = ((days["day"] > pd.Timestamp(last)) & (days["day"] <= pd.Timestamp(until))).sum()
    total = found.forecasts.query("origin == @last and model == @LABEL and column == '' and measure == 'orders'")
    won_since = total[total["who"] == "new"]["customers"].sum()
    assert total["actual"].sum() + won_since == counted


# what is refused ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"models": "x"}, "models must be a list of purchase models"),
        ({"models": mbg_nbd()}, "models must be a list of purchase models"),
        ({"models": []}, "models must be a list of purchase models"),
        ({"models": ["mbg_nbd"]}, "a model is a purchase model, or a pair of a purchase and a spend model, not 'mbg_nbd'"),
        ({"models": [gamma_gamma()]}, "a model is a purchase model, or a pair"),
        ({"models": [beta_binomial_returns()]}, "a model is a purchase model, or a pair"),
        ({"models": [(gamma_gamma(), mbg_nbd())]}, "a model is a purchase model, or a pair"),
        ({"models": [(mbg_nbd(),)]}, "a model is a purchase model, or a pair"),
        ({"models": [(mbg_nbd(), gamma_gamma(), lognormal())]}, "a model is a purchase model, or a pair"),
        ({"models": [mbg_nbd]}, "a model is a purchase model, or a pair"),
        ({"models": [mbg_nbd(), mbg_nbd()]}, re.escape(f"models names {LABEL} twice")),
        ({"models": [mbg_nbd(), (mbg_nbd(), gamma_gamma())]}, re.escape(f"models names {LABEL} twice")),
        ({"pool": ["country"]}, "pool names 'country', which is no segment"),
        ({"pool": "industry"}, "pool must be a list of columns"),
        ({"by": ["country"]}, "by must name segments of these customers"),
        ({"by": "industry"}, "by must be a list of columns"),
        ({"by": ["industry", "industry"]}, "by must name segments of these customers, each once"),
        ({"draws": 10}, "draws must be a whole number of at least 100, not 10"),
        ({"draws": 200.0}, "draws must be a whole number of at least 100"),
        ({"predictive_draws": 10}, "predictive_draws must be a whole number of at least 100, not 10"),
        ({"predictive_draws": True}, "predictive_draws must be a whole number"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"seed": True}, "seed must be a whole number"),
        ({"spend_growth": 5.0}, "spend_growth must be a yearly rate"),
        ({"origins": 0}, "origins must be at least 1"),
        ({"horizons": [0]}, "horizons must be whole numbers of weeks"),
        ({"until": "2025-12-31"}, "until must be a datetime.date"),
        ({"since": 2025}, "since must be a datetime.date"),
        ({"since": UNTIL + timedelta(days=1)}, "since .* lies after until"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_arguments_that_cannot_be_used_are_refused_before_anything_is_fitted(options, said, orders, monkeypatch) -> None:
    def never(*_, **__):
        raise AssertionError("it was fitted")

    monkeypatch.setattr(rolling_origins, "fit", never)
    with pytest.raises(ArgumentError, match=said):
        backtest(read(orders), **{**OPTIONS, "models": MODELS, **options})


@pytest.mark.parametrize("options", [{}, {"by": ["account"]}], ids=["all columns", "named"])
def test_columns_of_too_many_levels_are_refused_before_anything_is_fitted(options, monkeypatch) -> None:
    """Counted over the whole base: not only once an origin is reached at which they are too many."""

    def never(*_, **__):
        raise AssertionError("it was fitted")

    monkeypatch.setattr(rolling_origins, "fit", never)
    ids = [f"c{k:04d}" for k in range(2001)]
    early, late = UNTIL - timedelta(weeks=40), UNTIL - timedelta(weeks=1)
    rows = [(customer, early if k < 50 else late) for k, customer in enumerate(ids)] + [
        (customer, UNTIL - timedelta(weeks=30)) for customer in ids[:50]
    ]
    lines = pd.DataFrame(rows, columns=["customer_id", "date"]).assign(amount=10.0, account=lambda frame: frame["customer_id"], kind="k")
    table = read_transactions(lines, segments=["account", "kind"])
    with pytest.raises(ArgumentError, match=r"by names 'account', which has 2,001 levels; report by columns of at most 2,000"):
        backtest(table, **{**OPTIONS, "models": MODELS, **options})
    monkeypatch.setattr(rolling_origins, "fit", lambda model, customers, *, pool, **_: made_up_fit(model, customers, pool=pool))
    assert set(backtest(table, models=MODELS, by=["kind"], **FIRST_ONLY).forecasts["column"]) == {"", "kind"}


def test_a_base_without_an_observed_future_cannot_be_graded(orders) -> None:
    with pytest.raises(DataError, match="no forecast of 200 weeks can be graded"):
        backtest(read(orders), models=MODELS, **{**OPTIONS, "origins": 3, "horizons": [200]})


def test_models_compare_by_what_they_are(orders, made_up) -> None:
    """Another option makes another model, with a label of its own or refused as the same: never silently dropped."""
    options = FIRST_ONLY
    renamed = replace(gamma_gamma(), title="Renamed")
    found = backtest(read(orders), models=[mbg_nbd(), (mbg_nbd(), renamed)], **options)
    assert found.models == (LABEL, "MBG/NBD + Renamed")
    assert set(found.forecasts["model"]) == {*found.models, "No churn", "Last year's rate"}
