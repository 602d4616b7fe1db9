"""BG/BB: customers who can order once at each of a number of opportunities (Fader, Hardie & Shang 2010).

Story. Opportunities come one after the other: a yearly fair, a round of donations, a weekly window for orders. At the start of each one a
customer leaves for good with a probability of their own, beta distributed over customers with c and d; one who is still there uses the
opportunity with a probability of their own, beta distributed with a and b. The unit of time is the window in which one opportunity lies.

Likelihood of x opportunities used after the first order, the last of them the t_x-th of T (method book 1.6):

    A = B(a+x, b+T-x) B(c, d+T)                                          still there
    D = sum over j from t_x to T-1 of B(a+x, b+j-x) B(c+1, d+j)          left at the start of opportunity j+1
    log L = log(A + D) - log B(a, b) - log B(c, d);  P(alive) = A / (A + D)

From one window to the next A and the terms of D change by a ratio. Where what is asked is P(alive), D/A is summed from j = T-1 down; where
it is the likelihood of many rows, the sums from each window on are made once for each x and cell, the last windows first, so that in their
differences little cancels.

Coordinates of a cell: logit_order = logit(a/(a+b)), log_order_concentration = log(a+b), logit_dropout = logit(c/(c+d)) and
log_dropout_concentration = log(c+d).

Conditional posterior of a customer: alive with P(alive); then, independently, the probability to order ~ Beta(a+x, b+T-x) and the one to
leave ~ Beta(c, d+T). What lies ahead: each opportunity falls anywhere in its window. Where a clock moves the future, opportunities come by
it; the past is counted in windows, by the calendar alone.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytensor.tensor as pt
from numba import njit
from scipy.special import expit, gammaln, logit

from clvbayes.data import Customers
from clvbayes.errors import ArgumentError, DataError
from clvbayes.models.clock import Clock
from clvbayes.models.compression import Columns
from clvbayes.models.hierarchy import Cells
from clvbayes.models.priors import Priors
from clvbayes.models.purchasing import (
    FORGOTTEN,
    PURCHASES,
    Natural,
    PurchasesWhileAlive,
    discounted_integral,
    grown,
    repeat_rate,
    require_future,
)
from clvbayes.models.special import log_rising
from clvbayes.models.streams import gamma_variate, open_stream, uniform

__all__ = ["BgBb", "bg_bb"]

STREAMS = "03a89270"  # of streams.py, which is inlined here: Numba compiles anew only what lies in a changed file

TYPICAL_DROPOUT = 0.31  # at an order, as MBG/NBD's prior has it: in as long as an order takes, as many leave here
NOT_LATE = 1e-9  # of a window: what a horizon may lack of a whole number of windows
WINDOW_BY_WINDOW = (
    64  # from then on what is expected of a window changes too little to be told from a smooth curve: 3e-6 of a decade's orders
)
WINDOW_NODES, WINDOW_WEIGHTS = np.array([0.5 - 0.5 / math.sqrt(3), 0.5 + 0.5 / math.sqrt(3)]), np.array([0.5, 0.5])
MOST_WINDOWS = 500  # of so many, half of them used, A is 1e-151: sums of what is far smaller stay numbers
SMALLEST = 1e-300
LOG_UNIT = -600.0  # of sums that would be smaller than a double can be: those of e^-1290 of A at the last order are still told
SERIES_FROM = 1e4  # from there two terms of Stirling's series, whose digits do not cancel


@dataclass(frozen=True)
class BgBb(PurchasesWhileAlive):
    """The BG/BB model; see the module's docstring for story and formulae."""

    name: ClassVar[str] = "bg_bb"
    label: ClassVar[str] = "BG/BB"
    measure: ClassVar[str] = "which opportunities were used"
    coordinates: ClassVar[tuple[str, ...]] = ("logit_order", "log_order_concentration", "logit_dropout", "log_dropout_concentration")
    departures: ClassVar[str | None] = "logit_dropout"
    seasonal: ClassVar[bool] = False
    opportunities: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.season or self.level:
            raise ArgumentError("BG/BB runs by the calendar alone: its opportunities are counted, not timed")

    @property
    def options(self) -> dict[str, Any]:
        """None."""
        return {}

    def priors(self, customers: Customers) -> Priors:
        """Priors around the share of opportunities that were used.

        Of those who leave there are, before an average customer's next order, as many as in MBG/NBD's prior; concentrations are such that
        the smaller one of a and b, and c, are near one, however long a window is.

        Raises
        ------
        DataError
            If nobody has had an opportunity.
        """
        rate = min(repeat_rate(customers), 0.9)
        dropout = -math.expm1(math.log1p(-TYPICAL_DROPOUT) * rate)
        return Priors(
            self.coordinates,
            mean=(float(logit(rate)), -math.log(min(rate, 1 - rate)), float(logit(dropout)), -math.log(dropout)),
            sd=(1.0, 0.75, 1.0, 0.75),
            scale=(0.5, 0.25, 0.5, 0.25),
        )

    def columns(self, customers: Customers, cells: Cells) -> Columns:
        """cell, x, t_x and T.

        Raises
        ------
        DataError
            If they are not counts of opportunities.
        """
        columns = super().columns(customers, cells)
        x, t_x, T = (columns.keys[name] for name in ("x", "t_x", "T"))
        for what, wrong in (
            ("a time that is no whole number", (t_x != np.floor(t_x)) | (np.floor(T) != T)),
            ("more orders than opportunities", x > t_x),
            (f"more than {MOST_WINDOWS:,} opportunities, which are no rounds but any day", T > MOST_WINDOWS),
        ):
            if wrong.any():
                ids, of = customers.statistics["customer_id"], np.flatnonzero(wrong)
                raise DataError(
                    f"{self.title} counts opportunities, and {len(of):,} customers have {what}, such as {ids.iloc[of[0]]!r} (frequency "
                    f'{x[of[0]]:.0f}, recency {t_x[of[0]]:g}, T {T[of[0]]:g}): say how often there is one, such as opportunity = "year"'
                )
        return columns

    def natural(self, coordinates: Any, exp: Any, logistic: Any) -> Natural:
        """a, b, c, d."""
        logit_order, log_order_concentration, logit_dropout, log_dropout_concentration = (coordinates[k] for k in range(4))
        orders, dropouts = exp(log_order_concentration), exp(log_dropout_concentration)
        shares = ((logit_order, orders), (logit_dropout, dropouts))
        return tuple(logistic(sign * share) * concentration for share, concentration in shares for sign in (1, -1))

    def order_rate(self, coordinates: Any) -> np.ndarray:
        """The mean probability to order at an opportunity, of which the first coordinate is the logit."""
        return np.asarray(expit(coordinates[0]))

    def log_likelihood(self, coordinates: Any, tables: dict[str, dict[str, Any]], clock: Clock) -> Any:
        """Log-likelihood of one customer of each row, dims ``(row,)``; the mean rows of a bin may have fractions of windows."""
        rows, frequencies = tables["row"], tables["frequency"]
        a, b, c, d = self.natural(coordinates, pt.exp, pt.sigmoid)
        ordering = log_rising(a, frequencies["x"], frequencies["cell"])[rows["frequency"]]
        cell, x, t_x, T = rows["cell"], rows["x"], rows["t_x"], rows["T"]
        stays = log_rising(b, T - x, cell) - log_rising(a + b, T, cell) + log_rising(d, T, cell) - log_rising(c + d, T, cell)

        # dims (frequency, window): log of A as it would be at each window, since the last order at the earliest; what has left from then on
        at, x_of = frequencies["cell"], frequencies["x"][:, None]
        a_of, b_of, c_of, d_of = (value[at][:, None] for value in (a, b, c, d))
        ends = pt.cast(pt.ceil(pt.max(T)), "int64")
        j = pt.arange(ends + 1)[None, :]
        falls = pt.log1p((a_of + x_of) / (b_of + pt.maximum(j - x_of, 0.0))) + pt.log1p(c_of / (d_of + j))
        falls = pt.switch(j >= x_of, falls, 0.0)
        log_here = falls - pt.cumsum(falls, axis=1)
        leaves = pt.switch((j >= x_of) & (j < ends), c_of / (c_of + d_of + j), 0.0)

        def left_since(log_unit: float) -> Any:
            leave = leaves * pt.exp(pt.minimum(log_here - log_unit, 0.0))
            return pt.cumsum(leave[:, ::-1], axis=1)[:, ::-1]

        def at_time(table: Any, time: Any) -> Any:
            whole = pt.cast(pt.floor(time), "int64")
            first = rows["frequency"] * (ends + 1) + whole
            before, after = table.ravel()[first], table.ravel()[first + (whole < ends)]
            return before + (time - whole) * (after - before)

        def log_dead(log_unit: float) -> Any:
            table = left_since(log_unit)
            return pt.log(pt.maximum(at_time(table, t_x) - at_time(table, T), SMALLEST)) + log_unit

        dead = pt.switch(at_time(log_here, t_x) > LOG_UNIT, log_dead(0.0), log_dead(LOG_UNIT))
        return ordering + stays + pt.switch(t_x < T, pt.softplus(dead - at_time(log_here, T)), 0.0)

    def p_alive(self, coordinates: np.ndarray, frequency: Any, recency: Any, T: Any) -> np.ndarray:
        """Probability that a customer has not left by the T-th opportunity; times count as the windows that they lie in.

        `coordinates` has dims ``(coordinate, ...)``, broadcast against the statistics.
        """
        given = np.broadcast_arrays(*self.natural(coordinates, np.exp, expit), frequency, recency, T)
        columns = np.stack([np.asarray(value, dtype=float).ravel() for value in given])
        return np.asarray(1 / (1 + _odds_dead(columns)).reshape(given[0].shape))

    def expected_discounted_orders(
        self,
        coordinates: np.ndarray,
        frequency: Any,
        recency: Any,
        T: Any,
        *,
        horizon: Any,
        discount: float,
        calendar: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> np.ndarray:
        """Expected discounted purchases after T: P(alive) times the mean probability to order times the sum over windows of the probability
        to stay until then, each discounted over its length (method book 1.6).

        From the 65th window on the sum is an integral.
        """
        require_future(horizon, discount)
        a, b, c, d = self.natural(coordinates, np.exp, expit)
        x, T = np.asarray(frequency, dtype=float), np.asarray(T, dtype=float)
        end = np.minimum(horizon, FORGOTTEN / discount) if discount > 0 else horizon
        order, c, d, end = (np.asarray(value, dtype=float) for value in np.broadcast_arrays((a + x) / (a + b + T), c, d + T, end))
        window = np.arange(min(WINDOW_BY_WINDOW, math.ceil(end.max())))
        stays = np.cumprod((d[..., None] + window) / (c[..., None] + d[..., None] + window), axis=-1)
        length = np.clip(end[..., None] - window, 0.0, 1.0)
        passed = window[:, None] + length[..., None] * WINDOW_NODES
        passed = passed.reshape((*end.shape, -1))
        factor = np.exp(-discount * (passed if calendar is None else calendar(passed))).reshape(
            (*end.shape, len(window), len(WINDOW_NODES))
        )
        orders = np.sum(stays * length * (factor @ WINDOW_WEIGHTS), axis=-1)
        later = np.maximum(end - WINDOW_BY_WINDOW, 0.0)
        if later.any():

            def smooth(passed: np.ndarray) -> np.ndarray:
                at = WINDOW_BY_WINDOW + passed + 0.5
                return np.asarray(np.exp(_log_rising(d[..., None], at) - _log_rising((c + d)[..., None], at)))

            def shifted(passed: np.ndarray) -> np.ndarray:
                at = WINDOW_BY_WINDOW + passed
                return at if calendar is None else calendar(at)

            orders = orders + discounted_integral(smooth, later, d[..., None] + WINDOW_BY_WINDOW, discount, shifted)
        return np.asarray(self.p_alive(coordinates, x, recency, T) * order * orders)

    def living_survival(self, natural: Natural, x: Any, t_x: Any, T: Any, passed: Any) -> Any:
        """E[(1-leave)^m], where m windows have begun."""
        _, _, c, d = natural
        begun = np.ceil(np.asarray(passed) - NOT_LATE)
        return np.exp(_log_rising(d + T, begun) - _log_rising(c + d + T, begun)) + 0.0 * x

    def living_moments(
        self, natural: Natural, x: Any, t_x: Any, T: Any, *, horizon: Any, discount: float, random: np.random.Generator
    ) -> tuple[Any, Any, Any]:
        """Of probabilities to order and to leave drawn for each customer."""
        a, b, c, d = natural
        order, leave = random.beta(a + x, b + T - x), random.beta(c, d + T)
        end = np.minimum(horizon, FORGOTTEN / discount) if discount > 0 else horizon
        given = np.broadcast_arrays(order, leave, end)
        found = _moments(np.stack([np.asarray(value, dtype=float).ravel() for value in given]), discount)
        return tuple(found.reshape((3, *given[0].shape)))

    def living_count(self, natural: Natural, x: Any, t_x: Any, T: Any, *, horizon: Any, count: np.ndarray) -> Any:
        """A living customer stays for i windows with probability E[(1-leave)^i], and uses n of them with E[C(i, n) order^n
        (1-order)^(i-n)]; the two are independent. Of a window that is not whole, what is ordered in its part counts."""
        a, b, c, d = natural
        given = np.broadcast_arrays(a + x, b + T - x, c, d + T, horizon, count)
        return np.asarray(_counts(np.stack([np.asarray(value, dtype=float).ravel() for value in given])).reshape(given[0].shape))

    def fill(self, *arguments: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The compiled simulator."""
        found: tuple[np.ndarray, np.ndarray, np.ndarray] = _simulate(*arguments)
        return found


def bg_bb() -> BgBb:
    """The BG/BB purchase model: one order at most at each of a number of opportunities, at whose start customers may have left.

    Returns
    -------
    BgBb

    Examples
    --------
    Six rounds of donations, of which a donor used the first one and none since:

    >>> float(bg_bb().p_alive([0.47, 0.67, -1.44, 1.24], 1, 1, 6).round(2))
    0.07
    """
    return BgBb()


def _log_rising(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """log Gamma(a + x) - log Gamma(a)."""
    large = np.maximum(a, SERIES_FROM)
    series = (large - 0.5) * np.log1p(x / large) + x * (np.log(large + x) - 1) + (1 / (large + x) - 1 / large) / 12
    return np.asarray(np.where(a < SERIES_FROM, gammaln(a + x) - gammaln(a), series))


@njit(nogil=True, cache=True)
def _odds_dead_of(a: float, b: float, c: float, d: float, x: float, t_x: float, T: float) -> float:
    """D/A of the module's docstring."""
    opportunities = math.floor(T + NOT_LATE)
    last = min(math.ceil(t_x - NOT_LATE), opportunities)
    orders, total, chance = min(x, last), 0.0, c
    for j in range(opportunities - 1, last - 1, -1):
        chance *= 1.0 + (a + orders) / (b + (j - orders))
        total += chance / (d + j)
        chance *= 1.0 + c / (d + j)
        if total > 1e280:
            break
    return total


@njit(nogil=True, cache=True)
def _odds_dead(columns: np.ndarray) -> np.ndarray:
    """Columns are a, b, c, d, x, t_x and T."""
    odds = np.empty(columns.shape[1])
    for i in range(len(odds)):
        a, b, c, d, x, t_x, T = columns[:, i]
        odds[i] = _odds_dead_of(a, b, c, d, x, t_x, T)
    return odds


@njit(nogil=True, cache=True)
def _moments(columns: np.ndarray, discount: float) -> np.ndarray:
    """Of a living customer's discounted orders, as `future_moments` has them; columns are the probabilities to order and to leave, and the
    horizon."""
    found = np.zeros((3, columns.shape[1]))
    for i in range(columns.shape[1]):
        order, leave, horizon = columns[:, i]
        stays, begins, before = 1.0, 0.0, 0.0
        while begins < horizon - NOT_LATE and stays > 1e-15:
            stays *= 1.0 - leave
            length = min(1.0, horizon - begins)
            once = length if discount == 0.0 else -math.expm1(-discount * length) / discount
            twice = length if discount == 0.0 else -math.expm1(-2.0 * discount * length) / (2.0 * discount)
            factor = math.exp(-discount * begins)
            found[0, i] += order * stays * factor * once
            found[1, i] += order * stays * factor * factor * twice
            found[2, i] += 2.0 * order * order * stays * factor * once * before
            before += factor * once
            begins += 1.0
    return found


@njit(nogil=True, cache=True)
def _counts(columns: np.ndarray) -> np.ndarray:
    """Of a living customer, the probability of so many orders; columns are the parameters of the order's and the dropout's beta
    distributions, the horizon and the count."""
    found = np.zeros(columns.shape[1])
    for entry in range(len(found)):
        a, b, c, d, horizon, count = columns[:, entry]
        whole = math.floor(horizon + NOT_LATE)
        part = max(horizon - whole, 0.0)
        if count > whole + (part > NOT_LATE):
            continue
        # used n of the first i windows, starting with n of n; and one less of them, of which the last window may make up
        used, stays, total = 1.0, 1.0, 0.0
        for j in range(int(min(count, whole))):
            used *= (a + j) / (a + b + j)
            stays *= (d + j) / (c + d + j)
        if count > whole:
            found[entry] = stays * (d + whole) / (c + d + whole) * used * (a + whole) / (a + b + whole) * part
            continue
        windows = count
        while windows < whole:
            total += stays * c / (c + d + windows) * used
            used *= (windows + 1.0) / (windows + 1.0 - count) * (b + windows - count) / (a + b + windows)
            stays *= (d + windows) / (c + d + windows)
            windows += 1.0
        goes_on = stays * (d + whole) / (c + d + whole)
        more = used * (a + count) / (a + b + whole)
        # one less of so many: C(i, n-1) (1-order) / (C(i, n) order), times what the last window adds
        fewer = used * count / (whole - count + 1.0) * (b + whole - count) / (a + b + whole) if count > 0.0 else 0.0
        found[entry] = total + (stays - goes_on) * used + goes_on * (used - part * more + part * fewer)
    return found


@njit(nogil=True, cache=True)
def _simulate(
    natural: np.ndarray,
    cell: np.ndarray,
    x: np.ndarray,
    t_x: np.ndarray,
    T: np.ndarray,
    ahead: np.ndarray,
    first_year: np.ndarray,
    key: np.ndarray,
    seed: int,
    rate_factor: float,
    odds_factor: float,
    alive: np.ndarray,
    expected: np.ndarray,
    of: np.ndarray,
    elapsed: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fill `alive` and `expected`, and return customer, draw and time of each purchase."""
    customers, draws = len(cell), natural.shape[1]
    of_customer, of_draw, room, events = of[0], of[1], len(elapsed), 0
    state = np.empty(1, np.uint64)
    for i in range(customers):
        own, at, orders = key[i], cell[i], x[i]
        for s in range(draws):
            seen, end, year = math.floor(T[i, s] + NOT_LATE), ahead[i, s], first_year[i, s]
            a, b, c, d = natural[0, s, at], natural[1, s, at], natural[2, s, at], natural[3, s, at]
            here = 1.0 / (1.0 + _odds_dead_of(a, b, c, d, orders, t_x[i, s], T[i, s]))
            alive[i, s] = here
            open_stream(state, seed, own, s, PURCHASES)
            if uniform(state) >= here:
                expected[i, s] = 0.0
                continue
            used = min(orders, seen)
            ordering = gamma_variate(state, a + used)
            order = min(rate_factor * ordering / (ordering + gamma_variate(state, b + (seen - used))), 1.0) if ordering > 0.0 else 0.0
            leaving = odds_factor * gamma_variate(state, c)
            leave = leaving / (leaving + gamma_variate(state, d + seen)) if leaving > 0.0 else 0.0
            # the first windows of the year, and what is left of it
            whole = math.floor(year + NOT_LATE)
            log_stayed = whole * math.log1p(-leave) if leave < 1.0 else -math.inf
            stayed = math.exp(log_stayed)
            through = -(1.0 - leave) * math.expm1(log_stayed) / leave if leave > 0.0 else float(whole)
            expected[i, s] = order * (through + max(year - whole, 0.0) * stayed * (1.0 - leave))
            window = 0.0
            while window < end and uniform(state) >= leave:
                chance = uniform(state)
                if chance < order and window + chance / order <= end:
                    if events == room:
                        room *= 2
                        of_customer, of_draw, elapsed = grown(of_customer, room), grown(of_draw, room), grown(elapsed, room)
                    of_customer[events], of_draw[events], elapsed[events] = i, s, window + chance / order
                    events += 1
                window += 1.0
    return of_customer[:events], of_draw[:events], elapsed[:events]
