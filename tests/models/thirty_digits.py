"""What the stories of the purchase models say, in plain mathematics of many digits: no code of the package is used.

`python tests/models/thirty_digits.py [case ...]` prints what takes too long to be computed in a test.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

import mpmath

__all__ = [
    "at_random",
    "central_slope",
    "leaving_at_purchases",
    "leaving_at_purchases_alive",
    "leaving_at_purchases_count",
    "leaving_at_purchases_orders",
    "leaving_in_time",
    "leaving_in_time_alive",
    "leaving_in_time_count",
    "mean_over_dropout",
    "mean_over_rate",
    "natural_of_dropout",
    "natural_of_lifetimes",
    "natural_of_opportunities",
    "negative_binomial",
    "opportunities",
    "opportunities_alive",
    "opportunities_by_quadrature",
    "regular",
    "regular_alive",
]

Coordinates = Sequence[Any]
Known = tuple[int, float, float]
NEGLIGIBLE = 72  # exp(-72) is below the thirtieth digit


def natural_of_dropout(coordinates: Coordinates, k: int = 1) -> tuple[Any, Any, Any, Any]:
    """r, alpha, a, b, where the rate of phases is k times that of purchases."""
    log_rate, log_shape, logit_dropout, log_concentration = (mpmath.mpf(value) for value in coordinates)
    concentration = mpmath.exp(log_concentration)
    a, b = (concentration / (1 + mpmath.exp(sign * logit_dropout)) for sign in (-1, 1))
    return mpmath.exp(log_shape), mpmath.exp(log_shape - log_rate) / k, a, b


def natural_of_lifetimes(coordinates: Coordinates) -> tuple[Any, Any, Any, Any]:
    """r, alpha, s, beta, where exp(-exp(log_departures)) outlive 1/rate."""
    log_rate, log_shape, log_departures, log_lifetime_shape = (mpmath.mpf(value) for value in coordinates)
    s, outlive = mpmath.exp(log_lifetime_shape), -mpmath.exp(log_departures)
    return mpmath.exp(log_shape), mpmath.exp(log_shape - log_rate), s, mpmath.exp(-log_rate) / mpmath.expm1(-outlive / s)


def natural_of_opportunities(coordinates: Coordinates) -> tuple[Any, Any, Any, Any]:
    """a, b of the probability to order; c, d of that to leave."""
    found: list[Any] = []
    for share, log_concentration in (coordinates[:2], coordinates[2:]):
        concentration = mpmath.exp(mpmath.mpf(log_concentration))
        found += [concentration / (1 + mpmath.exp(sign * mpmath.mpf(share))) for sign in (-1, 1)]
    return found[0], found[1], found[2], found[3]


# log-likelihoods ------------------------------------------------------------------------------------------------------------------------


def negative_binomial(r: Any, alpha: Any, x: int, T: float) -> Any:
    """Log-density of x purchases until T, made at random, in closed form."""
    bought = mpmath.loggamma(r + x) - mpmath.loggamma(r) + r * mpmath.log(alpha)
    return bought - (r + x) * mpmath.log(alpha + mpmath.mpf(T))


def at_random(r: Any, alpha: Any, x: int, T: float) -> Any:
    """The same, of the times of a Poisson process, by quadrature over its rate."""
    T = mpmath.mpf(T)
    return mpmath.log(mean_over_rate(r, alpha, lambda rate: rate**x * mpmath.exp(-rate * T)))


def _states_at_purchases(natural: Sequence[Any], known: Known, first: int) -> tuple[Any, Any]:
    """Densities of the purchases of those who live and of those who left; `first` is one where some leave at the first purchase."""
    (r, alpha, a, b), (x, t_x, T) = natural, known
    chances = x + first
    common = mpmath.exp(mpmath.loggamma(r + x) - mpmath.loggamma(r) + r * mpmath.log(alpha) - _log_beta(a, b))
    alive = common * mpmath.exp(_log_beta(a, b + chances)) * (alpha + mpmath.mpf(T)) ** -(r + x)
    if chances == 0:
        return alive, mpmath.mpf(0)
    return alive, common * mpmath.exp(_log_beta(a + 1, b + chances - 1)) * (alpha + mpmath.mpf(t_x)) ** -(r + x)


def _log_beta(one: Any, other: Any) -> Any:
    return mpmath.loggamma(one) + mpmath.loggamma(other) - mpmath.loggamma(one + other)


def _states_at_opportunities(natural: Sequence[Any], known: tuple[int, int, int]) -> tuple[Any, Any]:
    """Probabilities of what was used by those who live, and by those who left before any of the opportunities since, in closed form."""
    (a, b, c, d), (x, t_x, T) = natural, known
    alive = mpmath.beta(a + x, b + T - x) * mpmath.beta(c, d + T)
    dead = sum(mpmath.beta(a + x, b + j - x) * mpmath.beta(c + 1, d + j) for j in range(t_x, T))
    whole = mpmath.beta(a, b) * mpmath.beta(c, d)
    return alive / whole, dead / whole


def opportunities_by_quadrature(natural: Sequence[Any], known: tuple[int, int, int]) -> tuple[Any, Any]:
    """Log-likelihood of BG/BB and the probability to be there at the T-th opportunity, by quadrature over both probabilities."""
    (a, b, c, d), (x, t_x, T) = natural, known
    alive = _mean_of_powers(a, b, x, T - x) * _mean_of_powers(c, d, 0, T)
    dead = sum(_mean_of_powers(a, b, x, j - x) * _mean_of_powers(c, d, 1, j) for j in range(t_x, T))
    return mpmath.log(alive + dead), alive / (alive + dead)


@cache
def _mean_of_powers(a: Any, b: Any, of_p: int, of_q: int) -> Any:
    return mean_over_dropout(a, b, lambda p, q: p**of_p * q**of_q)


def opportunities(natural: Sequence[Any], known: tuple[int, int, int]) -> Any:
    """Log-likelihood of BG/BB."""
    return mpmath.log(sum(_states_at_opportunities(natural, known)))


def opportunities_alive(natural: Sequence[Any], known: tuple[int, int, int]) -> Any:
    """Probability to be there at the T-th opportunity, by BG/BB."""
    alive, dead = _states_at_opportunities(natural, known)
    return alive / (alive + dead)


def leaving_at_purchases(natural: Sequence[Any], known: Known, first: int) -> Any:
    """Log-likelihood of BG/NBD and MBG/NBD."""
    return mpmath.log(sum(_states_at_purchases(natural, known, first)))


def leaving_at_purchases_alive(natural: Sequence[Any], known: Known, first: int) -> Any:
    """Probability to live at T, by BG/NBD and MBG/NBD."""
    alive, dead = _states_at_purchases(natural, known, first)
    return alive / (alive + dead)


@cache
def _states_in_time(natural: Sequence[Any], known: Known) -> tuple[Any, Any]:
    """Densities of those who live, and of those who left at any time after the last purchase."""
    (r, alpha, s, beta), (x, *times) = natural, known
    t_x, T = (mpmath.mpf(time) for time in times)
    common = mpmath.exp(mpmath.loggamma(r + x) - mpmath.loggamma(r) + r * mpmath.log(alpha) + s * mpmath.log(beta))
    alive = (alpha + T) ** -(r + x) * (beta + T) ** -s
    start, fall = min(alpha, beta) + t_x, r + x + s + 1
    reach = mpmath.log1p((T - t_x) / start)

    def leaves(z: Any) -> Any:
        u = start * mpmath.expm1(z)
        return start * mpmath.exp(z - (r + x) * mpmath.log1p(u / (alpha + t_x)) - (s + 1) * mpmath.log1p(u / (beta + t_x)))

    panels = [0, *(point / fall for point in (1, 5, 20, 80) if point / fall < reach), reach]
    dead = s * (alpha + t_x) ** -(r + x) * (beta + t_x) ** -(s + 1) * mpmath.quad(leaves, panels) if t_x < T else mpmath.mpf(0)
    return common * alive, common * dead


def leaving_in_time(natural: Sequence[Any], known: Known) -> Any:
    """Log-likelihood of Pareto/NBD."""
    return mpmath.log(sum(_states_in_time(natural, known)))


def leaving_in_time_alive(natural: Sequence[Any], known: Known) -> Any:
    """Probability to live at T, by Pareto/NBD."""
    alive, dead = _states_in_time(natural, known)
    return alive / (alive + dead)


def _states_of_regular(natural: Sequence[Any], k: int, gaps: Sequence[float], T: float) -> tuple[Any, Any]:
    """Densities of these gaps between purchases, each Erlang-k distributed, by quadrature over rate and dropout."""
    (r, alpha, a, b), x = natural, len(gaps)
    gaps = [mpmath.mpf(gap) for gap in gaps]
    t_x = sum(gaps, mpmath.mpf(0))
    silence = mpmath.mpf(T) - t_x
    of_gaps = mpmath.fprod(gap ** (k - 1) / mpmath.factorial(k - 1) for gap in gaps)

    def bought(age: Any) -> Any:
        return of_gaps * mpmath.exp(mpmath.loggamma(r + k * x) - mpmath.loggamma(r) + r * mpmath.log(alpha) - (r + k * x) * mpmath.log(age))

    waits = _waits(r + k * x, alpha + T, k, silence)
    stays = mean_over_dropout(a, b, lambda p, q: q ** (x + 1))
    leaves = mean_over_dropout(a, b, lambda p, q: p * q**x)
    return bought(alpha + T) * waits * stays, bought(alpha + t_x) * leaves


def _fewer(count: int, mean: Any) -> Any:
    """Probability that a Poisson number is less than `count`."""
    return mpmath.gammainc(count, mean, mpmath.inf, regularized=True)


def regular(natural: Sequence[Any], k: int, gaps: Sequence[float], T: float) -> Any:
    """Log-density of gaps between purchases and the silence thereafter, by MBG/CNBD-k."""
    return mpmath.log(sum(_states_of_regular(natural, k, gaps, T)))


def regular_alive(natural: Sequence[Any], k: int, gaps: Sequence[float], T: float) -> Any:
    """Probability to live at T, by MBG/CNBD-k."""
    alive, dead = _states_of_regular(natural, k, gaps, T)
    return alive / (alive + dead)


# the future -----------------------------------------------------------------------------------------------------------------------------


def leaving_at_purchases_orders(natural: Sequence[Any], known: Known, horizon: float, discount: float, *, k: int, first: int) -> Any:
    """Expected discounted purchases of a living customer, summed over whether there will be an n-th one."""
    _, _, a, b = natural
    stays, total, n = b + known[0] + first, mpmath.mpf(0), 1
    while True:
        term = mpmath.beta(a, stays + n - 1) / mpmath.beta(a, stays) * _at_least(natural, known, k, horizon, n, discount)
        total, n = total + term, n + 1
        if term < 1e-13 * total:
            return total


def leaving_at_purchases_count(natural: Sequence[Any], known: Known, horizon: float, count: int, *, k: int, first: int) -> Any:
    """Probability of so many purchases of a living customer: they would be made and leave it alive, or the last one ends it."""
    _, _, a, b = natural
    stays = b + known[0] + first
    at_least, more = (_at_least(natural, known, k, horizon, n) for n in (count, count + 1))
    living = mean_over_dropout(a, stays, lambda p, q: q**count) * (at_least - more)
    return living + (mean_over_dropout(a, stays, lambda p, q: p * q ** (count - 1)) * at_least if count else 0)


def _at_least(natural: Sequence[Any], known: Known, k: int, horizon: float, count: int, discount: float = 0.0) -> Any:
    """Probability that a customer who never left would buy so often, or the expected discount factor at that purchase."""
    if count == 0:
        return mpmath.mpf(1)
    (r, alpha, *_), (x, t_x, T) = natural, known
    silence, horizon, discount = mpmath.mpf(T) - mpmath.mpf(t_x), mpmath.mpf(horizon), mpmath.mpf(discount)

    def chance(rate: Any) -> Any:
        total = mpmath.mpf(0)
        for passed in range(k if silence else 1):
            needed = count * k - passed
            in_time = mpmath.gammainc(needed, 0, (rate + discount) * horizon, regularized=True)
            total += (rate * silence) ** passed / mpmath.factorial(passed) * (rate / (rate + discount)) ** needed * in_time
        return total

    shape, age = r + k * x, alpha + T
    return mean_over_rate(shape, age, chance) / _waits(shape, age, k, silence)


@cache
def _waits(shape: Any, age: Any, k: int, silence: Any) -> Any:
    """Mean probability of the silence, in the unit that `age` has taken into the rate's law."""
    return mean_over_rate(shape, age, lambda rate: mpmath.exp(rate * silence) * _fewer(k, rate * silence))


