"""Statistics and a model in, a posterior and its certificate out."""

import hashlib
import json
import sys
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from typing import Any, get_args

import numpy as np
import xarray as xr

from clvbayes.data import Customers, Renewals, Statistics, require_seed
from clvbayes.errors import ArgumentError, DataError
from clvbayes.inference.certificate import Certificate, Compression, certify
from clvbayes.inference.strategy import Method, Task, sample_posterior
from clvbayes.models.assembly import own_or_given
from clvbayes.models.hierarchy import Pool, assign_cells
from clvbayes.models.priors import Priors
from clvbayes.models.protocol import OF_RENEWALS, Model, Table
from clvbayes.notebook import fragment

__all__ = ["Fit", "fit"]

VERSIONED = ("clvbayes", "pymc", "nutpie", "numpy")


@dataclass(frozen=True)
class Fit:
    """A fitted model: data, not a machine.

    Attributes
    ----------
    model : Model
    priors : Priors
        The frozen numbers that were used; next quarter's fit may reuse them.
    pool : tuple
        Pooling columns.
    posterior : xarray.DataTree
        Groups `posterior` and `sample_stats`, dims ``(chain, draw, ...)``, as any ArviZ function takes it. Its attributes hold model,
        priors, pool, seed, settings and versions.
    certificate : Certificate
    seed : int
    """

    model: Model
    priors: Priors
    pool: tuple[str | tuple[str, ...], ...]
    posterior: xr.DataTree
    certificate: Certificate
    seed: int

    @property
    def customers(self) -> int:
        """Customers, or contracts, that inform the fit."""
        return self.certificate.compression.customers

    @property
    def rows(self) -> int:
        """Distinct rows of their statistics."""
        return self.certificate.compression.exact_rows

    def __repr__(self) -> str:
        failed = [result.check for result in self.certificate.results if result.status == "failed"]
        checks = f"failed: {', '.join(failed)}; .certificate says what to do" if failed else "all checks passed"
        return f"Fit of {self.model.title}, {self.customers:,} {'contracts' if self.model.kind in OF_RENEWALS else 'customers'}: {checks}"

    def _repr_html_(self) -> str:
        """As the report shows it."""
        return fragment(self)

    def to_frame(self) -> Any:
        """Posterior summary: one row a parameter, with mean, sd, 90 % interval, R-hat and effective sample sizes (pandas.DataFrame)."""
        import arviz_stats

        return arviz_stats.summary(self.posterior, ci_prob=0.9, ci_kind="eti", round_to="none")

    def with_posterior(self, posterior: xr.DataTree, customers: Statistics) -> "Fit":
        """The same fit with draws of one's own, certified anew: of its `pm.Model` that was changed in a notebook and sampled with PyMC.

        Parameters
        ----------
        posterior : xarray.DataTree
            As ``pm.sample`` returns it: groups `posterior` and `sample_stats`. Variables that the changed model has besides are kept;
            those that only the sampler needs are not.
        customers : Customers or Renewals
            Those that this fit was fitted to.

        Returns
        -------
        Fit
            The certificate's comparison of prior and posterior is with the priors of this fit.

        Raises
        ------
        ArgumentError
            If it lacks a group, a variable or a label of this fit's, holds fewer than 100 draws or 2 chains, or the customers are others.

        Examples
        --------
        >>> from clvbayes.models import mbg_nbd
        >>> import pandas as pd
        >>> rfm = {"frequency": [2, 0, 5, 1], "recency": [30.4, 0.0, 36.1, 4.0], "T": [38.9, 38.9, 37.0, 39.0]}
        >>> customers = Customers.from_frame(pd.DataFrame(rfm), unit="week")
        >>> purchases = fit(mbg_nbd(), customers, draws=100, chains=2, seed=1, progress=False)
        >>> later = purchases.posterior.sel(draw=slice(50, None))
        >>> purchases.with_posterior(later, customers)
        Traceback (most recent call last):
        clvbayes.errors.ArgumentError: a fit needs at least 100 draws and 2 chains, not 50 and 2: fewer cannot be certified
        """
        _require_kind(self.model, customers)
        own = _of_the_same_kind(posterior, self.posterior)
        if digest_of(self.model.rows(customers, assign_cells(customers, self.pool))) != self.posterior.attrs["rows"]:
            raise ArgumentError("these are not the customers that the model was fitted to: their statistics, or their segments, are others")
        sizes = own["posterior"].sizes
        settings = {"draws": sizes["draw"], "chains": sizes["chain"], "method": "own"}
        own.attrs = self.posterior.attrs | {"settings": json.dumps(settings)}
        known = self.certificate.compression
        compression = Compression(known.customers, known.exact_rows, known.exact_rows, exact_passes=0)
        certificate = certify(own, self.priors, self.model, customers, compression)
        return replace(self, posterior=own, certificate=certificate)


