"""Clocks in the likelihood of every model that has one: steady, by season, and with a level that moves; and what they foresee."""

import inspect
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
import xarray as xr

from clvbayes import models
from clvbayes.data import Customers, read_transactions, summarize
from clvbayes.errors import DataError
from clvbayes.inference.likelihood import Likelihood
from clvbayes.models.clock import LEVEL, MONTH_BASIS, SEASONAL, STEADY, Clock, LevelClock
from clvbayes.models.hierarchy import assign_cells
from clvbayes.models.months import MONTHS
from clvbayes.models.protocol import PurchaseModel

UNTIL = date(2025, 3, 17)
EFFECTS = np.array([0.4, 0.1, -0.3, -0.2, 0.0, 0.3, -0.5, -0.4, 0.1, 0.2, 0.5, -0.2])
COORDINATES = np.array([-2.5, -0.3, -0.6, 0.9])  # of a model of four; NBD has the first two

Make = Callable[..., PurchaseModel]


def with_a_season() -> list[Make]:
    """Every model of purchases that may have one."""
    makers = [getattr(models, name) for name in models.__all__]
    return [make for make in makers if "season" in inspect.signature(make).parameters]


@pytest.fixture(scope="module", params=with_a_season(), ids=lambda make: make.__name__)
def make(request: pytest.FixtureRequest) -> Make:
    return request.param


def orders(seed: int = 5, customers: int = 150) -> pd.DataFrame:
    """Four years of orders at random, most of them in November."""
    rng = np.random.default_rng(seed)
    days = [UNTIL - timedelta(days=k) for k in range(1460)]
    weight = np.exp(EFFECTS)[[day.month - 1 for day in days]]
    who = rng.integers(customers, size=900)
    when = rng.choice(len(days), size=900, p=weight / weight.sum())
    return pd.DataFrame({"customer_id": [f"C{k}" for k in who], "date": [days[k].isoformat() for k in when], "amount": 10.0})


@pytest.fixture(scope="module")
def customers() -> Customers:
    return summarize(read_transactions(orders()), until=UNTIL)


@pytest.fixture(scope="module")
def young() -> Customers:
    """The same from June 2023 on: 22 months, of which a level makes two years."""
    frame = orders()
    return summarize(read_transactions(frame[frame["date"] >= "2023-06-01"]), until=UNTIL)


def likelihood_of(model: PurchaseModel, customers: Customers) -> Likelihood:
    rows, clock = model.rows(customers, assign_cells(customers, ())), model.clock.over(customers)
    return Likelihood(model, rows | clock.columns(rows, customers), 1, clock)


def likelihoods(make: Make, customers: Customers) -> tuple[Likelihood, Likelihood]:
    """Of the plain model, and of the seasonal one."""
    return likelihood_of(make(), customers), likelihood_of(make(season=True), customers)


def own(make: Make, **moved: float) -> np.ndarray:
    names = make().coordinates
    return (COORDINATES[: len(names)] + [moved.get(name, 0.0) for name in names])[:, None]


def with_effects(make: Make, effects: np.ndarray, **moved: float) -> np.ndarray:
    return np.concatenate([own(make, **moved), effects[:, None]])


def test_effects_that_are_none_give_the_plain_likelihood(make: Make, customers: Customers) -> None:
    plain, seasonal = likelihoods(make, customers)
    assert seasonal.value(with_effects(make, np.zeros(12))) == pytest.approx(plain.value(own(make)), abs=1e-8)


def test_a_quicker_clock_and_a_slower_rate_are_the_same(make: Make, customers: Customers) -> None:
    _, seasonal = likelihoods(make, customers)
    at = seasonal.value(with_effects(make, EFFECTS))
    assert seasonal.value(with_effects(make, EFFECTS + 0.7, log_rate=-0.7)) == pytest.approx(at, abs=1e-8)


