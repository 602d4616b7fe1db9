"""The demonstration: the made-up company's orders and contracts, and the valuation file that reads them."""

from datetime import date
from importlib.resources import files
from pathlib import Path

from clvbayes import synthetic
from clvbayes.errors import SettingsError
from clvbayes.study import Study, run

__all__ = ["run_demo"]

CUSTOMERS, SEED, UNTIL = 800, 1, date(2025, 12, 31)


def run_demo(out: Path) -> Study:
    """Write the company's orders and contracts into `out`, value them as ``reports/demo.toml`` says, and return the study."""
    company = synthetic.company(customers=CUSTOMERS, seed=SEED, until=UNTIL)
    orders = company.write(out)
    files = {"orders": orders, "contracts": orders.with_name("contracts.csv")}
    return run(_settings_file(), out=out, overrides=[f"data.{name}={str(file.absolute())!r}" for name, file in files.items()])


def _settings_file() -> Path:
    """In a checkout the file lies in ``reports/``; a wheel carries a copy inside the package."""
    for path in (Path(__file__).parents[1] / "reports" / "demo.toml", Path(str(files("clvbayes"))) / "demo.toml"):
        if path.is_file():
            return path
    raise SettingsError("reports/demo.toml is missing; install clvbayes again")
