"""Whole runs: a small uneven base with hostile names, from its file to the folder of results."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import clvbayes as clv
from clvbayes import cli, study
from clvbayes.inference import CheckResult, kept

HOSTILE = "<script>alert(1)</script>"
COLUMN = 'x"; drop table t'
SETTINGS = """
[data]
orders = "orders.csv"
segments = ['x"; drop table t', "region"]
currency = "EUR"
until = 2025-12-31
[models]
pool = ['x"; drop table t']
[economics]
margin = 0.4
discount_rate = 0.08
horizon = 2
[run]
seed = 5
draws = 500
"""


def sixty_accounts() -> pd.DataFrame:
    """Sixty accounts over three years; the first two order ten times as much as all the others' average, and hold half of the revenue."""
    rng = np.random.default_rng(3)
    rows = []
    for account in range(60):
        whale = account < 2
        day = pd.Timestamp("2023-01-02") + pd.Timedelta(days=int(rng.integers(0, 500)) * (not whale))
        mean = 19_000 if whale else 1_000 * rng.gamma(4, 0.25)
        while day <= pd.Timestamp("2025-12-31"):
            rows.append((f"account {account}", day, round(mean * rng.gamma(6, 1 / 6), 2), [HOSTILE, "=1+1", "plain"][account % 3], "north"))
            day += pd.Timedelta(days=1 + int(rng.exponential(30)))
            if rng.random() < 0.02 and not whale:
                break
    return pd.DataFrame(rows, columns=["customer_id", "date", "amount", COLUMN, "region"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("uneven")
    orders = sixty_accounts()
    share = orders[orders["customer_id"].isin(["account 0", "account 1"])]["amount"].sum() / orders["amount"].sum()
    assert 0.45 < share < 0.6
    orders.to_csv(folder / "orders.csv", index=False)
    (folder / "uneven.toml").write_text(SETTINGS, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def finished(folder: Path) -> clv.Study:
    return clv.run(folder / "uneven.toml", progress=False)


def test_a_run_writes_these_files_and_leaves_nothing_else(finished: clv.Study, folder: Path) -> None:
    assert finished.folder == folder / "out" / "uneven"
    assert sorted(path.name for path in finished.folder.iterdir()) == [
        "customers.parquet",
        "fits",
        "manifest.json",
        "report.html",
        "valuation",
    ]
    assert sorted(path.name for path in folder.iterdir()) == ["orders.csv", "out", "uneven.toml"]
    assert [path.name for path in (folder / "out").iterdir()] == ["uneven"]


def test_the_manifest_says_what_the_results_came_from(finished: clv.Study) -> None:
    manifest = json.loads((finished.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["source"] == "orders.csv"
    assert manifest["settings"]["economics"] == {
        "margin": 0.4,
        "discount_rate": 0.08,
        "horizon": 2.0,
        "period": "quarter",
        "fiscal_year_start": 1,
        "order_cost": 0.0,
        "service_cost": 0.0,
        "return_cost": 0.0,
        "spend_growth": 0.0,
    }
    assert set(manifest["files"]) == {
        "customers.parquet",
        "report.html",
        "valuation/cash.nc",
        "valuation/customers.parquet",
        "valuation/manifest.json",
    }
    assert manifest["passed"] == finished.passed
    assert str(finished.settings.path.parent) not in json.dumps(manifest)


def test_what_was_saved_is_loaded_as_it_was(finished: clv.Study) -> None:
    loaded = clv.load(finished.folder / "valuation")
    assert isinstance(loaded, clv.Valuation)
    np.testing.assert_array_equal(loaded.total, finished.valuation.total)
    assert set(loaded.cash) == {COLUMN, "region"}
    pd.testing.assert_frame_equal(pd.read_parquet(finished.folder / "customers.parquet"), loaded.customers)


def test_two_accounts_hold_about_half_of_the_value_and_the_first_page_says_so(finished: clv.Study) -> None:
    values = finished.valuation.customers["value_mean"].sort_values(ascending=False)
    assert set(finished.valuation.customers.loc[values.index[:2], "customer_id"]) == {"account 0", "account 1"}
    assert 0.4 < values.iloc[:2].sum() / values.sum() < 0.8
    page = finished.report.read_text(encoding="utf-8")
    few = int(np.searchsorted(values.cumsum(), values.sum() / 2)) + 1
    assert few <= 3
    assert page.index(f"the largest {few} hold half of the value") < page.index("By region")


def test_hostile_names_come_out_harmless(finished: clv.Study) -> None:
    page = finished.report.read_text(encoding="utf-8")
    assert HOSTILE not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "://" not in page.replace("http://www.w3.org/2000/svg", "")


def test_no_account_is_named_unless_asked(finished: clv.Study) -> None:
    assert "account 1" not in finished.report.read_text(encoding="utf-8")


def test_bands_are_wider_than_nothing_and_hold_their_means(finished: clv.Study) -> None:
    frame = finished.valuation.to_frame()
    assert np.all(frame["value_5"] < frame["value_mean"]) and np.all(frame["value_mean"] < frame["value_95"])
    assert finished.valuation.checks[0].status == "ok"


def test_the_same_settings_give_the_same_bytes(finished: clv.Study, tmp_path: Path) -> None:
    again = clv.run(finished.settings.path, out=tmp_path / "again", progress=False)
    for name in ("report.html", "customers.parquet", "manifest.json", "valuation/cash.nc", "valuation/manifest.json"):
        assert (again.folder / name).read_bytes() == (finished.folder / name).read_bytes(), name


def test_a_run_that_was_interrupted_goes_on_where_it_stopped(finished: clv.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped after the first fit: the second run samples only the other model, and its report is that of a run in one go."""
    fits, sampled = {"mbg_nbd": finished.purchases, "gamma_gamma": finished.spend}, []

    def fit_until_stopped(model, *_, **__):
        sampled.append(model.name)
        if model.name == "gamma_gamma" and len(sampled) == 2:
            raise KeyboardInterrupt
        return fits[model.name]

    monkeypatch.setattr(kept, "fit", fit_until_stopped)
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        clv.run(finished.settings.path, out=out, progress=False)
    assert [path.name for path in out.iterdir()] == ["fits"]
    clv.run(finished.settings.path, out=out, progress=False)
    assert sampled == ["mbg_nbd", "gamma_gamma", "gamma_gamma"]
    assert (out / "report.html").read_bytes() == finished.report.read_bytes()
    clv.run(finished.settings.path, out=out, overrides=["economics.margin=0.2"], progress=False)
    assert len(sampled) == 3
    clv.run(finished.settings.path, out=out, overrides=["run.seed=2"], progress=False)
    assert sampled[3:] == ["mbg_nbd", "gamma_gamma"]
    assert len(list((out / "fits").iterdir())) == 2


def test_a_failed_certificate_ends_with_3_and_the_report_is_written(
    finished: clv.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fits are those at hand, one with a failed check put in."""
    failed = CheckResult("R-hat", "failed", "Chains disagree: R-hat is 1.2.", "Use more draws.")
    broken = clv.Certificate("mbg_nbd", finished.purchases.certificate.compression, (failed,))
    fits = {
        "mbg_nbd": clv.Fit(**{**vars(finished.purchases), "certificate": broken}),
        "gamma_gamma": finished.spend,
    }
    monkeypatch.setattr(kept, "fit", lambda model, *_, **__: fits[model.name])
    result = CliRunner().invoke(cli.app, ["run", str(finished.settings.path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 3
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Chains disagree: R-hat is 1.2." in page
    assert page.index("Chains disagree") < page.index("Customer equity")
    assert str(tmp_path / "out" / "report.html") in result.stdout


def test_the_demonstration_runs_its_valuation_file(finished: clv.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of the demonstration but the fits: the file in reports/ names columns that the made-up orders have."""
    from clvbayes import demo

    monkeypatch.setattr(demo, "run", lambda path, *, out, overrides: study.check(path, overrides=overrides))
    file, transactions, customers = demo.run_demo(tmp_path)
    assert transactions.currency == "EUR"
    assert len(customers) == demo.CUSTOMERS
    assert customers.until == date(2025, 12, 31)
    assert file.settings.models.pool == ["industry"]
    assert (tmp_path / "orders.csv").is_file()