def require_slope(likelihood: Likelihood, at: np.ndarray) -> None:
    """The gradient is that of differences."""
    _, slope = likelihood.gradient(at)
    for k in range(len(at)):
        step = np.zeros_like(at)
        step[k] = 1e-5
        difference = (likelihood.value(at + step) - likelihood.value(at - step)) / 2e-5
        assert slope[k, 0] == pytest.approx(difference, rel=1e-6, abs=1e-5)


def test_the_slope_is_that_of_differences(make: Make, customers: Customers) -> None:
    _, seasonal = likelihoods(make, customers)
    require_slope(seasonal, with_effects(make, EFFECTS))


def test_one_customer_by_hand(make: Make) -> None:
    """Orders of 3 January and 20 February 2023 and 5 March 2024, seen until 17 March 2025."""
    rows = pd.DataFrame({"customer_id": ["a"] * 3 + ["b"], "date": ["2023-01-03", "2023-02-20", "2024-03-05", "2023-01-03"], "amount": 1.0})
    both = summarize(read_transactions(rows), until=UNTIL)
    _, seasonal = likelihoods(make, both)
    pace = np.exp(EFFECTS)
    days = [date(2023, 1, 4) + timedelta(days=k) for k in range((UNTIL - date(2023, 1, 3)).days)]
    T = sum(pace[day.month - 1] for day in days) / 7
    t_x = sum(pace[day.month - 1] for day in days if day <= date(2024, 3, 5)) / 7
    fictive = replace(both, statistics=both.statistics.assign(recency=[t_x, 0.0], T=T))
    plain = likelihood_of(make(), fictive)
    bought = EFFECTS[1] + EFFECTS[2]
    assert seasonal.value(with_effects(make, EFFECTS)) == pytest.approx(plain.value(own(make)) + bought, abs=1e-9)


