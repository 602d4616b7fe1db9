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
    estimate, error = rng.normal(0, 0.5, (2, levels)), np.array(errors)[:, None] * np.ones(levels)
    correlation = np.full(levels, 0.6) if shared else rng.uniform(-0.9, 0.9, levels)
    root = np.linalg.cholesky(np.array([[[1, rho], [rho, 1]] for rho in correlation]))
    if shared:
        return LevelEstimates(estimate - estimate.mean(axis=1, keepdims=True), error, root)
    return LevelEstimates(estimate, error * rng.uniform(0.5, 2, levels), root)


ERRORS = {"well known": (0.01, 0.02), "hardly known": (3.0, 20.0), "partly known": (0.02, 3.0)}
WAYS = {"plain": None} | {
    name: (known(LEVELS, errors, shared=False, seed=1), known(EFFECTS, errors, shared=True, seed=2)) for name, errors in ERRORS.items()
}


def correlated(root, values) -> np.ndarray:
    return np.stack([of_level @ column for of_level, column in zip(root, values.T, strict=True)], axis=1)


def point_of(values: dict[str, np.ndarray], way: str) -> tuple[Point, float]:
    """The state of the hierarchy that the sampled variables stand for, and the log of the Jacobian of the step from them to it."""
    scale, effect_scale = values["industry_scale"], values["channel_scale"]
    z, effect_z = values["industry_free"], values["channel_free"]
    if WAYS[way] is None:
        population = np.array(PRIORS.mean) + np.array(PRIORS.sd) * values["population_free"]
        jacobian = np.log(PRIORS.sd).sum() + LEVELS * np.log(scale).sum() + (EFFECTS - 1) * np.log(effect_scale).sum()
        level, effect = population[:, None] + scale[:, None] * z, effect_scale[:, None] * effect_z
        return Point(population, scale, level, effect_scale, effect), float(jacobian)
    levels, effects = WAYS[way]
    # by Bayes' rule for normals, one coordinate and level at a time
    population, level, jacobian = np.zeros(2), np.zeros((2, LEVELS)), 0.0
    mixed, effect_mixed = correlated(levels.root, z), correlated(effects.root, effect_z)
    effect = np.zeros((2, EFFECTS))
    for j in range(2):
        variances = scale[j] ** 2 + levels.error[j] ** 2
        variance = 1 / (PRIORS.sd[j] ** -2 + (1 / variances).sum())
        centre = variance * (PRIORS.mean[j] / PRIORS.sd[j] ** 2 + (levels.estimate[j] / variances).sum())
        population[j] = centre + np.sqrt(variance) * values["population_free"][j]
        jacobian += 0.5 * np.log(variance)
        for level_of in range(LEVELS):
            width = 1 / (scale[j] ** -2 + levels.error[j, level_of] ** -2)
            mean = width * (population[j] / scale[j] ** 2 + levels.estimate[j, level_of] / levels.error[j, level_of] ** 2)
            level[j, level_of] = mean + np.sqrt(width) * mixed[j, level_of]
            jacobian += 0.5 * np.log(width)
        width = 1 / (effect_scale[j] ** -2 + effects.error[j, 0] ** -2)
        effect[j] = width * effects.estimate[j] / effects.error[j, 0] ** 2 + np.sqrt(width) * effect_mixed[j]
        jacobian += (EFFECTS - 1) * 0.5 * np.log(width)
    jacobian += np.linalg.slogdet(levels.root)[1].sum() + (EFFECTS - 1) * np.linalg.slogdet(effects.root[0])[1]
    return Point(population, scale, level, effect_scale, effect), float(jacobian)


def random_values(rng) -> dict[str, np.ndarray]:
    effect = rng.normal(0, 1, (2, EFFECTS))
    return {
        "population_free": rng.normal(0, 1, 2),
        "industry_scale": rng.uniform(0.05, 1.2, 2),
        "industry_free": rng.normal(0, 1, (2, LEVELS)),
        "channel_scale": rng.uniform(0.05, 0.6, 2),
        "channel_free": effect - effect.mean(axis=1, keepdims=True),
    }


