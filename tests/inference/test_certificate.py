"""The certificate on made-up posteriors: what must fail fails, and says where."""

from dataclasses import replace

import arviz_stats
import numpy as np
import pytest
import xarray as xr

from clvbayes.data import Customers
from clvbayes.inference.certificate import Certificate, Compression, certify
from clvbayes.models import Priors, gamma_gamma, mbg_nbd

EXACT = Compression(customers=2357, exact_rows=1079, rows=1079, exact_passes=60)
PRIORS = Priors(("log_rate", "log_shape"), mean=(0.0, 0.0), sd=(1.0, 1.0), scale=(0.5, 0.5))


def posterior(draws: np.ndarray, diverging: int = 0) -> xr.DataTree:
    population = xr.DataArray(draws, dims=("chain", "draw", "coordinate"), coords={"coordinate": list(PRIORS.coordinates)})
    flags = np.zeros(draws.shape[:2], dtype=bool)
    flags.flat[:diverging] = True
    return xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset({"population": population}, attrs={"sample_dims": ["chain", "draw"]}),
            "sample_stats": xr.Dataset({"diverging": (("chain", "draw"), flags)}),
        }
    )


@pytest.fixture(scope="module")
def good() -> np.ndarray:
    return np.random.default_rng(1).normal(scale=0.2, size=(4, 500, 2))


def status(certificate: Certificate, check: str) -> str:
    return next(result.status for result in certificate.results if result.check == check)


def test_a_good_posterior_passes(good: np.ndarray, cdnow: Customers) -> None:
    certificate = certify(posterior(good), PRIORS, mbg_nbd(), cdnow, EXACT)
    assert certificate.passed
    assert [result.status for result in certificate.results] == ["ok"] * 6


def test_a_chain_elsewhere_fails_and_is_named(good: np.ndarray, cdnow: Customers) -> None:
    draws = good.copy()
    draws[2, :, 1] += 1.0
    certificate = certify(posterior(draws), PRIORS, mbg_nbd(), cdnow, EXACT)
    assert not certificate.passed
    assert "population[log_shape]" in certificate.results[0].message


def test_an_r_hat_just_above_its_limit_is_not_shown_as_the_limit(
    good: np.ndarray, cdnow: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arviz_stats, "rhat", lambda draws: draws.mean(("chain", "draw")) * 0 + 1.0104)
    result = certify(posterior(good), PRIORS, mbg_nbd(), cdnow, EXACT).results[0]
    assert result.message.startswith("Chains disagree: R-hat is 1.0104 at ")


def test_a_parameter_that_never_moves_fails(good: np.ndarray, cdnow: Customers) -> None:
    draws = good.copy()
    draws[:, :, 0] = 1.0
    assert not certify(posterior(draws), PRIORS, mbg_nbd(), cdnow, EXACT).passed


def test_sticky_chains_fail_for_want_of_effective_draws(cdnow: Customers) -> None:
    steps = np.random.default_rng(2).normal(size=(4, 500, 2))
    draws = np.zeros_like(steps)
    for k in range(1, 500):
        draws[:, k] = 0.95 * draws[:, k - 1] + steps[:, k]
    assert status(certify(posterior(draws), PRIORS, mbg_nbd(), cdnow, EXACT), "Effective sample size") == "failed"


@pytest.mark.parametrize(("diverging", "expected"), [(0, "ok"), (2, "note"), (3, "failed")])
def test_divergences_are_limited_to_one_in_a_thousand(good: np.ndarray, cdnow: Customers, diverging: int, expected: str) -> None:
    certificate = certify(posterior(good, diverging), PRIORS, mbg_nbd(), cdnow, EXACT)
    assert status(certificate, "Divergences") == expected
    assert certificate.passed == (expected != "failed")


def test_a_coordinate_that_stayed_at_its_prior_is_named(good: np.ndarray, cdnow: Customers) -> None:
    draws = good.copy()
    draws[:, :, 1] *= 4.9  # standard deviation .98 of a prior of 1
    certificate = certify(posterior(draws), PRIORS, mbg_nbd(), cdnow, EXACT)
    result = certificate.results[4]
    assert result.status == "note" and result.message.endswith("Prior-driven (below 0.3): log_shape.")
    assert certificate.passed


def test_a_posterior_far_from_its_prior_is_noted(good: np.ndarray, cdnow: Customers) -> None:
    certificate = certify(posterior(good + np.array([2.5, 1.5])), PRIORS, mbg_nbd(), cdnow, EXACT)
    result = certificate.results[5]
    assert result.status == "note" and "log_rate (+2.5)" in result.message and "log_shape" not in result.message
    assert certificate.passed


def test_the_effect_of_a_single_level_is_no_failure(good: np.ndarray, cdnow: Customers) -> None:
    """A zero-sum effect of one level is zero by definition, and never moves."""
    tree = posterior(good)
    draws = tree["posterior"].to_dataset()
    for levels, passes in ((1, True), (2, False)):
        constant = np.zeros((4, 500, 2, levels))
        tree["posterior"] = xr.DataTree(draws.assign(one_effect=(("chain", "draw", "coordinate", "one"), constant)))
        assert certify(tree, PRIORS, mbg_nbd(), cdnow, EXACT).passed == passes


def test_means_instead_of_transactions_are_noted_for_spend_only(good: np.ndarray, cdnow: Customers) -> None:
    means = Customers(statistics=cdnow.statistics, segments=cdnow.segments, unit="week", spend_level="mean")
    assert status(certify(posterior(good), PRIORS, gamma_gamma(), means, EXACT), "Spend data") == "note"
    assert len(certify(posterior(good), PRIORS, mbg_nbd(), means, EXACT).results) == 6


def compressed(k_hat: float, share: float) -> Compression:
    return Compression(
        customers=1_000_000, exact_rows=663_692, rows=2000, exact_passes=640, k_hat=k_hat, k_hat_limit=0.63, effective_share=share
    )


@pytest.mark.parametrize(
    ("k_hat", "share", "expected"), [(0.2, 0.999, "ok"), (0.2, 0.6, "ok"), (0.2, 0.4, "failed"), (0.7, 0.999, "failed")]
)
def test_a_coreset_that_does_not_hold_fails(good: np.ndarray, cdnow: Customers, k_hat: float, share: float, expected: str) -> None:
    certificate = certify(posterior(good), PRIORS, mbg_nbd(), cdnow, compressed(k_hat, share))
    assert status(certificate, "Rows") == expected
    assert certificate.passed == (expected == "ok")
    message = next(result.message for result in certificate.results if result.check == "Rows")
    assert not certify(posterior(good), PRIORS, mbg_nbd(), cdnow, replace(compressed(k_hat, share), modes_agree=False)).passed
    for figure in ("1,000,000", "663,692", "2,000", "640", f"{k_hat:.2f}", "0.63", f"{share:.2%}"):
        assert figure in message


def test_to_frame_has_a_row_a_check(good: np.ndarray, cdnow: Customers) -> None:
    frame = certify(posterior(good), PRIORS, mbg_nbd(), cdnow, EXACT).to_frame()
    assert frame["check"].tolist() == [
        "R-hat",
        "Effective sample size",
        "Divergences",
        "Rows",
        "Prior to posterior",
        "Prior and data",
    ]
    assert set(frame["model"]) == {"mbg_nbd"}
