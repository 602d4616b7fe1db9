"""What a newcomer brings beside what it costs, as the draws have it, and which level is better than which."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from made_up_base import BASES, Base, make_evidence
from report.blocks_of import table_of, text_of

from clvbayes.report import prose_en as words
from clvbayes.report.blocks import Table
from clvbayes.report.evidence import Evidence
from clvbayes.report.unit_economics_section import MOST_COMPARED, better_than, unit_economics
from clvbayes.valuation.valuation import MOMENTS, NEVER, Acquisition

LEVELS = {"channel": ("Search", "Fair", "Partner")}
BY = words.BY_COLUMN.format(column="channel")


def newcomers(means: list[float], costs: list[float], sd: float = 300.0, won: int = 400, draws: int = 500) -> xr.DataArray:
    rng = np.random.default_rng(5)
    mean = np.array(means) * rng.normal(1, 0.05, (draws, 1)) + rng.normal(0, 4, (draws, len(means)))
    moments = np.stack([mean, np.full_like(mean, sd**2), 0.4 * mean, 0.6 * mean], axis=-1)
    coords = {"level": sorted(LEVELS["channel"]), "moment": list(MOMENTS)}
    coords |= {"won_last_year": ("level", [won] * len(means)), "acquisition_cost": ("level", costs)}
    return xr.DataArray(moments, dims=("draw", "level", "moment"), coords=coords)


def with_newcomers(channel: xr.DataArray, payback: list[list[float]]) -> Evidence:
    """Levels in the order of the alphabet: Fair, Partner, Search."""
    evidence = make_evidence(Base(customers=90, draws=60, levels=LEVELS, small=()))
    everyone = channel.isel(level=[0]).assign_coords(level=["all customers"])
    shares = xr.DataArray(
        np.broadcast_to(payback, (channel.sizes["draw"], *np.shape(payback))),
        dims=("draw", "level", "period"),
        coords={"level": channel["level"].to_numpy(), "period": ["1", "2", "3", NEVER]},
    )
    acquisition = Acquisition(
        {"": everyone, "channel": channel}, {"": shares.isel(level=[0]).assign_coords(level=["all customers"]), "channel": shares}
    )
    return replace(evidence, valuation=replace(evidence.valuation, acquisition=acquisition))


PAYBACK = [[0.6, 0.2, 0.1, 0.1], [0.2, 0.2, 0.2, 0.4], [0.1, 0.1, 0.1, 0.7]]


def test_each_level_has_its_ratio_payback_and_loss() -> None:
    channel = newcomers([300.0, 200.0, 90.0], [100.0, 100.0, 100.0])
    evidence = with_newcomers(channel, PAYBACK)
    table = table_of(unit_economics(evidence), words.UNIT_TABLE.format(column=BY))
    rows = {row[0]: row[1:] for row in table.rows}
    frame = evidence.valuation.acquisition.to_frame().set_index("level")
    for place, name in enumerate(("Fair", "Partner", "Search")):
        worth, cost, net, band, ratio, low, high, half, never, _ = rows[name]
        mean = float(channel.isel(level=place).sel(moment="mean").mean())
        assert (worth, cost, net, ratio) == pytest.approx((mean, 100.0, mean - 100, mean / 100))
        assert (band.low, band.middle, band.high) == (low, ratio, high)
        assert (low, high) == pytest.approx((frame.loc[name, "not_yet_acquired_5"] / 100, frame.loc[name, "not_yet_acquired_95"] / 100))
        assert never == pytest.approx(PAYBACK[place][-1])
        assert half == words.NOT_HALF if name == "Search" else half.value == {"Fair": 1, "Partner": 3}[name]
    assert rows["Search"][-1].value == pytest.approx(frame.loc["Search", "p_loss"]) and rows["Search"][-1].value > 0.5


def test_better_than_is_what_simulated_batches_say() -> None:
    channel = newcomers([300.0, 280.0, 260.0], [100.0, 90.0, 40.0], won=100)
    rng = np.random.default_rng(9)
    net = (channel.sel(moment="mean") - channel["acquisition_cost"]).to_numpy()
    batches = net + rng.normal(0, 300 / np.sqrt(100), (4000, *net.shape))
    found = better_than(channel)
    for row, column in ((0, 1), (0, 2), (1, 2)):
        assert found[row, column] == pytest.approx((batches[..., row] > batches[..., column]).mean(), abs=0.003)
    assert np.allclose(found + found.T, 1)


def test_without_noise_the_draws_alone_decide() -> None:
    channel = newcomers([300.0, 299.0, 10.0], [0.0, 0.0, 0.0], sd=0.0)
    mean = channel.sel(moment="mean").to_numpy()
    assert better_than(channel)[0, 1] == pytest.approx((mean[:, 0] > mean[:, 1]).mean())
    assert better_than(channel)[0, 2] == 1


@pytest.mark.parametrize(("means", "clear"), [([300.0, 200.0, 100.0], True), ([200.0, 199.0, 100.0], False)])
def test_the_finding_says_whether_the_best_can_be_told_apart(means: list[float], clear: bool) -> None:
    section = unit_economics(with_newcomers(newcomers(means, [50.0] * 3), PAYBACK))
    table = table_of(section, words.BETTER_TABLE.format(column=BY))
    assert table.finding.startswith("Net of cost, newcomers of Fair bring most") and ("cannot be told apart" in table.finding) != clear
    assert [row[0] for row in table.rows] == [f"{place}  {name}" for place, name in ((1, "Fair"), (2, "Partner"), (3, "Search"))]
    assert all(row[1 + place] == words.NOT_COMPARED for place, row in enumerate(table.rows))


def test_losing_levels_are_counted() -> None:
    some = unit_economics(with_newcomers(newcomers([300.0, 200.0, 90.0], [100.0] * 3), PAYBACK))
    assert table_of(some, words.UNIT_TABLE.format(column=BY)).finding.startswith("In 1 of 3 levels")
    none = unit_economics(with_newcomers(newcomers([300.0, 200.0, 190.0], [100.0] * 3), PAYBACK))
    assert table_of(none, words.UNIT_TABLE.format(column=BY)).finding.startswith("All 3 levels")


def test_a_level_that_costs_nothing_is_named_beside_the_table() -> None:
    section = unit_economics(with_newcomers(newcomers([300.0, 200.0, 90.0], [100.0, 0.0, 100.0]), PAYBACK))
    assert {row[0] for row in table_of(section, words.UNIT_TABLE.format(column=BY)).rows} == {"Fair", "Search"}
    assert words.UNIT_FREE.format(levels="Partner") in text_of(section)


def test_small_levels_stand_in_no_table_and_many_in_a_square_of_the_largest() -> None:
    normal = make_evidence(replace(BASES["normal"], draws=60))
    counts = normal.customers.segments["industry"].value_counts()
    section = unit_economics(normal)
    assert not any(name in repr(section) for name in counts[counts < 5].index)
    names = tuple(f"Level {place:02d}" for place in range(20))
    many = unit_economics(make_evidence(Base(customers=400, draws=60, levels={"channel": names}, small=())))
    square = table_of(many, words.BETTER_TABLE.format(column=BY))
    assert len(square.rows) == MOST_COMPARED and f"the {MOST_COMPARED} levels of 20" in square.finding
    assert len(table_of(many, words.UNIT_TABLE.format(column=BY)).rows) == 20


def test_without_costs_it_says_how_to_give_them_and_without_newcomers_nothing() -> None:
    assert text_of(unit_economics(make_evidence(replace(BASES["undated"], draws=20)))) == words.UNIT_NO_COST
    assert unit_economics(make_evidence(replace(BASES["plain"], draws=20))) is None


def test_one_customer_has_unit_economics() -> None:
    section = unit_economics(make_evidence(Base(customers=1, draws=20, levels={"channel": ("A",)}, small=())))
    assert [block.title for block in section.blocks if isinstance(block, Table)] == [words.UNIT_TABLE_ALL]