def leaving_in_time_count(natural: Sequence[Any], known: Known, horizon: float, count: int) -> Any:
    """Probability of so many purchases of a living customer, by quadrature over the hazard's law and the time of leaving."""
    (r, alpha, s, beta), (x, _, T) = natural, known
    horizon = mpmath.mpf(horizon)

    def bought(time: Any) -> Any:
        shape, share = r + x, time / (alpha + T + time)
        return mpmath.rf(shape, count) / mpmath.factorial(count) * (1 - share) ** shape * share**count

    def lives(time: Any) -> Any:
        return (1 + time / (beta + T)) ** -s

    leaves = mpmath.quad(lambda u: s / (beta + T + u) * lives(u) * bought(u), [0, horizon / 50, horizon / 8, horizon / 2, horizon])
    return bought(horizon) * lives(horizon) + leaves


def mean_over_rate(shape: Any, age: Any, chance: Callable[[Any], Any]) -> Any:
    """Over rate ~ Gamma(shape, age), in the logarithm, where a shape below one has no singularity."""
    center, log_norm = mpmath.log(shape), mpmath.loggamma(shape)
    low = center - NEGLIGIBLE / shape - mpmath.sqrt(2 * NEGLIGIBLE / shape)
    high = mpmath.log(shape + 2 * NEGLIGIBLE + mpmath.sqrt(4 * NEGLIGIBLE * shape))
    panels = _panels(low, center, high, 1 / mpmath.sqrt(max(shape, 1)))
    return mpmath.quad(lambda z: mpmath.exp(shape * z - mpmath.exp(z) - log_norm) * chance(mpmath.exp(z) / age), panels)


