"""A model put together is an ordinary PyMC model, with names, that a notebook can change."""

import numpy as np
import pandas as pd
import pymc as pm
import pytest

from clvbayes.errors import ArgumentError
from clvbayes.models import Priors, gamma_gamma, mbg_nbd
from clvbayes.models.assembly import with_frequencies
from clvbayes.models.compression import Columns


@pytest.fixture(scope="module")
def customers(make_customers):
    rng = np.random.default_rng(0)
    x = rng.poisson(2.0, 80)
    T = rng.integers(10, 14, 80).astype(float)
    return make_customers(
        x,
        np.where(x == 0, 0.0, T - 3),
        T,
        amounts=[rng.gamma(3.0, 20.0, count) for count in x],
        segments={"industry": [["Retail", "Health", "Mills"][k % 3] for k in range(80)], "a/b": [["x", "y"][k // 40] for k in range(80)]},
    )


@pytest.fixture(scope="module")
def built(customers):
    return mbg_nbd().build(customers, pool=("industry", "a/b"))


def test_dims_data_and_variables_have_names(built, customers) -> None:
    assert tuple(built.coords["coordinate"]) == mbg_nbd().coordinates
    assert tuple(built.coords["industry"]) == ("Health", "Mills", "Retail")
    rows = len(built.coords["row"])
    assert rows < len(customers)
    assert built["row_weight"].get_value().sum() == len(customers)
    assert built.named_vars_to_dims["row_x"] == ("row",)
    assert built.named_vars_to_dims["frequency_x"] == ("frequency",)
    for name in ("population", "industry_scale", "industry_level", "a∕b_scale", "a∕b_effect"):
        assert built.named_vars_to_dims[name][0] == "coordinate"
    assert built.named_vars_to_dims["industry_level"] == ("coordinate", "industry")


def test_the_prior_predictive_is_the_prior(built, customers) -> None:
    with built, pytest.warns(UserWarning, match="Potentials"):
        prior = pm.sample_prior_predictive(4000, var_names=["population", "industry_scale", "industry_level", "a∕b_effect"], random_seed=1)
    draws = prior["prior"].to_dataset().isel(chain=0)
    mean = np.array(mbg_nbd().priors(customers).mean)
    np.testing.assert_allclose(draws["population"].mean("draw"), mean, atol=4 / np.sqrt(4000))
    expected_sd, scale = np.array([1.0, 0.75, 1.0, 0.75]), np.array([0.5, 0.25, 0.5, 0.25])
    assert draws["industry_level"].dims == ("draw", "coordinate", "industry")
    np.testing.assert_allclose(draws["population"].std("draw"), expected_sd, rtol=4 / np.sqrt(8000))
    np.testing.assert_allclose(draws["industry_scale"].mean("draw"), scale * np.sqrt(2 / np.pi), rtol=0.05)
    # a level is the population's and its own: variances add up, and that of a half-normal spread is its scale squared
    level = draws["industry_level"].isel(industry=0)
    np.testing.assert_allclose(level.var("draw"), expected_sd**2 + scale**2, rtol=0.1)
    np.testing.assert_allclose(level.mean("draw"), mean, atol=0.1)
    np.testing.assert_allclose(draws["a∕b_effect"].sum("a∕b"), 0, atol=1e-12)


def test_a_notebook_may_change_the_model_and_its_data(customers) -> None:
    model = mbg_nbd().build(customers, pool=("industry",))
    at = model.initial_point()
    at["population"] = at["population"] + 0.1
    prior = model.compile_logp(vars=model.free_RVs, mode="FAST_COMPILE")(at)
    before = model.compile_logp(mode="FAST_COMPILE")(at)
    with model:
        pm.set_data({"row_weight": 2 * model["row_weight"].get_value()})
        pm.Potential("belief", -3.0 * model["population"][2] ** 2)
    after = model.compile_logp(mode="FAST_COMPILE")(at)
    # the likelihood twice, the prior once, and the new belief
    population = at["population"][2]
    assert after == pytest.approx(prior + 2 * (before - prior) - 3.0 * population**2, rel=1e-10)


def test_priors_of_another_model_are_refused(customers) -> None:
    priors = gamma_gamma().priors(customers)
    with pytest.raises(ArgumentError, match=r"mbg_nbd has the coordinates log_rate, .* these priors have log_mean"):
        mbg_nbd().build(customers, priors=priors)


def test_given_priors_are_used(customers) -> None:
    priors = Priors(gamma_gamma().coordinates, mean=(7.0, -1.0, 0.3), sd=(0.1, 0.1, 0.1), scale=(0.1, 0.1, 0.1))
    with gamma_gamma().build(customers, priors=priors), pytest.warns(UserWarning, match="Potentials"):
        prior = pm.sample_prior_predictive(1000, var_names=["population"], random_seed=1)
    np.testing.assert_allclose(prior["prior"]["population"].mean(("chain", "draw")), [7.0, -1.0, 0.3], atol=0.02)


def test_distinct_rows_lose_nobody() -> None:
    rng = np.random.default_rng(1)
    columns = {"cell": rng.integers(0, 3, 500), "x": rng.integers(0, 4, 500).astype(float)}
    rows = Columns(columns, {"log": 2 * columns["x"] - columns["cell"]}).distinct()
    assert rows["cell"].dtype == columns["cell"].dtype
    expected = pd.DataFrame(columns).value_counts().sort_index()
    assert list(zip(rows["cell"], rows["x"], strict=True)) == list(expected.index)
    assert rows["weight"].tolist() == expected.tolist()
    np.testing.assert_allclose(rows["log"], 2 * rows["x"] - rows["cell"], rtol=1e-12)


def test_the_order_of_rows_changes_no_digit_of_a_mean() -> None:
    rng = np.random.default_rng(2)
    columns, logs = {"cell": np.zeros(3000, int), "x": rng.integers(1, 3, 3000).astype(float)}, rng.normal(3, 5, 3000)
    order = rng.permutation(3000)
    one = Columns(columns, {"log": logs}).distinct()
    other = Columns(columns, {"log": logs}).of(order).distinct()
    assert np.array_equal(one["log"], other["log"])


def test_frequencies_are_the_distinct_cells_and_counts() -> None:
    rows = {"cell": np.array([0, 0, 0, 1, 1]), "x": np.array([0.0, 2.0, 2.0, 2.0, 3.0]), "weight": np.ones(5)}
    tables = with_frequencies(rows)
    assert tables["row"]["frequency"].tolist() == [0, 1, 1, 2, 3]
    for name in ("cell", "x"):
        assert np.array_equal(tables["frequency"][name][tables["row"]["frequency"]], rows[name])
    assert with_frequencies({name: column[:0] for name, column in rows.items()})["frequency"]["x"].size == 0
