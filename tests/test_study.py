"""Whole runs: a small uneven base with hostile names, from its file to the folder of results."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_up_backtest import OTHER, OWN, Past, make_backtest
from typer.testing import CliRunner
from valuation.made_up_books import made_up_terms

import clvbayes as clv
from clvbayes import cli, study
from clvbayes.errors import DataError, SettingsError
from clvbayes.files import file_hashes
from clvbayes.grading.rolling_origins import CODE
from clvbayes.inference import CheckResult, kept
from clvbayes.report import GradedModel
from clvbayes.report import prose_en as words
from clvbayes.study import budget, findings, grades, steps

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
season = false
[economics]
margin = 0.4
discount_rate = 0.08
horizon = 2
[backtest]
with_run = false
[budget]
amount = 3000
[[measure]]
name = "Calls"
lever = "acquisition"
where = { region = "north" }
response = { today = [500, 0.5, 1.5], ceiling = 6 }
lasts = "campaign"
current = 500
[[measure]]
name = "Service, plain"
lever = "retention"
where = { 'x"; drop table t' = "plain" }
response = { today = [500, 0.02, 0.06], ceiling = 0.2 }
lasts = "1 year"
[run]
seed = 5
draws = 500
allow_failed_checks = true
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
        "plan.parquet",
        "report.html",
        "report.json",
        "report.pdf",
        "report.xlsx",
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
        "plan.parquet",
        "report.html",
        "report.json",
        "report.pdf",
        "report.xlsx",
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


def test_all_reports_tell_the_draws_that_lie_beside_them(finished: clv.Study) -> None:
    """A failing renderer would leave none of them: they are written together."""
    assert list(finished.reports) == ["html", "pdf", "xlsx", "json"] and all(path.is_file() for path in finished.reports.values())
    loaded = clv.load(finished.folder / "valuation")
    assert isinstance(loaded, clv.Valuation)
    everyone, *levels = json.loads(finished.reports["json"].read_text(encoding="utf-8"))["valuation"]
    draws = loaded.total.sel(component="value").sum("period").to_numpy()
    assert everyone["value_mean"] == pytest.approx(draws.mean(), rel=1e-12) and everyone["currency"] == "EUR"
    assert everyone["value_95"] == pytest.approx(np.quantile(draws, 0.95), rel=1e-12)
    for column in (COLUMN, "region"):
        assert sum(row["value_mean"] for row in levels if row["column"] == column) == pytest.approx(draws.mean())
        of_level = {row["level"]: row["value_mean"] for row in levels if row["column"] == column}
        for level, cash in loaded.cash[column].sel(component="value").sum("period").groupby("level"):
            assert of_level[str(level)] == pytest.approx(float(cash.mean()), rel=1e-12)
    assert finished.reports["pdf"].read_bytes()[:4] == b"%PDF"


@pytest.mark.parametrize("stops", ["render_pdf", "render_xlsx", "render_json"])
def test_reports_are_written_all_or_none(stops: str, finished: clv.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    shutil.copytree(finished.folder, tmp_path / "out")
    before = file_hashes(tmp_path)
    monkeypatch.setattr(steps, stops, full)
    with pytest.raises(OSError, match="no space"):
        clv.run(finished.settings.path, out=tmp_path / "out", overrides=["economics.margin=0.2"], progress=False)
    assert file_hashes(tmp_path) == before


def test_a_budget_becomes_a_plan_that_the_report_tells(finished: clv.Study) -> None:
    plan = finished.plan
    assert plan is not None and plan.budget == 3000
    assert plan.measures.index.tolist() == ["Calls", "Service, plain"] and plan.measures["plan"].sum() <= 3000 + 1e-6
    assert set(finished.valuation.levers[COLUMN]["lever"].to_numpy()) == {"churn", "rate", "spend"}
    pd.testing.assert_frame_equal(pd.read_parquet(finished.folder / "plan.parquet").set_index("name"), plan.measures)
    page = finished.report.read_text(encoding="utf-8")
    assert words.PLAN in page and "Service, plain" in page
    measures = json.loads((finished.folder / "manifest.json").read_text(encoding="utf-8"))["settings"]
    assert measures["measure Calls"]["response"] == {"today": [500.0, 0.5, 1.5], "ceiling": 6.0, "family": "saturating"}


@pytest.mark.parametrize(("allowed", "planned"), [(False, False), (True, True)])
def test_a_failed_check_blocks_the_plan_unless_the_settings_let_it_through(finished: clv.Study, allowed: bool, planned: bool) -> None:
    settings = finished.settings.settings
    settings = settings.model_copy(update={"run": settings.run.model_copy(update={"allow_failed_checks": allowed})})
    failed = replace(finished.purchases.certificate, results=(CheckResult("R-hat", "failed", "1.2"),))
    found = budget.plan_budget(settings, finished.valuation, [replace(finished.purchases, certificate=failed), finished.spend], None)
    assert found is not None and (found.plan is not None) == planned
    assert planned or found.refused == budget.NOT_CERTIFIED


def test_bands_that_did_not_hold_widen_the_plans_draws(finished: clv.Study) -> None:
    past = make_backtest(Past())
    against = replace(past.verdicts[0], model=past.models[0], judgement="too narrow", factor=2.5)
    graded = GradedModel(replace(past, verdicts=(against,)), past.models[0], "EUR")
    found = budget.plan_budget(finished.settings.settings, finished.valuation, [finished.purchases, finished.spend], graded)
    assert found is not None and found.plan is not None and found.as_drawn is not None
    assert (found.plan.widened_by, found.as_drawn.widened_by) == (2.5, 1.0)
    assert found.explored is not None and sorted(set(found.explored["budget"])) == [1500.0, 2250.0, 3000.0, 3750.0, 4500.0]
    at_plan = found.explored[found.explored["budget"] == 3000].reset_index(drop=True)
    assert at_plan["mean"].equals(found.plan.frontier["mean"])  # widened as the plan is


@pytest.mark.parametrize(("factors", "widened_by"), [([None, 1.8], 1.8), ([None], None), ([0.7], 1.0)])
def test_a_band_without_width_never_leaves_the_draws_as_they_are(factors: list[float | None], widened_by: float | None) -> None:
    past = make_backtest(Past())
    measures = ["revenue", "orders"][: len(factors)]
    verdicts = tuple(
        replace(past.verdicts[0], model=past.models[0], measure=measure, judgement="too narrow", factor=factor)
        for measure, factor in zip(measures, factors, strict=True)
    )
    assert budget.widening(GradedModel(replace(past, verdicts=verdicts), past.models[0], "EUR")) == widened_by


def test_no_plan_is_made_where_nothing_says_how_much_too_narrow_bands_were(finished: clv.Study) -> None:
    past = make_backtest(Past())
    against = replace(past.verdicts[0], model=past.models[0], judgement="too narrow", factor=None)
    graded = GradedModel(replace(past, verdicts=(against,)), past.models[0], "EUR")
    found = budget.plan_budget(finished.settings.settings, finished.valuation, [finished.purchases, finished.spend], graded)
    assert found is not None and found.plan is None and found.refused == budget.NO_FACTOR


def test_limits_that_clash_leave_the_valuation_and_say_why(finished: clv.Study) -> None:
    settings = finished.settings.settings
    assert settings.budget is not None
    clashing = settings.model_copy(update={"budget": settings.budget.model_copy(update={"worst_at_least": 1e9})})
    found = budget.plan_budget(clashing, finished.valuation, [finished.purchases, finished.spend], None)
    assert found is not None and found.plan is None and "these clash: worst 5% of cases" in found.refused


def test_a_measure_at_a_level_that_nobody_is_of_is_refused_before_anything_is_sampled(folder: Path) -> None:
    text = SETTINGS.replace('region = "north"', 'region = "nroth"')
    (folder / "misspelt.toml").write_text(text, encoding="utf-8")
    try:
        with pytest.raises(SettingsError, match="measure 'Calls': 'region' has no level 'nroth'; there are north"):
            clv.run(folder / "misspelt.toml", progress=False)
    finally:
        (folder / "misspelt.toml").unlink()


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
    reports = [f"report.{name}" for name in steps.FORMATS]
    for name in (*reports, "customers.parquet", "manifest.json", "valuation/cash.nc", "valuation/manifest.json"):
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
    inputs = demo.run_demo(tmp_path)
    file, (transactions, customers) = inputs.file, inputs.of_orders
    assert transactions.currency == "EUR"
    assert len(customers) == demo.CUSTOMERS
    assert customers.until == date(2025, 12, 31)
    assert file.settings.models.pool == ["industry"]
    assert (tmp_path / "orders.csv").is_file() and (tmp_path / "contracts.csv").is_file()
    assert inputs.renewals is not None and inputs.renewals.running.sum() > 100


# back-test ------------------------------------------------------------------------------------------------------------------------------

AGAINST = Past(origins=3, horizons=(13,), outside={(OWN, "revenue"): (0, 1, 2)})
SMALL = ["backtest.origins=2", "backtest.horizons=[13]", "backtest.draws=100", "backtest.predictive_draws=100"]


def pretend(monkeypatch: pytest.MonkeyPatch, past: Past = AGAINST, **told: object) -> None:
    """A made-up back-test in the place of a real one, of the data, the models and the pooling that were asked for, but for what is told."""

    def instead(table, *, models, pool, since, spend_growth, folder, **_):
        folder.mkdir(parents=True, exist_ok=True)  # as finished fits would have
        asked = {
            "models": tuple(f"{purchases.title} + {spend.title}" for purchases, spend in models),
            "pool": [list(entry) if isinstance(entry, tuple) else entry for entry in pool],
            "since": since,
            "spend_growth": spend_growth,
            "source": table.source,
            "sha256": table.sha256,
            "currency": table.currency,
        }
        return make_backtest(Past(**{**vars(past), **asked, **told}))

    monkeypatch.setattr(grades, "backtest", instead)


def next_run(finished: clv.Study, out: Path, overrides: tuple[str, ...] = ()) -> str:
    """The page of a run into `out` that finds its fits there; the valuation is the one at hand."""
    shutil.copytree(finished.folder / "fits", out / "fits", dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "value", lambda *_, **__: finished.valuation)
        return clv.run(finished.settings.path, out=out, overrides=overrides, progress=False).report.read_text(encoding="utf-8")


def test_a_run_grades_itself_once(finished: clv.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second run of the same file makes no forecast anew; other data, origins or draws do. What was learned moves the valuation."""
    asked: list[dict[str, Any]] = []

    def instead(table: clv.Transactions, *, models: list[Any], folder: Path, progress: bool, **options: Any) -> clv.Backtest:
        asked.append(options)
        folder.mkdir(parents=True, exist_ok=True)
        labels = tuple(f"{purchases.title} + {spend.title}" for purchases, spend in models)
        past = Past(models=labels, source=table.source, sha256=table.sha256, origins=5, horizons=(13,), until=options["until"])
        made = make_backtest(past)
        told = {"pool": list(options["pool"]), "by": list(options["by"] or table.segments), "asked": options["origins"]}
        told |= {name: options[name] for name in ("horizons", "seed", "draws", "predictive_draws", "customers")}
        told |= {"until": options["until"].isoformat(), "code": kept.code_digest(*CODE)}
        return replace(made, settings=made.settings | told)

    given: list[clv.Discrepancy] = []

    def value(*_: object, discrepancy: clv.Discrepancy, **__: object) -> clv.Valuation:
        given.append(discrepancy)
        return finished.valuation

    out = tmp_path / "out"
    shutil.copytree(finished.folder / "fits", out / "fits")
    monkeypatch.setattr(grades, "backtest", instead)
    monkeypatch.setattr(steps, "value", value)
    graded = ["backtest.with_run=true"]
    for overrides, calls in (
        (graded, 1),
        (graded, 1),
        ([*graded, "economics.margin=0.2"], 1),
        ([*graded, "backtest.origins=4"], 2),
        ([*graded, "backtest.origins=4", "backtest.customers=500"], 3),
        ([], 3),
    ):
        done = clv.run(finished.settings.path, out=out, overrides=overrides, progress=False)
        assert len(asked) == calls, overrides
        assert f">{words.BACKTEST}<" in done.report.read_text(encoding="utf-8")
    names = {path.name for path in out.iterdir()}
    files = {"backtest.html", "customers.parquet", "manifest.json", "plan.parquet", *(f"report.{name}" for name in steps.FORMATS)}
    assert names == files | {"backtest", "backtest-fits", "fits", "valuation"}
    assert all(found.evidence.set_index("what").loc["orders", "origins"] == 5 for found in given)


