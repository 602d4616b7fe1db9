"""The valuation file: TOML, every key checked before anything is read."""

import difflib
import json
import re
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from clvbayes.data import TERM, TimeUnit
from clvbayes.decisions import Limit, Measure
from clvbayes.errors import SettingsError
from clvbayes.models import PURCHASES
from clvbayes.valuation.economics import Economics

__all__ = ["Settings", "SettingsFile", "read_settings"]

UNION_BRANCHES = (
    "str",
    "list[str]",
    "dict[str,str]",
    "float",
    "dict[str,float]",
    "dict[str,dict[str,float]]",
    "constrained-int",
    "list[date]",
)  # pydantic adds to a key which of its types did not fit


_PURCHASES = {model.name: model for model in (make() for make in PURCHASES)}
if TYPE_CHECKING:
    Purchases = str
else:
    Purchases = Literal[tuple(_PURCHASES)]
WITHOUT_SEASON = tuple(name for name, model in _PURCHASES.items() if not model.seasonal)
LONGEST_LINE = 120  # characters of a line that a message repeats
OF_OPPORTUNITIES = tuple(name for name, model in _PURCHASES.items() if model.opportunities)
USUAL_PHASES = 2  # of mbg_cnbd
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
NumberOrLevels = float | dict[str, dict[str, float]]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class DataSettings(_Section):
    """Where orders and contracts are, and what the orders' columns mean; see `clvbayes.read_transactions` and `clvbayes.summarize`."""

    orders: str | None = None
    contracts: str | None = None
    customer_id: str = "customer_id"
    date: str = "date"
    amount: str = "amount"
    quantity: str | None = None
    order_id: str | None = None
    returned_order: str | None = None
    product: str | None = None
    contract_id: str | None = None
    segments: list[str] = []
    is_return: str | dict[str, str] | None = None
    currency: str | None = None
    date_format: str | None = None
    decimal: Literal[".", ","] | None = None
    sheet: str | None = None
    duplicates: Literal["keep", "drop"] = "keep"
    since: Date | None = None
    until: Date | None = None
    opportunity: TimeUnit | None = None


class ContractSettings(_Section):
    """What the contracts' columns mean; see `clvbayes.read_contracts`. What both files have, such as segments, stands in `[data]`.

    `indexation`: by how much prices rise a year as agreed, one rate or by calendar year; see `clvbayes.models.renewal_change`.
    """

    contract_id: str = "contract_id"
    customer_id: str = "customer_id"
    start: str = "start"
    end: str = "end"
    term_months: str = TERM
    monthly_amount: str = "monthly_amount"
    cancelled_on: str | None = None
    billing_months: str | int | None = None
    in_advance: bool = True
    began: str | None = None
    sheet: str | None = None
    indexation: float | dict[str, float] = 0.0


class ModelSettings(_Section):
    """Which models, and over which segments they are pooled; "auto" models returns where the data have any.

    `alternative`: another model of purchases, whose value the report tells beside. `changes`: whether amounts change at renewals.
    `pool_contracts`: what contracts are pooled over, ``"term_months"`` and the first column of `pool` unless it is given.
    """

    purchases: Purchases = "mbg_nbd"
    season: bool | None = None
    k: Annotated[int, Field(ge=1, le=10)] | None = None
    spend: Literal["gamma_gamma", "lognormal"] = "gamma_gamma"
    frequency_link: bool = False
    returns: Literal["auto", "none", "beta_binomial_returns"] = "auto"
    contracts: Literal["beta_discrete_weibull"] = "beta_discrete_weibull"
    changes: bool = True
    pool: list[str | list[str]] = []
    pool_contracts: list[str | list[str]] | None = None
    alternative: Purchases | None = None

    @property
    def purchase_options(self) -> dict[str, Any]:
        """Arguments of the purchase model: a season wherever it can have one, unless it is forbidden."""
        if self.purchases in WITHOUT_SEASON:
            return {} if self.purchases != "mbg_cnbd" else {"k": self.k or USUAL_PHASES}
        return {"season": self.season is not False}

    @property
    def contracts_pool(self) -> tuple[str | tuple[str, ...], ...]:
        """What contracts are pooled over."""
        given = [TERM, *self.pool[:1]] if self.pool_contracts is None else self.pool_contracts
        return tuple(entry if isinstance(entry, str) else tuple(entry) for entry in given)

    @model_validator(mode="after")
    def _options_of_their_models(self) -> "ModelSettings":
        if self.alternative == self.purchases:
            raise ValueError(f'models.alternative = "{self.alternative}" is the valuation\'s own model; name another one, or leave it out')
        if self.frequency_link and self.spend != "lognormal":
            raise ValueError('models.frequency_link needs models.spend = "lognormal"')
        if self.k is not None and self.purchases != "mbg_cnbd":
            raise ValueError('models.k needs models.purchases = "mbg_cnbd"')
        if self.season and self.purchases in WITHOUT_SEASON:
            raise ValueError(f'models.season cannot be true with models.purchases = "{self.purchases}", which has none')
        return self


