"""A made-up B2B company whose true parameters are known: to try the toolkit on, and to test whether it finds the truth.

The story is that of the models. Customers arrive over the years, each with an industry, a channel and a country, buy for the first time on
the day they arrive, and after every purchase (the first one too) leave for good with a dropout probability of their own. Until then they
buy at a rate of their own, in a time that runs faster in busy months, and spend gamma distributed amounts around a mean of their own.
On top lies what real order tables hold: several lines an order, credit notes, cash sales without a customer, double rows.
"""

import os
from dataclasses import dataclass
from datetime import date, datetime
from numbers import Integral, Real
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from clvbayes.errors import ArgumentError
from clvbayes.synthetic.contracts import ContractTruth, make_contracts

__all__ = ["Company", "ContractTruth", "Truth", "company"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Over ten seeds at the default size a tenth of the customers brings .62 of the revenue (.58 to .66), and a mean order is 1,480 EUR.
_INDUSTRIES = pd.DataFrame(
    {
        "share": [0.22, 0.24, 0.16, 0.20, 0.18],
        "orders_a_year": [11.0, 15.0, 9.0, 17.0, 12.0],
        "shape": [1.0, 0.8, 1.2, 0.8, 0.9],
        "dropout": [0.05, 0.10, 0.04, 0.13, 0.08],
        "concentration": [7.0, 4.0, 8.0, 4.0, 5.0],
        "mean": [1700.0, 900.0, 2800.0, 600.0, 1300.0],
        "cv_within": [0.60, 0.50, 0.65, 0.45, 0.55],
        "cv_between": [1.4, 1.2, 1.4, 1.2, 1.4],
    },
    index=pd.Index(["construction", "retail", "machinery", "hospitality", "healthcare"], name="industry"),
)
_CHANNELS = pd.Index(["referral", "fair", "partner", "search"], name="channel")
# One row an industry: channels are mixed differently, so that a plain comparison of channels misleads and an additive model does not.
_CHANNEL_SHARES = np.array(
    [[0.30, 0.30, 0.25, 0.15], [0.15, 0.15, 0.25, 0.45], [0.25, 0.45, 0.20, 0.10], [0.15, 0.10, 0.25, 0.50], [0.30, 0.25, 0.20, 0.25]]
)
_COUNTRIES = {"DE": 0.60, "AT": 0.25, "CH": 0.15}
_PRODUCTS = {"filters": 0.24, "tools": 0.20, "spare parts": 0.17, "cleaning": 0.13, "safety": 0.10, "lighting": 0.08, "storage": 0.08}
_LINE_COUNTS = [0.35, 0.30, 0.20, 0.15]
_DAYS_OF_MONTHS = [31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
_BUSIEST_MONTH = 11
_GROWTH = 0.4  # newcomers a day at the end of the years, over those at their beginning, less one
_CASH_SALE = 0.25  # mean cash sale over mean order
_FIRST_CUSTOMER = np.array([60.0, 900.0, 350.0, 300.0])  # EUR, by channel: what the first one costs
_TOPS = 1.6  # times the busiest month's wins
_STREAMS = ("arrival", "purchases", "spend", "lines", "returns", "cash", "duplicates", "contracts")


@dataclass(frozen=True)
class Truth:
    """What the company was made from, in the coordinates that the models estimate.

    A customer of industry `i` and channel `c` has the coordinates ``purchases.loc[i] + purchases_by_channel.loc[c]`` and
    ``spend.loc[i] + spend_by_channel.loc[c]``. Countries differ in nothing.

    Attributes
    ----------
    purchases : pandas.DataFrame
        MBG/NBD by industry: `log_rate` (of the mean purchases per week), `log_shape`, `logit_dropout`, `log_concentration`.
    spend : pandas.DataFrame
        Gamma-Gamma by industry: `log_mean` (EUR an order), `log_cv_within`, `log_cv_between`.
    purchases_by_channel, spend_by_channel : pandas.DataFrame
        What a channel adds to each coordinate. Channels add up to zero; only rate, dropout and mean differ at all.
    season : pandas.Series
        By month of the year: the factor on every purchase rate. It averages one over the days of a year.
    customers : pandas.DataFrame
        One row a customer: `customer_id`, `industry`, `channel`, `country`, `acquired` (day of the first order), `rate` (purchases per week
        while active), `dropout` (probability of leaving after a purchase), `expected_spend` (EUR an order) and `died`, the day of the last
        purchase of a customer that has left, missing for those still active.
    responses : pandas.DataFrame
        By channel: `top`, the most customers a month that money wins, and `scale` (EUR): a spend b wins ``top (1 - exp(-b / scale))``.
    contracts : ContractTruth
        What contracts were made from.
    """

    purchases: pd.DataFrame
    spend: pd.DataFrame
    purchases_by_channel: pd.DataFrame
    spend_by_channel: pd.DataFrame
    season: "pd.Series[float]"
    customers: pd.DataFrame
    responses: pd.DataFrame
    contracts: ContractTruth


@dataclass(frozen=True)
class Company:
    """A made-up company: its order lines, and the truth behind them.

    Attributes
    ----------
    orders : pandas.DataFrame
        Order lines by date, then order id: `order_id` (O: order, R: credit note of the order with the same number, K: cash sale),
        `customer_id` (missing on cash sales), `date`, `product`, `amount` (EUR, to the cent, negative on credit notes), `is_return`,
        `returned_order` (missing unless `is_return`), `industry`, `channel`, `country`.
    truth : Truth
        The parameters of the population and the latent values of each customer.
    acquisition : pandas.DataFrame
        One row a month and channel: `month` (its first day), `channel`, `spend` (EUR) and `won` (customers). A month's spend is what
        brings as many customers as are to be expected, by ``truth.responses``.
    contracts : pandas.DataFrame
        One row a term of a contract, by start: `contract_id`, `customer_id`, `start`, `end` (its last day), `term_months` (1, 12 or 24),
        `monthly_amount` (EUR), `billing_months`, `cancelled_on` (day of notice, missing where there was none), `industry`, `channel`,
        `country`. Two of five customers have one, beside their orders; some come back with another one after they left.
    """

    orders: pd.DataFrame
    truth: Truth
    acquisition: pd.DataFrame
    contracts: pd.DataFrame

    def write(self, folder: str | os.PathLike[str]) -> Path:
        """Write ``orders.csv`` and ``contracts.csv`` (UTF-8, comma, ISO dates) into a folder, which is made if need be, each whole or not
        at all.

        Parameters
        ----------
        folder : path
            Where to write. Older files of these names are replaced.

        Returns
        -------
        pathlib.Path
            The orders' file; the contracts' lies beside it.
        """
        place = Path(folder)
        if place.exists() and not place.is_dir():
            raise ArgumentError(f"folder must be a directory or not exist yet, got the file {str(place)!r}")
        place.mkdir(parents=True, exist_ok=True)
        _write_csv(self.contracts, place / "contracts.csv")
        return _write_csv(self.orders, place / "orders.csv")


def _write_csv(frame: pd.DataFrame, target: Path) -> Path:
    aside = target.parent / f".{target.name}.{os.getpid()}"
    try:
        frame.to_csv(aside, index=False, float_format="%.2f", date_format="%Y-%m-%d", encoding="utf-8", lineterminator="\n")
        os.replace(aside, target)
    finally:
        aside.unlink(missing_ok=True)
    return target


def company(
    *,
    customers: int = 1500,
    seed: int,
    years: float = 4.0,
    until: date = date(2025, 12, 31),
    seasonality: float = 0.3,
    return_share: float = 0.04,
    anonymous_share: float = 0.03,
    duplicate_share: float = 0.001,
) -> Company:
    """Make up a B2B company with known truth.

    Parameters
    ----------
    customers : int
        Number of customers ever acquired. They arrive throughout the years, towards the end somewhat more of them.
    seed : int
        The same seed gives the same bytes.
    years : float
        Length of the history, from 0.1 to 50.
    until : datetime.date
        Its last day. Nothing happens later: a credit note that would come later is not yet in the table.
    seasonality : float
        Swing of the purchase rates over the year around their mean, from 0 (none) to below 1; November is busiest.
    return_share : float
        Share of orders of which 5 to 40 days later one line is credited, half of them in full.
    anonymous_share : float
        Share of the money sold (before credit notes) that is cash sales without a customer id. Each carries the segments of a random order.
    duplicate_share : float
        Share of customers' order lines that stand in the table twice.

    Returns
    -------
    Company
        Order lines and truth.

    Notes
    -----
    With ``seasonality=0`` purchases are exactly MBG/NBD, and with the three shares at 0 nothing but the story is in the table: then
    repeat orders by ``T = until - acquired`` and the amounts of orders recover `truth`. Times are rounded to days; a purchase on a
    day on which the customer has bought already moves to the next free day, so that days with an order count purchases.

    Each part of the story draws from its own random stream, so a share set to 0 leaves all other lines as they are.

    Examples
    --------
    >>> made = company(customers=200, seed=7)
    >>> made.orders["customer_id"].nunique()
    200
    >>> made.truth.purchases.columns.tolist()
    ['log_rate', 'log_shape', 'logit_dropout', 'log_concentration']
    >>> bool(company(customers=200, seed=7, return_share=0).orders["is_return"].any())
    False
    """
    _check_arguments(customers, seed, years, until, seasonality, return_share, anonymous_share, duplicate_share)
    seeds = np.random.SeedSequence(int(seed)).spawn(len(_STREAMS))
    stream = {name: np.random.default_rng(child) for name, child in zip(_STREAMS, seeds, strict=True)}
    days = pd.date_range(end=until, periods=round(365.25 * years), freq="D")
    season = _season(seasonality)
    purchases, spend, purchases_by_channel, spend_by_channel = _population()

    people = _arrivals(customers, len(days), stream["arrival"])
    story = purchases.loc[people["industry"]].to_numpy() + purchases_by_channel.loc[people["channel"]].to_numpy()
    money = spend.loc[people["industry"]].to_numpy() + spend_by_channel.loc[people["channel"]].to_numpy()
    weeks = np.cumsum(season.to_numpy()[days.month.to_numpy() - 1]) / 7
    orders, habits = _purchases(people["day"].to_numpy(), story, weeks, stream["purchases"])
    orders["amount"], expected_spend = _amounts(orders["person"].to_numpy(), money, stream["spend"])

    sold = _lines(orders.sort_values(["day", "person"], ignore_index=True), stream["lines"])
    credited = _credit_notes(sold, return_share, len(days), stream["returns"])
    cash = _cash_sales(sold, anonymous_share, stream["cash"])
    doubled = sold[stream["duplicates"].random(len(sold)) < duplicate_share]

    calendar = pd.Series(days)
    known = people.drop(columns="day").assign(acquired=calendar.reindex(people["day"]).to_numpy(), rate=habits["rate"])
    known = known.assign(dropout=habits["dropout"], expected_spend=expected_spend, died=calendar.reindex(habits["died"]).to_numpy())
    table = _table(pd.concat([sold, credited, cash, doubled]), known, days)
    acquisition, responses = _acquisition(known, days)
    contracts, contract_truth = make_contracts(known, days, stream["contracts"])
    truth = Truth(purchases, spend, purchases_by_channel, spend_by_channel, season, known, responses, contract_truth)
    return Company(table, truth, acquisition, contracts)


def _acquisition(known: pd.DataFrame, days: pd.DatetimeIndex) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What was spent on each channel in each month, and the curves by which it won whom it did."""
    months = pd.Index(days.to_period("M").unique())
    density = pd.Series(1 + _GROWTH * (np.arange(len(days)) + 0.5) / len(days), index=days.to_period("M"))
    by_month = density.groupby(level=0).sum() / density.sum()
    of_channel = _INDUSTRIES["share"].to_numpy() @ _CHANNEL_SHARES
    expected = len(known) * np.outer(by_month.loc[months], of_channel)
    top = _TOPS * expected.max(axis=0)
    scale = _FIRST_CUSTOMER * top
    spend = -scale * np.log1p(-expected / top)
    counted = known.groupby([known["acquired"].dt.to_period("M"), "channel"]).size()
    won = counted.reindex(pd.MultiIndex.from_product([months, _CHANNELS]), fill_value=0).to_numpy()
    rows = pd.DataFrame({"month": months.repeat(len(_CHANNELS)).to_timestamp(), "channel": np.tile(_CHANNELS, len(months))})
    rows = rows.assign(spend=np.round(spend.ravel(), 2), won=won)
    return rows, pd.DataFrame({"top": top, "scale": scale}, index=_CHANNELS)


def _check_arguments(customers: object, seed: object, years: object, until: object, seasonality: object, *shares: object) -> None:
    for name, whole, least in (("customers", customers, 1), ("seed", seed, 0)):
        if not isinstance(whole, Integral) or isinstance(whole, bool) or whole < least:
            raise ArgumentError(f"{name} must be a whole number of at least {least}, got {whole!r}")
    limits = [("years", years, 0.1, 50.0), ("seasonality", seasonality, 0.0, 0.99)]
    names = ("return_share", "anonymous_share", "duplicate_share")
    limits += [(name, share, 0.0, 0.5) for name, share in zip(names, shares, strict=True)]
    for name, number, low, high in limits:
        if not isinstance(number, Real) or isinstance(number, bool) or not low <= float(number) <= high:
            raise ArgumentError(f"{name} must be a number from {low:g} to {high:g}, got {number!r}")
    if not isinstance(until, date) or isinstance(until, datetime) or not 1950 <= until.year <= 2200:
        raise ArgumentError(f"until must be a day from 1950 to 2200 such as datetime.date(2025, 12, 31), without a time, got {until!r}")


def _season(seasonality: float) -> "pd.Series[float]":
    months = np.arange(1, 13)
    factor = 1 + seasonality * np.cos(2 * np.pi * (months - _BUSIEST_MONTH) / 12)
    return pd.Series(factor / np.average(factor, weights=_DAYS_OF_MONTHS), index=pd.Index(months, name="month"), name="factor")


def _population() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    industry = _INDUSTRIES
    rate, dropout = industry["orders_a_year"] * 7 / 365.25, industry["dropout"]
    purchases = pd.DataFrame({"log_rate": np.log(rate), "log_shape": np.log(industry["shape"])})
    purchases["logit_dropout"] = np.log(dropout / (1 - dropout))
    purchases["log_concentration"] = np.log(industry["concentration"])
    spend = pd.DataFrame({f"log_{name}": np.log(industry[name]) for name in ("mean", "cv_within", "cv_between")})
    on_purchases = pd.DataFrame(0.0, index=_CHANNELS, columns=purchases.columns)
    on_purchases["log_rate"] = [0.15, 0.05, 0.0, -0.2]
    on_purchases["logit_dropout"] = [-0.35, -0.05, 0.05, 0.35]
    on_spend = pd.DataFrame(0.0, index=_CHANNELS, columns=spend.columns)
    on_spend["log_mean"] = [0.05, 0.20, -0.05, -0.20]
    return purchases, spend, on_purchases, on_spend


def _arrivals(customers: int, days: int, rng: np.random.Generator) -> pd.DataFrame:
    arrived = (np.sqrt(1 + _GROWTH * (2 + _GROWTH) * rng.random(customers)) - 1) / _GROWTH  # density proportional to 1 + _GROWTH * time
    industry = rng.choice(len(_INDUSTRIES), size=customers, p=_INDUSTRIES["share"].to_numpy())
    channel = (rng.random(customers)[:, None] > np.cumsum(_CHANNEL_SHARES, axis=1)[industry, :-1]).sum(axis=1)
    country = rng.choice(list(_COUNTRIES), size=customers, p=list(_COUNTRIES.values()))
    people = pd.DataFrame({"customer_id": [f"C{number:06d}" for number in range(1, customers + 1)]})
    people["day"] = np.sort((arrived * days).astype(np.int64))
    return people.assign(industry=_INDUSTRIES.index.take(industry), channel=_CHANNELS.take(channel), country=country.astype(object))


def _purchases(start: Ints, story: Floats, weeks: Floats, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw the days on which each person buys; and by person rate, dropout probability and day of the last purchase (-1: not left yet)."""
    log_rate, log_shape, logit_dropout, log_concentration = story.T
    shape, concentration, odds = np.exp(log_shape), np.exp(log_concentration), np.exp(logit_dropout)
    rate = rng.gamma(shape) * np.exp(log_rate) / shape
    dropout = rng.beta(concentration * odds / (1 + odds), concentration / (1 + odds))
    last = rng.geometric(dropout) - 1  # the turn after which the person leaves; 0 is the first purchase
    span = weeks[-1] - weeks[start]
    # A Poisson number of uniform times, of which those after `last` never happen, is the same law as exponential waiting times.
    repeats = rng.poisson(rate * span)
    person = np.repeat(np.arange(len(start)), repeats + 1)
    first = np.cumsum(repeats + 1) - repeats - 1
    time = weeks[start][person] + rng.random(len(person)) * span[person]
    time[first] = weeks[start]
    time = time[np.lexsort((time, person))]
    turn = np.arange(len(person)) - first[person]
    happens = turn <= last[person]
    person, time, turn = person[happens], time[happens], turn[happens]

    # To the nearest day: log_rate fits .0007 below what exact times give. Rounded up, recency is half a day long, and it fits .008 low.
    day = np.searchsorted((weeks[:-1] + weeks[1:]) / 2, time)
    apart = person * (len(weeks) + int(turn.max()) + 1)  # keeps the running maximum from reaching into the next person
    day = np.maximum.accumulate(day - turn + apart) - apart + turn
    seen = day < len(weeks)
    person, day, turn = person[seen], day[seen], turn[seen]
    died = np.full(len(start), -1)
    died[person[turn == last[person]]] = day[turn == last[person]]
    return pd.DataFrame({"person": person, "day": day}), pd.DataFrame({"rate": rate, "dropout": dropout, "died": died})


def _amounts(person: Ints, money: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw the amount of each order, and by person the mean of its orders."""
    mean, cv_within, cv_between = np.exp(money.T)
    p, q = cv_within**-2, 2 + cv_between**-2
    expected = mean * (q - 1) / rng.gamma(q)
    return np.asarray(rng.gamma(p[person]) * (expected / p)[person]), expected


def _lines(orders: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Split every order into one to four lines of different products that add up to its amount, in cents."""
    most = len(_LINE_COUNTS)
    count = rng.choice(np.arange(1, most + 1), size=len(orders), p=_LINE_COUNTS)
    used = np.arange(most) < count[:, None]
    weight = np.where(used, rng.exponential(size=used.shape), 0.0)
    # Gumbel noise on log popularity: the largest few are a sample without replacement, so only duplicates ever look like duplicates.
    wish = np.log(list(_PRODUCTS.values())) + rng.gumbel(size=(len(orders), len(_PRODUCTS)))
    product = np.argsort(-wish, axis=1)[:, :most]
    total = np.maximum(np.rint(100 * orders["amount"].to_numpy()).astype(np.int64), most)
    upto = np.cumsum(weight, axis=1)
    upto /= upto[:, -1:]  # exactly one from the last line on, so no cent is lost
    spare = np.floor((total - count)[:, None] * upto).astype(np.int64)  # beyond the one cent that each line has at least
    cents = np.diff(spare, axis=1, prepend=0) + used
    order, line = np.nonzero(used)
    lines = orders.loc[order, ["person", "day"]].assign(kind="O", number=order + 1, line=line, product=product[used], cents=cents[used])
    return lines.reset_index(drop=True)


def _credit_notes(sold: pd.DataFrame, share: float, days: int, rng: np.random.Generator) -> pd.DataFrame:
    notes = sold[sold["line"] == 0]
    drawn, later = rng.random(len(notes)) < share, rng.integers(5, 41, size=len(notes))
    part = np.where(rng.random(len(notes)) < 0.5, 1.0, rng.uniform(0.1, 0.9, size=len(notes)))
    cents = -np.ceil(part * notes["cents"].to_numpy()).astype(np.int64)
    notes = notes.assign(kind="R", day=notes["day"] + later, cents=cents)
    return notes[drawn & (notes["day"] < days).to_numpy()]


def _cash_sales(sold: pd.DataFrame, share: float, rng: np.random.Generator) -> pd.DataFrame:
    cents = share / (1 - share) * sold["cents"].sum()
    sales = int(np.ceil(cents / (_CASH_SALE * sold["cents"].sum() / sold["number"].max())))
    like = np.sort(rng.integers(len(sold), size=sales))  # a cash sale falls on the day of some order: trade has one season
    size = rng.gamma(2.0, size=sales)
    amount = np.maximum(np.rint(cents * size / size.sum()), 1).astype(np.int64)
    return sold.iloc[like].assign(kind="K", number=np.arange(1, sales + 1), line=0, cents=amount)


def _table(lines: pd.DataFrame, known: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
    lines = lines.sort_values(["day", "kind", "number", "line"], ignore_index=True)
    width = max(7, len(str(lines["number"].max())))  # one width, so that ids sort as text as they do as numbers
    number = pd.Series([f"{number:0{width}d}" for number in lines["number"]], dtype="str")
    customer = known.iloc[lines["person"]].reset_index(drop=True)
    return pd.DataFrame(
        {
            "order_id": lines["kind"].astype("str") + number,
            "customer_id": customer["customer_id"].mask(lines["kind"] == "K"),
            "date": days.take(lines["day"].to_numpy()),
            "product": pd.Index(_PRODUCTS).take(lines["product"].to_numpy()),
            "amount": lines["cents"] / 100,
            "is_return": lines["kind"] == "R",
            "returned_order": ("O" + number).where(lines["kind"] == "R"),
            "industry": customer["industry"],
            "channel": customer["channel"],
            "country": customer["country"],
        }
    )
