"""Cells, the hierarchy in whichever variables it is sampled, and the coordinates of levels seen and unseen."""

from dataclasses import dataclass

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
import xarray as xr
from scipy import stats

from clvbayes.errors import ArgumentError
from clvbayes.models import Priors
from clvbayes.models.hierarchy import Cells, LevelEstimates, assign_cells, cell_coordinates, pooled_coordinates

HOSTILE = ['x"; drop table t', "<script>alert(1)</script>", "=1+1", "a/b", "ü × ö", ""]


@pytest.fixture(scope="module")
def base(make_customers):
    def make(**segments):
        count = len(next(iter(segments.values())))
        return make_customers([0] * count, [0.0] * count, [9.0] * count, segments=segments)

    return make


# cells ----------------------------------------------------------------------------------------------------------------------------------


def test_cells_are_the_combinations_that_occur(base) -> None:
    customers = base(industry=["b", "a", "b", "c"], channel=["x", "x", "y", "x"])
    cells = assign_cells(customers, ("industry", "channel"))
    assert [factor.levels for factor in cells.factors] == [("a", "b", "c"), ("x", "y")]
    assert cells.count == 4
    for factor, column in zip(cells.factors, ("industry", "channel"), strict=True):
        assert [factor.levels[k] for k in factor.level_of_cell[cells.of_customer]] == customers.segments[column].tolist()


def test_without_pooling_there_is_one_cell(base) -> None:
    cells = assign_cells(base(industry=["b", "a"]), ())
    assert (cells.factors, cells.count, cells.of_customer.tolist()) == ((), 1, [0, 0])


def test_a_crossing_is_a_factor_of_its_own(base) -> None:
    cells = assign_cells(base(industry=["b", "a", "b"], channel=["x", "x", "y"]), ("industry", ("industry", "channel")))
    crossing = cells.factors[1]
    assert crossing.columns == ("industry", "channel")
    assert crossing.levels == ("a × x", "b × x", "b × y")
    assert cells.count == 3


def test_hostile_levels_are_labels_like_others(base) -> None:
    cells = assign_cells(base(**{'x"; drop table t': HOSTILE}), ('x"; drop table t',))
    assert sorted(cells.factors[0].levels) == sorted(HOSTILE)
    assert cells.factors[0].dim == 'x"; drop table t'


def test_a_crossing_keeps_levels_apart_whose_names_contain_its_sign(base) -> None:
    cells = assign_cells(base(one=["p × q", "p"], two=["r", "q × r"]), (("one", "two"),))
    assert cells.count == 2


@pytest.mark.parametrize(
    "name",
    ["chain", "draw", "sample", "coordinate", "row", "frequency", "cell", "population", "population_free", "a/b", " ", "prior", "row_x"],
)
def test_a_column_may_have_any_name(name, base) -> None:
    customers = base(**{name: ["x", "y", "x"]})
    cells = assign_cells(customers, (name,))
    with pm.Model(coords={"coordinate": ["m", "n"], cells.factors[0].dim: list(cells.factors[0].levels)}):
        pooled_coordinates(PRIORS, cells)
    assert cell_coordinates(posterior_of(cells), cells, np.arange(4), seed=1).shape == (4, 2, 2)


@pytest.mark.parametrize(
    ("pool", "message"),
    [
        ("industry", r"pool must be a list of columns; write \('industry',\)"),
        (("industri",), "pool names 'industri', which is no segment of these customers; they have 'industry', 'channel'"),
        ((("industry", "region"),), "'region'"),
        (("industry", "industry"), "pool names a column twice"),
        (("industry", ("industry",)), "pool names a column twice"),
        ((("industry", "industry"),), "pool names a column twice"),
        (("industry", ()), "a crossing of no columns"),
    ],
)
def test_a_pool_that_cannot_be_is_refused(pool, message, base) -> None:
    with pytest.raises(ArgumentError, match=message):
        assign_cells(base(industry=["b", "a"], channel=["x", "y"]), pool)