class EconomicsSettings(_Section):
    """What an order is worth; see `clvbayes.Economics`."""

    margin: NumberOrLevels
    discount_rate: float | dict[str, float]
    horizon: float
    period: Literal["quarter", "month"] = "quarter"
    fiscal_year_start: int = 1
    order_cost: NumberOrLevels = 0.0
    service_cost: NumberOrLevels = 0.0
    return_cost: NumberOrLevels = 0.0
    acquisition_cost: NumberOrLevels | None = None
    conversion: NumberOrLevels | None = None
    spend_growth: float = 0.0

    @model_validator(mode="after")
    def _in_range(self) -> "EconomicsSettings":
        self.economics(currency=None)
        return self

    def economics(self, currency: str | None) -> Economics:
        """The same as an `Economics`."""
        return Economics(**self.model_dump(), currency=currency)


class ReportSettings(_Section):
    """What the report shows; `purpose`, `prepared_by` and `date` (of the report itself) stand under its title where they are given."""

    title: Text | None = None
    purpose: Text | None = None
    prepared_by: Text | None = None
    date: Date | None = None
    by: list[str] | None = None
    customer_ids: Literal["none", "hashed", "plain"] = "none"
    language: Literal["en", "de"] = "en"


class CandidateSettings(_Section):
    """Models that a back-test grades beside those of the valuation; what is left out is as there."""

    purchases: Purchases | None = None
    season: bool | None = None
    k: Annotated[int, Field(ge=1, le=10)] | None = None
    spend: Literal["gamma_gamma", "lognormal"] | None = None
    frequency_link: bool | None = None


class BacktestSettings(_Section):
    """From which days to forecast, how far, of how many customers, and with which further models; see `clvbayes.backtest`.

    `with_run`: whether a run grades its own models, so that its bands know how far past forecasts were off.
    """

    origins: Annotated[int, Field(ge=1)] | list[Date] = 12
    horizons: list[Annotated[int, Field(ge=1, le=520)]] = [13, 26, 52]
    also: list[CandidateSettings] = []
    with_run: bool = True
    customers: Annotated[int, Field(ge=100)] = 25_000
    draws: int = Field(default=500, ge=100)
    predictive_draws: int = Field(default=1000, ge=100)

    @field_validator("origins", "horizons")
    @classmethod
    def _each_once(cls, given: Any) -> Any:
        entries = given if isinstance(given, list) else [given]
        if not entries:
            raise ValueError("the list is empty; name some, or leave the key out")
        if len(set(entries)) < len(entries):
            raise ValueError(f"one is named twice: {', '.join(map(str, entries))}")
        return given


class RunSettings(_Section):
    """How to run: `draws` of the posterior a chain, `predictive_draws` of the valuation; whether to plan although a check failed."""

    seed: int = Field(default=1, ge=0, lt=2**63)
    draws: int = Field(default=1000, ge=100)
    predictive_draws: int = Field(default=2000, ge=100)
    allow_failed_checks: bool = False


class GroupSettings(_Section):
    """Least and most that all measures of a group may cost."""

    at_least: float | None = None
    at_most: float | None = None


class BudgetSettings(_Section):
    """How much there is to spend, and at what risk; see `clvbayes.allocate`."""

    amount: Annotated[float, Field(ge=0)]
    risk_aversion: Annotated[float, Field(ge=0)] = 1.0
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95
    groups: dict[str, GroupSettings] = {}
    most_change: float | None = None
    worst_at_least: float | None = None
    loss_probability: float | None = None

    @property
    def limits(self) -> tuple[Limit, ...]:
        """As `allocate` takes them."""
        found = [Limit.group(name, **limit.model_dump()) for name, limit in self.groups.items()]
        found += [] if self.most_change is None else [Limit.change(self.most_change)]
        found += [] if self.worst_at_least is None else [Limit.cvar(self.worst_at_least, level=self.level)]
        return (*found, *(() if self.loss_probability is None else (Limit.loss(self.loss_probability),)))


