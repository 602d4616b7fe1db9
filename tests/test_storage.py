"""What is saved comes back equal, byte for byte the same each time, whole or not at all."""

import json
import time
from dataclasses import fields, replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from made_up_backtest import OTHER, OWN, Past, make_backtest
from valuation.made_up_books import made_up_contract_fit, made_up_renewals
from valuation.made_up_fits import made_up_customers, made_up_fits

from clvbayes import files
from clvbayes.data import Customers
from clvbayes.errors import ArgumentError, DataError
from clvbayes.files import file_hashes, staged, write_json
from clvbayes.grading import Backtest
from clvbayes.inference import Fit
from clvbayes.inference.kept import fit_key
from clvbayes.models import beta_discrete_weibull, gamma_gamma, mbg_nbd, renewal_change
from clvbayes.storage import load, save
from clvbayes.valuation import Economics, Valuation, value

HOSTILE = {
    'x"; drop table t': ["a/b", "<script>alert(1)</script>", "=1+1", "plain"],
    "a/b": ["x × y", 'x"; drop table t', "ü", ""],
    "draw": ["../../etc/passwd", "\\", "level", "value_5"],
}


@pytest.fixture(scope="module")
def fits() -> tuple[Fit, Fit]:
    return made_up_fits(made_up_customers(60, segments=HOSTILE), pool=('x"; drop table t', "a/b", ("a/b", "draw")), draws=100)


@pytest.fixture(scope="module")
def valuation(fits: tuple[Fit, Fit]) -> Valuation:
    customers = made_up_customers(60, segments=HOSTILE, currency="EUR")
    return value(*fits, customers, Economics(0.35, 0.09, 1, fiscal_year_start=4), draws=150, seed=1, progress=False)


@pytest.fixture(scope="module")
def backtest() -> Backtest:
    """Of hostile labels; after one origin nobody ordered, and a baseline was sure of none, which no factor would have saved."""
    hostile = '<script>alert(1)</script> + "../../x"'
    off = {hostile: 1.5, "No churn": 2.5, "Last year's rate": 0.5}
    return make_backtest(
        Past(
            models=(OWN, hostile),
            off=off,
            silent=(1,),
            outside={(OWN, "revenue"): (0, 2, 3, 5)},
            sure_of_none=("No churn",),
            failed_fits=1,
            pool=("industry", ["industry", "region"]),
            notes=("52 weeks cannot be graded: <b>ü</b>", 'x"; drop table t'),
        )
    )


def names_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_fit_comes_back_as_it_was(fits: tuple[Fit, Fit], tmp_path: Path) -> None:
    for k, fit in enumerate(fits):
        again = load(save(fit, tmp_path / str(k)))
        assert isinstance(again, Fit)
        assert replace(again, posterior=fit.posterior) == fit
        assert dict(again.posterior.attrs) == dict(fit.posterior.attrs)
        for group in ("posterior", "sample_stats"):
            xr.testing.assert_equal(again.posterior[group].to_dataset(), fit.posterior[group].to_dataset())
        assert list(again.posterior["posterior"].attrs["sample_dims"]) == ["chain", "draw"]


def test_a_valuation_comes_back_as_it_was(valuation: Valuation, tmp_path: Path) -> None:
    again = load(save(valuation, tmp_path / "valuation"))
    assert isinstance(again, Valuation)
    assert list(again.cash) == list(valuation.cash) == list(HOSTILE)
    xr.testing.assert_identical(again.total, valuation.total)
    for column, cash in valuation.cash.items():
        xr.testing.assert_identical(again.cash[column], cash)
    assert again.ordering is None
    pd.testing.assert_frame_equal(again.customers, valuation.customers, check_exact=True)
    assert (again.economics, again.periods, again.checks) == (valuation.economics, valuation.periods, valuation.checks)
    pd.testing.assert_frame_equal(again.to_frame(), valuation.to_frame(), check_exact=True)


