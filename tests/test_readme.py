"""What README shows runs as it stands there, on made-up data; only with fewer draws and past days, so that it does not take minutes."""

import ast
import re
from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

import clvbayes as clv
from clvbayes.cli import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FEW = {"draws": 100, "progress": False}
FEWER = {
    "fit": FEW,
    "backtest": {**FEW, "predictive_draws": 100, "origins": 2, "horizons": [13], "widened": False},
    "value": FEW,
}
GERMAN = {"customer_id": "kunde", "date": "datum", "amount": "netto", "industry": "branche", "is_return": "storno"}
GERMAN |= {"channel": "kanal", "order_id": "beleg", "returned_order": "zu_beleg"}
OF_CONTRACTS = {"industry": "branche", "channel": "kanal", "cancelled_on": "gekuendigt_am", "began": "seit"}
OWN_DATA = """\
[data]
orders = "made_up.csv"
is_return = "is_return"
segments = ["industry", "channel"]
currency = "EUR"

[economics]
margin = 0.35
discount_rate = 0.09
horizon = 3

"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


TOML = blocks("toml")
EXAMPLES = [code for code in re.findall(r"`(\w[^`]*)`", README) if re.match(r"(clv|valuation|plan|past|purchases)\.\w+(\.\w+)*\(", code)]


@pytest.fixture(scope="module")
def company() -> clv.synthetic.Company:
    return clv.synthetic.company(customers=80, seed=1, until=date(2026, 9, 30))


def as_its_columns_are_called(orders: pd.DataFrame) -> pd.DataFrame:
    """The orders as a German export has them."""
    kanal = orders["channel"].map(lambda channel: "Messe" if channel == "fair" else "Suche")
    days = orders["date"].dt.strftime("%d.%m.%Y")
    return orders.assign(channel=kanal, date=days, is_return=orders["is_return"].map({True: "ja", False: "nein"})).rename(columns=GERMAN)


def with_contracts(block: str, of_contracts: str) -> str:
    """A valuation file with the lines of another one in its sections."""
    for section, lines in re.findall(r"^(\[\w+\])\n((?:.+\n|\n(?!\[))*)", of_contracts, flags=re.MULTILINE):
        block = block.replace(f"{section}\n", f"{section}\n{lines.strip()}\n") if section in block else f"{block}\n{section}\n{lines}"
    return block


def test_the_toml_blocks_are_found() -> None:
    assert len(TOML) >= 4
    assert sum("[data]" in block for block in TOML) == 2, "of orders, and of contracts"


@pytest.mark.parametrize("place", [place for place, block in enumerate(TOML) if "[contracts]" not in block])
def test_a_valuation_file_can_be_checked(place: int, company: clv.synthetic.Company, tmp_path: Path) -> None:
    block = TOML[place]
    as_its_columns_are_called(company.orders).to_csv(tmp_path / "orders.csv", index=False, decimal=",", sep=";", float_format="%.2f")
    company.orders.to_csv(tmp_path / "made_up.csv", index=False)
    file = tmp_path / "valuation.toml"
    file.write_text(block if "[data]" in block else OWN_DATA + block, encoding="utf-8")
    result = CliRunner().invoke(app, ["check", str(file)])
    assert result.exit_code == 0, result.output
    assert "can be valued: 80 customers until 2026-09-30" in result.output


def test_a_valuation_file_with_contracts_can_be_checked(company: clv.synthetic.Company, tmp_path: Path) -> None:
    """The block of contracts in the one of orders, of which every tenth line is an invoice of a contract."""
    [block], [of_contracts] = ([one for one in TOML if "[data]" in one and ("[contracts]" in one) == found] for found in (False, True))
    orders = as_its_columns_are_called(company.orders)
    orders["vertrag"] = "V1"
    orders["vertrag"] = orders["vertrag"].where(orders.index % 10 == 0)
    orders.to_csv(tmp_path / "orders.csv", index=False, decimal=",", sep=";", float_format="%.2f")
    terms = company.contracts.assign(began=company.contracts.groupby("contract_id")["start"].transform("min"))
    for name in ("start", "end", "cancelled_on", "began"):
        terms[name] = terms[name].dt.strftime("%d.%m.%Y")
    terms.rename(columns=OF_CONTRACTS).to_csv(tmp_path / "contracts.csv", index=False, decimal=",", sep=";", float_format="%.2f")
    file = tmp_path / "valuation.toml"
    file.write_text(with_contracts(block, of_contracts), encoding="utf-8")
    result = CliRunner().invoke(app, ["check", str(file)])
    assert result.exit_code == 0, result.output
    valued = r"can be valued: \d+ customers with [1-9]\d* running contracts until 2026-09-30"
    assert re.search(valued, " ".join(result.output.split())), result.output
    assert "invoice of a contract" in result.output


@pytest.fixture(scope="module")
def after_the_block(company: clv.synthetic.Company, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The names that README's Python leaves behind."""
    folder = tmp_path_factory.mktemp("readme")
    orders = company.orders[~company.orders["is_return"]]
    orders[["customer_id", "date", "amount", "industry"]].to_csv(folder / "orders.csv", index=False)
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        for name, few in FEWER.items():
            patched.setattr(clv, name, partial(getattr(clv, name), **few), raising=False)
        names: dict[str, Any] = {}
        [block] = blocks("python")
        *before, last = ast.parse(block).body
        exec(compile(ast.Module(before, []), "README.md", "exec"), names)
        assert isinstance(last, ast.Expr)
        names["shown"] = eval(compile(ast.Expression(last.value), "README.md", "eval"), names)
        yield names