class ResponseSettings(_Section):
    """What money does, in words; see `clvbayes.responses.elicited`."""

    today: list[float]
    ceiling: float
    family: Literal["saturating", "hyperbolic", "logarithmic"] = "saturating"


class MeasureSettings(_Section):
    """Something that money can be spent on; see `clvbayes.Measure`."""

    name: str
    lever: Literal["acquisition", "retention", "frequency", "spend", "win-back"]
    where: dict[str, str] = {}
    response: ResponseSettings
    lasts: str
    current: float = 0.0
    least: float = 0.0
    most: float | None = None
    group: str | None = None

    @property
    def measure(self) -> Measure:
        """As `allocate` takes it."""
        given = self.model_dump(exclude={"least", "most"})
        return Measure(**given, bounds=(self.least, self.most))


class Settings(_Section):
    """A valuation file."""

    data: DataSettings
    contracts: ContractSettings = ContractSettings()
    models: ModelSettings = ModelSettings()
    economics: EconomicsSettings
    report: ReportSettings = ReportSettings()
    backtest: BacktestSettings = BacktestSettings()
    budget: BudgetSettings | None = None
    measure: list[MeasureSettings] = []
    run: RunSettings = RunSettings()

    @property
    def candidates(self) -> tuple[ModelSettings, ...]:
        """The valuation's models, then those that a back-test grades beside them."""
        return (self.models, *(_as_models(self.models, candidate) for candidate in self.backtest.also))

    @property
    def alternative(self) -> ModelSettings | None:
        """The models of the value that is told beside."""
        return None if self.models.alternative is None else _as_models(self.models, CandidateSettings(purchases=self.models.alternative))

    @model_validator(mode="after")
    def _something_is_valued(self) -> "Settings":
        if self.data.orders is None and self.data.contracts is None:
            raise ValueError("data names neither orders nor contracts: give the file of one of them, or of both")
        if self.data.orders is None and (self.models.alternative or self.backtest.also):
            raise ValueError("models.alternative and backtest.also are models of orders, and data names none")
        if self.data.contracts is None and self.contracts != ContractSettings():
            raise ValueError('there is a [contracts] section but no data.contracts: name the file, such as contracts = "contracts.csv"')
        return self

    @model_validator(mode="after")
    def _candidates_are_models(self) -> "Settings":
        for candidate in self.backtest.also:
            if candidate.frequency_link and (candidate.spend or self.models.spend) != "lognormal":
                raise ValueError('backtest.also: frequency_link needs spend = "lognormal"')
        chosen = [
            (models.purchases, tuple(models.purchase_options.items()), models.spend, models.frequency_link) for models in self.candidates
        ]
        if len(set(chosen)) < len(chosen):
            raise ValueError("backtest.also names models twice, or those of the valuation, which are always graded")
        return self

    @model_validator(mode="after")
    def _money_and_measures(self) -> "Settings":
        if self.measure and self.budget is None:
            raise ValueError("there are measures but no [budget]: write how much there is, amount = 100000")
        if self.budget is None:
            return self
        if not self.measure:
            raise ValueError("there is a [budget] but no [[measure]] to spend it on")
        measures, limits = [measure.measure for measure in self.measure], self.budget.limits
        names = [measure.name for measure in measures]
        if len(set(names)) < len(names):
            raise ValueError(f"measures are named twice: {', '.join(sorted({name for name in names if names.count(name) > 1}))}")
        unknown = {limit.group_name for limit in limits if limit.kind == "group"} - {measure.group for measure in measures}
        if unknown:
            raise ValueError(f"budget.groups names {', '.join(sorted(unknown))}, which no measure is of")
        reported = self.data.segments if self.report.by is None else self.report.by
        for measure in measures:
            for column in measure.where:
                if column not in reported:
                    raise ValueError(f"measure {measure.name!r} lies at {column!r}, by which is not reported: add it to report.by")
        return self

    @model_validator(mode="after")
    def _opportunities_are_counted(self) -> "Settings":
        for models in filter(None, (*self.candidates, self.alternative)) if self.data.orders is not None else ():
            if models.purchases in OF_OPPORTUNITIES and self.data.opportunity is None:
                raise ValueError(
                    f'models.purchases = "{models.purchases}" needs data.opportunity, such as "year": how often customers can order at most'
                )
            if models.purchases not in OF_OPPORTUNITIES and self.data.opportunity is not None:
                raise ValueError(
                    f'data.opportunity is for models.purchases = "{OF_OPPORTUNITIES[0]}" alone: it counts orders otherwise than '
                    f'"{models.purchases}" does, so that one valuation or back-test cannot have both'
                )
        return self

    @model_validator(mode="after")
    def _columns_are_segments(self) -> "Settings":
        known = self.data.segments
        pool = [[entry] if isinstance(entry, str) else entry for entry in self.models.pool]
        of_contracts = [[entry] if isinstance(entry, str) else entry for entry in self.models.pool_contracts or []]
        by = [[column] for column in self.report.by or []]
        complaints = [
            f"{key} names {column!r}, which data.segments ({', '.join(map(repr, known)) or 'empty'}) does not"
            for key, crossings in (("models.pool", pool), ("models.pool_contracts", of_contracts), ("report.by", by))
            for column in dict.fromkeys(chain(*crossings))
            if column not in (*known, *([TERM] if key == "models.pool_contracts" else []))
        ]
        complaints += [
            f"{key} names {' x '.join(map(repr, crossing))}{', one segment' * (len(set(crossing)) < len(crossing))} twice"
            for key, crossings in (("models.pool", pool), ("models.pool_contracts", of_contracts), ("report.by", by))
            for k, crossing in enumerate(crossings)
            if set(crossing) in map(set, crossings[:k]) or len(set(crossing)) < len(crossing)
        ]
        if [] in pool:
            complaints.append("models.pool holds an empty crossing, []; take it out, or name its segments")
        if self.report.by == []:
            complaints.append("report.by is empty; name segments, or leave the key out")
        if complaints:
            raise ValueError("; ".join(complaints))
        return self


