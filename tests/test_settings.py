"""A valuation file is read strictly: whatever is wrong is named by its key, with what may have been meant."""

import re
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest

from clvbayes import models
from clvbayes.errors import SettingsError
from clvbayes.models.clock import SteadyClock
from clvbayes.settings import (
    OF_OPPORTUNITIES,
    WITHOUT_SEASON,
    BacktestSettings,
    CandidateSettings,
    ContractSettings,
    DataSettings,
    EconomicsSettings,
    ModelSettings,
    Purchases,
    ReportSettings,
    RunSettings,
    Settings,
    SettingsFile,
    read_settings,
)

GOOD = """\
[data]
orders = "orders.csv"
segments = ["industry", "channel"]

[models]
pool = ["industry"]

[economics]
margin = 0.35
discount_rate = 0.09
horizon = 3
"""


def read(folder: Path, text: str = GOOD, *overrides: str, encoding: str = "utf-8") -> SettingsFile:
    path = folder / "base.toml"
    path.write_text(text, encoding=encoding)
    return read_settings(path, overrides)


def complaint(folder: Path, text: str = GOOD, *overrides: str, encoding: str = "utf-8") -> str:
    with pytest.raises(SettingsError) as refused:
        read(folder, text, *overrides, encoding=encoding)
    said = str(refused.value)
    assert len(said.splitlines()) == 1
    return said


def test_what_is_not_given_has_its_default(tmp_path: Path) -> None:
    settings = read(tmp_path).settings
    assert settings.data == DataSettings(orders="orders.csv", segments=["industry", "channel"])
    assert (settings.data.customer_id, settings.data.date, settings.data.amount, settings.data.duplicates) == (
        "customer_id",
        "date",
        "amount",
        "keep",
    )
    assert (settings.models.purchases, settings.models.spend, settings.models.pool) == ("mbg_nbd", "gamma_gamma", ["industry"])
    assert (settings.economics.period, settings.economics.fiscal_year_start) == ("quarter", 1)
    assert (settings.report.customer_ids, settings.run.seed) == ("none", 1)
    assert (settings.backtest.origins, settings.backtest.horizons, settings.backtest.also) == (12, [13, 26, 52], [])
    assert (settings.backtest.draws, settings.backtest.predictive_draws) == (500, 1000)