def mean_over_dropout(a: Any, b: Any, chance: Callable[[Any, Any], Any]) -> Any:
    """Over p ~ Beta(a, b), in the logit, for the same reason; `chance` is given p and 1-p."""

    def at(z: Any) -> Any:
        p, q = 1 / (1 + mpmath.exp(-z)), 1 / (1 + mpmath.exp(z))
        return p**a * q**b / norm * chance(p, q)

    norm, center, narrow = mpmath.beta(a, b), mpmath.log(a / b), min(a, b)
    low, high = center - NEGLIGIBLE / a - 12 / mpmath.sqrt(narrow), center + NEGLIGIBLE / b + 12 / mpmath.sqrt(narrow)
    return mpmath.quad(at, _panels(low, center, high, 1 / mpmath.sqrt(max(narrow, 1))))


def _panels(low: Any, center: Any, high: Any, width: Any) -> list[Any]:
    inner = [center + step * width for step in (-20, -8, -4, -2, 0, 2, 4, 8, 20)]
    return [low, *(point for point in inner if low < point < high), high]


def central_slope(function: Callable[[Coordinates], Any], coordinates: Coordinates, k: int) -> float:
    """Central difference in the k-th coordinate, whose step the digits allow to be small."""
    step = mpmath.mpf(10) ** -8

    def moved(sign: int) -> Any:
        return function([mpmath.mpf(value) + sign * step * (j == k) for j, value in enumerate(coordinates)])

    return float((moved(1) - moved(-1)) / (2 * step))