def _as_models(settings: ModelSettings, candidate: CandidateSettings) -> ModelSettings:
    """A candidate's models, completed by the valuation's; options are not carried over to models that have none of the name."""
    given = candidate.model_dump(exclude_none=True)
    completed = settings.model_dump() | {"alternative": None} | given
    if completed["spend"] != "lognormal" and "frequency_link" not in given:
        completed["frequency_link"] = False
    if completed["purchases"] != settings.purchases:
        completed |= {name: given.get(name) for name in ("season", "k")}
    return ModelSettings.model_validate(completed)


@dataclass(frozen=True)
class SettingsFile:
    """A checked valuation file and where it lies; relative paths in it start there."""

    path: Path
    settings: Settings

    @property
    def orders(self) -> str | Path | None:
        """The orders' path; a remote address is passed on as it is, to be refused where sources are."""
        return self._place(self.settings.data.orders)

    @property
    def contracts(self) -> str | Path | None:
        """The contracts' path, likewise."""
        return self._place(self.settings.data.contracts)

    def _place(self, given: str | None) -> str | Path | None:
        return given if given is None or "://" in given else self.path.parent / given


def read_settings(path: str | Path, overrides: Sequence[str] = ()) -> SettingsFile:
    """Read and check a valuation file.

    Parameters
    ----------
    path : path
    overrides : sequence of str
        Such as ``economics.margin=0.3``, the value as in TOML; text may go without quotes.

    Returns
    -------
    SettingsFile

    Raises
    ------
    SettingsError
        If the file cannot be read, or a key or value is wrong; all misspelt keys and mistyped values are named at once.

    Examples
    --------
    >>> read_settings("missing.toml")
    Traceback (most recent call last):
    clvbayes.errors.SettingsError: missing.toml does not exist
    """
    file = Path(path)
    if file.is_dir():
        raise SettingsError(f"{path} is a folder; give the valuation file itself")
    if not file.is_file():
        raise SettingsError(f"{path} does not exist")
    try:
        text = file.read_text(encoding="utf-8-sig")  # Windows' editor writes a mark
    except UnicodeDecodeError:
        raise SettingsError(f"{file.name} is not UTF-8 text; save it as UTF-8") from None
    try:
        content: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file.name} is not valid TOML: {error}{_line(text, str(error))}") from None
    except ValueError:  # Python's own limit
        raise SettingsError(f"{file.name} holds a number of more than {sys.get_int_max_str_digits():,} digits") from None
    for override in overrides:
        _override(content, override)
    try:
        return SettingsFile(file, Settings.model_validate(content))
    except ValidationError as error:
        complaints = [_complaint(problem) for problem in _telling(error.errors())]
        raise SettingsError(f"{file.name}: " + "; ".join(complaints)) from None


