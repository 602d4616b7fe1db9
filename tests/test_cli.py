"""The command line: one message and exit code 2 for whatever a person gave wrong, and nothing written then."""

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from made_up_backtest import OTHER, OWN, Past, make_backtest
from typer.testing import CliRunner, Result

from clvbayes.cli import app
from clvbayes.grading import Backtest
from clvbayes.study import grades

SETTINGS = """\
[data]
orders = "orders.csv"
segments = ["industry"]
currency = "EUR"
until = 2025-03-31

[models]
pool = ["industry"]

[economics]
margin = 0.35
discount_rate = 0.09
horizon = 3
"""
ORDERS = """\
customer_id,date,amount,industry
a,2025-01-31,1200.50,food
a,2025-02-28,99.50,food
b,2025-02-01,10.00,chem
,2025-02-01,5.25,chem
b,2025-02-03,-2.00,chem
b,2025-04-01,7.00,chem
"""
TOMORROW = date.today() + timedelta(days=1)


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def base(folder: Path, *, orders: str = ORDERS, settings: str = SETTINGS) -> Path:
    (folder / "orders.csv").write_text(orders, encoding="utf-8")
    (folder / "base.toml").write_text(settings, encoding="utf-8")
    return folder / "base.toml"


def everything(folder: Path) -> dict[str, bytes | None]:
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def test_check_prints_the_ledger_and_writes_nothing(tmp_path: Path) -> None:
    file = base(tmp_path)
    before = everything(tmp_path)
    result = invoke("check", file)
    assert (result.exit_code, result.stderr) == (0, "")
    assert [re.sub(" +", " ", line).strip() for line in result.stdout.splitlines()] == [
        "6 rows 1,320.25 read",
        "1 rows 7.00 after 2025-03-31",
        "1 rows 5.25 no customer id",
        "1 rows -2.00 zero or negative amount",
        "3 rows 1,310.00 kept",
        "3 kept lines are 3 purchases: all orders of a customer on one day count as one",
        "credit notes, 1 in all: 1 count for the customer's latest order before them",
        "the last order is of 2025-02-28; the days until 2025-03-31 count as silence of all customers",
        "orders.csv can be valued: 2 customers until 2025-03-31.",
    ]
    assert everything(tmp_path) == before


def test_check_takes_settings_from_the_command_line(tmp_path: Path) -> None:
    result = invoke("check", base(tmp_path), "--set", "data.until=2025-04-01", "--set", "economics.margin=0.1")
    assert result.exit_code == 0
    assert "2 customers until 2025-04-01" in result.stdout
    assert "4 kept lines" in result.stdout


HOSTILE = """\
customer_id,date,amount,"x""; drop table t"
<b>a</b>,2025-01-31,1200.50,<script>alert(1)</script>
<b>a</b>,2025-02-28,99.50,<script>alert(1)</script>
b,2025-02-01,10.00,=1+1
"""


def test_hostile_names_are_legal(tmp_path: Path) -> None:
    file = base(tmp_path, orders=HOSTILE, settings=SETTINGS.replace('"industry"', "'x\"; drop table t'"))
    result = invoke("check", file)
    assert result.exit_code == 0
    assert result.stdout.endswith("orders.csv can be valued: 2 customers until 2025-03-31.\n")


def with_amount(amount: str) -> Callable[[str], str]:
    return lambda orders: orders.replace("99.50", amount)


def with_date(day: str) -> Callable[[str], str]:
    return lambda orders: orders.replace("2025-02-28", day)


def no_change(orders: str) -> str:
    return orders