def test_every_key_can_be_set(tmp_path: Path) -> None:
    text = """
[data]
orders = "o.xlsx"
contracts = "v.csv"
contract_id = "Vertrag"
customer_id = "Kunde"
date = "Datum"
amount = "Preis"
quantity = "Menge"
order_id = "Auftrag"
returned_order = "Zu"
product = "Artikel"
segments = ["Branche", "Land"]
is_return = { Auftrag = "C" }
currency = "EUR"
date_format = "%d.%m.%Y"
decimal = ","
sheet = "2025"
duplicates = "drop"
since = 2020-01-01
until = 2025-12-31
[models]
purchases = "mbg_cnbd"
season = false
k = 3
spend = "lognormal"
frequency_link = true
returns = "none"
contracts = "beta_discrete_weibull"
changes = false
pool = ["Branche", ["Branche", "Land"]]
pool_contracts = ["Land", "term_months"]
alternative = "nbd"
[contracts]
contract_id = "Nr"
customer_id = "Kd"
start = "von"
end = "bis"
term_months = "Laufzeit"
monthly_amount = "Betrag"
cancelled_on = "gekuendigt"
billing_months = 3
in_advance = false
began = "seit"
sheet = "V"
indexation = { 2026 = 0.02 }
[economics]
margin = { Branche = { Mills = 1, Retail = 0.2 } }
discount_rate = { 1 = 0.03, 2 = 0.05 }
horizon = 2.5
order_cost = 4
service_cost = { Land = { DE = 10.5 } }
return_cost = 2
acquisition_cost = 300
conversion = { Land = { DE = 0.04 } }
spend_growth = 0.02
period = "month"
fiscal_year_start = 4
[report]
title = "Wert"
purpose = "Budget 2027"
prepared_by = "Controlling"
date = 2026-01-07
by = ["Land"]
customer_ids = "hashed"
language = "de"
[backtest]
origins = [2025-06-30, 2025-03-31]
horizons = [4, 52]
draws = 200
predictive_draws = 300
with_run = false
customers = 1000
[budget]
amount = 250000
risk_aversion = 0.5
level = 0.9
most_change = 50000
worst_at_least = -1000
loss_probability = 0.1
groups = { Vertrieb = { at_least = 1000, at_most = 90000 } }
[[measure]]
name = "Messe"
lever = "acquisition"
where = { Land = "DE" }
response = { today = [40000, 90, 130], ceiling = 400, family = "hyperbolic" }
lasts = "campaign"
current = 40000
least = 10000
most = 80000
group = "Vertrieb"
[[backtest.also]]
purchases = "mbg_cnbd"
season = false
k = 2
spend = "gamma_gamma"
frequency_link = false
[run]
seed = 7
draws = 500
predictive_draws = 400
allow_failed_checks = true
"""
    settings = read(tmp_path, text).settings
    for section in (
        settings.data,
        settings.contracts,
        settings.models,
        settings.economics,
        settings.report,
        settings.backtest,
        settings.run,
    ):
        # opportunities are another model's than k
        assert section.model_fields_set == set(type(section).model_fields) - {"opportunity"}
    assert settings.budget is not None
    for asked in (settings.budget, settings.budget.groups["Vertrieb"], settings.measure[0], settings.measure[0].response):
        assert asked.model_fields_set == set(type(asked).model_fields)
    [measure], limits = [one.measure for one in settings.measure], settings.budget.limits
    assert (measure.place, measure.bounds, measure.group, measure.unit) == (("Land", "DE"), (10000.0, 80000.0), "Vertrieb", "customers")
    assert [limit.kind for limit in limits] == ["group", "change", "cvar", "loss"]
    assert (limits[2].at_least, limits[2].level, limits[3].at_most) == (-1000.0, 0.9, 0.1)
    assert settings.data.is_return == {"Auftrag": "C"}
    assert (settings.data.since, settings.data.until) == (date(2020, 1, 1), date(2025, 12, 31))
    assert settings.models.pool == ["Branche", ["Branche", "Land"]]
    assert (settings.backtest.origins, settings.backtest.horizons) == ([date(2025, 6, 30), date(2025, 3, 31)], [4, 52])
    assert settings.backtest.also == [CandidateSettings(purchases="mbg_cnbd", season=False, k=2, spend="gamma_gamma", frequency_link=False)]
    assert settings.backtest.also[0].model_fields_set == set(CandidateSettings.model_fields)
    economics = settings.economics.economics(currency="EUR")
    assert economics.margin == {"Branche": {"Mills": 1.0, "Retail": 0.2}}
    assert (economics.rates, economics.horizon, economics.currency) == ((0.03, 0.05), 2.5, "EUR")
    assert (economics.order_cost, economics.service_cost, economics.acquisition_cost) == (4.0, {"Land": {"DE": 10.5}}, 300.0)


def test_the_orders_lie_beside_the_file_unless_elsewhere(tmp_path: Path) -> None:
    assert read(tmp_path).orders == tmp_path / "orders.csv"
    assert read(tmp_path, GOOD, "data.orders=/else/where.csv").orders == Path("/else/where.csv")
    assert read(tmp_path, GOOD, "data.orders=https://example.org/o.csv").orders == "https://example.org/o.csv"
    assert read(tmp_path).contracts is None
    assert read(tmp_path, GOOD, "data.contracts=contracts.csv").contracts == tmp_path / "contracts.csv"


def test_there_may_be_contracts_alone_and_something_must_be(tmp_path: Path) -> None:
    alone = read(tmp_path, GOOD.replace('orders = "orders.csv"', 'contracts = "contracts.csv"'))
    assert alone.orders is None and alone.settings.models.contracts_pool == ("term_months", "industry")
    chosen = read(tmp_path, GOOD, "data.contracts=contracts.csv", 'models.pool_contracts=["channel"]').settings
    assert chosen.models.contracts_pool == ("channel",)
    assert "data names neither orders nor contracts" in complaint(tmp_path, GOOD.replace('orders = "orders.csv"', ""))
    assert "no data.contracts: name the file" in complaint(tmp_path, GOOD, "contracts.start=von")
    assert "models of orders, and data names none" in complaint(
        tmp_path, GOOD.replace('orders = "orders.csv"', 'contracts = "contracts.csv"'), "models.alternative=nbd"
    )
    assert "models.pool_contracts names 'zebra'" in complaint(
        tmp_path, GOOD, "data.contracts=contracts.csv", 'models.pool_contracts=["zebra"]'
    )