def _line(text: str, said: str) -> str:
    """The line that a message of tomllib speaks of, and what such lines mostly lack."""
    place = re.search(r"at line (\d+)", said)
    if not place:
        return ""
    line = text.split("\n")[int(place[1]) - 1].strip()
    return (
        f"; the line reads: {line[:LONGEST_LINE]} (text stands in quotes, as do keys with umlauts or blanks; numbers have a decimal point; "
        "paths are written with / instead of \\)"
    )


def _override(content: dict[str, Any], override: str) -> None:
    key, separator, text = override.partition("=")
    path = [part.strip() for part in key.split(".")]
    if not separator or len(path) != 2 or not all(path):
        raise SettingsError(f'--set takes section.key=value, such as economics.margin=0.3, not "{override}"')
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    except ValueError:
        raise SettingsError(f"--set {key}: a number of more than {sys.get_int_max_str_digits():,} digits cannot be read") from None
    section = content.setdefault(path[0], {})
    if not isinstance(section, dict):
        raise SettingsError(f"--set {override}: {path[0]} is no section")
    section[path[1]] = value


def _telling(problems: Sequence[Any]) -> list[Any]:
    """The problems without those that only say that a value is of none of the other types that it might have been."""
    whole = [problem for problem in problems if problem["loc"] and problem["loc"][-1] in UNION_BRANCHES]
    kept = {id(problem) for problem in problems if problem not in whole}
    for problem in whole:
        place = problem["loc"][:-1]
        branches = [other for other in problems if len(other["loc"]) > len(place) and other["loc"][: len(place)] == place]
        if all(other in whole for other in branches) and problem is branches[0]:
            kept.add(id(problem))
    return [problem for problem in problems if id(problem) in kept]


def _complaint(problem: Any) -> str:
    """One problem in words: the key, what is wrong, and for a misspelt key what it may have meant."""
    place = [str(part) for k, part in enumerate(problem["loc"]) if k < 2 or part not in UNION_BRANCHES]
    key = ".".join(place)
    match problem["type"]:
        case "extra_forbidden":
            known = _keys_beside(place)
            close = difflib.get_close_matches(place[-1], known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
            return f"{key} is not a setting; {hint}"
        case "missing":
            return f"{key} is missing"
        case "model_type" if place[-1].isdigit():
            section = ".".join(place[:-1])
            return f"{key} is no section; write {section} = [{{ key = value }}], not {_shown(problem['input'])}"
        case "model_type":
            return f"{key} is a section; write [{key}] and its keys below it, not {key} = {_shown(problem['input'])}"
        case "value_error":
            message = str(problem["ctx"]["error"])
            return f"{key}: {message}" if key else message
        case kind:
            said, given = problem["msg"], problem["input"]
            return f"{key}: {said[0].lower()}{said[1:]}, not {_shown(given)}{_remedy(kind, place, given)}"


def _remedy(kind: str, place: list[str], given: object) -> str:
    """How to write in TOML what was meant, where that can be told."""
    match kind, given:
        case "list_type", str() | int() | float():
            return f"; write [{_toml(given)}]"
        case "date_type", str():
            return "; write it year first and without quotes, such as 2026-03-31"
        case "float_type" | "int_type", str():
            return (
                "; write it without quotes and with a decimal point, such as 0.35" if kind == "float_type" else "; write it without quotes"
            )
        case "bool_type", _:
            return "; write true or false, without quotes"
        case "dict_type", int() | float() if len(place) == 3:
            return f"; levels stand under the segment they are of: {place[1]} = {{ segment = {{ {_toml_key(place[2])} = {given} }} }}"
        case _:
            return ""


def _toml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _toml_key(name: str) -> str:
    return name if re.fullmatch("[A-Za-z0-9_-]+", name) else _toml(name)


def _shown(value: object) -> str:
    try:
        return repr(value)
    except ValueError:  # Python writes no longer number; hexadecimal ones are read all the same
        return f"a number of more than {sys.get_int_max_str_digits():,} digits"


def _keys_beside(place: list[str]) -> list[str]:
    model: type[BaseModel] = Settings
    for part in place[:-1]:
        if part.isdigit():
            continue
        annotation = model.model_fields[part].annotation if part in model.model_fields else None
        sections = [one for one in (*get_args(annotation), annotation) if isinstance(one, type) and issubclass(one, BaseModel)]
        if not sections:
            return []
        model = sections[0]
    return list(model.model_fields)
