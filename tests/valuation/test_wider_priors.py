"""Draws weighed for wider priors, beside conjugate posteriors, whose answer is known."""

import numpy as np
import pytest
from valuation.made_up_fits import made_up_customers, made_up_fit

from clvbayes.models import gamma_gamma, mbg_nbd
from clvbayes.valuation.plans import UNSEEN_PURCHASES, chosen_draws
from clvbayes.valuation.wider_priors import wider_priors

DRAWS, SEED = 8_000, 3


@pytest.fixture(scope="module")
def fits():
    customers = made_up_customers()
    sampler = {"pool": (), "sd": 0.15, "chains": 4, "draws": 2_000}
    return [made_up_fit(model, customers, **sampler) for model in (mbg_nbd(), gamma_gamma())]


def test_the_weighed_mean_is_that_of_the_posterior_with_the_wider_prior(fits) -> None:
    """A normal posterior and a normal prior tell the likelihood, and it tells the posterior under any other normal prior."""
    purchases, spend = fits
    priors, weighing = purchases.priors, wider_priors([purchases], spend, draws=DRAWS, seed=SEED)
    drawn = purchases.posterior["posterior"].to_dataset().stack(sample=("chain", "draw"))["population"]
    drawn = drawn.transpose("sample", "coordinate").to_numpy()[chosen_draws(purchases, DRAWS, SEED, UNSEEN_PURCHASES)[0]]
    mean, precision = drawn.mean(axis=0), 1 / drawn.var(axis=0)
    prior, wide = (1 / (factor * np.array(priors.sd)) ** 2 for factor in (1, 2))
    told = precision - prior
    expected = (precision * mean - prior * priors.mean + wide * priors.mean) / (told + wide)
    weights = np.exp(weighing.log_weights)
    error = np.sqrt((weights[:, None] ** 2 * (drawn - expected) ** 2).sum(axis=0))
    assert weighing.k_hat < weighing.k_hat_limit and weighing.effective_share < 0.99
    np.testing.assert_array_less(np.abs(weights @ drawn - expected), 4 * error)
    assert (np.abs(mean - expected) > 4 * error).any(), "the wider prior moves nothing, and this test nothing either"


def test_where_the_posterior_is_hardly_narrower_than_the_prior_nothing_holds(fits) -> None:
    _, spend = fits
    vague = made_up_fit(mbg_nbd(), made_up_customers(), pool=(), sd=3.0, chains=4, draws=2_000)
    weighing = wider_priors([vague], spend, draws=DRAWS, seed=SEED)
    assert weighing.k_hat > weighing.k_hat_limit


def test_each_of_several_fits_keeps_its_share(fits) -> None:
    purchases, spend = fits
    other = made_up_fit(mbg_nbd(), made_up_customers(), pool=(), sd=0.15, chains=4, draws=2_000, centre=np.array([-2.4, -0.6, 0.5, 0.9]))
    weights = np.exp(wider_priors([purchases, other], spend, draws=DRAWS, seed=SEED).log_weights)
    assert weights[::2].sum() == pytest.approx(0.5, abs=0.02)
    assert weights.sum() == pytest.approx(1.0)