def _of_the_same_kind(given: xr.DataTree, known: xr.DataTree) -> xr.DataTree:
    """Draws as a fit holds them, if these are of the parameters that are known."""
    groups = set(given.children) if isinstance(given, xr.DataTree) else set()
    if not {"posterior", "sample_stats"} <= groups:
        found = ", ".join(map(str, sorted(groups))) or f"no group: it is a {type(given).__name__}"
        raise ArgumentError(f"a posterior is a DataTree with the groups posterior and sample_stats, such as of pm.sample; this has {found}")
    draws, expected = given["posterior"].to_dataset(), known["posterior"].to_dataset()
    missing = [str(name) for name in expected.data_vars if name not in draws.data_vars]
    if missing:
        raise ArgumentError(f"the posterior lacks {', '.join(missing)}: a changed model must keep all variables of the fit")
    for dim, labels in expected.coords.items():
        if dim not in ("chain", "draw") and list(map(str, labels.to_numpy())) != list(map(str, draws[dim].to_numpy())):
            raise ArgumentError(f"the posterior has other labels of {dim} than the fit: {', '.join(map(str, draws[dim].to_numpy()))}")
    _require_enough(draws.sizes["draw"], draws.sizes["chain"])
    needed = draws.drop_vars([name for name in draws.data_vars if str(name).endswith("_free")]).transpose("chain", "draw", ...)
    statistics = given["sample_stats"].to_dataset()[["diverging"]].transpose("chain", "draw")
    return xr.DataTree.from_dict({"posterior": needed.assign_attrs(sample_dims=["chain", "draw"]), "sample_stats": statistics})


def _require_enough(draws: object, chains: object) -> None:
    if not (isinstance(draws, int | np.integer) and isinstance(chains, int | np.integer) and draws >= 100 and chains >= 2):
        raise ArgumentError(f"a fit needs at least 100 draws and 2 chains, not {draws} and {chains}: fewer cannot be certified")


