"""Random streams have the right laws, and belong to one customer, draw, purpose and seed."""

import hashlib
import importlib
from pathlib import Path

import numpy as np
import pytest
from numba import njit
from scipy import stats

from clvbayes.models import streams
from clvbayes.models.streams import customer_keys

UNIFORM, EXPONENTIAL, NORMAL, LOG_GAMMA, GAMMA = range(5)
COUNT = 40_000


@njit
def variates(seed, keys, draws, purpose, law, shape, count):
    """Variates of each stream, dims (key, draw, variate)."""
    made = np.empty((len(keys), draws, count))
    state = np.empty(1, np.uint64)
    for i in range(len(keys)):
        for s in range(draws):
            streams.open_stream(state, seed, keys[i], s, purpose)
            for k in range(count):
                if law == UNIFORM:
                    made[i, s, k] = streams.uniform(state)
                elif law == EXPONENTIAL:
                    made[i, s, k] = streams.exponential(state)
                elif law == NORMAL:
                    made[i, s, k] = streams.normal(state)
                elif law == GAMMA:
                    made[i, s, k] = streams.gamma_variate(state, shape)
                else:
                    made[i, s, k] = streams.log_gamma_variate(state, shape)
    return made


def one_stream(law, shape=1.0, seed=5):
    return variates(seed, customer_keys(["A17"]), 1, 0, law, shape, COUNT)[0, 0]


def first_numbers(seed=5, purpose=0, customers=300, draws=100):
    """The first number of neighbouring streams, dims (customer, draw)."""
    return variates(seed, customer_keys([f"C{k}" for k in range(customers)]), draws, purpose, UNIFORM, 1.0, 1)[:, :, 0]


def assert_unrelated(one, other):
    one, other = one.ravel(), other.ravel()
    assert len(one) > 10_000
    assert (one != other).all()
    assert abs(np.corrcoef(one, other)[0, 1]) < 4 / np.sqrt(len(one))
    assert abs(np.corrcoef(np.abs(one - 0.5), np.abs(other - 0.5))[0, 1]) < 4 / np.sqrt(len(one))


@pytest.mark.parametrize(
    ("law", "distribution"),
    [(UNIFORM, stats.uniform), (EXPONENTIAL, stats.expon), (NORMAL, stats.norm)],
    ids=["uniform", "exponential", "normal"],
)
def test_a_stream_follows_its_law(law, distribution) -> None:
    made = one_stream(law)
    assert stats.kstest(made, distribution.cdf).pvalue > 0.01
    # one after the other, they do not know of each other
    assert abs(np.corrcoef(made[1:], made[:-1])[0, 1]) < 4 / np.sqrt(COUNT)


def test_uniform_numbers_are_never_zero_or_one() -> None:
    made = one_stream(UNIFORM)
    assert 0 < made.min() < 1e-3 and 1 - 1e-3 < made.max() < 1


@pytest.mark.parametrize("shape", [1e-3, 0.02, 0.5, 0.999, 1.0, 1.7, 25.0, 1e3])
def test_gamma_variates_follow_their_law_down_to_the_smallest_shape(shape) -> None:
    made = one_stream(LOG_GAMMA, shape)
    assert np.isfinite(made).all()
    assert stats.kstest(made, stats.loggamma(shape).cdf).pvalue > 0.01
    mean, variance = stats.loggamma(shape).stats("mv")
    assert abs(made.mean() - mean) < 4 * np.sqrt(variance / COUNT)


def test_two_gamma_variates_make_a_beta_variate() -> None:
    pairs = variates(3, customer_keys([f"C{k}" for k in range(200)]), 200, 0, LOG_GAMMA, 0.7, 2).reshape(-1, 2)
    made = 1 / (1 + np.exp(pairs[:, 1] - pairs[:, 0]))
    assert stats.kstest(made, stats.beta(0.7, 0.7).cdf).pvalue > 0.01


def test_the_same_key_gives_the_same_numbers_whoever_stands_around_it() -> None:
    alone = variates(9, customer_keys(["b"]), 7, 1, UNIFORM, 1.0, 5)
    among = variates(9, customer_keys(["a", "b", "c"]), 20, 1, UNIFORM, 1.0, 11)
    assert np.array_equal(alone[0], among[1, :7, :5])