def test_python_as_it_stands(after_the_block: dict[str, Any]) -> None:
    shown, valuation = after_the_block["shown"], after_the_block["valuation"]
    assert shown["level"].tolist()[0] == "all customers"
    assert (shown["value_5"] < shown["value_95"]).all()
    assert len(valuation.discrepancy)  # what past forecasts missed has come as far as the value


def can_be_run(code: str) -> bool:
    return not any(isinstance(node, ast.Constant) and node.value is ... for node in ast.walk(ast.parse(code)))


@pytest.mark.parametrize("code", [code for code in EXAMPLES if can_be_run(code)])
def test_python_between_the_words(
    code: str, after_the_block: dict[str, Any], company: clv.synthetic.Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matplotlib import pyplot as plt

    monkeypatch.chdir(tmp_path)
    customers, fit = after_the_block["customers"], partial(clv.fit, seed=1)
    rfm = customers.statistics[["customer_id", "frequency", "recency", "T"]]
    names = {**after_the_block, "rfm": rfm}
    if "compare" in code:  # fits by one clock
        names |= {"purchases": fit(clv.models.nbd(), customers), "other": fit(clv.models.bg_nbd(), customers)}
    if "contracts" in code:
        options = {"segments": ["industry"], "cancelled_on": "cancelled_on", "billing_months": "billing_months"}
        known = clv.read_contracts(company.contracts, **options)
        renewals = clv.summarize(known, until=customers.until)
        models = {"renewals_fit": clv.models.beta_discrete_weibull(), "changes_fit": clv.models.renewal_change()}
        names |= {name: fit(model, renewals) for name, model in models.items()} | {"renewals": renewals, "contracts": known}
    if code.startswith("valuation.contracts"):
        fits, of_contracts = (names["purchases"], names["spend"]), (names["renewals_fit"], names["changes_fit"], names["renewals"])
        names["valuation"] = clv.value(*fits, customers, names["economics"], contracts=of_contracts, seed=1)
    if "draws" in code:
        names["draws"] = names["purchases"].posterior
    if "axes" in code:
        names["axes"] = plt.subplots()[1]
    if "plan" in code:
        response = {"today": [400, 0.01, 0.04], "ceiling": 0.08}
        reminders = clv.Measure("Reminders", lever="frequency", where={}, response=response, lasts="campaign")
        needed = (names["purchases"], names["spend"], customers, names["economics"])
        moved = clv.value(*needed, discrepancy=names["missed"], levers=["rate"], newcomers=False, draws=400, seed=1)
        names["plan"] = clv.allocate(moved, [reminders], budget=1000, allow_failed_checks=True, seed=1)
    assert eval(code, names) is not None
    plt.close("all")


def test_examples_are_found_and_links_lead_somewhere() -> None:
    assert len([code for code in EXAMPLES if can_be_run(code)]) >= 8
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README)
    assert len(links) > 5
    assert not [link for link in links if not (ROOT / link).exists()]


def test_every_notebook_is_linked() -> None:
    assert set(re.findall(r"notebooks/\w+\.ipynb", README)) == {f"notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")}