def digest_of(rows: Table) -> str:
    """What a model was fitted to, in few letters."""
    digest = hashlib.sha256()
    for name, column in rows.items():
        digest.update(name.encode() + np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()[:16]


def fit(
    model: Model,
    statistics: Statistics,
    *,
    pool: Pool = (),
    priors: Priors | None = None,
    draws: int = 1000,
    chains: int = 4,
    seed: int,
    method: Method = "auto",
    progress: bool = True,
) -> Fit:
    """Sample a model's posterior with NUTS.

    Customers with the same statistics are one row. Where there are some thousands of rows, the sampler sees a coreset: bins of
    similar rows, corrected to second order at the exact posterior's mode; its draws are then weighed by the exact likelihood, and the
    certificate says what they are worth.

    Parameters
    ----------
    model : Model
        Such as ``clv.models.mbg_nbd()``.
    statistics : Customers or Renewals
        Renewals for ``clv.models.beta_discrete_weibull()`` and ``clv.models.renewal_change()``, customers for all others.
    pool : sequence of str or of tuples of str
        Segment columns known at acquisition, over which every coordinate is partially pooled: small segments lean on the others. Of
        contracts also ``"term_months"``; the column whose levels are of most uneven size is best named first.
    priors : Priors, optional
        By default the model's own, from scale-free summaries of the statistics.
    draws, chains : int
        Posterior draws a chain (after three tenths as many for tuning, at least 300), and chains; at least 100 and 2.
    seed : int
        The same seed gives the same posterior, to the byte.
    method : {"auto", "exact", "coreset"}
        "exact" samples all distinct rows. "coreset" keeps to coresets; if none holds, the certificate fails. "auto" takes a coreset of
        many rows, and if it does not hold all rows, after saying how long that will take.
    progress : bool
        Whether to show progress: a bar on a terminal, a line elsewhere.

    Returns
    -------
    Fit

    Raises
    ------
    ArgumentError
        If the statistics are not those of the model's kind, `pool` names an unknown column, `method` is unknown, or a number is out of
        range.
    DataError
        If there is nothing to learn from.

    Examples
    --------
    >>> from clvbayes.models import mbg_nbd
    >>> rfm = {"frequency": [2, 0, 5, 1], "recency": [30.4, 0.0, 36.1, 4.0], "T": [38.9, 38.9, 37.0, 39.0]}
    >>> import pandas as pd
    >>> customers = Customers.from_frame(pd.DataFrame(rfm), unit="week")
    >>> purchases = fit(mbg_nbd(), customers, draws=100, chains=2, seed=1, progress=False)
    >>> dict(purchases.posterior["posterior"]["population"].sizes)
    {'chain': 2, 'draw': 100, 'coordinate': 4}
    """
    if not hasattr(model, "log_likelihood"):
        raise ArgumentError(f"model must be one of clv.models, such as clv.models.mbg_nbd(), not {model!r:.60}")
    _require_enough(draws, chains)
    _require_kind(model, statistics)
    require_seed(seed)
    if method not in get_args(Method):
        raise ArgumentError(f"method must be one of {', '.join(get_args(Method))}, not {method!r}")
    chosen = own_or_given(model, statistics, priors)
    cells = assign_cells(statistics, pool)
    rows, clock = model.rows(statistics, cells), model.clock.over(statistics)
    rows = rows | clock.columns(rows, statistics)
    if not len(rows["weight"]):
        raise DataError(f"no {statistics.counted[:-1]} informs {model.title}: there is nothing to learn from")
    sampled = sample_posterior(Task(model, rows, cells, chosen, clock, int(draws), int(chains), int(seed), progress), method)
    frozen_pool = tuple(entry if isinstance(entry, str) else tuple(entry) for entry in pool)
    posterior = sampled.posterior
    posterior.attrs = {
        "model": model.name,
        "priors": json.dumps(asdict(chosen)),
        "pool": json.dumps(frozen_pool),
        "seed": int(seed),
        "settings": json.dumps({**sampled.settings, "method": method}),
        "versions": json.dumps({name: version(name) for name in VERSIONED} | {"python": sys.version.split()[0]}),
        **statistics.facts,
        "compression": json.dumps(asdict(sampled.compression)),
        "rows": digest_of(model.rows(statistics, cells)),
    }
    certificate = certify(posterior, chosen, model, statistics, sampled.compression)
    return Fit(model, chosen, frozen_pool, posterior, certificate, int(seed))


def _require_kind(model: Model, statistics: object) -> None:
    """Refuse customers for a model of contracts, and the other way round."""
    of_renewals = model.kind in OF_RENEWALS
    if not isinstance(statistics, Renewals if of_renewals else Customers):
        counted, read = ("contracts", "read_contracts") if of_renewals else ("customers", "read_transactions")
        other = "" if of_renewals else "; of an RFM frame, what clv.Customers.from_frame(frame, unit=...) returns"
        raise ArgumentError(
            f"{model.name} is a model of {counted}: give it what clv.summarize(clv.{read}(...)) returns, "
            f"not {type(statistics).__name__}{other}"
        )
