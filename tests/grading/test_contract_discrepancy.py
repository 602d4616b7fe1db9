"""What past forecasts of contracts missed, learned from made-up errors: each figure that goes in comes out."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from clvbayes.grading import CONTRACT_MEASURES
from clvbayes.grading.contract_discrepancy import AMOUNT_MEAN_SD, AMOUNT_SCALE, learn_from_contracts
from clvbayes.grading.past_errors import MEAN_SD, RIGHT, SPREAD_SCALE
from clvbayes.valuation import ContractDiscrepancy

FIRST, RUNNING, LOST, AMOUNT = date(2015, 1, 3), 1000, 100.0, 50.0
NOTHING = pd.DataFrame()


def forecasts(
    lost: np.ndarray, amount: np.ndarray | float = 0.0, *, weeks: Sequence[int] = (52,), running: int = RUNNING, sd: float = 0.02
) -> pd.DataFrame:
    """Of a tenth of the contracts that is to be lost; what was lost, and what recurs of the others, was off by these logs."""
    rows = []
    for k, (of_losses, of_amount) in enumerate(np.broadcast(lost, amount)):
        for horizon in weeks:
            head = {"origin": FIRST + k * timedelta(weeks=max(weeks)), "weeks": horizon, "column": "", "level": "", "customers": running}
            foreseen = running * LOST / RUNNING
            left = running - ((foreseen + 0.5) * np.exp(of_losses) - 0.5)
            of = {"actual": left, "mean": running - foreseen, "q50": running - foreseen, "sd": sd * foreseen}
            rows.append(head | of | {"measure": CONTRACT_MEASURES[0]})
            recurring = (running - foreseen) * AMOUNT
            moved = {
                "actual": left * AMOUNT * np.exp(of_amount * horizon / 52),
                "mean": recurring,
                "q50": recurring,
                "sd": 0.002 * recurring,
            }
            rows.append(head | moved | {"measure": CONTRACT_MEASURES[1]})
    return pd.DataFrame(rows)


def learned(ended: pd.DataFrame, draws: int = 4000) -> ContractDiscrepancy:
    return learn_from_contracts(ended, draws=draws, seed=1)


def evidence(found: ContractDiscrepancy, what: str) -> pd.Series:
    return found.evidence.set_index("what").loc[what]


def normal(mean: float, sd: float, count: int) -> np.ndarray:
    """Of exactly this mean and standard deviation."""
    noise = np.random.default_rng(3).standard_normal(count)
    return mean + sd * (noise - noise.mean()) / noise.std()


@pytest.mark.parametrize(("name", "mean_sd", "scale"), [("size", MEAN_SD, SPREAD_SCALE), ("amount", AMOUNT_MEAN_SD, AMOUNT_SCALE)])
def test_nothing_seen_is_the_prior(name, mean_sd, scale) -> None:
    """Nothing at all, or a mean and a half-normal spread around it, drawn here by themselves."""
    found, random = learned(NOTHING, 40_000), np.random.default_rng(2)
    expected = mean_sd * random.standard_normal(400_000)
    expected += scale * np.abs(random.standard_normal(400_000)) * random.standard_normal(400_000)
    expected *= random.random(400_000) > RIGHT
    at = [0.05, 0.2, 0.5, 0.8, 0.95]
    np.testing.assert_allclose(np.quantile(found.shared[name], at), np.quantile(expected, at), atol=0.06 * scale + 0.001)
    assert evidence(found, "contracts lost")[["origins", "errors"]].tolist() == [0, 0]


@pytest.mark.parametrize(("mean", "sd"), [(-0.2, 0.15), (0.1, 0.3)])
def test_mean_and_spread_of_losses_are_found(mean, sd) -> None:
    """After 52 weeks, and told as of 13: with the growth that it was learned with they are the same."""
    found = learned(forecasts(normal(mean, sd, 80)))
    size = (found.shared["size"] * 4 ** found.shared["growth"]).to_numpy()
    assert size.mean() == pytest.approx(mean, abs=0.15 * abs(mean) + 2 * sd / np.sqrt(80))
    assert size.std() == pytest.approx(sd, rel=0.25)
    assert evidence(found, "contracts lost")[["origins", "errors"]].tolist() == [80, 80]
    assert evidence(found, "amount of contracts")["mean"] == pytest.approx(0, abs=0.005)


def test_amounts_are_learned_as_of_a_year_from_whatever_horizon() -> None:
    for weeks in ((52,), (13,), (13, 26, 52)):
        found = learned(forecasts(np.zeros(60), normal(0.04, 0.02, 60), weeks=weeks))
        amount = found.shared["amount"].to_numpy()
        assert amount.mean() == pytest.approx(0.04, abs=0.008)
        assert amount.std() == pytest.approx(0.02, rel=0.4)
        assert found.shared["size"].std() < 0.06


@pytest.mark.parametrize("foreseen", [0.5, 2, 10, 50])
def test_right_forecasts_have_no_mean_error_however_few_are_foreseen(foreseen) -> None:
    """Poisson, of as many as were foreseen; and where twice as many are lost, that is found, if any are."""
    for times in (1, 2):
        happened = np.random.default_rng(5).poisson(times * foreseen, 600)
        ended = forecasts(np.zeros(600))
        lost = (ended["measure"] == CONTRACT_MEASURES[0]).to_numpy()
        ended.loc[lost, ["mean", "q50"]] = RUNNING - foreseen
        ended.loc[lost, ["actual", "sd"]] = np.column_stack([RUNNING - happened, np.full(600, np.sqrt(foreseen))])
        found = learned(ended)
        moved = float((found.shared["size"] * 4 ** found.shared["growth"]).median())
        assert moved == pytest.approx(0, abs=0.04) if times == 1 else 0.3 < moved < 0.75


def test_where_nobody_was_lost_the_error_is_finite() -> None:
    found = learned(forecasts(np.full(6, np.log(0.5 / 100.5))))
    assert np.isfinite(found.shared["size"]).all() and float(found.shared["size"].mean()) < -0.2


def test_where_nothing_is_left_amounts_teach_nothing() -> None:
    ended = forecasts(np.zeros(3))
    ended["actual"] = 0.0
    assert evidence(learned(ended), "amount of contracts")["errors"] == 0


def test_levels_and_the_order_of_rows_do_not_matter() -> None:
    ended = forecasts(normal(0.1, 0.2, 12), normal(0.02, 0.02, 12), weeks=(13, 52))
    of_a_level = ended.assign(column="industry", level="Retail", actual=ended["actual"] / 2)
    found, again = learned(ended), learned(pd.concat([of_a_level, ended]).sample(frac=1, random_state=1))
    for name in found.shared:
        np.testing.assert_allclose(found.shared[name], again.shared[name], rtol=1e-9)


def test_what_losses_do_to_the_mix_of_amounts_is_no_error_of_prices() -> None:
    """Ten contracts of 100 never leave; of a thousand of 1 three tenths are to be lost, and four are. No price moves."""
    rows = []
    for k in range(20):
        lost = 300 * np.exp(0.3 + 0.1 * (-1) ** k)
        head = {"origin": FIRST + k * timedelta(weeks=52), "weeks": 52, "column": "", "level": "", "customers": 1010}
        rows += [
            head | {"measure": CONTRACT_MEASURES[0], "actual": 1010 - lost, "mean": 710.0, "q50": 710.0, "sd": 14.5},
            head
            | {"measure": CONTRACT_MEASURES[1], "actual": 12 * (2000 - lost), "mean": 12 * 1700.0, "q50": 12 * 1700.0, "sd": 12 * 14.5},
        ]
    found = learned(pd.DataFrame(rows))
    assert evidence(found, "contracts lost")["mean"] > 0.15
    assert abs(float(found.shared["amount"].mean())) < 0.04  # without looking at losses it would be .08