# what takes long ------------------------------------------------------------------------------------------------------------------------

# coordinates of MBG/CNBD-k, gaps between purchases, T
REGULAR = (
    ((-2.0, 0.3, -0.7, 1.1), (), 30.0),
    ((-2.0, 0.3, -0.7, 1.1), (3.5, 8.0, 6.25), 30.0),
    ((-1.0, 1.5, -2.0, 2.5), (2.0, 1.5, 2.5, 3.0, 2.25, 1.75, 2.0), 39.0),
    ((-3.0, 0.8, 0.5, 0.8), (21.0,), 22.0),
    ((-2.0, 0.3, -0.7, 1.1), (5.0, 5.5), 10.5),
)
PHASES = (2, 3, 5)
HORIZON, DISCOUNT, COUNTS = 26.0, 0.0027, (0, 1, 3)


@cache
def regular_numbers(case: int, k: int) -> tuple[float, ...]:
    """Log-density, P(alive), expected and discounted orders of a living customer, and their probabilities of some counts."""
    coordinates, gaps, T = REGULAR[case]
    with mpmath.workdps(30):
        natural, known = natural_of_dropout(coordinates, k), (len(gaps), sum(gaps), T)
        orders = [leaving_at_purchases_orders(natural, known, HORIZON, discount, k=k, first=1) for discount in (0.0, DISCOUNT)]
        counts = [leaving_at_purchases_count(natural, known, HORIZON, count, k=k, first=1) for count in COUNTS]
        return tuple(float(value) for value in (regular(natural, k, gaps, T), regular_alive(natural, k, gaps, T), *orders, *counts))


def _lines(cases: Iterable[int]) -> Iterable[str]:
    for case in cases:
        for k in PHASES:
            yield f"    ({case}, {k}): ({', '.join(f'{number:.14g}' for number in regular_numbers(case, k))}),"


if __name__ == "__main__":
    for line in _lines([int(case) for case in sys.argv[1:]] or range(len(REGULAR))):
        print(line, flush=True)