def test_customers_by_quarter_come_back(valuation: Valuation, tmp_path: Path) -> None:
    coords = {
        "cohort": [2024, 2025],
        "quarter": np.array(["2026-01-01", "2026-04-01"], dtype="datetime64[s]"),
        "customers": ("cohort", [7, 9]),
    }
    counts = xr.DataArray(np.arange(12, dtype=np.int32).reshape(3, 2, 2), dims=("draw", "cohort", "quarter"), coords=coords)
    counts.attrs["kind"] = "predictive"
    found = load(save(replace(valuation, ordering=counts.rename("ordering")), tmp_path / "valuation"))
    assert isinstance(found, Valuation)
    xr.testing.assert_identical(found.ordering, counts.rename("ordering"))


def test_which_fits_failed_comes_back(valuation: Valuation, tmp_path: Path) -> None:
    found = load(save(replace(valuation, uncertified=("MBG/NBD",)), tmp_path / "valuation"))
    assert isinstance(found, Valuation) and found.uncertified == ("MBG/NBD",)


def test_a_valuation_of_undated_periods_and_no_columns_comes_back(fits: tuple[Fit, Fit], tmp_path: Path) -> None:
    customers = made_up_customers(60, segments=HOSTILE, until=None)
    valuation = value(*fits, customers, Economics(0.35, 0.0, 1), by=(), draws=100, seed=1, progress=False)
    again = load(save(valuation, tmp_path / "valuation"))
    assert again.cash == {} and again.periods == valuation.periods
    assert again.periods[0].first_day is None and again.economics.currency is None


def test_a_loaded_fit_values_as_the_fit_did(fits: tuple[Fit, Fit], valuation: Valuation, tmp_path: Path) -> None:
    customers = made_up_customers(60, segments=HOSTILE, currency="EUR")
    loaded = [load(save(fit, tmp_path / str(k))) for k, fit in enumerate(fits)]
    again = value(*loaded, customers, valuation.economics, draws=150, seed=1, progress=False)
    xr.testing.assert_identical(again.total, valuation.total)


def test_a_backtest_comes_back_as_it_was(backtest: Backtest, tmp_path: Path) -> None:
    again = load(save(backtest, tmp_path / "backtest"))
    assert isinstance(again, Backtest)
    for name in [field.name for field in fields(backtest)]:
        was, is_now = getattr(backtest, name), getattr(again, name)
        if isinstance(was, pd.DataFrame):
            pd.testing.assert_frame_equal(is_now, was, check_exact=True)
            assert len(was)
        else:
            assert is_now == was
    for frame in (again.forecasts, again.weekly, again.certificates):
        assert {type(day) for day in frame["origin"]} == {date}
    assert again.forecasts["held_90"].dtype == again.certificates["passed"].dtype == bool
    assert again.verdict("No churn", "revenue", 13).factor is None and again.verdict(OWN, "revenue", 13).factor > 1
    assert isinstance(again.verdicts, tuple) and isinstance(again.notes, tuple)
    assert again.models == backtest.models and again.models[1] != OTHER
    assert again.verdict(again.models[1], "revenue", 26) == backtest.verdict(backtest.models[1], "revenue", 26)


def test_a_backtest_without_notes_of_one_forecast_comes_back(tmp_path: Path) -> None:
    small = make_backtest(Past(models=(OWN,), origins=1, horizons=(13,), newcomers=(), silent=(0,), currency=None))
    assert {(verdict.lowest, verdict.highest) for verdict in small.verdicts} == {(None, None)}
    again = load(save(small, tmp_path / "backtest"))
    assert isinstance(again, Backtest)
    assert again.notes == () and again.verdicts == small.verdicts and again.settings == small.settings
    pd.testing.assert_frame_equal(again.to_frame(), small.to_frame(), check_exact=True)


