"""Which model foretells a customer that it has not seen: leave-one-customer-out, from one fit (Vehtari, Gelman & Gabry 2017).

The likelihood is integrated over what is latent of a customer, so that one left out is a customer left out (Merkle, Furr & Rabe-Hesketh
2019). Customers with the same statistics are left out once and counted as often as there are of them.
"""

import math
from collections.abc import Mapping
from typing import cast

import arviz_stats
import numpy as np
import pandas as pd
import xarray as xr
from arviz_stats.base import array_stats
from arviz_stats.utils import ELPDDataLOO, ELPDDataLOOSubsample

from clvbayes.data import Customers, require_seed
from clvbayes.errors import ArgumentError, DataError
from clvbayes.inference.fit import Fit, digest_of
from clvbayes.inference.likelihood import Likelihood
from clvbayes.models.hierarchy import Cells, all_coordinates, assign_cells
from clvbayes.models.protocol import Columns, Model, PurchaseModel

__all__ = ["compare", "leave_one_out"]

SAME = 1e-10  # range of log-densities that differ by rounding alone
DRAWS = 500  # of the posterior, evenly spaced
MOST_ROWS = 50_000  # distinct ones; of more, so many customers are left out


def leave_one_out(fit: Fit, customers: Customers, *, seed: int) -> ELPDDataLOO:
    """Expected log predictive density of a customer that was left out, by Pareto-smoothed importance sampling.

    Parameters
    ----------
    fit : Fit
    customers : Customers
        Those that it was fitted to.
    seed : int
        Of which customers are left out where there are more than 50,000 distinct rows: the others are known by their density at the
        posterior's mean, less what that is off by for the sampled ones (Magnusson, Andersen, Jonasson & Vehtari 2020).

    Returns
    -------
    arviz_stats.utils.ELPDDataLOO or ELPDDataLOOSubsample
        `elpd_i` and `pareto_k` have dims ``(customer,)``: the customers that inform the model, in their order.

    Raises
    ------
    ArgumentError
        If these are not the customers that the model was fitted to.
    DataError
        If a part of their density is not known: times between orders, in an RFM frame.

    Examples
    --------
    >>> from clvbayes import fit, models
    >>> frame = pd.DataFrame({"frequency": [2, 0, 5, 1], "recency": [30.4, 0.0, 36.1, 4.0], "T": [38.9, 38.9, 37.0, 39.0]})
    >>> customers = Customers.from_frame(frame, unit="week")
    >>> found = leave_one_out(fit(models.nbd(), customers, seed=1, progress=False), customers, seed=1)
    >>> found.n_data_points, found.elpd_i.dims
    (4, ('customer',))
    """
    require_seed(seed)
    return _leave_one_out(fit, customers, seed, subsampled=False)


def _columns_of(fit: Fit, customers: Customers) -> Columns:
    if not isinstance(fit, Fit) or not isinstance(customers, Customers):
        raise ArgumentError(f"a fit and its customers are needed, not {type(fit).__name__} and {type(customers).__name__}")
    return fit.model.columns(customers, assign_cells(customers, fit.pool))


def _leave_one_out(fit: Fit, customers: Customers, seed: int, *, subsampled: bool) -> ELPDDataLOO:
    """As `leave_one_out`; of some customers only where there are many distinct rows, or where models are compared of which one has many."""
    columns = _columns_of(fit, customers)
    cells, model = assign_cells(customers, fit.pool), fit.model.exact
    _require_fitted_to(fit, customers, len(columns))
    measure = model.log_measure(customers)
    if not np.isfinite(measure).all():
        raise DataError(
            f"{model.title} is a density of times between orders, which neither an RFM frame nor orders counted at opportunities have: it "
            "cannot be compared"
        )
    (row, first), draws = columns.numbered(), min(DRAWS, _draws_of(fit))
    if len(first) <= MOST_ROWS and not subsampled:
        elpd, k_hat, p = (of_row[row] for of_row in _left_out(_densities(fit, model, customers, cells, columns.of(first), draws)))
        elpd = elpd + measure
        return ELPDDataLOO(
            elpd=float(elpd.sum()),
            se=math.sqrt(len(elpd) * elpd.var(ddof=1)),
            p=float(p.sum()),
            n_samples=draws,
            n_data_points=len(elpd),
            scale="log",
            warning=bool((k_hat > _good_k(draws)).any()),
            good_k=_good_k(draws),
            elpd_i=_by_customer(elpd),
            pareto_k=_by_customer(k_hat),
        )

    at_mean = _densities(fit, model, customers, cells, columns.of(first), 1)[row, 0] + measure
    some = np.sort(np.random.default_rng(seed).choice(len(row), MOST_ROWS, replace=False))
    by_cell = some[np.lexsort((columns.keys["x"][some], columns.keys["cell"][some]))]
    elpd, k_hat, p = _left_out(_densities(fit, model, customers, cells, columns.of(by_cell), draws))
    elpd = elpd + measure[by_cell]
    total, subsampling_se, se = array_stats.diff_srs_estimator(elpd, at_mean[by_cell], at_mean, len(row))
    of_all = np.full((2, len(row)), np.nan)
    of_all[:, by_cell] = elpd, k_hat
    return ELPDDataLOOSubsample(
        elpd=float(total),
        se=float(se),
        p=float(p.mean() * len(row)),
        n_samples=draws,
        n_data_points=len(row),
        scale="log",
        warning=bool((k_hat > _good_k(draws)).any()),
        good_k=_good_k(draws),
        elpd_i=_by_customer(of_all[0]),
        pareto_k=_by_customer(of_all[1]),
        subsample_size=MOST_ROWS,
        subsampling_se=float(subsampling_se),
        loo_subsample_observations=some,
        elpd_loo_approx=_by_customer(at_mean),
    )


