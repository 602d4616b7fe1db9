"""Draws from a PyMC model's posterior by nutpie's NUTS."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from clvbayes.inference.certificate import DIVERGENCE_LIMIT
from clvbayes.inference.compiled import Compiled, compile_graph
from clvbayes.inference.progress import sampling_progress

if TYPE_CHECKING:
    import pymc as pm

__all__ = ["Density", "compile_density", "draw_posterior"]

# At .9 the same effective draws took twice the steps, on large and small bases; smaller steps are taken only where too many of the first
# ones diverge.
TARGET_ACCEPTS = (0.8, 0.97)
# Chains start near the mode in variables that are all but standard normal: little is left to be learned.
TUNING_SHARE, FEWEST_TUNING = 0.3, 300
KEPT_STATISTICS = ["diverging", "n_steps", "energy", "logp", "step_size"]

Start = Callable[[int], dict[str, np.ndarray]]


@dataclass(frozen=True)
class Density:
    """A PyMC model compiled; another model of the same structure runs on the same code with its own data.

    Attributes
    ----------
    log_density : Compiled
        Of one vector of all unconstrained variables: log-density and gradient.
    variables : Compiled
        Of the same vector: all named variables, joined.
    unconstrained : Compiled
        Of the values of `free` variables: the vector.
    free : tuple of str
    named : dict of str to (tuple of str, tuple of int)
        Dims and shape of each named variable.
    size : int
        Length of the vector.
    """

    log_density: Compiled
    variables: Compiled
    unconstrained: Compiled
    free: tuple[str, ...]
    named: dict[str, tuple[tuple[str, ...], tuple[int, ...]]]
    size: int


def compile_density(built: "pm.Model") -> Density:
    """Compile a PyMC model."""
    import pytensor
    import pytensor.tensor as pt
    from pymc.pytensorf import join_nonshared_inputs

    point = built.initial_point(random_seed=0)
    names = {variable.name for variable in (*built.free_RVs, *built.deterministics)}
    named = [variable for variable in built.unobserved_value_vars if variable.name in names]
    outputs, vector = join_nonshared_inputs(point, [built.logp(), *named], built.value_vars)
    log_density, *values = outputs
    free = [variable.type(name=variable.name) for variable in built.free_RVs]
    transforms = [built.rvs_to_transforms[variable] for variable in built.free_RVs]
    forward = [
        value if transform is None else transform.forward(value, *variable.owner.inputs)
        for value, transform, variable in zip(free, transforms, built.free_RVs, strict=True)
    ]
    shapes = built.eval_rv_shapes()
    shapes |= {variable.name: variable.shape.eval() for variable in built.deterministics}
    return Density(
        log_density=compile_graph([vector], [log_density, pytensor.grad(log_density, vector)]),
        variables=compile_graph([vector], [pt.concatenate([value.ravel() for value in values])]),
        unconstrained=compile_graph(free, [pt.concatenate([value.ravel() for value in forward])]),
        free=tuple(str(variable.name) for variable in free),
        named={str(v.name): (built.named_vars_to_dims.get(str(v.name), ()), tuple(int(n) for n in shapes[v.name])) for v in named},
        size=sum(value.size for value in point.values()),
    )


def draw_posterior(
    built: "pm.Model", density: Density, start: Start, *, title: str, draws: int, chains: int, seed: int, progress: bool
) -> tuple[xr.DataTree, dict[str, Any]]:
    """Posterior of a model, and the sampler's settings in effect.

    Parameters
    ----------
    built : pymc.Model
        Whose data are used.
    density : Density
        Code of a model of the same structure.
    start : callable
        A chain's starting values of the free variables, given a seed.
    title : str
        What progress calls the model.
    draws, chains, seed : int
    progress : bool

    Returns
    -------
    xarray.DataTree
        Groups `posterior` and `sample_stats`, dims ``(chain, draw, ...)``.
    dict
        Settings: `draws`, `tune`, `chains`, `target_accept`.
    """
    import nutpie
    from nutpie.compiled_pyfunc import from_pyfunc

    log_density, of_density = density.log_density.call, _data(built, density.log_density)

    def value_and_gradient(vector: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = log_density(vector, *of_density)
        return float(value), gradient

    def starting_vector(chain_seed: int) -> np.ndarray:
        values = start(chain_seed)
        arrays = (np.asarray(values[name], dtype=float) for name in density.free)
        return np.asarray(density.unconstrained.call(*arrays, *_data(built, density.unconstrained))[0])

    compiled = from_pyfunc(
        density.size,
        lambda: value_and_gradient,
        lambda *_: lambda vector: {"vector": vector},
        [np.dtype(float)],
        [(density.size,)],
        ["vector"],
        make_initial_point_fn=starting_vector,
    )
    tune = max(FEWEST_TUNING, int(TUNING_SHARE * draws))
    for target_accept, how in zip(TARGET_ACCEPTS, ("sampling", "sampling again in smaller steps"), strict=True):
        with sampling_progress(f"{title}: {how}", chains * (tune + draws), progress) as report:
            sampled = nutpie.sample(
                compiled,
                draws=draws,
                tune=tune,
                chains=chains,
                seed=seed,
                target_accept=target_accept,
                save_warmup=False,
                progress_bar=False,
                progress_callback=report,
            )
        if sampled["posterior"].sizes["draw"] < draws:  # nutpie returns what it has where a person interrupts it
            raise KeyboardInterrupt(f"{title}: the sampler was interrupted")
        if sampled["sample_stats"]["diverging"].mean() <= DIVERGENCE_LIMIT:
            break
    posterior = _named_variables(built, density, sampled["posterior"]["vector"].to_numpy())
    statistics = sampled["sample_stats"].to_dataset()[KEPT_STATISTICS]
    statistics.attrs = {}
    settings = {"draws": draws, "tune": tune, "chains": chains, "target_accept": target_accept}
    return xr.DataTree.from_dict({"posterior": posterior, "sample_stats": statistics}), settings


def _named_variables(built: "pm.Model", density: Density, vectors: np.ndarray) -> xr.Dataset:
    """All named variables but those that only the sampler needs, from vectors with dims (chain, draw, vector)."""
    call, data = density.variables.call, _data(built, density.variables)
    joined = np.stack([call(vector, *data)[0] for vector in vectors.reshape(-1, density.size)])
    joined = joined.reshape(*vectors.shape[:2], -1)
    ends = np.cumsum([int(np.prod(shape)) for _, shape in density.named.values()])
    parts = zip(density.named.items(), np.split(joined, ends[:-1], axis=2), strict=True)
    variables = {
        name: (("chain", "draw", *dims), part.reshape(*vectors.shape[:2], *shape))
        for (name, (dims, shape)), part in parts
        if not name.endswith("_free")
    }
    chains, draws = vectors.shape[:2]
    dims = dict.fromkeys(dim for name_dims, _ in variables.values() for dim in name_dims[2:])
    coords = {"chain": np.arange(chains), "draw": np.arange(draws)} | {dim: list(built.coords[dim] or ()) for dim in dims}
    return xr.Dataset(variables, coords=coords, attrs={"sample_dims": ["chain", "draw"]})


def _data(built: "pm.Model", compiled: Compiled) -> list[np.ndarray]:
    """The model's data and lengths of dims, in the order of the code's arguments."""
    values = {**built.dim_lengths, **built.named_vars}
    return [values[name].get_value(borrow=True) for name in compiled.data]
