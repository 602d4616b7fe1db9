"""What a fit that is kept is known by."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from valuation.made_up_fits import made_up_customers, made_up_fit

from clvbayes.data import Customers, read_transactions, summarize
from clvbayes.inference import kept
from clvbayes.inference.kept import fit_key, fit_or_kept
from clvbayes.models import mbg_nbd
from clvbayes.models.mbg_nbd import MbgNbd


def base(day: str) -> Customers:
    """Two customers with the same statistics, whatever the day of the first one's second order."""
    rows = {"customer_id": ["a"] * 3 + ["b"] * 2, "date": ["2024-01-05", day, "2024-12-02", "2024-01-06", "2024-12-09"], "amount": 1.0}
    return summarize(read_transactions(pd.DataFrame(rows)), until=date(2025, 3, 17))


@pytest.mark.parametrize(
    ("model", "knows"),
    [
        (mbg_nbd(), False),
        (mbg_nbd(season=True), True),
        (mbg_nbd(level=True), True),
    ],
    ids=["steady", "season", "level"],
)
def test_a_clock_by_months_knows_when_orders_were(model: MbgNbd, knows: bool) -> None:
    spring, summer = base("2024-04-19"), base("2024-08-19")  # 105 and 227 days between orders, or 227 and 105
    assert spring.statistics.equals(summer.statistics)
    assert (fit_key(model, spring, {}) != fit_key(model, summer, {})) is knows


def without(name: str) -> Callable[[Path], None]:
    def damage(saved: Path) -> None:
        manifest = json.loads((saved / "manifest.json").read_text())
        (saved / "manifest.json").write_text(json.dumps({key: value for key, value in manifest.items() if key != name}))

    return damage


def with_another(name: str, value: Any) -> Callable[[Path], None]:
    def damage(saved: Path) -> None:
        manifest = json.loads((saved / "manifest.json").read_text())
        (saved / "manifest.json").write_text(json.dumps({**manifest, name: value}))

    return damage


def cut_short(name: str, share: float) -> Callable[[Path], None]:
    def damage(saved: Path) -> None:
        content = (saved / name).read_bytes()
        (saved / name).write_bytes(content[: int(share * len(content))])

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda saved: (saved / "posterior.nc").write_bytes(b"no longer a posterior"), id="no posterior"),
        pytest.param(lambda saved: (saved / "posterior.nc").unlink(), id="posterior gone"),
        *[pytest.param(cut_short("posterior.nc", share), id=f"{share:.0%} of posterior") for share in (0.0, 0.01, 0.3, 0.9)],
        *[pytest.param(cut_short("manifest.json", share), id=f"{share:.0%} of manifest") for share in (0.0, 0.5)],
        *[pytest.param(without(name), id=f"no {name}") for name in ("kind", "model", "options", "priors", "pool", "certificate", "seed")],
        pytest.param(with_another("certificate", {"model": "mbg_nbd"}), id="certificate of one field"),
        pytest.param(with_another("certificate", []), id="certificate a list"),
        pytest.param(with_another("priors", {"rate": 3}), id="prior a number"),
        pytest.param(with_another("priors", [1, 2]), id="priors a list"),
        pytest.param(with_another("options", {"unknown": 1}), id="unknown option"),
        pytest.param(with_another("model", ["mbg_nbd"]), id="model a list"),
    ],
)
def test_a_damaged_fit_is_made_anew(damage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    customers, made = made_up_customers(), []

    def fit(model, customers, **_):
        made.append(model.name)
        return made_up_fit(model, customers)

    monkeypatch.setattr(kept, "fit", fit)
    first, key = fit_or_kept(tmp_path, mbg_nbd(), customers, {"seed": 1}, progress=False)
    damage(tmp_path / key)
    again, same_key = fit_or_kept(tmp_path, mbg_nbd(), customers, {"seed": 1}, progress=False)
    assert (made, same_key) == (["mbg_nbd"] * 2, key) and again.posterior.identical(first.posterior)
    assert fit_or_kept(tmp_path, mbg_nbd(), customers, {"seed": 1}, progress=False)[0].posterior.identical(first.posterior)
    assert len(made) == 2, "a fit that was made anew is kept"