def test_where_nothing_can_be_graded_a_run_says_what_its_bands_assume(finished: clv.Study) -> None:
    page = finished.report.read_text(encoding="utf-8")
    assert "No past forecast of orders has been compared with what happened" in page
    assert finished.valuation.discrepancy.set_index("what").loc["orders", "errors"] == 0
    assert finished.valuation.spread["systematic_sd"][0] > 0


def test_a_backtest_writes_these_files_and_leaves_nothing_else(
    finished: clv.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch)
    graded = study.run_backtest(finished.settings.path, out=tmp_path / "out", progress=False)
    assert graded.report == tmp_path / "out" / "backtest.html"
    assert sorted(path.name for path in graded.folder.iterdir()) == ["backtest", "backtest-fits", "backtest.html"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    loaded = clv.load(graded.folder / "backtest")
    assert isinstance(loaded, clv.Backtest) and loaded.verdicts == graded.backtest.verdicts
    page = graded.report.read_text(encoding="utf-8")
    assert "0 of 3 forecasts of 13 weeks" in page and "orders.csv" in page
    assert "account 1" not in page and "://" not in page.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("stops", ["save", "render_html"])
def test_a_backtest_is_written_whole_or_not_at_all(
    stops: str, finished: clv.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    pretend(monkeypatch)
    first = study.run_backtest(finished.settings.path, out=tmp_path / "first", progress=False)
    before = file_hashes(tmp_path)
    pretend(monkeypatch, Past(origins=2))
    monkeypatch.setattr(grades, stops, full)
    for out in (first.folder, tmp_path / "second"):
        with pytest.raises(OSError, match="no space"):
            study.run_backtest(finished.settings.path, out=out, progress=False)
    assert file_hashes(tmp_path) == before
    assert [path.name for path in (tmp_path / "second").iterdir()] == ["backtest-fits"], "so that it can go on where it stopped"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second"]


def test_a_later_run_with_the_same_models_has_the_verdict_on_its_first_page(
    finished: clv.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch)
    graded = study.run_backtest(finished.settings.path, out=tmp_path / "out", progress=False)
    before = file_hashes(graded.folder)
    assert before
    page = next_run(finished, graded.folder)
    said = page.index("in the past they did not hold. The 90 % band of the total&#39;s revenue held in 0 of 3")
    assert said < page.index("Customer equity") < page.rindex(f">{words.BACKTEST}<")
    assert "clvbayes backtest" not in page and "made from other data" not in page
    assert before.items() <= file_hashes(graded.folder).items(), "the run leaves the back-test as it was"
    without = finished.report.read_text(encoding="utf-8")
    assert words.BACKTEST not in without and "clvbayes backtest" in without


@pytest.mark.parametrize(
    ("overrides", "taken"),
    [
        (["models.spend=lognormal"], False),
        (["models.pool=['region']"], False),
        (["models.pool=[]"], False),
        (["models.spend=lognormal", "backtest.also=[{spend='gamma_gamma'}]"], True),
        (["backtest.also=[{spend='lognormal'}]"], True),
        (["economics.margin=0.2"], True),
    ],
)
def test_a_run_takes_a_backtest_of_its_own_models_and_pooling_only(
    overrides: list[str], taken: bool, finished: clv.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, Past(origins=3, horizons=(13,), outside={(OTHER, "revenue"): (0, 1, 2)}))
    study.run_backtest(finished.settings.path, out=tmp_path / "out", overrides=overrides, progress=False)
    page = next_run(finished, tmp_path / "out")
    assert (f">{words.BACKTEST}<" in page) == taken
    assert "Do not trust" not in page, "bands of another model are no reason against this one"


@pytest.mark.parametrize(
    ("graded", "valued", "taken"),
    [
        ([], [], True),
        (["economics.spend_growth=0.03"], [], False),
        ([], ["economics.spend_growth=0.03"], False),
        (["economics.spend_growth=0.03"], ["economics.spend_growth=0.03"], True),
        (["data.currency=USD"], [], False),
        (["data.currency=USD"], ["data.currency=USD"], True),
        (["data.since=2023-06-01"], [], False),
    ],
)
def test_a_run_takes_a_backtest_of_its_own_currency_beginning_and_growth_only(
    graded: list[str], valued: list[str], taken: bool, finished: clv.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch)
    study.run_backtest(finished.settings.path, out=tmp_path / "out", overrides=graded, progress=False)
    page = next_run(finished, tmp_path / "out", tuple(valued))
    assert (f">{words.BACKTEST}<" in page) == taken
    assert ("in the past they did not hold" in page) == taken == ("clvbayes backtest" not in page)


def test_a_backtest_of_other_data_is_taken_and_said_to_be_such(
    finished: clv.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Last month's back-test is better than none, but nobody should take it for one of these orders."""
    pretend(monkeypatch, sha256="f" * 64, source="last month.csv")
    study.run_backtest(finished.settings.path, out=tmp_path / "out", progress=False)
    page = next_run(finished, tmp_path / "out")
    assert "held in 0 of 3" in page and f">{words.BACKTEST}<" in page
    assert "made from other data than the report, last month.csv until 2026-11-15." in page


def test_fits_that_a_backtest_no_longer_needs_are_dropped(finished: clv.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else is: not those of the valuation, nor what is no fit; nor anything where the back-test failed."""
    out, needed, stale = tmp_path / "out", "mbg_nbd-0123456789abcdef", "gamma_gamma-fedcba9876543210"
    for name in (f"backtest-fits/{needed}", f"backtest-fits/{stale}", f"fits/{stale}"):
        (out / name).mkdir(parents=True)
        (out / name / "manifest.json").write_text("{}")
    (out / "backtest-fits" / "notes-0123456789abcdef").mkdir()
    (out / "backtest-fits" / "notes.txt").write_text("mine")
    everything = sorted(path.name for path in (out / "backtest-fits").iterdir())

    def refuse(*_: object, **__: object) -> None:
        raise DataError("no forecast can be graded")

    monkeypatch.setattr(grades, "backtest", refuse)
    with pytest.raises(DataError):
        study.run_backtest(finished.settings.path, out=out, progress=False)
    assert sorted(path.name for path in (out / "backtest-fits").iterdir()) == everything
    pretend(monkeypatch, fits=(needed,))
    study.run_backtest(finished.settings.path, out=out, progress=False)
    assert sorted(path.name for path in (out / "backtest-fits").iterdir()) == [needed, "notes-0123456789abcdef", "notes.txt"]
    assert [path.name for path in (out / "fits").iterdir()] == [stale]


def half_of_a_frame(folder: Path) -> None:
    whole = (folder / "pit.parquet").read_bytes()
    (folder / "pit.parquet").write_bytes(whole[: len(whole) // 2])


def without(*keys: str) -> Callable[[Path], None]:
    """Take a key out of the manifest."""

    def damage(folder: Path) -> None:
        manifest = inner = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        for key in keys[:-1]:
            inner = inner[key]
        del inner[keys[-1]]
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")

    return damage


def half_of_the_manifest(folder: Path) -> None:
    text = (folder / "manifest.json").read_text(encoding="utf-8")
    (folder / "manifest.json").write_text(text[: len(text) // 2], encoding="utf-8")


@pytest.mark.parametrize(
    "damage",
    [
        half_of_a_frame,
        without("verdicts"),
        without("settings"),
        without("settings", "models"),
        without("settings", "sha256"),
        without("settings", "currency"),
        without("settings", "source"),
        without("settings", "until"),
        half_of_the_manifest,
        lambda folder: (folder / "pit.parquet").unlink(),
        lambda folder: (folder / "pit.parquet").write_bytes(b""),
    ],
    ids=[
        "half a frame",
        "no verdicts",
        "no settings",
        "no models",
        "no sha256",
        "no currency",
        "no source",
        "no until",
        "half the manifest",
        "a file missing",
        "an empty file",
    ],
)
def test_a_damaged_backtest_counts_as_none(
    damage: Callable[[Path], object], finished: clv.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch)
    graded = study.run_backtest(finished.settings.path, out=tmp_path / "out", progress=False)
    damage(graded.folder / "backtest")
    page = next_run(finished, graded.folder)
    assert words.BACKTEST not in page and "clvbayes backtest" in page
    assert "Customer equity" in page, "the run finished"


def test_another_result_in_the_backtests_place_counts_as_none(finished: clv.Study, tmp_path: Path) -> None:
    shutil.copytree(finished.folder / "valuation", tmp_path / "out" / "backtest")
    assert words.BACKTEST not in next_run(finished, tmp_path / "out")


def test_a_backtest_that_was_interrupted_goes_on_where_it_stopped(
    finished: clv.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All but the sampling is real: two origins, two models, stopped in the third of four fits."""
    fits, sampled, stop_at = {"mbg_nbd": finished.purchases, "gamma_gamma": finished.spend}, [], [3]

    def fit_until_stopped(model, customers, **_):
        sampled.append((model.name, customers.until))
        if len(sampled) in stop_at:
            raise KeyboardInterrupt
        return fits[model.name]

    monkeypatch.setattr(kept, "fit", fit_until_stopped)
    path, out, early, late = finished.settings.path, tmp_path / "out", date(2025, 7, 2), date(2025, 10, 1)
    with pytest.raises(KeyboardInterrupt):
        study.run_backtest(path, out=out, overrides=SMALL, progress=False)
    assert [entry.name for entry in out.iterdir()] == ["backtest-fits"]
    assert len(list((out / "backtest-fits").iterdir())) == 2
    graded = study.run_backtest(path, out=out, overrides=SMALL, progress=False)
    assert sampled == [("mbg_nbd", early), ("gamma_gamma", early), ("mbg_nbd", late), ("mbg_nbd", late), ("gamma_gamma", late)]
    assert list(graded.backtest.settings["origins"]) == [str(early), str(late)]

    stop_at.clear()
    once = study.run_backtest(path, out=tmp_path / "once", overrides=SMALL, progress=False)
    assert file_hashes(once.folder / "backtest") == file_hashes(out / "backtest")
    assert once.report.read_bytes() == graded.report.read_bytes()
    assert len(sampled) == 9
    study.run_backtest(path, out=out, overrides=[*SMALL, "backtest.predictive_draws=150"], progress=False)
    assert len(sampled) == 9, "draws of forecasts need no new fits"
    earlier = {path.name for path in (out / "backtest-fits").iterdir()}
    assert earlier == set(graded.backtest.settings["fits"])
    anew = study.run_backtest(path, out=out, overrides=[*SMALL, "run.seed=2"], progress=False)
    kept_now = {path.name for path in (out / "backtest-fits").iterdir()}
    assert len(sampled) == 13 and len(kept_now) == 4
    assert kept_now == set(anew.backtest.settings["fits"]) and not kept_now & earlier

    page = next_run(finished, out)
    assert f">{words.BACKTEST}<" in page and "clvbayes backtest" not in page and "made from other data" not in page
    assert HOSTILE not in page and "account 1" not in page


def test_a_backtest_of_which_no_fit_can_be_made_says_why_and_writes_no_result(
    finished: clv.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(model, customers, **_):
        raise DataError("all repeat orders are of amount zero")

    monkeypatch.setattr(kept, "fit", refuse)
    arguments = ["backtest", str(finished.settings.path), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(cli.app, [*arguments, *(part for setting in SMALL for part in ("--set", setting))])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1 and result.stderr.count("all repeat orders are of amount zero") == 2
    assert "2025-07-02" in result.stderr and "2025-10-01" in result.stderr
    assert not list(tmp_path.rglob("*"))


# contracts ------------------------------------------------------------------------------------------------------------------------------

CONTRACTS = """
[data]
contracts = "contracts.csv"
segments = ["industry"]
currency = "EUR"
until = 2025-12-31
[contracts]
cancelled_on = "cancelled_on"
billing_months = "billing_months"
indexation = 0.02
[economics]
margin = 0.4
discount_rate = 0.08
horizon = 2
[run]
draws = 300
predictive_draws = 400
[backtest]
origins = 2
horizons = [26]
draws = 100
predictive_draws = 100
"""


def test_contracts_alone_are_valued_from_their_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the file to the report: no orders, past forecasts of contracts alone, and the same numbers in what is saved."""
    made_up_terms(150, customers=110).to_csv(tmp_path / "contracts.csv", index=False)
    (tmp_path / "base.toml").write_text(CONTRACTS, encoding="utf-8")
    done = clv.run(tmp_path / "base.toml", out=tmp_path / "out", progress=False)
    assert done.customers is None and done.purchases is None and done.contracts is not None and done.contracts[1] is not None
    page = done.report.read_text(encoding="utf-8")
    assert 'id="contracts"' in page and 'id="backtest' not in page and "What became of every row of the contracts" in page
    assert "From 2 past days, 2025-01-01 to 2025-07-02, the contracts that ran then were forecast" in page
    assert "How past forecasts of contracts did stands in the section on contracts" in page
    assert "Only 2 forecasts of lost contracts, from 2 past days, could be compared with what happened so far." in page
    assert done.valuation.discrepancy["what"].tolist() == ["contracts lost", "amount of contracts"]
    manifest = json.loads((done.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["ledger"] == [] and manifest["ledger_of_contracts"][0]["rows"] > 150
    again = clv.load(done.folder / "valuation")
    assert isinstance(again, clv.Valuation) and again.contracts is not None and done.valuation.contracts is not None
    pd.testing.assert_frame_equal(again.contracts.to_frame(), done.valuation.contracts.to_frame())
    pd.testing.assert_frame_equal(again.discrepancy, done.valuation.discrepancy)
    checked = CliRunner().invoke(cli.app, ["check", str(tmp_path / "base.toml")])
    assert "running contracts until 2025-12-31." in checked.stdout and "rows" in checked.stdout
    past = clv.load(done.folder / "contracts-backtest")
    assert isinstance(past, clv.Backtest) and len(list((done.folder / "contracts-backtest-fits").iterdir())) == 4
    assert set(past.forecasts["column"]) == {"", "industry", "term_months"}

    def refuse(*_: object, **__: object) -> clv.Backtest:
        raise AssertionError("past forecasts were made anew")

    monkeypatch.setattr(grades, "backtest", refuse)
    once_more = clv.run(tmp_path / "base.toml", out=tmp_path / "out", progress=False)
    assert once_more.report.read_bytes() == page.encode("utf-8")
    with pytest.raises(AssertionError, match="made anew"):
        clv.run(tmp_path / "base.toml", out=tmp_path / "out", overrides=["contracts.indexation=0.05"], progress=False)
    refused = CliRunner().invoke(cli.app, ["backtest", str(tmp_path / "base.toml")])
    assert refused.exit_code == 2 and "data names no orders" in refused.output


def test_money_that_may_be_counted_twice_is_told(tmp_path: Path) -> None:
    """Customers with orders and contracts, unless the orders say which of their lines are invoices of a contract."""
    made_up_terms(60).to_csv(tmp_path / "contracts.csv", index=False)
    orders = sixty_accounts().assign(industry="Retail", contract=None)
    orders["customer_id"] = orders["customer_id"].replace({"account 3": "C0003"})
    orders.to_csv(tmp_path / "orders.csv", index=False)
    (tmp_path / "base.toml").write_text(CONTRACTS.replace("[data]", '[data]\norders = "orders.csv"'), encoding="utf-8")
    [found] = findings.counted_twice(study.check(tmp_path / "base.toml"))
    amount = orders.loc[orders["customer_id"] == "C0003", "amount"].sum()
    assert found.status == "note" and found.message.startswith(
        f"Customers with orders and contracts: 1; their orders of {amount:,.0f} EUR may hold"
    )
    assert findings.counted_twice(study.check(tmp_path / "base.toml", overrides=["data.contract_id=contract"])) == ()