def test_a_file_that_windows_editor_marked_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD, encoding="utf-8-sig").settings == read(tmp_path).settings


SECTIONS: dict[str, Any] = {
    "data": DataSettings,
    "contracts": ContractSettings,
    "models": ModelSettings,
    "economics": EconomicsSettings,
    "report": ReportSettings,
    "backtest": BacktestSettings,
    "run": RunSettings,
}
KEYS = [(section, key) for section, model in SECTIONS.items() for key in model.model_fields]


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_every_misspelt_key_is_named_with_what_it_may_have_been(section: str, key: str, tmp_path: Path) -> None:
    misspelt = f"{key[:-1]}{key[-1]}{key[-1]}"
    said = complaint(tmp_path, GOOD, f"{section}.{misspelt}=1")
    assert said == f"base.toml: {section}.{misspelt} is not a setting; did you mean {key!r}?"


@pytest.mark.parametrize("section", SECTIONS)
def test_every_misspelt_section_is_named_with_what_it_may_have_been(section: str, tmp_path: Path) -> None:
    assert f"base.toml: {section}x is not a setting; did you mean {section!r}?" == complaint(tmp_path, GOOD, f"{section}x.key=1")


def test_an_unknown_section_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    assert {*SECTIONS, "budget", "measure"} == set(Settings.model_fields)
    assert complaint(tmp_path, GOOD + "[zebra]\nx = 1\n") == (
        "base.toml: zebra is not a setting; there are data, contracts, models, economics, report, backtest, budget, measure, run"
    )