def test_the_first_numbers_of_neighbouring_streams_are_uniform() -> None:
    numbers = first_numbers()
    assert len(np.unique(numbers)) == numbers.size
    assert stats.kstest(numbers.ravel(), stats.uniform.cdf).pvalue > 0.01
    for axis in (0, 1):
        means = numbers.mean(axis=axis)
        sd = np.sqrt(1 / 12 / numbers.shape[axis])
        assert stats.kstest((means - 0.5) / sd, stats.norm.cdf).pvalue > 0.01


def test_streams_of_other_customers_draws_purposes_and_seeds_are_unrelated() -> None:
    numbers = first_numbers()
    assert_unrelated(numbers[1:], numbers[:-1])
    assert_unrelated(numbers[:, 1:], numbers[:, :-1])
    assert_unrelated(numbers[1:, 1:], numbers[:-1, :-1])
    assert_unrelated(numbers[1:, :-1], numbers[:-1, 1:])
    assert_unrelated(numbers, first_numbers(purpose=1))
    assert_unrelated(numbers, first_numbers(seed=6))
    assert_unrelated(numbers[:, 1:], first_numbers(seed=6)[:, :-1])
    assert_unrelated(numbers[:, 1:], first_numbers(purpose=1)[:, :-1])


def test_customer_keys_are_the_first_eight_bytes_of_blake2b() -> None:
    ids = ["1001", "Müller & Söhne", '<script>alert("x")</script>', ""]
    expected = [int(hashlib.blake2b(name.encode("utf-8"), digest_size=8).hexdigest(), 16) for name in ids]
    assert customer_keys(ids).tolist() == expected
    # written down, so that no other machine and no later version may change anybody's future
    assert int(customer_keys(["1001"])[0]) == 0x41CF3C54B6EDB00D  # printf 1001 | b2sum -l 64
    assert customer_keys(ids).dtype == np.uint64


def test_normal_variates_have_their_tail_and_their_moments() -> None:
    """The ziggurat's tail, beyond 3.65, and its wedges are rare branches that 40,000 variates hardly see."""
    made = variates(7, customer_keys(["A17"]), 1, 0, NORMAL, 1.0, 4_000_000)[0, 0]
    for beyond in (streams.TAIL_FROM, 4.2, 2.0, 0.1):
        for side in (made > beyond, made < -beyond):
            expected = stats.norm.sf(beyond)
            assert abs(side.mean() - expected) < 4.5 * np.sqrt(expected * (1 - expected) / len(made))
    tail = np.abs(made[np.abs(made) > streams.TAIL_FROM])
    law = stats.truncnorm(streams.TAIL_FROM, np.inf)
    assert stats.kstest(tail, law.cdf).pvalue > 0.001
    assert abs((made**4).mean() - 3) < 4.5 * np.sqrt(96 / len(made))


@pytest.mark.parametrize("shape", [0.05, 0.7, 1.0, 2.4, 300.0])
def test_gamma_variates_follow_their_law(shape) -> None:
    made = one_stream(GAMMA, shape)
    assert stats.kstest(made, stats.gamma(shape).cdf).pvalue > 0.001
    np.testing.assert_allclose(np.log(made[made > 0]), one_stream(LOG_GAMMA, shape)[made > 0], atol=1e-9)


@pytest.mark.parametrize(
    "user",
    [
        *("models.beta_geometric", "models.bg_bb", "models.mbg_cnbd", "models.pareto_nbd", "models.gamma_gamma", "models.lognormal"),
        *("models.beta_binomial_returns", "models.beta_discrete_weibull", "models.renewal_change", "valuation.events"),
    ],
)
def test_what_inlines_the_streams_names_their_version(user) -> None:
    """Numba keeps compiled code under the hash of its own file: without a change there, another version of streams.py would be ignored."""
    source = Path(streams.__file__).read_bytes()
    assert hashlib.blake2b(source, digest_size=4).hexdigest() == importlib.import_module(f"clvbayes.{user}").STREAMS


def test_all_that_inline_the_streams_are_known() -> None:
    package = Path(streams.__file__).parents[1]
    text = {path.stem: path.read_text(encoding="utf-8") for path in package.rglob("*.py")}
    users = {name for name, source in text.items() if "streams import" in source and "open_stream" in source}
    purchases, further = {"beta_geometric", "bg_bb", "mbg_cnbd", "pareto_nbd"}, {"beta_discrete_weibull", "renewal_change", "events"}
    assert users == purchases | {"gamma_gamma", "lognormal", "beta_binomial_returns"} | further
