"""Contracts of the made-up company: terms of a month, a year and two years, in the story of the models of renewals and of changes."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["ContractTruth", "make_contracts"]

Floats = npt.NDArray[np.float64]

_TERMS = pd.Index([1, 12, 24], name="term_months")
_TERM_SHARES = (0.3, 0.5, 0.2)
_BILLING = {1: 1, 12: 12, 24: 3}
_SIGNS, _SIGNS_AFTER = 0.4, 200.0  # share of customers with a contract, and after how many days on average
_PRICE = 0.15  # of a month, over the customer's mean order
_INDEXATION = 0.02
_TERMINATIONS = 0.002  # a month
_NOTICES, _NOTICE_DAYS = 0.8, 90  # share of those who leave that say so before, and how long before at most
_WON_BACK, _AWAY = 0.15, (3, 14)  # share of those who left, and months until they come back


@dataclass(frozen=True)
class ContractTruth:
    """What the contracts were made from, in the coordinates that the models estimate.

    A contract of industry `i` and term `t` has the coordinates ``renewals.loc[i] + renewals_by_term.loc[t]`` and
    ``changes.loc[i] + changes_by_term.loc[t]``.

    Attributes
    ----------
    renewals, renewals_by_term : pandas.DataFrame
        Beta-discrete-Weibull by industry and by term: `logit_churn`, `log_concentration`, `log_c`. Terms add up to zero.
    changes, changes_by_term : pandas.DataFrame
        Changes at renewal, likewise: `logit_change`, `logit_up`, `log_up`, `logit_sd_up`, `log_down`, `logit_sd_down`.
    indexation : float
        By how much all prices rise a year, at renewals.
    terminations : float
        Hazard a month to end within a term.
    contracts : pandas.DataFrame
        One row a contract: `contract_id`, `customer_id`, `industry`, `term_months`, `theta` (its probability not to be renewed at the first
        decision), `decision` (the one that it does not survive) and `won_back`.
    """

    renewals: pd.DataFrame
    renewals_by_term: pd.DataFrame
    changes: pd.DataFrame
    changes_by_term: pd.DataFrame
    indexation: float
    terminations: float
    contracts: pd.DataFrame


def make_contracts(known: pd.DataFrame, days: pd.DatetimeIndex, rng: np.random.Generator) -> tuple[pd.DataFrame, ContractTruth]:
    """Terms of the contracts that some customers sign after their first order, and their truth."""
    renewals, by_term, changes, changes_by_term = _population(pd.Index(sorted(known["industry"].unique()), name="industry"))
    signs = rng.random(len(known)) < _SIGNS
    signed = known["acquired"] + pd.to_timedelta(np.ceil(rng.exponential(_SIGNS_AFTER, len(known))), unit="D")
    month = _months(signed.to_numpy()) + 1
    term = rng.choice(_TERMS, size=len(known), p=_TERM_SHARES)
    last = int(_months(np.array([days[-1]], dtype="datetime64[s]"))[0])
    first = known.assign(month=month, term_months=term, won_back=False)[signs & (month <= last)]

    truths: list[pd.DataFrame] = []
    tables: list[pd.DataFrame] = []
    while len(first) or not truths:
        story = renewals.loc[first["industry"]].to_numpy() + by_term.loc[first["term_months"]].to_numpy()
        price_story = changes.loc[first["industry"]].to_numpy() + changes_by_term.loc[first["term_months"]].to_numpy()
        lives = _lives(story, first["term_months"].to_numpy(), rng)
        made = first.reset_index(drop=True).assign(theta=lives["theta"], decision=lives["decision"])
        made["contract"] = np.arange(len(made)) + sum(len(truth) for truth in truths)
        tables.append(_terms(made, lives["terminated"], price_story, days[-1], rng))
        truths.append(made)
        first = _come_back(made, tables[-1], last, rng)
    contracts, terms = pd.concat(truths, ignore_index=True), pd.concat(tables, ignore_index=True)
    names = pd.Series([f"V{number:06d}" for number in range(1, len(contracts) + 1)], dtype="str")
    columns = ["customer_id", "industry", "term_months", "theta", "decision", "won_back"]
    told = contracts[columns].assign(contract_id=names.to_numpy())[["contract_id", *columns]]
    return _table(terms, contracts, names), ContractTruth(renewals, by_term, changes, changes_by_term, _INDEXATION, _TERMINATIONS, told)


def _population(industries: pd.Index) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    steps = np.linspace(-1, 1, len(industries)) if len(industries) > 1 else np.zeros(1)
    renewals = pd.DataFrame({"logit_churn": -1.6 + 0.4 * steps, "log_concentration": 1.2 - 0.2 * steps, "log_c": 0.1}, index=industries)
    by_term = pd.DataFrame({"logit_churn": [-1.0, 0.3, 0.7], "log_concentration": 0.0, "log_c": 0.0}, index=_TERMS)
    size, sd = np.log(0.15), np.log(0.6 / (2.5 - 0.6))
    changes = pd.DataFrame({"logit_change": -1.2 + 0.3 * steps, "logit_up": 0.6 - 0.3 * steps}, index=industries)
    changes = changes.assign(log_up=size, logit_sd_up=sd, log_down=size - 0.2, logit_sd_down=sd)
    changes_by_term = pd.DataFrame(0.0, index=_TERMS, columns=changes.columns).assign(logit_change=[-1.5, 0.6, 0.9])
    return renewals, by_term, changes, changes_by_term


def _lives(story: Floats, term: npt.NDArray[np.int64], rng: np.random.Generator) -> dict[str, Floats]:
    """By contract: theta, the decision that it does not survive, and the month in which it would end within a term."""
    logit_churn, log_concentration, log_c = story.T
    share = 1 / (1 + np.exp(-logit_churn))
    theta = rng.beta(share * np.exp(log_concentration), (1 - share) * np.exp(log_concentration))
    risk = np.maximum(-np.log1p(-np.minimum(theta, 1 - 1e-12)), 1e-12)
    decision = np.ceil((rng.exponential(size=len(theta)) / risk) ** np.exp(-log_c))
    return {"theta": theta, "decision": decision, "terminated": rng.exponential(1 / _TERMINATIONS, len(theta))}


def _terms(made: pd.DataFrame, terminated: Floats, story: Floats, until: pd.Timestamp, rng: np.random.Generator) -> pd.DataFrame:
    """One row a term: of every contract until it ends, or until its running term."""
    month, term = made["month"].to_numpy(), made["term_months"].to_numpy()
    price = _PRICE * made["expected_spend"].to_numpy() * rng.lognormal(-0.125, 0.5, len(made))
    change, up, log_up, sd_up, log_down, sd_down = story.T
    rows: list[pd.DataFrame] = []
    number = 0
    alive = np.ones(len(made), dtype=bool)
    while alive.any() or not rows:
        start, following = (_first_days(month + (number + passed) * term) for passed in (0, 1))
        ends_within = terminated < (number + 1) * term
        leaves = number + 1 >= made["decision"].to_numpy()
        end = following - np.timedelta64(1, "D")
        early = start + np.floor((terminated - number * term) * 30.4).clip(0).astype("timedelta64[D]")
        notice = end - np.ceil(rng.random(len(made)) * np.minimum(_NOTICE_DAYS, 25 * term)).astype("timedelta64[D]")
        tells = leaves & ~ends_within & (rng.random(len(made)) < _NOTICES) & (notice <= np.datetime64(until, "D"))
        # who will end within the running term does not know yet
        happened = ends_within & (early <= np.datetime64(until, "D"))
        row = pd.DataFrame(
            {"contract": made["contract"], "start": start.astype("datetime64[s]"), "price": np.maximum(np.round(price, 2), 0.01)}
        )
        row["end"] = np.where(happened, np.minimum(early, end), end).astype("datetime64[s]")
        row["cancelled_on"] = pd.Series(notice.astype("datetime64[s]")).where(tells)
        rows.append(row[alive & (start <= np.datetime64(until, "D"))])
        alive &= ~ends_within & ~leaves & (end < np.datetime64(until, "D"))
        moves, upwards = rng.random(len(made)) < _logistic(change), rng.random(len(made)) < _logistic(up)
        noise = rng.standard_normal(len(made))
        larger = 1 + np.where(upwards, np.exp(log_up + 2.5 * _logistic(sd_up) * noise), np.exp(log_down + 2.5 * _logistic(sd_down) * noise))
        price = price * (1 + _INDEXATION) ** (term / 12) * np.where(moves, np.where(upwards, larger, 1 / larger), 1.0)
        number += 1
    return pd.concat(rows, ignore_index=True)


def _come_back(made: pd.DataFrame, terms: pd.DataFrame, last: int, rng: np.random.Generator) -> pd.DataFrame:
    """Customers who left, and some months later sign again."""
    last_day = terms.groupby("contract")["end"].max()
    ended = _months(last_day.loc[made["contract"]].to_numpy())
    month = ended + 1 + rng.integers(*_AWAY, size=len(made))
    again = (rng.random(len(made)) < _WON_BACK) & (ended < last) & (month <= last)
    first = made.drop(columns=["theta", "decision", "contract"]).assign(month=month, won_back=True)
    return pd.DataFrame(first[again])


def _table(terms: pd.DataFrame, contracts: pd.DataFrame, names: "pd.Series[str]") -> pd.DataFrame:
    terms = terms.sort_values(["start", "contract"], ignore_index=True)
    of_contract = contracts.iloc[terms["contract"]].reset_index(drop=True)
    return pd.DataFrame(
        {
            "contract_id": names.iloc[terms["contract"]].reset_index(drop=True),
            "customer_id": of_contract["customer_id"],
            "start": terms["start"],
            "end": terms["end"],
            "term_months": of_contract["term_months"],
            "monthly_amount": terms["price"],
            "billing_months": of_contract["term_months"].map(_BILLING),
            "cancelled_on": terms["cancelled_on"],
            "industry": of_contract["industry"],
            "channel": of_contract["channel"],
            "country": of_contract["country"],
        }
    )


def _months(days: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
    """Months since 1970."""
    return days.astype("datetime64[M]").astype(np.int64)


def _first_days(months: npt.NDArray[np.int64]) -> npt.NDArray[np.datetime64]:
    return months.astype("datetime64[M]").astype("datetime64[D]")


def _logistic(logit: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-logit)))