def test_all_misspelt_keys_are_named_at_once(tmp_path: Path) -> None:
    said = complaint(tmp_path, GOOD.replace("margin", "margn").replace("orders =", "order =").replace("pool", "poool"))
    for key in (
        "data.order is not",
        "models.poool is not",
        "economics.margin is missing",
        "economics.margn is not",
    ):
        assert key in said
    assert said.startswith("base.toml: ")


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("economics.margin=-0.35", "economics: margin must be a share above 0 and at most 1, not -0.35 (35 % is 0.35)"),
        ("economics.margin=0", "economics: margin must be a share above 0"),
        ("economics.margin=35", "economics: margin must be a share above 0 and at most 1, not 35.0 (35 % is 0.35)"),
        ("economics.margin=nan", "economics: margin must be a share above 0 and at most 1, not nan"),
        ("economics.margin=true", "economics.margin: input should be a valid number, not True"),
        ("economics.margin='0.3'", "economics.margin: input should be a valid number, not '0.3'"),
        ("economics.margin=", "economics.margin: input should be a valid number, not ''"),
        (
            "economics.discount_rate=-0.01",
            "economics: discount_rate must be a yearly rate of at least 0 and below 1, not -0.01 (9 % is 0.09)",
        ),
        ("economics.discount_rate=9", "economics: discount_rate must be a yearly rate of at least 0 and below 1, not 9.0"),
        ("economics.discount_rate=nan", "economics: discount_rate must be a yearly rate"),
        ("economics.horizon=inf", "economics: horizon must be a number of years above 0 and at most 50, not inf"),
        ("economics.horizon=0", "economics: horizon must be a number of years above 0"),
        ("economics.period=week", "economics.period: input should be 'quarter' or 'month', not 'week'"),
        ("economics.fiscal_year_start=13", "economics: fiscal_year_start must be a month from 1 to 12, not 13"),
        ("economics.fiscal_year_start=4.0", "economics.fiscal_year_start: input should be a valid integer, not 4.0"),
        ("models.pool=['region']", "models.pool names 'region', which data.segments ('industry', 'channel') does not"),
        ("models.pool=[['industry', 'region']]", "models.pool names 'region', which data.segments"),
        ("models.pool='industry'", "models.pool: input should be a valid list, not 'industry'"),
        ("models.pool=[1]", "models.pool.0: input should be a valid string, not 1"),
        (
            "models.purchases=pareto",
            "models.purchases: input should be 'mbg_nbd', 'bg_nbd', 'pareto_nbd', 'mbg_cnbd', 'nbd' or 'bg_bb', not 'pareto'",
        ),
        ("report.by=['region']", "report.by names 'region', which data.segments ('industry', 'channel') does not"),
        ("report.customer_ids=all", "report.customer_ids: input should be 'none', 'hashed' or 'plain', not 'all'"),
        ("report.title=2025", "report.title: input should be a valid string, not 2025"),
        ("run.seed=-1", "run.seed: input should be greater than or equal to 0, not -1"),
        (f"run.seed={2**63}", "run.seed: input should be less than 9223372036854775808, not 9223372036854775808"),
        ("report.title=' '", "report.title: string should have at least 1 character, not ' '"),
        ("report.purpose=''", "report.purpose: string should have at least 1 character, not ''"),
        ("report.prepared_by=7", "report.prepared_by: input should be a valid string, not 7"),
        ("report.date='soon'", "report.date: input should be a valid date, not 'soon'"),
        ("report.by=[]", "report.by is empty; name segments, or leave the key out"),
        ("report.by=['industry', 'industry']", "report.by names 'industry' twice"),
        ("models.pool=['industry', ['industry']]", "models.pool names 'industry' twice"),
        ("models.pool=[['industry', 'industry']]", "models.pool names 'industry' x 'industry', one segment twice"),
        ("models.pool=[['industry', 'channel'], ['channel', 'industry']]", "models.pool names 'channel' x 'industry' twice"),
        ("models.pool=[[]]", "models.pool holds an empty crossing, []; take it out, or name its segments"),
        ("run.draws=10", "run.draws: input should be greater than or equal to 100, not 10"),
        ("run.draws=true", "run.draws: input should be a valid integer, not True"),
        ("backtest.origins=0", "backtest.origins: input should be greater than or equal to 1, not 0"),
        ("backtest.origins=-3", "backtest.origins: input should be greater than or equal to 1, not -3"),
        ("backtest.origins='8'", "backtest.origins: input should be a valid integer, not '8'"),
        ("backtest.origins=8.0", "backtest.origins: input should be a valid integer, not 8.0"),
        ("backtest.origins=true", "backtest.origins: input should be a valid integer, not True"),
        ("backtest.origins=['2025-06-30']", "backtest.origins.0: input should be a valid date, not '2025-06-30'"),
        ("backtest.origins=[2025-06-30T00:00:00]", "backtest.origins.0: input should be a valid date, not datetime"),
        ("backtest.origins=[]", "backtest.origins: the list is empty; name some, or leave the key out"),
        ("backtest.origins=[2025-06-30, 2025-06-30]", "backtest.origins: one is named twice: 2025-06-30, 2025-06-30"),
        ("backtest.horizons=[]", "backtest.horizons: the list is empty; name some, or leave the key out"),
        ("backtest.horizons=[13, 13]", "backtest.horizons: one is named twice: 13, 13"),
        ("backtest.horizons=[0]", "backtest.horizons.0: input should be greater than or equal to 1, not 0"),
        ("backtest.horizons=[13, 521]", "backtest.horizons.1: input should be less than or equal to 520, not 521"),
        ("backtest.horizons=['13']", "backtest.horizons.0: input should be a valid integer, not '13'"),
        ("backtest.horizons=[13.0]", "backtest.horizons.0: input should be a valid integer, not 13.0"),
        ("backtest.horizons=13", "backtest.horizons: input should be a valid list, not 13"),
        ("backtest.also=[{ spend = 'gamma' }]", "backtest.also.0.spend: input should be 'gamma_gamma' or 'lognormal', not 'gamma'"),
        (
            "backtest.also=[{ purchases = 'pareto' }]",
            "backtest.also.0.purchases: input should be 'mbg_nbd', 'bg_nbd', 'pareto_nbd', 'mbg_cnbd', 'nbd' or 'bg_bb', not 'pareto'",
        ),
        ("models.k=2", 'models.k needs models.purchases = "mbg_cnbd"'),
        ("backtest.also=[{ purchases = 'mbg_cnbd', season = true }]", 'models.season cannot be true with models.purchases = "mbg_cnbd"'),
        ("backtest.also={ spend = 'lognormal' }", "backtest.also: input should be a valid list, not {'spend': 'lognormal'}"),
        ("backtest.also=['lognormal']", "backtest.also.0 is no section; write backtest.also = [{ key = value }], not 'lognormal'"),
        ("backtest.also=[{ spendd = 'lognormal' }]", "backtest.also.0.spendd is not a setting; did you mean 'spend'?"),
        ("backtest.also=[{ pool = [] }]", "backtest.also.0.pool is not a setting; there are purchases, season, k, spend, frequency_link"),
        ("backtest.also=[{}]", "backtest.also names models twice, or those of the valuation, which are always graded"),
        ("backtest.also=[{ spend = 'gamma_gamma' }]", "backtest.also names models twice, or those of the valuation"),
        ("backtest.also=[{ spend = 'lognormal' }, { purchases = 'mbg_nbd', spend = 'lognormal' }]", "backtest.also names models twice"),
        (
            "models.alternative=mbg_nbd",
            'models: models.alternative = "mbg_nbd" is the valuation\'s own model; name another one, or leave it out',
        ),
        ("models.alternative=bg_bb", 'models.purchases = "bg_bb" needs data.opportunity'),
        ("report.language=fr", "report.language: input should be 'en' or 'de', not 'fr'"),
        ("backtest.also=[{ frequency_link = true }]", 'backtest.also: frequency_link needs spend = "lognormal"'),
        ("backtest.also=[{ spend = 'gamma_gamma', frequency_link = true }]", 'backtest.also: frequency_link needs spend = "lognormal"'),
        ("backtest.draws=99", "backtest.draws: input should be greater than or equal to 100, not 99"),
        ("backtest.predictive_draws=99", "backtest.predictive_draws: input should be greater than or equal to 100, not 99"),
        ("data.segments=industry", "data.segments: input should be a valid list, not 'industry'"),
        ("data.until='2025-12-31'", "data.until: input should be a valid date, not '2025-12-31'"),
        ("data.until=2025-12-31T00:00:00", "data.until: input should be a valid date, not datetime"),
        ("data.decimal=;", "data.decimal: input should be '.' or ',', not ';'"),
        ("data.duplicates=true", "data.duplicates: input should be 'keep' or 'drop', not True"),
        ("data.orders=2025", "data.orders: input should be a valid string, not 2025"),
        ("data.is_return={ no = 1 }", "data.is_return.no: input should be a valid string, not 1"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_by_its_key(override: str, said: str, tmp_path: Path) -> None:
    found = complaint(tmp_path, GOOD, override)
    assert found.startswith("base.toml: ") and said in found


def test_origins_may_be_days_or_a_number(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD, "backtest.origins=2").settings.backtest.origins == 2
    days = read(tmp_path, GOOD, "backtest.origins=[2025-06-30, 2025-09-30]").settings.backtest.origins
    assert days == [date(2025, 6, 30), date(2025, 9, 30)]
    assert read(tmp_path, GOOD, "backtest.horizons=[1, 520]").settings.backtest.horizons == [1, 520]


def test_one_wrong_key_of_a_backtest_is_complained_of_once_by_its_name(tmp_path: Path) -> None:
    """Not by the types that the key might have had."""
    said = complaint(tmp_path, GOOD, "backtest.origins=0")
    assert re.findall(r"backtest\.origins\S*", said) == ["backtest.origins:"] * said.count("backtest.origins")
    assert not re.search(r"constrained|list\[", said)


GAMMA, LOGNORMAL = "gamma_gamma", "lognormal"
LINKED = GOOD.replace("[models]", '[models]\nspend = "lognormal"\nfrequency_link = true\nreturns = "none"')


@pytest.mark.parametrize(
    ("text", "also", "expected"),
    [
        (GOOD, "[]", [(GAMMA, False)]),
        (GOOD, "[{ spend = 'lognormal' }]", [(GAMMA, False), (LOGNORMAL, False)]),
        (GOOD, "[{ spend = 'lognormal', frequency_link = true }]", [(GAMMA, False), (LOGNORMAL, True)]),
        (
            GOOD,
            "[{ spend = 'lognormal' }, { spend = 'lognormal', frequency_link = true }]",
            [(GAMMA, False), (LOGNORMAL, False), (LOGNORMAL, True)],
        ),
        (LINKED, "[{ spend = 'gamma_gamma' }]", [(LOGNORMAL, True), (GAMMA, False)]),
        (LINKED, "[{ frequency_link = false }]", [(LOGNORMAL, True), (LOGNORMAL, False)]),
    ],
)
def test_a_candidate_is_completed_by_the_valuations_models(text: str, also: str, expected: list[tuple[str, bool]], tmp_path: Path) -> None:
    settings = read(tmp_path, text, f"backtest.also={also}").settings
    assert [(chosen.spend, chosen.frequency_link) for chosen in settings.candidates] == expected
    assert settings.candidates[0] == settings.models
    for chosen in settings.candidates:
        assert (chosen.purchases, chosen.pool, chosen.returns) == (settings.models.purchases, ["industry"], settings.models.returns)


def test_a_candidate_that_completes_to_the_valuations_models_is_one_too_many(tmp_path: Path) -> None:
    for also in ("[{ spend = 'lognormal' }]", "[{ frequency_link = true }]", "[{ spend = 'gamma_gamma' }, { spend = 'gamma_gamma' }]"):
        assert "backtest.also names models twice" in complaint(tmp_path, LINKED, f"backtest.also={also}")


def test_pool_and_by_are_both_named_at_once(tmp_path: Path) -> None:
    said = complaint(tmp_path, GOOD, "models.pool=['x', 'y']", "report.by=['z']")
    assert [name for name in "xyz" if f"names '{name}'" in said] == ["x", "y", "z"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "base.toml: data is missing; economics is missing"),
        (GOOD.replace("[models]", "[models"), r"base\.toml is not valid TOML: .*line 5"),
        (GOOD + "margin = 0.4\n", r"base\.toml is not valid TOML: .*overwrite"),
        (GOOD.replace("0.35", "0,35"), r"base\.toml is not valid TOML: .*line 9"),
        (
            "data = 1\n" + GOOD[GOOD.index("[models]") :],
            r"base\.toml: data is a section; write \[data\] and its keys below it, not data = 1",
        ),
    ],
)
def test_a_file_that_is_no_valuation_file_says_where(text: str, said: str, tmp_path: Path) -> None:
    assert re.match(said, complaint(tmp_path, text))