ROW_3 = "orders.csv, row 3, column"
WRONG: dict[str, tuple[Callable[[str], str], tuple[str, ...], str]] = {
    "missing column": (
        no_change,
        ("data.amount=netto",),
        "orders.csv has no column 'netto'; it has 'customer_id', 'date', 'amount', 'industry'",
    ),
    "text in the amount": (with_amount("ten"), (), f"{ROW_3} 'amount': 'ten' is not a number"),
    "NaN": (with_amount("NaN"), (), f"{ROW_3} 'amount': 'NaN' is not a finite number"),
    "infinity": (with_amount("inf"), (), f"{ROW_3} 'amount': 'inf' is not a finite number"),
    "no amount": (with_amount(""), (), f"{ROW_3} 'amount': a number is missing"),
    "unparsable date": (with_date("soon"), (), f"{ROW_3} 'date': 'soon' is not a date"),
    "ambiguous date": (with_date("03/04/2025"), (), f"{ROW_3} 'date': '03/04/2025' may be read day first or month first"),
    "future date": (with_date(TOMORROW.isoformat()), (), f"{ROW_3} 'date': '{TOMORROW}' lies in the future"),
    "mixed currencies": (no_change, ("data.currency=industry",), "orders.csv, row 4, column 'industry': more than one currency: 'food'"),
    "misused decimal mark": (
        no_change,
        ("data.decimal=','",),
        "orders.csv, row 2, column 'amount': '1200.50' is not a number with the decimal mark",
    ),
    "ragged row": (with_amount("99,50"), (), "orders.csv, row 3 cannot be read"),
    "empty file": (lambda _: "", (), "orders.csv is empty"),
    "header only": (lambda orders: orders.splitlines()[0] + "\n", (), "orders.csv holds no rows"),
    "one customer": (lambda orders: "".join(orders.splitlines(keepends=True)[:3]), (), "orders.csv: 1 customer with 1 repeat orders"),
    "one order each": (lambda orders: orders.replace("a,2025-02-28", "z,2025-02-28"), (), "orders.csv: 3 customers with 0 repeat orders"),
    "misspelt setting": (no_change, ("economics.margn=0.3",), "base.toml: economics.margn is not a setting; did you mean 'margin'?"),
    "negative margin": (
        no_change,
        ("economics.margin=-0.3",),
        "base.toml: economics: margin must be a share above 0 and at most 1, not -0.3",
    ),
    "negative discount rate": (no_change, ("economics.discount_rate=-0.3",), "base.toml: economics: discount_rate must be a yearly rate"),
    "unknown segment column": (no_change, ("data.segments=['industry', 'x']",), "orders.csv has no column 'x'; it has"),
    "unknown pool": (no_change, ("models.pool=['x']",), "base.toml: models.pool names 'x', which data.segments ('industry') does not"),
    "one column in two roles": (
        no_change,
        ("data.segments=['industry', 'amount']",),
        "column 'amount' is named as amount and as something else",
    ),
    "remote address": (
        no_change,
        ("data.orders=https://example.org/o.csv",),
        "https://example.org/o.csv is a remote address; download the file",
    ),
    "missing orders": (no_change, ("data.orders=missing.csv",), "missing.csv does not exist"),
    "valuation date to come": (no_change, (f"data.until={TOMORROW}",), f"until ({TOMORROW}) lies in the future"),
    "valuation date before all": (no_change, ("data.until=2020-01-01",), "orders.csv: 0 customers with 0 repeat orders until 2020-01-01"),
    "bad --set": (no_change, ("margin",), "--set takes section.key=value"),
}


@pytest.mark.parametrize("command", ["check", "run", "backtest"])
@pytest.mark.parametrize("kind", WRONG)
def test_wrong_input_ends_with_one_message_and_nothing_written(command: str, kind: str, tmp_path: Path) -> None:
    change, overrides, said = WRONG[kind]
    file = base(tmp_path, orders=change(ORDERS))
    before = everything(tmp_path)
    result = invoke(command, file, *(argument for override in overrides for argument in ("--set", override)))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: ") and said in result.stderr
    assert result.stderr.count("\n") == 1
    assert everything(tmp_path) == before