@pytest.mark.parametrize("pair", [("a/b", "a∕b"), ("a", "a_level"), ("draw", "draw_"), ("a ", "a")])
def test_columns_that_would_share_a_name_in_the_posterior_are_refused(pair, base) -> None:
    customers = base(**{name: ["x", "y"] for name in pair})
    with pytest.raises(ArgumentError, match="rename"):
        assign_cells(customers, pair)
    assert assign_cells(customers, pair[:1]).count == 2


def test_without_segments_the_refusal_says_so(make_customers) -> None:
    with pytest.raises(ArgumentError, match="they have none"):
        assign_cells(make_customers([0], [0.0], [9.0]), ("industry",))


# the hierarchy in other variables -------------------------------------------------------------------------------------------------------

PRIORS = Priors(("m", "n"), mean=(-1.0, 0.5), sd=(0.8, 1.3), scale=(0.5, 0.25))
LEVELS, EFFECTS = 4, 3


@pytest.fixture(scope="module")
def crossed(base):
    customers = base(industry=[*"abcd", *"abc"], channel=[*"xyzx", *"yzx"])
    return assign_cells(customers, ("industry", "channel"))


@dataclass(frozen=True)
class Point:
    """A state of the hierarchy in its own terms, whatever it is sampled in."""

    population: np.ndarray
    level_scale: np.ndarray
    level: np.ndarray
    effect_scale: np.ndarray
    effect: np.ndarray


def by_definition(point: Point) -> float:
    """The density of the docstring: normal levels around a normal mean, effects that sum to zero, half-normal spreads."""
    mean, sd, scale = (np.array(part) for part in (PRIORS.mean, PRIORS.sd, PRIORS.scale))
    total = stats.norm(mean, sd).logpdf(point.population).sum()
    total += stats.halfnorm(scale=scale).logpdf(point.level_scale).sum() + stats.halfnorm(scale=scale).logpdf(point.effect_scale).sum()
    total += stats.norm(point.population[:, None], point.level_scale[:, None]).logpdf(point.level).sum()
    # in the plane in which effects sum to zero: one dimension fewer than there are levels
    squares = (point.effect**2).sum(axis=1) / point.effect_scale**2
    return total + float((-0.5 * squares - (EFFECTS - 1) * (0.5 * np.log(2 * np.pi) + np.log(point.effect_scale))).sum())


def known(levels: int, errors, *, shared: bool, seed: int) -> LevelEstimates:
    """Rough estimates of levels, with these errors, one a coordinate, and correlated coordinates."""
    rng = np.random.default_rng(seed)
    correlation = np.full(levels, 0.6) if shared else rng.uniform(-0.9, 0.9, levels)
    error = np.array(errors) * np.ones((levels, 2)) if shared else np.array(errors) * rng.uniform(0.5, 2, (levels, 1))
    covariance = np.array([[[1, rho], [rho, 1]] for rho in correlation]) * error[:, :, None] * error[:, None, :]
    information = np.linalg.inv(covariance)
    estimate = rng.normal(0, 0.5, (levels, 2))
    root = np.linalg.cholesky(information)
    return LevelEstimates(root, np.einsum("lij,li->lj", root, estimate))


ERRORS = {"well known": (0.01, 0.02), "hardly known": (3.0, 20.0), "partly known": (0.02, 3.0)}
WAYS = {"plain": None} | {
    name: (known(LEVELS, errors, shared=False, seed=1), known(EFFECTS, errors, shared=True, seed=2)) for name, errors in ERRORS.items()
}


ZERO_SUM = np.linalg.qr(np.column_stack([np.ones(EFFECTS), np.eye(EFFECTS)[:, 1:]]))[0][:, 1:]  # a basis of the plane of effects