@pytest.mark.parametrize(
    ("written", "mistaken"),
    [
        ("margin = 0.35", "margin = 0,35"),
        ('customer_id = "kunde"', "customer_id = kunde"),
        ("margin = 0.35", "margin = { branche = { Außendienst = 0.3 } }"),
        ('orders = "orders.csv"', r'orders = "C:\daten\orders.csv"'),
    ],
)
def test_a_line_that_is_no_toml_is_shown_with_what_such_lines_lack(written: str, mistaken: str, tmp_path: Path) -> None:
    text = GOOD.replace("[data]\n", '[data]\ncustomer_id = "kunde"\n')
    assert written in text
    assert complaint(tmp_path, text.replace(written, mistaken)).endswith(
        f"; the line reads: {mistaken} (text stands in quotes, as do keys with umlauts or blanks; numbers have a decimal point; "
        "paths are written with / instead of \\)"
    )


@pytest.mark.parametrize(
    ("override", "said"),
    [
        (
            "economics.margin=0,3",
            "margin: input should be a valid number, not '0,3'; write it without quotes and with a decimal point, such as 0.35",
        ),
        (
            "economics.margin={ Handel = 0.3 }",
            "margin.Handel: input should be a valid dictionary, not 0.3; levels stand under the segment they are of: "
            "margin = { segment = { Handel = 0.3 } }",
        ),
        (
            "economics.order_cost={ 'Süd West' = 3 }",
            "order_cost.Süd West: input should be a valid dictionary, not 3; levels stand under the segment they are of: "
            'order_cost = { segment = { "Süd West" = 3 } }',
        ),
        (
            "economics.margin={ industry = { Handel = 'x' } }",
            "margin.industry.Handel: input should be a valid number, not 'x'; write it without",
        ),
        ("backtest.origins='8'", "origins: input should be a valid integer, not '8'; write it without quotes"),
        ("models.pool=[1]", "pool.0: input should be a valid string, not 1"),
        ("data.segments=Süd", "segments: input should be a valid list, not 'Süd'; write [\"Süd\"]"),
        ("backtest.horizons=13", "horizons: input should be a valid list, not 13; write [13]"),
        (
            "data.until=30.09.2026",
            "until: input should be a valid date, not '30.09.2026'; write it year first and without quotes, such as 2026-03-31",
        ),
        ("models.season='no'", "season: input should be a valid boolean, not 'no'; write true or false, without quotes"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named_once_with_how_to_write_it(override: str, said: str, tmp_path: Path) -> None:
    section = override.split(".")[0]
    found = complaint(tmp_path, GOOD, override)
    assert found.startswith(f"base.toml: {section}.{said}")
    assert found.count("input should be") == 1


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    assert complaint(tmp_path, GOOD + "# Käse\n", encoding="latin-1") == "base.toml is not UTF-8 text; save it as UTF-8"


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=re.escape(f"{tmp_path / 'missing.toml'} does not exist")):
        read_settings(tmp_path / "missing.toml")


def test_a_folder_is_no_valuation_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=re.escape(f"{tmp_path} is a folder; give the valuation file itself")):
        read_settings(tmp_path)


def test_a_key_may_be_named_like_a_type(tmp_path: Path) -> None:
    assert complaint(tmp_path, GOOD, "data.str=1").startswith("base.toml: data.str is not a setting; there are orders, ")
    assert complaint(tmp_path, GOOD, "str.x=1").startswith("base.toml: str is not a setting; ")


def test_a_number_too_long_to_read_is_refused(tmp_path: Path) -> None:
    assert complaint(tmp_path, GOOD + "\n[run]\nseed = " + "1" * 5000 + "\n") == "base.toml holds a number of more than 4,300 digits"
    assert complaint(tmp_path, GOOD, "run.seed=" + "1" * 5000) == "--set run.seed: a number of more than 4,300 digits cannot be read"
    assert len(complaint(tmp_path, GOOD, "run.seed=0x" + "f" * 5000)) < 200


def test_what_is_said_of_the_report_itself_is_taken(tmp_path: Path) -> None:
    said = read(tmp_path, GOOD, "report.purpose=' Budget 2027 '", "report.prepared_by=Anna", "report.date=2026-01-07").settings.report
    assert (said.purpose, said.prepared_by, said.date) == ("Budget 2027", "Anna", date(2026, 1, 7))


def test_the_largest_seed_and_a_trimmed_title_are_taken(tmp_path: Path) -> None:
    settings = read(tmp_path, GOOD, f"run.seed={2**63 - 1}", "report.title=' Wert '").settings
    assert (settings.run.seed, settings.report.title) == (2**63 - 1, "Wert")


@pytest.mark.parametrize(
    ("override", "orders"),
    [
        ("data.orders=a b.csv", "a b.csv"),
        ('data.orders="a b.csv"', "a b.csv"),
        ("""data.orders='a "b".csv'""", 'a "b".csv'),
        ("data.orders=it's.csv", "it's.csv"),
        ("data.orders=x=y.csv", "x=y.csv"),
        (" data . orders = a.csv ", "a.csv"),
    ],
)
def test_text_may_be_set_with_or_without_quotes(override: str, orders: str, tmp_path: Path) -> None:
    assert read(tmp_path, GOOD, override).settings.data.orders == orders


def test_what_is_set_goes_before_the_file_and_the_last_wins(tmp_path: Path) -> None:
    settings = read(
        tmp_path, GOOD, "economics.margin=0.1", "economics.margin=0.2", "data.until=2025-12-31", "report.by=['channel']"
    ).settings
    assert (settings.economics.margin, settings.data.until, settings.report.by) == (0.2, date(2025, 12, 31), ["channel"])


@pytest.mark.parametrize("override", ["economics.margin", "margin=0.3", "a.b.c=1", "=1", ".margin=1", "economics.=1", ""])
def test_what_is_set_must_be_a_key_and_a_value(override: str, tmp_path: Path) -> None:
    assert complaint(tmp_path, GOOD, override) == f'--set takes section.key=value, such as economics.margin=0.3, not "{override}"'


def test_no_key_can_be_set_in_what_is_no_section(tmp_path: Path) -> None:
    said = complaint(tmp_path, "economics = 2\n" + GOOD[: GOOD.index("[economics]")], "economics.margin=0.3")
    assert said == "--set economics.margin=0.3: economics is no section"


def test_a_season_is_had_by_every_model_that_can_have_one(tmp_path: Path) -> None:
    for name in get_args(Purchases):
        also = ("data.opportunity=year",) if name in OF_OPPORTUNITIES else ()
        chosen = read(tmp_path, GOOD, f"models.purchases={name}", *also).settings.models
        model = getattr(models, name)(**chosen.purchase_options)
        assert isinstance(model.clock, SteadyClock) == (name in WITHOUT_SEASON)


def test_purchase_models_of_a_file_are_those_that_there_are() -> None:
    made = {name: getattr(models, name)() for name in models.__all__ if name != "Priors"}
    assert set(get_args(Purchases)) == {name for name, model in made.items() if model.kind == "purchases"}


BUDGET = """
[budget]
amount = 1000
[[measure]]
name = "Fairs"
lever = "acquisition"
where = { industry = "retail" }
response = { today = [500, 2, 4], ceiling = 9 }
lasts = "campaign"
"""


@pytest.mark.parametrize(
    ("without", "instead", "said"),
    [
        ("[[measure]]" + BUDGET.split("[[measure]]")[1], "", "there is a [budget] but no [[measure]] to spend it on"),
        ("[budget]\namount = 1000\n", "", "there are measures but no [budget]: write how much there is, amount = 100000"),
        ("amount = 1000", "amount = -1", "budget.amount: input should be greater than or equal to 0, not -1"),
        ("amount = 1000", "amount = 1000\ngroups = { sales = { at_most = 5 } }", "budget.groups names sales, which no measure is of"),
        ("amount = 1000", "amount = 1000\ngroups = { sales = { at_most = -5 } }", "at_most must be a number of at least 0, not -5.0"),
        ("amount = 1000", "amuont = 1000", "budget.amuont is not a setting; did you mean 'amount'?"),
        ('lasts = "campaign"', "", "measure.0.lasts is missing"),
        ('lasts = "campaign"', 'lasts = "1 year"', "measure 'Fairs': lasts must be \"campaign\" for acquisition"),
        ("[500, 2, 4]", "[500, 4, 2]", "measure 'Fairs': today must be a spend above 0 and two effects, 0 < low < high"),
        ("ceiling = 9", "cieling = 9", "measure.0.response.cieling is not a setting; did you mean 'ceiling'?"),
        ('lever = "acquisition"', 'lever = "churn"', "measure.0.lever: input should be 'acquisition'"),
        ('industry = "retail"', 'branch = "retail"', "measure 'Fairs' lies at 'branch', by which is not reported: add it to report.by"),
        ("[[measure]]", BUDGET.split("amount = 1000")[1] + "[[measure]]", "measures are named twice: Fairs"),
    ],
)
def test_a_budget_that_cannot_be_planned_is_named(without: str, instead: str, said: str, tmp_path: Path) -> None:
    text = GOOD + BUDGET
    assert without in text
    assert said in complaint(tmp_path, text.replace(without, instead, 1), 'data.segments=["industry"]')


def test_opportunities_and_orders_at_any_time_are_told_apart(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD, "models.purchases=bg_bb", "data.opportunity=quarter").settings
    assert (found.data.opportunity, found.models.purchase_options) == ("quarter", {})
    assert 'models.purchases = "bg_bb" needs data.opportunity, such as "year"' in complaint(tmp_path, GOOD, "models.purchases=bg_bb")
    for other in ((), ("models.purchases=bg_bb", "backtest.also=[{ purchases = 'nbd' }]")):
        said = complaint(tmp_path, GOOD, "data.opportunity=year", *other)
        assert 'data.opportunity is for models.purchases = "bg_bb" alone' in said


def test_options_of_one_model_are_not_those_of_another(tmp_path: Path) -> None:
    also = "backtest.also=[{ purchases = 'pareto_nbd' }, { purchases = 'nbd' }]"
    found = read(tmp_path, GOOD, "models.purchases=mbg_cnbd", "models.k=3", also).settings.candidates
    assert [models.purchase_options for models in found] == [{"k": 3}, {"season": True}, {"season": True}]