def test_manifests_are_json_that_any_reader_takes(backtest: Backtest, valuation: Valuation, fits: tuple[Fit, Fit], tmp_path: Path) -> None:
    """Infinity and NaN are not JSON; a share of nothing, and the factor of a band without width, would be such."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    for k, obj in enumerate((fits[0], valuation, backtest)):
        text = (save(obj, tmp_path / str(k)) / "manifest.json").read_text(encoding="utf-8")
        assert json.loads(text, parse_constant=refuse)["kind"] == type(obj).__name__


def test_the_same_result_gives_the_same_bytes(fits: tuple[Fit, Fit], valuation: Valuation, backtest: Backtest, tmp_path: Path) -> None:
    for obj in (fits[0], fits[1], valuation, backtest):
        first = file_hashes(save(obj, tmp_path / "first"))
        time.sleep(1.1)  # files with a time in them differ by the second
        assert file_hashes(save(obj, tmp_path / "second")) == first
        # and what was loaded is saved as it was
        assert file_hashes(save(load(tmp_path / "first"), tmp_path / "third")) == first
        for name in ("first", "second", "third"):
            for path in (tmp_path / name).iterdir():
                path.unlink()


def test_files_are_what_their_names_say_and_nothing_is_pickled(fits: tuple[Fit, Fit], valuation: Valuation, tmp_path: Path) -> None:
    assert names_in(save(fits[0], tmp_path / "fit")) == ["manifest.json", "posterior.nc"]
    assert names_in(save(valuation, tmp_path / "valuation")) == ["cash.nc", "customers.parquet", "manifest.json"]
    manifest = json.loads((tmp_path / "fit" / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["schema"], manifest["kind"], manifest["model"], manifest["seed"]) == (7, "Fit", "mbg_nbd", 5)
    assert list(pd.read_parquet(tmp_path / "valuation" / "customers.parquet").columns)[-3:] == list(HOSTILE)
    beginnings = {".nc": b"\x89HDF", ".parquet": b"PAR1", ".json": b"{\n  "}
    for path in [path for path in tmp_path.rglob("*") if path.is_file()]:
        assert path.read_bytes()[:4] == beginnings[path.suffix]


def test_a_second_save_replaces_the_first(fits: tuple[Fit, Fit], tmp_path: Path) -> None:
    save(fits[0], tmp_path / "fit")
    save(fits[1], tmp_path / "fit")
    assert load(tmp_path / "fit").model.name == "gamma_gamma"
    assert names_in(tmp_path) == ["fit", "fit/manifest.json", "fit/posterior.nc"]


@pytest.mark.parametrize("place", ["new", "a/b/c"])
def test_nothing_is_left_of_a_save_that_failed(place: str, fits: tuple[Fit, Fit], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: object) -> None:
        path.write_text("half a mani")
        raise OSError("no space left on device")

    monkeypatch.setattr(files, "write_json", full)
    with pytest.raises(OSError, match="no space"):
        save(fits[0], tmp_path / place)
    assert names_in(tmp_path) == []


def test_a_failed_save_leaves_the_earlier_result(fits: tuple[Fit, Fit], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = file_hashes(save(fits[0], tmp_path / "fit"))

    def interrupted(path: Path, content: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "write_json", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save(fits[1], tmp_path / "fit")
    assert file_hashes(tmp_path / "fit") == before
    assert [path.name for path in tmp_path.iterdir()] == ["fit"]


def test_a_staged_folder_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "out"
    (target / "sub").mkdir(parents=True)
    (target / "sub" / "stale.txt").write_text("old")
    (target / "sub" / "manifest.json").write_text("{}")
    (target / "kept.txt").write_text("mine")
    with staged(target) as stage:
        (stage / "sub").mkdir()
        (stage / "sub" / "fresh.txt").write_text("new")
        write_json(stage / "manifest.json", {"ä": 1.5})
        assert names_in(target) == ["kept.txt", "sub", "sub/manifest.json", "sub/stale.txt"]
    assert names_in(target) == ["kept.txt", "manifest.json", "sub", "sub/fresh.txt"]
    assert (target / "manifest.json").read_bytes() == '{\n  "ä": 1.5\n}\n'.encode()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_other_things_are_not_saved(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="only a Fit, a Valuation or a Backtest can be saved, not DataFrame"):
        save(pd.DataFrame(), tmp_path / "x")
    assert names_in(tmp_path) == []


def test_a_file_in_the_way_of_a_folder_is_refused(fits: tuple[Fit, Fit], tmp_path: Path) -> None:
    (tmp_path / "fit").write_text("a note")
    with pytest.raises(ArgumentError, match="is a file"):
        save(fits[0], tmp_path / "fit")
    assert names_in(tmp_path) == ["fit"] and (tmp_path / "fit").read_text() == "a note"


def rewritten(folder: Path, **changes: object) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8")


def test_folders_that_hold_no_result_are_refused(fits: tuple[Fit, Fit], tmp_path: Path) -> None:
    for name in ("missing", "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(DataError, match=r"holds no manifest.json: it is not a saved result"):
            load(tmp_path / name)
    for changes, message in [
        ({"schema": 1}, "is no saved result of schema 7"),
        ({"kind": "Plan"}, "holds a Plan, which this version does not know"),
        ({"model": "pareto_ggg"}, "'pareto_ggg', which this version does not know"),
        ({"model": "Priors"}, "'Priors', which this version does not know"),
        ({"model": "__doc__"}, "which this version does not know"),
    ]:
        folder = save(fits[0], tmp_path / "fit")
        rewritten(folder, **changes)
        with pytest.raises(DataError, match=message):
            load(folder)


@pytest.mark.parametrize("content", ["half a mani", "[]", '"Fit"', ""])
def test_a_manifest_that_is_none_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(DataError, match=r"manifest"):
        load(tmp_path)


def test_a_folder_with_a_file_missing_is_refused(fits: tuple[Fit, Fit], valuation: Valuation, backtest: Backtest, tmp_path: Path) -> None:
    for obj, names in (
        (fits[0], ["posterior.nc"]),
        (valuation, ["cash.nc", "customers.parquet"]),
        (backtest, ["forecasts.parquet", "by_itself.parquet", "weekly.parquet", "differences.parquet", "certificates.parquet"]),
    ):
        for name in names:
            folder = save(obj, tmp_path / "saved")
            (folder / name).unlink()
            with pytest.raises(DataError, match=f"holds no {name}"):
                load(folder)


def cut(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


@pytest.mark.parametrize("name", ["forecasts", "by_itself", "pit", "differences", "certificates"])
def test_a_backtest_with_a_file_cut_short_is_said_to_be_damaged(name: str, backtest: Backtest, tmp_path: Path) -> None:
    cut(save(backtest, tmp_path / "saved") / f"{name}.parquet")
    with pytest.raises(DataError, match="saved is damaged: "):
        load(tmp_path / "saved")


@pytest.mark.parametrize(("kind", "name"), [("fit", "posterior.nc"), ("valuation", "cash.nc"), ("valuation", "customers.parquet")])
def test_other_results_with_a_file_cut_short_are_said_to_be_damaged(
    kind: str, name: str, fits: tuple[Fit, Fit], valuation: Valuation, tmp_path: Path
) -> None:
    cut(save(fits[0] if kind == "fit" else valuation, tmp_path / "saved") / name)
    with pytest.raises(DataError, match="saved is damaged: "):
        load(tmp_path / "saved")


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("backtest", ["verdicts", "choice", "notes", "settings"]),
        ("valuation", ["columns", "economics", "periods", "spread", "discrepancy"]),
        ("fit", ["model", "priors", "certificate"]),
    ],
)
def test_a_manifest_without_a_key_is_said_to_be_damaged(
    kind: str, keys: list[str], fits: tuple[Fit, Fit], valuation: Valuation, backtest: Backtest, tmp_path: Path
) -> None:
    saved = {"backtest": backtest, "valuation": valuation, "fit": fits[0]}[kind]
    for key in keys:
        manifest = save(saved, tmp_path / "saved") / "manifest.json"
        content = json.loads(manifest.read_text(encoding="utf-8"))
        del content[key]
        manifest.write_text(json.dumps(content), encoding="utf-8")
        with pytest.raises(DataError, match=f"saved is damaged: KeyError: '{key}'"):
            load(tmp_path / "saved")


def test_verdicts_of_an_earlier_version_are_said_to_be_damaged(backtest: Backtest, tmp_path: Path) -> None:
    folder = save(backtest, tmp_path / "saved")
    verdicts = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["verdicts"]
    rewritten(folder, verdicts=[{**verdict, "bias": 0.1} for verdict in verdicts])
    with pytest.raises(DataError, match="saved is damaged: TypeError"):
        load(folder)


def test_hashes_are_those_of_sha256(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.txt").write_bytes(b"abc")
    assert file_hashes(tmp_path) == {"a/b.txt": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}


def test_a_folder_that_is_no_result_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "out" / "valuation").mkdir(parents=True)
    budget = tmp_path / "out" / "valuation" / "budget.xlsx"
    budget.write_text("a year's work")
    with pytest.raises(ArgumentError, match="is no earlier result"), staged(tmp_path / "out") as stage:
        (stage / "valuation").mkdir()
        (stage / "report.html").write_text("new")
    assert budget.read_text() == "a year's work"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["budget.xlsx", "out", "valuation"]


def test_a_move_that_fails_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out"
    target.mkdir()
    for name in ("a.txt", "b.txt"):
        (target / name).write_text("old")
    moved = []

    def replace_but_the_fourth(source: Path, destination: Path) -> None:
        moved.append(source)
        if len(moved) == 4:
            raise OSError("the disk is full")
        Path(source).rename(destination)

    monkeypatch.setattr(files.os, "replace", replace_but_the_fourth)
    with pytest.raises(OSError, match="the disk is full"), staged(target) as stage:
        for name in ("a.txt", "b.txt"):
            (stage / name).write_text("new")
    assert {path.name: path.read_text() for path in target.iterdir()} == {"a.txt": "old", "b.txt": "old"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_fits_key_says_all_that_it_depends_on() -> None:
    customers = made_up_customers(60, segments={"industry": ["retail", "mills"]})
    settings = {"pool": ("industry",), "draws": 1000, "seed": 1}
    key = fit_key(mbg_nbd(), customers, settings)
    assert key == fit_key(mbg_nbd(), customers, dict(reversed(settings.items())))
    moved = customers.statistics.assign(T=customers.statistics["T"] + 1e-9)
    others = [
        (gamma_gamma(), customers, settings),
        (mbg_nbd(), Customers(moved, customers.segments, customers.unit), settings),
        (mbg_nbd(), Customers(customers.statistics, customers.segments.replace("retail", "Retail"), customers.unit), settings),
        (mbg_nbd(), Customers(customers.statistics, customers.segments, "day"), settings),
        *((mbg_nbd(), customers, {**settings, **change}) for change in ({"pool": ()}, {"draws": 500}, {"seed": 2}, {"method": "exact"})),
    ]
    keys = {key, *(fit_key(*other) for other in others)}
    assert len(keys) == 1 + len(others)


def test_the_key_of_a_seasonal_fit_knows_in_which_months_orders_came() -> None:
    """Orders that moved to other months between a customer's first and last one leave all statistics as they are."""
    months = pd.DataFrame({"cohort": pd.Timestamp("2024-01-01"), "month": pd.date_range("2024-01-01", periods=3, freq="MS"), "orders": 2})
    moved = months.assign(orders=[2, 1, 3])
    keys = [
        [fit_key(model, replace(made_up_customers(), history=history), {}) for history in (months, moved)]
        for model in (mbg_nbd(season=True), mbg_nbd())
    ]
    assert keys[0][0] != keys[0][1]
    assert keys[1][0] == keys[1][1]


def test_a_valuation_of_contracts_comes_back_as_it_was(tmp_path: Path) -> None:
    renewals = made_up_renewals()
    fits = made_up_contract_fit(beta_discrete_weibull(), renewals), made_up_contract_fit(renewal_change(), renewals)
    made = value(None, None, None, Economics(0.35, 0.09, 1), contracts=(*fits, renewals), draws=150, seed=1, progress=False)
    again = load(save(made, tmp_path / "contracts"))
    assert isinstance(again, Valuation) and made.contracts is not None and again.contracts is not None
    xr.testing.assert_identical(again.total, made.total)
    assert again.checks == made.checks and again.contracts.customers == made.contracts.customers
    for name in ("bridge", "logo_churn", "remaining_life", "due_draws", "cohorts"):
        xr.testing.assert_identical(getattr(again.contracts, name), getattr(made.contracts, name))
    for name in ("due", "cohorts_observed"):
        pd.testing.assert_frame_equal(getattr(again.contracts, name), getattr(made.contracts, name), check_exact=True)
    assert file_hashes(tmp_path / "contracts") == file_hashes(save(again, tmp_path / "again"))