class Sampled:
    """The hierarchy as the sampler sees it: numbers that are free, given spreads over levels and effects."""

    def __init__(self, cells: Cells, way: str) -> None:
        with pm.Model(coords={"coordinate": ["m", "n"]} | {factor.dim: list(factor.levels) for factor in cells.factors}) as model:
            pm.Deterministic("coordinates", pooled_coordinates(PRIORS, cells, WAYS[way]))
        self.model = model
        # of the variables themselves: the sampler's own transforms are PyMC's affair
        self.density = model.compile_logp(jacobian=False, mode="FAST_COMPILE")
        outputs = model.replace_rvs_by_values([model[name] for name in ("population", "industry_level", "channel_effect", "coordinates")])
        self.outcome = model.compile_fn(outputs, inputs=model.value_vars, mode="FAST_COMPILE", on_unused_input="ignore")

    def values(self, free: np.ndarray, scale: np.ndarray, effect_scale: np.ndarray) -> dict[str, np.ndarray]:
        """Of the model's own variables, by name."""
        effect = free[2 + 2 * LEVELS :].reshape(2, EFFECTS - 1) @ ZERO_SUM.T
        given = {
            "population": free[:2],
            "population_free": free[:2],
            "industry_scale": scale,
            "industry_free": free[2 : 2 + 2 * LEVELS].reshape(2, LEVELS),
            "channel_scale": effect_scale,
            "channel_free": effect,
        }
        at = {}
        for variable in self.model.free_RVs:
            transform, value = self.model.rvs_to_transforms[variable], given[variable.name]
            inner = value if transform is None else transform.forward(pt.as_tensor(value), *variable.owner.inputs).eval()
            at[self.model.rvs_to_values[variable].name] = np.asarray(inner)
        return at

    def state(self, free: np.ndarray, scale: np.ndarray, effect_scale: np.ndarray) -> Point:
        population, level, effect, _ = self.outcome(self.values(free, scale, effect_scale))
        return Point(population, scale, level, effect_scale, effect)

    def log_volume(self, free: np.ndarray, scale: np.ndarray, effect_scale: np.ndarray) -> float:
        """Log-determinant of the step from free numbers to population, levels and effects, by differences."""

        def place(free: np.ndarray) -> np.ndarray:
            point = self.state(free, scale, effect_scale)
            return np.concatenate([point.population, point.level.ravel(), (point.effect @ ZERO_SUM).ravel()])

        # all are linear in what is free, so that wide differences are exact
        columns = [place(free + step) - place(free - step) for step in np.eye(len(free))]
        return float(np.linalg.slogdet(np.array(columns) / 2)[1])


FREE = 2 + 2 * LEVELS + 2 * (EFFECTS - 1)


@pytest.mark.parametrize("way", WAYS)
def test_in_all_variables_the_density_is_the_same(way, crossed) -> None:
    sampled = Sampled(crossed, way)
    rng = np.random.default_rng(11)
    for _ in range(3):
        free, scale, effect_scale = rng.normal(0, 1, FREE), rng.uniform(0.05, 1.2, 2), rng.uniform(0.05, 0.6, 2)
        point = sampled.state(free, scale, effect_scale)
        at = sampled.values(free, scale, effect_scale)
        assert sampled.density(at) - sampled.log_volume(free, scale, effect_scale) == pytest.approx(by_definition(point), rel=1e-8)
        np.testing.assert_allclose(point.effect.sum(axis=1), 0, atol=1e-12)
        industry, channel = (factor.level_of_cell for factor in crossed.factors)
        np.testing.assert_allclose(sampled.outcome(at)[3], point.level[:, industry] + point.effect[:, channel], rtol=1e-9)


@pytest.mark.parametrize("way", ERRORS)
def test_where_the_data_are_as_estimated_the_sampler_sees_standard_normals(way, crossed) -> None:
    """Density and quadratic log-likelihood together are those of independent standard normals, whatever the spreads, small and large."""
    sampled = Sampled(crossed, way)
    levels, effects = WAYS[way]
    rng = np.random.default_rng(12)
    for scale in (1e-4, 0.1, 2.0):
        scales = scale * np.array([1.0, 3.0]), scale * np.array([2.0, 0.7])
        found = []
        for _ in range(3):
            free = rng.normal(0, 1, FREE)
            point = sampled.state(free, *scales)
            missed = levels.seen - np.einsum("lij,il->lj", levels.root, point.level)
            missed_effects = effects.seen - effects.seen.mean(axis=0) - np.einsum("lij,il->lj", effects.root, point.effect)
            likelihood = -0.5 * (missed**2).sum() - 0.5 * (missed_effects**2).sum()
            found.append(sampled.density(sampled.values(free, *scales)) + likelihood + 0.5 * (free**2).sum())
        np.testing.assert_allclose(found, found[0], rtol=1e-7)


