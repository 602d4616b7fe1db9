"""Square roots of covariances and their slopes."""

import numpy as np
import pytensor.tensor as pt
import pytest
from pytensor.gradient import verify_grad

from clvbayes.models.square_root import posterior_root


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e4], ids="known {}".format)
def test_a_root_is_one_of_the_covariance_given_the_observations(size: float) -> None:
    rng = np.random.default_rng(1)
    sd, observed = np.array([0.5, 2.0, 0.01]), size * rng.normal(size=(4, 3, 5))
    root, log_volume = (part.eval() for part in posterior_root(pt.as_tensor(sd), pt.as_tensor(observed)))
    information = observed @ observed.transpose(0, 2, 1) + np.diag(sd**-2)
    np.testing.assert_allclose(root.transpose(0, 2, 1) @ information @ root, np.broadcast_to(np.eye(3), (4, 3, 3)), atol=1e-7)
    assert float(log_volume) == pytest.approx(-0.5 * np.linalg.slogdet(information)[1].sum() - 4 * np.log(sd).sum(), abs=1e-8)


def test_without_observations_the_root_is_the_priors() -> None:
    root, log_volume = posterior_root(pt.as_tensor(np.array([0.5, 2.0])), pt.zeros((3, 2, 2)))
    np.testing.assert_array_equal(root.eval(), np.broadcast_to(np.diag([0.5, 2.0]), (3, 2, 2)))
    assert float(log_volume.eval()) == 0


@pytest.mark.parametrize("mode", ["FAST_COMPILE", "NUMBA"])
def test_slopes_are_those_of_differences(mode: str) -> None:
    rng = np.random.default_rng(2)

    def of_both(sd, observed):
        root, log_volume = posterior_root(sd, observed)
        return pt.sin(root).sum() + (root[:, 0] ** 3).sum() - 0.7 * log_volume

    inputs = [rng.uniform(0.3, 2, 3), rng.normal(size=(2, 3, 4))]
    verify_grad(of_both, inputs, rng=rng, mode=mode)
    verify_grad(lambda sd, observed: posterior_root(sd, observed)[1], inputs, rng=rng, mode=mode)