def model_in(cells: Cells, way: str) -> pm.Model:
    with pm.Model(coords={"coordinate": ["m", "n"]} | {factor.dim: list(factor.levels) for factor in cells.factors}) as model:
        pm.Deterministic("coordinates", pooled_coordinates(PRIORS, cells, WAYS[way]))
    return model


@pytest.mark.parametrize("way", WAYS)
def test_in_all_variables_the_density_is_the_same(way, crossed) -> None:
    model = model_in(crossed, way)
    # of the variables themselves: the sampler's own transforms are PyMC's affair
    log_density = model.compile_logp(jacobian=False, mode="FAST_COMPILE")
    outputs = model.replace_rvs_by_values([model[name] for name in ("population", "industry_level", "channel_effect", "coordinates")])
    outcome = model.compile_fn(outputs, inputs=model.value_vars, mode="FAST_COMPILE", on_unused_input="ignore")
    rng = np.random.default_rng(11)
    for _ in range(5):
        values = random_values(rng)
        point, jacobian = point_of(values, way)
        at = {}
        for variable in model.free_RVs:
            transform, value = model.rvs_to_transforms[variable], values[variable.name]
            inner = value if transform is None else transform.forward(pt.as_tensor(value), *variable.owner.inputs).eval()
            at[model.rvs_to_values[variable].name] = np.asarray(inner)
        assert log_density(at) - jacobian == pytest.approx(by_definition(point), rel=1e-10)
        population, level, effect, coordinates = outcome(at)
        np.testing.assert_allclose(population, point.population, rtol=1e-12)
        np.testing.assert_allclose(level, point.level, rtol=1e-12)
        np.testing.assert_allclose(effect, point.effect, atol=1e-12)
        industry, channel = (factor.level_of_cell for factor in crossed.factors)
        np.testing.assert_allclose(coordinates, point.level[:, industry] + point.effect[:, channel], rtol=1e-10)


def test_without_pooling_the_density_is_that_of_the_priors(base) -> None:
    cells = assign_cells(base(industry=["a", "b"]), ())
    with pm.Model(coords={"coordinate": ["m", "n"]}) as model:
        coordinates = pooled_coordinates(PRIORS, cells)
    at = np.array([0.3, -0.7])
    assert model.compile_logp(mode="FAST_COMPILE")({"population": at}) == pytest.approx(stats.norm(PRIORS.mean, PRIORS.sd).logpdf(at).sum())
    assert coordinates.eval({model["population"]: at}).tolist() == [[0.3], [-0.7]]


def test_a_population_alone_has_the_same_density_but_for_a_constant(base) -> None:
    cells = assign_cells(base(industry=["a", "b"]), ())
    root = np.linalg.cholesky(np.array([[[1.0, -0.7], [-0.7, 1.0]]]))
    alone = LevelEstimates(np.array([[0.3], [1.2]]), np.array([[0.05], [0.4]]), root)
    with pm.Model(coords={"coordinate": ["m", "n"]}) as model:
        pooled_coordinates(PRIORS, cells, [alone])
    log_density = model.compile_logp(mode="FAST_COMPILE")
    population = model.compile_fn(model["population"], inputs=[model["population_free"]], mode="FAST_COMPILE")
    constants = []
    for free in np.random.default_rng(3).normal(0, 2, (5, 2)):
        at = population({"population_free": free})
        np.testing.assert_allclose(at, alone.estimate[:, 0] + alone.error[:, 0] * (root[0] @ free), rtol=1e-12)
        constants.append(log_density({"population_free": free}) - stats.norm(PRIORS.mean, PRIORS.sd).logpdf(at).sum())
    np.testing.assert_allclose(constants, constants[0], rtol=1e-10)


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