def test_without_pooling_the_density_is_that_of_the_priors(base) -> None:
    cells = assign_cells(base(industry=["a", "b"]), ())
    with pm.Model(coords={"coordinate": ["m", "n"]}) as model:
        coordinates = pooled_coordinates(PRIORS, cells)
    at = np.array([0.3, -0.7])
    assert model.compile_logp(mode="FAST_COMPILE")({"population": at}) == pytest.approx(stats.norm(PRIORS.mean, PRIORS.sd).logpdf(at).sum())
    assert coordinates.eval({model["population"]: at}).tolist() == [[0.3], [-0.7]]


def test_a_population_alone_has_the_same_density(base) -> None:
    cells = assign_cells(base(industry=["a", "b"]), ())
    alone = known(1, (0.05, 0.4), shared=False, seed=7)
    with pm.Model(coords={"coordinate": ["m", "n"]}) as model:
        pooled_coordinates(PRIORS, cells, [alone])
    log_density = model.compile_logp(mode="FAST_COMPILE")
    population = model.compile_fn(model["population"], inputs=[model["population_free"]], mode="FAST_COMPILE")
    information = alone.root[0] @ alone.root[0].T + np.diag(np.array(PRIORS.sd) ** -2.0)
    mean = np.linalg.solve(information, alone.root[0] @ alone.seen[0] + np.array(PRIORS.mean) * np.array(PRIORS.sd) ** -2.0)
    for free in np.random.default_rng(3).normal(0, 2, (5, 2)):
        at = population({"population_free": free})
        # standard normal by the estimates
        assert (at - mean) @ information @ (at - mean) == pytest.approx(free @ free, rel=1e-8)
        expected = stats.norm(PRIORS.mean, PRIORS.sd).logpdf(at).sum() - 0.5 * np.linalg.slogdet(information)[1]
        assert log_density({"population_free": free}) == pytest.approx(expected, rel=1e-9)


# levels seen and unseen -----------------------------------------------------------------------------------------------------------------


def posterior_of(cells: Cells, draws=2, chains=2, seed=0) -> xr.Dataset:
    """A made-up posterior with the variables that a fit leaves."""
    rng = np.random.default_rng(seed)
    population = rng.normal([1.0, -2.0], 0.3, (chains, draws, 2))
    variables = {"population": (("chain", "draw", "coordinate"), population)}
    coords = {"chain": np.arange(chains), "draw": np.arange(draws), "coordinate": ["m", "n"]}
    for k, factor in enumerate(cells.factors):
        scale = np.abs(rng.normal([0.4, 0.2], 0.05, (chains, draws, 2)))
        deviation = scale[..., None] * rng.normal(0, 1, (chains, draws, 2, len(factor.levels)))
        level = population[..., None] + deviation if k == 0 else deviation - deviation.mean(axis=-1, keepdims=True)
        variables[f"{factor.dim}_scale"] = (("chain", "draw", "coordinate"), scale)
        variables[f"{factor.dim}_{'effect' if k else 'level'}"] = (("chain", "draw", "coordinate", factor.dim), level)
        coords[factor.dim] = list(factor.levels)
    return xr.Dataset(variables, coords=coords)


def stacked(posterior: xr.Dataset, name: str, chosen: np.ndarray) -> np.ndarray:
    values = posterior[name].to_numpy()
    return values.reshape(-1, *values.shape[2:])[chosen]