def compare(fits: Mapping[str, Fit], customers: Customers, *, seed: int) -> pd.DataFrame:
    """Models side by side by how well they foretell a customer that was left out: ArviZ's table, the best one first.

    Parameters
    ----------
    fits : mapping of str to Fit
        At least two fits to the same customers, by the names that the table shall have: all of purchases, or all of spend.
    customers : Customers
    seed : int
        As of `leave_one_out`, the same for all of them.

    Returns
    -------
    pandas.DataFrame
        As ``arviz_stats.compare`` makes it, unrounded and without weights: `elpd_diff` is the difference from the best one, `dse` its
        standard error; `p_worse` the probability that a model is worse than the best one.

    Raises
    ------
    ArgumentError
        If there are fewer than two, they are densities of different things, or they run by different clocks.
    DataError
        As of `leave_one_out`.

    Examples
    --------
    >>> compare({}, None, seed=1)
    Traceback (most recent call last):
    clvbayes.errors.ArgumentError: compare needs at least two fits by name, such as {"MBG/NBD": one, "Pareto/NBD": other}
    """
    if not isinstance(fits, Mapping) or len(fits) < 2:
        raise ArgumentError('compare needs at least two fits by name, such as {"MBG/NBD": one, "Pareto/NBD": other}')
    for fit in fits.values():
        _columns_of(fit, customers)  # which refuses what is no fit
    measures = {name: _measured(fit) for name, fit in fits.items()}
    if len(set(measures.values())) > 1:
        told = "; ".join(f"{name} is one of {measured}" for name, measured in measures.items())
        raise ArgumentError(f"only densities of the same data can be compared: {told}")
    clocks = {name: fit.model.clock for name, fit in fits.items()}
    if len(set(clocks.values())) > 1:
        raise ArgumentError(
            "models with and without a season or a level cannot be compared: of a customer's orders it is not known in which months they "
            "fell, so that only sums over all customers would be right. Compare their back-tests"
        )
    require_seed(seed)
    several = any(len(_columns_of(fit, customers).numbered()[1]) > MOST_ROWS for fit in fits.values())
    left_out = {name: _leave_one_out(fit, customers, seed, subsampled=several) for name, fit in fits.items()}
    # no weights: those of stacking are of densities, which underflow, and change with the unit of time
    found: pd.DataFrame = arviz_stats.compare(left_out, method="pseudo-bma", round_to="none")
    return found.drop(columns="weight")


def _measured(fit: Fit) -> str:
    """What a fit's density is one of."""
    if fit.model.kind == "purchases":
        return cast("PurchaseModel", fit.model).measure
    amounts = "single amounts" if fit.posterior.attrs["spend_level"] == "transaction" else "mean amounts"
    return {"spend": amounts, "returns": "returned shares"}[fit.model.kind]


def _require_fitted_to(fit: Fit, customers: Customers, informing: int) -> None:
    until = "" if customers.until is None else customers.until.isoformat()
    known, given = (
        tuple(of[name] for name in ("unit", "until", "spend_level")) for of in (fit.posterior.attrs, vars(customers) | {"until": until})
    )
    if known != given:
        names = ("unit of time", "last day", "level of spend")
        differ = ", ".join(
            f"{name} {new or 'unknown'!r} and not {old or 'unknown'!r}"
            for name, new, old in zip(names, given, known, strict=True)
            if new != old
        )
        raise ArgumentError(f"these are not the customers that the model was fitted to: they have {differ}")
    if informing != fit.customers:
        raise ArgumentError(f"{fit.customers:,} customers informed the fit, and these are {informing:,}")
    if digest_of(fit.model.rows(customers, assign_cells(customers, fit.pool))) != fit.posterior.attrs["rows"]:
        raise ArgumentError("these are not the customers that the model was fitted to: their statistics, or their segments, are others")


def _densities(fit: Fit, model: Model, customers: Customers, cells: Cells, columns: Columns, draws: int) -> np.ndarray:
    """Log-likelihoods, dims ``(customer, draw)``: of evenly spaced draws, or of the mean of these where one is asked for; `columns` are
    sorted by cell and x."""
    posterior, clock = fit.posterior["posterior"].to_dataset(), model.clock.over(customers)
    rows = columns.keys | columns.linear | clock.columns(columns.keys, customers) | {"weight": np.ones(len(columns))}
    spaced = np.linspace(0, _draws_of(fit) - 1, min(DRAWS, _draws_of(fit))).astype(int)
    coordinates = all_coordinates(posterior, cells, clock, spaced, fit.seed)
    likelihood = Likelihood(model, rows, cells.count, clock)
    return np.stack([likelihood.of_rows(at) for at in (coordinates if draws > 1 else coordinates.mean(axis=0)[None])], axis=1)


def _left_out(densities: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log predictive density of each row left out, its k-hat, and how many parameters it is worth.

    A row that says nothing, such as that of a customer seen for no time, has one density in all draws: ArviZ finds no tail in it.
    """
    says = np.ptp(densities, axis=1) > SAME
    elpd, k_hat, p = densities[:, 0].copy(), np.zeros(len(densities)), np.zeros(len(densities))
    if says.any():
        elpd[says], k_hat[says], p[says] = array_stats.loo(densities[says][:, None, :])
    return elpd, k_hat, p


def _by_customer(values: np.ndarray) -> xr.DataArray:
    return xr.DataArray(values, dims="customer")


def _draws_of(fit: Fit) -> int:
    posterior = fit.posterior["posterior"]
    return int(posterior.sizes["chain"] * posterior.sizes["draw"])


def _good_k(draws: int) -> float:
    return min(1 - 1 / math.log10(draws), 0.7)