@pytest.mark.parametrize("command", ["check", "run", "backtest"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[data", "base.toml is not valid TOML"),
        ("# Käse".encode("latin-1"), "base.toml is not UTF-8 text"),
        (None, "base.toml does not exist"),
    ],
)
def test_a_bad_valuation_file_ends_with_one_message(command: str, content: bytes | None, said: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "base.toml").write_bytes(content)
    before = everything(tmp_path)
    result = invoke(command, tmp_path / "base.toml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr and result.stderr.count("\n") == 1
    assert everything(tmp_path) == before


def test_run_writes_nothing_into_a_given_folder_either(tmp_path: Path) -> None:
    file = base(tmp_path, orders=ORDERS.replace("99.50", "ten"))
    result = invoke("run", file, "--out", tmp_path / "new" / "folder")
    assert result.exit_code == 2
    assert sorted(everything(tmp_path)) == ["base.toml", "orders.csv"]


@pytest.mark.parametrize("arguments", [["valuate"], ["check"], ["run", "a.toml", "--draws", "3"]])
def test_a_command_that_is_none_ends_with_2(arguments: list[str]) -> None:
    assert invoke(*arguments).exit_code == 2


def test_the_installed_command_prints_the_message_without_a_traceback(tmp_path: Path) -> None:
    file = base(tmp_path, orders=ORDERS.replace("99.50", "ten"))
    code = "import sys; from clvbayes.cli import main; sys.argv = ['clvbayes', *sys.argv[1:]]; main()"
    done = subprocess.run([sys.executable, "-c", code, "check", file], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr == "Error: orders.csv, row 3, column 'amount': 'ten' is not a number; "
        'if the comma is its decimal mark, set decimal=","; take units and currencies out\n'
    )


HEAVY = ["pymc", "pytensor", "numba", "pandas", "numpy", "xarray", "duckdb", "pyarrow", "matplotlib"]


def test_help_names_the_commands_and_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom clvbayes.cli import app\ntry:\n    app(['--help'])\nfinally:\n"
        f"    print('heavy:', [name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("heavy: []\n")
    for command in ("demo", "run", "backtest", "check"):
        assert command in done.stdout


def test_check_refuses_costs_of_levels_that_do_not_fit(tmp_path: Path) -> None:
    result = invoke("check", base(tmp_path), "--set", "economics.order_cost={industry={Mills=3}}")
    assert result.exit_code == 2
    assert "order_cost is given by 'industry'" in " ".join(result.stderr.split())


def test_check_refuses_a_base_of_which_no_spend_is_known(tmp_path: Path) -> None:
    result = invoke("check", base(tmp_path, orders=ORDERS.replace("99.50", "0")))
    assert result.exit_code == 2
    assert "all repeat orders until 2025-03-31 are of amount zero" in " ".join(result.stderr.split())


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What a back-test was asked for; a made-up one stands in its place, whose bands of revenue did not hold."""
    found: dict[str, object] = {}

    def instead(table: object, **options: object) -> Backtest:
        found.update(options)
        Path(str(options["folder"])).mkdir(parents=True, exist_ok=True)  # as finished fits would have
        return make_backtest(Past(outside={(OWN, "revenue"): (0, 2, 3, 5), (OTHER, "revenue"): (1,)}))

    monkeypatch.setattr(grades, "backtest", instead)
    return found


def test_backtest_prints_the_verdicts_on_the_valuations_models_the_choice_and_the_path(asked: dict[str, object], tmp_path: Path) -> None:
    result = invoke("backtest", base(tmp_path))
    assert (result.exit_code, result.stderr) == (0, "")
    *verdicts, chosen, path = result.stdout.splitlines()
    assert [
        (line.startswith(f"{OWN}: The 90 % band"), *re.findall(r"total's (\w+) held in (\d of \d) .* of (\d+) weeks", line))
        for line in verdicts
    ] == [
        (True, ("orders", "8 of 8", "13")),
        (True, ("orders", "4 of 4", "26")),
        (True, ("revenue", "4 of 8", "13")),
        (True, ("revenue", "2 of 4", "26")),
    ]
    assert "too narrow" in verdicts[2]
    assert chosen.startswith(f"{OWN}: {OWN} told the orders of single customers over 13 weeks better than {OTHER}")
    assert path == str(tmp_path / "out" / "base" / "backtest.html") and Path(path).is_file()


def test_backtest_takes_its_settings_from_the_command_line(asked: dict[str, object], tmp_path: Path) -> None:
    overrides = (
        "backtest.origins=2",
        "backtest.horizons=[4, 8]",
        "backtest.also=[{spend='lognormal'}]",
        "run.seed=9",
        "backtest.draws=150",
    )
    settings = [argument for override in overrides for argument in ("--set", override)]
    result = invoke("backtest", base(tmp_path), *settings, "--out", tmp_path / "elsewhere")
    assert result.exit_code == 0
    assert (asked["origins"], asked["horizons"], asked["seed"], asked["draws"]) == (2, [4, 8], 9, 150)
    assert (asked["pool"], asked["until"]) == (("industry",), date(2025, 3, 31))
    assert [(purchases.title, spend.title) for purchases, spend in asked["models"]] == [  # type: ignore[attr-defined]
        ("MBG/NBD with season", "Gamma-Gamma"),
        ("MBG/NBD with season", "Lognormal"),
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base.toml", "elsewhere", "orders.csv"]
    assert sorted(path.name for path in (tmp_path / "elsewhere").iterdir()) == ["backtest", "backtest-fits", "backtest.html"]


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("backtest.origins=8", "no forecast of 13 weeks can be graded: the orders reach from 2025-01-31 to 2025-03-31"),
        ("backtest.origins=[2025-02-15]", "no forecast of 13 weeks can be graded"),
        ("backtest.origins=0", "base.toml: backtest.origins"),
        ("backtest.horizons=[]", "horizons"),
    ],
)
def test_where_nothing_can_be_graded_one_message_says_so_and_nothing_is_written(override: str, said: str, tmp_path: Path) -> None:
    file = base(tmp_path)
    before = everything(tmp_path)
    result = invoke("backtest", file, "--set", override)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: ") and said in result.stderr and result.stderr.count("\n") == 1
    assert everything(tmp_path) == before


def test_backtest_does_not_write_over_what_is_no_earlier_result(asked: dict[str, object], tmp_path: Path) -> None:
    file = base(tmp_path)
    (tmp_path / "out" / "base" / "backtest").mkdir(parents=True)
    (tmp_path / "out" / "base" / "backtest" / "plan.txt").write_text("a year's work")
    before = everything(tmp_path)
    result = invoke("backtest", file)
    assert result.exit_code == 2 and "is no earlier result" in result.stderr
    assert everything(tmp_path) == before
    assert not asked, "it is found out before the work is done"