def test_effects_add_up_to_zero_in_their_basis() -> None:
    np.testing.assert_allclose(MONTH_BASIS.sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(MONTH_BASIS.T @ MONTH_BASIS, np.eye(11), atol=1e-12)


def rfm_frame() -> Customers:
    rfm = pd.DataFrame({"frequency": [2, 0], "recency": [30.4, 0.0], "T": [138.9, 138.9]})
    return Customers.from_frame(rfm, unit="week")


@pytest.mark.parametrize(("clock", "what"), [(SEASONAL, "a season"), (LEVEL, "a level")])
def test_months_need_the_dates_of_orders(clock: Clock, what: str) -> None:
    for customers in (rfm_frame(), replace(rfm_frame(), until=UNTIL)):
        with pytest.raises(DataError, match=f"{what} needs the dates of orders.* RFM frame"):
            clock.over(customers)


def test_a_season_is_learned_from_any_history(young: Customers) -> None:
    assert SEASONAL.over(young) == SEASONAL
    assert STEADY.over(rfm_frame()) == STEADY


# a level that moves -----------------------------------------------------------------------------------------------------------------------


def made_up(clock: LevelClock, seed: int = 1) -> np.ndarray:
    """Parts of a level clock's effects."""
    return 0.3 * np.random.default_rng(seed).standard_normal(11 + 2 * clock.months)


def months_of_year(months: int) -> np.ndarray:
    """Of as many months until March."""
    return (np.arange(months) - months + 3) % 12


def first_order(day: str) -> Customers:
    """Two customers, one of them from this day on."""
    rows = pd.DataFrame({"customer_id": ["a", "a", "b"], "date": [day, "2025-01-05", "2025-01-06"], "amount": 1.0})
    return summarize(read_transactions(rows), until=UNTIL)


@pytest.mark.parametrize(("day", "seen", "months"), [("2024-04-30", 12, 12), ("2024-03-31", 13, 24), ("2022-04-01", 36, 36)])
def test_months_are_laid_out_in_whole_years(day: str, seen: int, months: int) -> None:
    clock = LEVEL.over(first_order(day))
    assert (clock.seen, clock.months, clock.last) == (seen, months, 2)
    assert len(clock.effects) == months and clock.effects[0] == str(1 - months) and clock.effects[-1] == "0"
    assert [(spread.name, spread.parts) for spread in clock.spreads] == [
        ("season_scale", 11),
        ("walk_scale", months),
        ("noise_scale", months),
    ]
    assert clock.basis.shape == (months, 11 + 2 * months)


def test_too_long_a_history_is_refused() -> None:
    with pytest.raises(DataError, match="learned from 36 months, not from 37: give since"):
        LEVEL.over(first_order("2022-03-31"))


def test_effects_are_relative_to_the_mean_order(young: Customers) -> None:
    clock = LEVEL.over(young)
    assert clock.share.sum() == pytest.approx(1)
    np.testing.assert_allclose(clock.share @ clock.basis, 0, atol=1e-12)


def test_effects_are_season_walk_and_noise(young: Customers) -> None:
    """Two months of the two years have no data: noise alone."""
    clock = LEVEL.over(young)
    parts = made_up(clock)
    season, walk, noise = np.split(parts, [11, 35])
    of_month = (MONTH_BASIS @ season)[months_of_year(24)]
    expected = np.concatenate([noise[:2], of_month[2:] + np.cumsum(walk[2:]) + noise[2:]])
    np.testing.assert_allclose(clock.basis @ parts, expected - clock.share @ expected, atol=1e-12)


def test_what_differs_from_one_base_to_the_next_is_no_code(young: Customers) -> None:
    one, other = LEVEL.over(young), LevelClock(24, seen=13, last=7, share=np.full(24, 1 / 24))
    assert one == other and hash(one) == hash(other)
    assert one != LevelClock(36, seen=36, last=7, share=one.share)


@pytest.fixture(scope="module")
def moving(make: Make, young: Customers) -> Likelihood:
    return likelihood_of(make(level=True), young)


def test_a_level_that_never_moves_gives_the_plain_likelihood(make: Make, young: Customers, moving: Likelihood) -> None:
    plain = likelihood_of(make(), young)
    assert moving.value(with_effects(make, np.zeros(24))) == pytest.approx(plain.value(own(make)), abs=1e-8)


def test_a_level_that_only_has_a_season_gives_the_seasonal_likelihood(make: Make, young: Customers, moving: Likelihood) -> None:
    seasonal = likelihood_of(make(season=True), young)
    at = moving.value(with_effects(make, EFFECTS[months_of_year(24)]))
    assert at == pytest.approx(seasonal.value(with_effects(make, EFFECTS)), abs=1e-8)


def test_a_higher_level_and_a_slower_rate_are_the_same(make: Make, moving: Likelihood) -> None:
    effects = np.random.default_rng(2).normal(0, 0.3, 24)
    at = moving.value(with_effects(make, effects))
    assert moving.value(with_effects(make, effects + 0.7, log_rate=-0.7)) == pytest.approx(at, abs=1e-8)


def test_the_slope_of_a_level_is_that_of_differences(make: Make, moving: Likelihood) -> None:
    require_slope(moving, with_effects(make, np.random.default_rng(3).normal(0, 0.3, 24)))


def test_months_without_data_have_no_slope(make: Make, moving: Likelihood) -> None:
    _, slope = moving.gradient(with_effects(make, np.random.default_rng(3).normal(0, 0.3, 24)))
    of_months = slope[len(make().coordinates) :, 0]
    assert of_months[:2].tolist() == [0.0, 0.0] and np.all(of_months[2:] != 0)


def test_one_customer_of_a_level_by_hand(make: Make) -> None:
    """Orders of 3 May and 20 June 2024 and 5 February 2025, seen until 17 March 2025."""
    rows = pd.DataFrame({"customer_id": ["a"] * 3 + ["b"], "date": ["2024-05-03", "2024-06-20", "2025-02-05", "2024-05-03"], "amount": 1.0})
    both = summarize(read_transactions(rows), until=UNTIL)
    effects = np.random.default_rng(4).normal(0, 0.4, 12)
    days = [date(2024, 5, 4) + timedelta(days=k) for k in range((UNTIL - date(2024, 5, 3)).days)]
    pace = [np.exp(effects[11 + 12 * (day.year - 2025) + day.month - 3]) / 7 for day in days]
    t_x = sum(passed for day, passed in zip(days, pace, strict=True) if day <= date(2025, 2, 5))
    fictive = replace(both, statistics=both.statistics.assign(recency=[t_x, 0.0], T=sum(pace)))
    plain = likelihood_of(make(), fictive)
    bought = effects[2] + effects[10]
    found = likelihood_of(make(level=True), both).value(with_effects(make, effects))
    assert found == pytest.approx(plain.value(own(make)) + bought, abs=1e-9)


@pytest.mark.parametrize("seen", [24, 19])
def test_season_level_and_noise_are_the_pace(seen: int) -> None:
    """Whatever the future goes on from is what the past has come to."""
    share = np.arange(24) * (np.arange(24) >= 24 - seen)
    clock = LevelClock(24, seen=seen, last=2, share=share / share.sum())
    parts = made_up(clock)
    with pm.Model(coords={"month": MONTHS, "bin": clock.effects}) as built:
        clock.declare(pt.as_tensor(parts))
    season, level = pytensor.function([], [built["season"], built["level"]], mode="FAST_COMPILE")()
    pace = season[months_of_year(24)] + level + parts[-24:]
    np.testing.assert_allclose((clock.basis @ parts)[-seen:], pace[-seen:], atol=1e-12)


def posterior_of(draws: int, walk: np.ndarray | float, noise: np.ndarray | float) -> xr.Dataset:
    """The same season and level in every draw; dims in another order than they are needed in."""
    level = np.linspace(-0.5, 0.25, 24)
    return xr.Dataset(
        {
            "season": (("month", "sample"), np.repeat(EFFECTS[:, None], draws, axis=1)),
            "level": (("bin", "sample"), np.repeat(level[:, None], draws, axis=1)),
            "walk_scale": ("sample", np.broadcast_to(walk, draws)),
            "noise_scale": ("sample", np.broadcast_to(noise, draws)),
        }
    )


def test_the_future_goes_on_from_the_last_level_with_the_same_season() -> None:
    months = np.arange(3, 30) % 12
    found = LevelClock(24).foreseen(posterior_of(3, 0.0, 0.0), months, np.random.default_rng(1))
    np.testing.assert_allclose(found, np.repeat((EFFECTS[months] + 0.25)[None], 3, axis=0), atol=1e-12)


def test_the_future_grows_uncertain_as_walk_and_noise_say() -> None:
    draws, months = 100_000, np.arange(3, 15) % 12
    walk, noise = (np.where(np.arange(draws) % 2, *pair) for pair in ((0.1, 0.03), (0.05, 0.2)))
    found = LevelClock(24).foreseen(posterior_of(draws, walk, noise), months, np.random.default_rng(2)) - EFFECTS[months] - 0.25
    ahead = np.arange(1, 13)
    for part, of_walk, of_noise in ((found[1::2], 0.1, 0.05), (found[::2], 0.03, 0.2)):
        variance = of_walk**2 * ahead + of_noise**2
        assert np.abs(part.mean(axis=0) / np.sqrt(variance / len(part))).max() < 4.5
        np.testing.assert_allclose(part.var(axis=0), variance, rtol=4.5 * np.sqrt(2 / len(part)))
        # what two months share is the walk until the earlier one
        assert np.cov(part[:, 4], part[:, 9])[0, 1] == pytest.approx(
            5 * of_walk**2, abs=4.5 * np.sqrt(variance[4] * variance[9] / len(part))
        )


def test_a_season_foresees_every_year_alike() -> None:
    months = np.arange(3, 30) % 12
    found = SEASONAL.foreseen(posterior_of(2, 9.0, 9.0), months, np.random.default_rng(1))
    assert np.array_equal(found, np.repeat(EFFECTS[months][None], 2, axis=0))
    assert STEADY.foreseen(posterior_of(2, 9.0, 9.0), months, np.random.default_rng(1)).tolist() == [[0.0] * 27] * 2