def test_known_levels_are_those_of_the_posterior(base) -> None:
    fitted = assign_cells(base(industry=["a", "b", "c"]), ("industry",))
    posterior = posterior_of(fitted, draws=50)
    chosen = np.random.default_rng(1).permutation(100)
    now = assign_cells(base(industry=["c", "a", "c"]), ("industry",))
    found = cell_coordinates(posterior, now, chosen, seed=3)
    np.testing.assert_allclose(found, stacked(posterior, "industry_level", chosen)[:, :, [0, 2]], rtol=1e-12)


def test_without_pooling_all_have_the_population(base) -> None:
    cells = assign_cells(base(industry=["a", "b"]), ())
    posterior = posterior_of(cells, draws=50)
    found = cell_coordinates(posterior, cells, np.arange(100), seed=3)
    assert np.array_equal(found[:, :, 0], stacked(posterior, "population", np.arange(100)))


def test_two_factors_add_up_also_where_their_combination_is_new(base) -> None:
    fitted = assign_cells(base(industry=["a", "b"], channel=["x", "y"]), ("industry", "channel"))
    posterior = posterior_of(fitted, draws=50)
    now = assign_cells(base(industry=["a", "b"], channel=["y", "x"]), ("industry", "channel"))
    found = cell_coordinates(posterior, now, np.arange(100), seed=3)
    level, effect = (stacked(posterior, name, np.arange(100)) for name in ("industry_level", "channel_effect"))
    np.testing.assert_allclose(found[:, :, 0], level[:, :, 0] + effect[:, :, 1], rtol=1e-12)
    np.testing.assert_allclose(found[:, :, 1], level[:, :, 1] + effect[:, :, 0], rtol=1e-12)


def test_a_level_unseen_by_the_fit_is_drawn_from_the_hierarchy(base) -> None:
    fitted = assign_cells(base(industry=["a", "b"], channel=["x", "y"]), ("industry", "channel"))
    posterior = posterior_of(fitted, draws=4000)
    now = assign_cells(base(industry=["new", "a", "newer"], channel=["x", "fresh", "x"]), ("industry", "channel"))
    chosen = np.random.default_rng(1).permutation(8000)
    found = cell_coordinates(posterior, now, chosen, seed=3)
    population, level = (stacked(posterior, name, chosen) for name in ("population", "industry_level"))
    effect = stacked(posterior, "channel_effect", chosen)
    place = dict(zip(map(tuple, np.stack([factor.level_of_cell for factor in now.factors], axis=1).tolist()), range(3), strict=True))
    # levels are sorted: a, new, newer and fresh, x
    new = (found[:, :, place[1, 1]] - population - effect[:, :, 0]) / stacked(posterior, "industry_scale", chosen)
    newer = (found[:, :, place[2, 1]] - population - effect[:, :, 0]) / stacked(posterior, "industry_scale", chosen)
    fresh = (found[:, :, place[0, 0]] - level[:, :, 0]) / stacked(posterior, "channel_scale", chosen)
    for drawn in (new, newer, fresh):
        for coordinate in range(2):
            assert stats.kstest(drawn[:, coordinate], stats.norm.cdf).pvalue > 0.01
        assert abs(np.corrcoef(drawn.T)[0, 1]) < 4 / np.sqrt(8000)
    for one, other in ((new, newer), (new, fresh)):
        assert abs(np.corrcoef(one[:, 0], other[:, 0])[0, 1]) < 4 / np.sqrt(8000)


def test_an_unseen_level_depends_on_the_seed_and_its_name_alone(base) -> None:
    posterior = posterior_of(assign_cells(base(industry=["a", "b"]), ("industry",)), draws=50)
    alone = cell_coordinates(posterior, assign_cells(base(industry=["new"]), ("industry",)), np.arange(100), seed=3)
    among = cell_coordinates(posterior, assign_cells(base(industry=["a", "a new one", "new"]), ("industry",)), np.arange(100), seed=3)
    other = cell_coordinates(posterior, assign_cells(base(industry=["new"]), ("industry",)), np.arange(100), seed=4)
    assert np.array_equal(alone[:, :, 0], among[:, :, 2])
    assert not np.array_equal(alone, other)
