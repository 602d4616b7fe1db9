"""Every word that a reader of the report sees, in English. Whole sentences with named fields: another language is another such file."""

PHRASES: dict[str, str] = {}  # what the rooms below say is English

DATE, SHEET_DATE = "yyyy-MM-dd", "yyyy-mm-dd"
AMOUNT, UNIT = "{unit} {number} {scale}", "{unit} {scale}"
PERCENT = "{number}\u00a0%"
UNDER_A_THOUSANDTH = "<0.1\u00a0%"
SCALES = {1: "", 1_000: "k", 1_000_000: "m", 1_000_000_000: "bn"}
STATUS = {"ok": "holds", "note": "note", "failed": "failed"}

# Furniture of the page
AXIS_SPAN = "{unit}, from {low} to {high}"
AXIS_SPAN_PLAIN = "from {low} to {high}"
ADVICE = "What to do: {advice}"
GLYPH = "90 % band from {low} to {high}, mean {middle}"
GLYPH_INNER = "90 % band from {low} to {high}, 50 % band from {inner_low} to {inner_high}, mean {middle}"
BAR = "Bar: {value}"
SORT = "Sort by this column"
FILTER = "Filter rows"
FILTERED = "{shown} of {rows} rows"
SHOW_ALL = "Show all {rows} rows"
SHOW_FIRST = "Show the first {rows} rows only"
CONTENTS = "Contents"
TIP_LINE = "{label}: {value}"  # a value under the pointer
TIP_WEEK = "Week {week}"
PDF_MORE = "The first {shown} rows are shown; {more} more are in the XLSX file of this report."
PDF_EXPLORER = "All computed plans, one row for each budget and aversion to risk, are in the XLSX file of this report."
FOOT = (
    "Written by clvbayes. Bands are predictive: what they hold is told above, on the first page and under “Why the bands are as wide as "
    "they are”."
)

# Sheets of the workbook
SHEET_CONTENTS, SHEET_TEXTS = "Contents", "Texts"
SHEET_TEXTS_NOTE = "What the report says beside its tables, and what its pictures show."
SHEET_BACK = "Back to contents"
SHEET_CARD_COLUMNS = ("At a glance", "Value", "to", "Unit", "Note")
SHEET_LIST_COLUMNS = ("Section", "Sheet", "Finding")
SHEET_HEADER = "{title} ({unit})"
SHEET_EXPLORER = "{explorer}: {table}"
SHEET_UNIT = "Unit"
SHEET_BAND = {
    "low": "{title}: 5 %",
    "inner_low": "{title}: 25 %",
    "middle": "{title}: mean",
    "inner_high": "{title}: 75 %",
    "high": "{title}: 95 %",
}

# Title
TITLE_DATED = "Customer valuation at {date}"
TITLE_UNDATED = "Customer valuation"
SUBTITLE_DATED = (
    "Discounted contribution of existing customers over {horizon} years, at {rate} a year · {customers} customers · {draws}"
    " draws · data to {date}"
)
SUBTITLE_UNDATED = (
    "Discounted contribution of existing customers over {horizon} years, at {rate} a year · {customers} customers · {draws} draws"
)

COVER_LINE = "{item}: {said}"
ITEM_PURPOSE, ITEM_PREPARED_BY, ITEM_REPORT_DATE = "Purpose", "Prepared by", "Date of the report"

# First page
HEADLINE = "At a glance"
FAILED = "Do not decide on these numbers: {failed} of {checks} checks failed."
FAILED_ONE = "{source}, {check}: {message}"
VALUATION = "Valuation"
PASSED = "The computation is sound: all {checks} checks of sampling and simulation hold. They do not test the forecast."
PASSED_WITH_NOTES = (
    "The computation is sound: {holding} of {checks} checks of sampling and simulation hold, none failed; notes to read: {notes} (see "
    "Certificate). They do not test the forecast."
)
CARD_EQUITY = "Customer equity"
CARD_EQUITY_NOTE = "mean; 90 % band {band}"
CARD_BAND = "Customer equity, 90 % interval"
CARD_BAND_NOTE = "one chance in twenty that it is lower, one in twenty that it is higher"
CARD_EACH = "Value per customer"
CARD_EACH_NOTE = "mean; 90 % band {band}, of the average over all customers"
CARD_ACTIVE = "Active customers expected"
CARD_ACTIVE_NOTE = "of {customers} customers: the sum of their probabilities of being active"
CARD_TOP = "Value with the top tenth"
CARD_TOP_NOTE = "{top} of {customers} customers; the largest {half} hold half of the value"
CARD_TOP_NOTE_ONE = "{top} of {customers} customers; the largest one alone holds half of the value"
CARD_TOP_NOTE_NONE = "{top} of {customers} customers; none of them holds any value"
CARD_UNVALUED = "Money not valued"
CARD_UNVALUED_NOTE = "{amount} carried no customer id"
CARD_UNVALUED_UNKNOWN = "not known"
CARD_UNVALUED_UNKNOWN_NOTE = "the customers came without an account of the orders"
CAUTION_BANDS = (
    "How to read the bands: they hold the chance of every order and the uncertainty of the models' parameters{season}. They do not hold "
    "what meets all customers at once. In a study of six order histories the 90 % bands of such models held the total in 21 of 150 "
    "forecasts: take the bands of totals as the least uncertainty there is."
)
CAUTION_BANDS_WIDENED = (
    "How to read the bands: they hold the chance of every order, the uncertainty of the models' parameters{season}, and how far totals may "
    "be off for reasons that no customer's history tells.{learned}"
)
CAUTION_BANDS_SEASON = ", a season among them"
CAUTION_SHORT = (
    " The data cover {months} months. In fewer than 24 nobody can tell a season from a change of level, so that the season is never used "
    "alone: what the prior allows for sets much of the width."
)
CAUTION_SILENCE = (
    "The last order is of {last}, {days} days before the valuation date {until}. The models take this silence for customers who have left; "
    "if the data end earlier than the valuation date says, the value is far too low."
)
CAUTION_RETURNS = (
    "Values are before returns: what went back came to {amount} in the data, {share} of the money kept. An account whose orders came back "
    "still has their value."
)
CAUTION_HORIZON = (
    "The horizon of {horizon} years is longer than the {history} years of data: how customers leave and order beyond that has never been "
    "observed, and rests on the models."
)
CAUTION_UNGRADED = (
    "Past forecasts were compared with what happened up to {weeks} weeks ahead. What the rest of the {horizon} years brings has never "
    "been: it rests on the models, and their errors there are taken to be no larger than after a year."
)
CAUTION_GROWTH = {
    "quarter": (
        "Existing customers are expected to bring {ahead} of revenue in the next {periods} complete quarters, more than the "
        "{past} that all customers together brought in the last {periods}. That can be right where many were won lately; "
        "otherwise the models see too few of them leave."
    ),
    "month": (
        "Existing customers are expected to bring {ahead} of revenue in the next {periods} complete months, more than the "
        "{past} that all customers together brought in the last {periods}. That can be right where many were won lately; "
        "otherwise the models see too few of them leave."
    ),
}
CAUTION_FREE = (
    "{share} of the repeat orders had an amount of zero. They count as orders; in the forecast the same share of orders is free, whoever "
    "places them."
)
CAUTION_TRUNCATED = (
    "{early} of {customers} customers have their first order within the first {days} days of the data, far more than later. Most of them "
    "are probably older customers whose earlier orders are not in the file, so that they count as younger than they are."
)

# Outlook
OUTLOOK = "Revenue of existing customers"
FAN_LABEL = "Forecast: existing customers,\nwithout new customers"
FAN_MEDIAN = "Forecast, median"
BAND = "{percent} % band"
HISTORY_ALL = "All customers"
HISTORY_CONTRACTS = "Of it, contracts"
HISTORY_SETTLED = "Customers for 12 months or more"
AXIS_REVENUE = "Revenue per period"
AXIS_WITH_UNIT = "{label}, {unit}"
AXIS_FISCAL_QUARTER = "Fiscal quarter"
AXIS_FISCAL_MONTH = "Fiscal month"
AXIS_PERIODS_AHEAD = "Periods after the valuation date"
FAN_FINDING_SETTLED = {
    "quarter": (
        "The last {periods} complete quarters brought {past} of revenue, {settled} of it from customers of 12 months or more; "
        "existing customers are expected to bring {ahead} in the next {periods} (90 % band {band})."
    ),
    "month": (
        "The last {periods} complete months brought {past} of revenue, {settled} of it from customers of 12 months or more; "
        "existing customers are expected to bring {ahead} in the next {periods} (90 % band {band})."
    ),
}
FAN_FINDING_CONTRACTS = {
    "quarter": (
        "The last {periods} complete quarters brought {past} of revenue, {settled} of it from contracts; existing customers are expected "
        "to bring {ahead} in the next {periods} (90 % band {band})."
    ),
    "month": (
        "The last {periods} complete months brought {past} of revenue, {settled} of it from contracts; existing customers are expected to "
        "bring {ahead} in the next {periods} (90 % band {band})."
    ),
}
FAN_FINDING_HISTORY = {
    "quarter": (
        "All customers brought {past} of revenue in the last {periods} complete quarters; existing customers are expected to "
        "bring {ahead} in the next {periods} (90 % band {band})."
    ),
    "month": (
        "All customers brought {past} of revenue in the last {periods} complete months; existing customers are expected to "
        "bring {ahead} in the next {periods} (90 % band {band})."
    ),
}
FAN_FINDING_HISTORY_ONE = {
    "quarter": (
        "All customers brought {past} of revenue in the last complete quarter; existing customers are expected to bring "
        "{ahead} in the next one (90 % band {band})."
    ),
    "month": (
        "All customers brought {past} of revenue in the last complete month; existing customers are expected to bring {ahead} "
        "in the next one (90 % band {band})."
    ),
}
FAN_FINDING_FALLS = (
    "Revenue of existing customers is expected to fall by {change}: from {start} in period {first} to {end} in period {last}."
)
FAN_FINDING_RISES = (
    "Revenue of existing customers is expected to rise by {change}: from {start} in period {first} to {end} in period {last}."
)
FAN_FINDING_LEVEL = "Revenue of existing customers is expected to stay level, at {start}, from period {first} to period {last}."
FAN_FINDING_ONE = "Existing customers are expected to bring {ahead} of revenue in period {first} (90 % band {band})."
FAN_FINDING_NONE = "No fiscal period lies wholly within the horizon, so no forecast is drawn."
FAN_CAPTION = (
    "The dotted line is the valuation date. Past periods include customers who were new then; the forecast holds no "
    "customer won after the valuation date."
)
FAN_CAPTION_ALONE = (
    "The dotted line is the valuation date. The orders' dates are not known, so there is no history to draw. The forecast "
    "holds no customer won after the valuation date."
)
FAN_CAPTION_CONTRACTS = (
    "The dotted line is the valuation date. The table of contracts does not reach back far enough to say what all of them brought in a "
    "past period, so there is no history to draw beside a forecast that holds them. The forecast holds no customer won after the valuation "
    "date."
)
FAN_CAPTION_WITH_CONTRACTS = (
    "The dotted line is the valuation date. Contracts count with the invoices due by their terms, from where no earlier contract can be "
    "missing from the table. Past periods include customers who were new then; the forecast holds no customer won after the valuation date."
)
FAN_CAPTION_PARTS = "Only complete fiscal periods are drawn; left out as partial: {parts}."
FAN_CAPTION_WHOLE = "Only complete fiscal periods are drawn; the forecast has no partial one."
FAN_ALT = "Line chart of past revenue per fiscal period, then a forecast fan with 50, 80 and 95 % bands. {finding}"
FAN_ALT_ALONE = "Forecast fan of revenue per fiscal period with 50, 80 and 95 % bands. {finding}"
FAN_NOTHING = "Neither the history nor the forecast holds a complete fiscal period, so there is no picture of revenue."

# Concentration
CONCENTRATION = "Where the value lies"
AXIS_SHARE = "Share of the customers' value, %"
AXIS_TENTHS = "Tenth of the customers, largest value first"
AXIS_SINGLE = "Customer, largest value first"
HALF_FINDING = "Half of the value lies with {half} of {customers} customers."
HALF_FINDING_ONE = "Half of the value lies with 1 of {customers} customers."
HALF_FINDING_NONE = "None of the {customers} customers is expected to bring any value."
DECILE_CAPTION = "Customers ranked by their predicted mean value, in {groups} groups of {smallest} to {largest}."
DECILE_CAPTION_EVEN = "Customers ranked by their predicted mean value, in {groups} groups of {largest}."
DECILE_CAPTION_SINGLE = "Customers ranked by their predicted mean value, one bar each."
DECILE_ALT = "Bar chart of the share of value by group of customers, best first: {shares}. {finding}"
LARGEST_TABLE = "What the largest hold"
LARGEST_COLUMN = "Largest customers"
LARGEST_OF_ALL = "Of all customers"
LARGEST_VALUE = "Value"
LARGEST_SHARE = "Share of value"
LARGEST_FINDING = "The largest customer alone holds {one} of the value, the upper half of the customers {half}."

# Segments
SEGMENTS = "Segments"
SEGMENTS_NONE = "No reporting columns were named, so the customers are reported as one group."
SEGMENT_TABLE, BY_COLUMN = "By {column}", "by {column}"
COLUMN_CUSTOMERS = "Customers"
COLUMN_BAND_EACH = "Value per customer, 50 % and 90 % band"
COLUMN_MEAN = "Mean"
COLUMN_LOW = "5 %"
COLUMN_HIGH = "95 %"
COLUMN_MEAN_EACH = "Mean per customer"
COLUMN_TOTAL = "Total value"
COLUMN_TOTAL_BAR = "Share of value, drawn"
COLUMN_SHARE = "Share"
ALL_CUSTOMERS = "All customers"
FOLDED = "Fewer than five customers ({levels} levels)"
FOLDED_ONE = "Fewer than five customers (1 level)"
FOLDED_WITH_NEXT = "Fewer than five customers, with the next smallest ({levels} levels)"
SEGMENT_FINDING_HALF = "{top} of {levels} levels hold half of the value."
SEGMENT_FINDING_HALF_ONE = "Of the levels, {level} alone holds half of the value: {share} of it, with {customers} of {all} customers."
SEGMENT_FINDING_BEST = "A customer is worth most in {level}: {each} on average (90 % band {band})."
SEGMENT_FINDING_SINGLE = "All {customers} customers stand in one row, so there is nothing to compare."
SEGMENT_NOTE = (
    "A level is that of the customer's first order. Bands of the mean per customer hold for the level as a whole, not for a"
    " single customer."
)

# Accounts
ACCOUNTS = "Largest customers"
ACCOUNTS_NONE = 'Single accounts are not listed: the setting customer_ids is "none".'
ACCOUNTS_TABLE = "The {accounts} accounts of highest predicted value"
ACCOUNTS_TABLE_ONE = "The account of highest predicted value"
ACCOUNTS_FINDING = "The {accounts} largest accounts hold {share} of the value; {inactive} of them are more likely lost than active."
ACCOUNTS_FINDING_ONE = "The largest account holds {share} of the value."
ACCOUNTS_HASHED = (
    "Accounts are named by the first 12 digits of the SHA-256 of their id: the same from report to report, not anonymous to"
    " someone who knows the ids."
)
COLUMN_ACCOUNT = "Account"
COLUMN_ACTIVE = "Probability active"
COLUMN_ORDERS_YEAR = "Orders, next year"
COLUMN_BAND_VALUE = "Value, 90 % band"

# Cohorts, quarters and activity
COHORTS = "Cohorts and quarters"
COHORTS_UNDATED = (
    "Cohorts and quarters need the dates of the orders, and the customers came as a table of statistics without them. Give the orders "
    "themselves, one row each with customer, date and amount, to see them here."
)
COHORTS_NO_QUARTER = "The orders do not cover one complete fiscal quarter, so that no quarters are shown."
COHORTS_FIGURE = "Revenue by the year in which customers were won"
COHORTS_ALT = "Stacked bars of revenue by fiscal quarter, one colour a cohort of customers, the oldest at the bottom. {finding}"
COHORTS_CAPTION = (
    "A cohort is the fiscal year of the first order in the data; the oldest may hold customers won earlier. Only complete fiscal quarters "
    "are drawn."
)
COHORTS_LEGEND = "Won in"
COHORT_YEARS = "{first} to {last}"
COHORT_OLDER = "{last} and before"
COHORTS_FINDING = (
    "Of the {revenue} of revenue from {first} to {last}, {before} came from customers won before; the cohort of {cohort} brought most, "
    "{largest}."
)
COHORTS_FINDING_ONE = "Of the {revenue} of revenue from {first} to {last}, {before} came from customers won before."
COHORTS_FINDING_NONE = "No revenue came in the last complete quarters."
AXIS_QUARTER_REVENUE = "Revenue per quarter"
COHORTS_TABLE = "What each cohort brought, and what it is expected to bring"
COLUMN_COHORT = "Won in"
COLUMN_COHORT_WON = "Customers won"
COLUMN_STILL_ACTIVE = "Expected active"
COLUMN_LAST_YEAR = "Revenue, last {quarters} quarters"
COLUMN_SHARE_LAST_YEAR = "Share of revenue"
COLUMN_EXPECTED_VALUE = "Expected value"
COLUMN_SHARE_OF_VALUE = "Share of value"
COHORTS_TABLE_FINDING = "The cohort of {cohort} holds the largest part of the value: {share} of it, with {customers} of the customers."
COHORTS_TABLE_FINDING_ONE = "All customers were won in {cohort}; they are expected to bring {value}."
COHORTS_TABLE_FINDING_NONE = "No cohort is expected to bring any value."
COHORTS_NOTE = (
    "Expected value is the sum of the customers' means within the horizon; it comes from customers won so far alone. A fiscal year in "
    "which fewer than five customers were won stands together with the next."
)
ORDERING_FIGURE = "How many of each cohort order in a quarter"
ORDERING_ALT = (
    "One panel a cohort: the share of its customers who ordered in each past fiscal quarter as a line, then a forecast fan with 50, 80 and "
    "95 % bands. {finding}"
)
ORDERING_CAPTION = (
    "Nobody says when they stop ordering, so who is still active cannot be seen; who orders can. Each panel begins when all of its cohort "
    "had been won and shows, by fiscal quarter, the share of it with at least one order; free orders count, invoices of contracts do not. "
    "The dotted line is the valuation date. Only complete quarters are drawn."
)
ORDERING_FINDING = (
    "Of the {customers} customers won in {year} or before, {seen} ordered in {quarter}; {share} are expected to in {ahead} (90 % band "
    "{band})."
)
ORDERING_FINDING_AHEAD = "Of the {customers} customers, {share} are expected to order in {ahead} (90 % band {band})."
ORDERING_SEEN = "Ordered"
ORDERING_UNTOLD = (
    "How many customers order in a quarter is not shown: that takes the days of the orders, and a complete fiscal quarter both before the "
    "valuation date and within the horizon."
)
COHORT_PANEL = "{cohort} ({customers} customers)"
AXIS_ORDERING = "Customers with orders in the quarter"
QUARTERS_TABLE = "The last complete quarters"
COLUMN_QUARTER = "Quarter"
COLUMN_QUARTER_WON = "Customers won"
COLUMN_ORDERING = "Customers with orders"
COLUMN_ORDERS_EACH = "Orders each"
COLUMN_AVERAGE_ORDER = "Average order"
COLUMN_REVENUE = "Revenue"
COLUMN_FROM_NEW = "From customers won in the quarter"
QUARTERS_FINDING_YEAR = (
    "In the last four quarters revenue came to {revenue} ({more_revenue} against the four before), orders to {orders} ({more_orders}), and "
    "customers won to {won} ({more_won})."
)
QUARTERS_FINDING_YEAR_ALONE = "In the last four quarters revenue came to {revenue}, orders to {orders}, and customers won to {won}."
QUARTERS_FINDING = (
    "In the last quarter revenue came to {revenue} ({more_revenue} against the one before), orders to {orders} ({more_orders}), and "
    "customers won to {won} ({more_won})."
)
QUARTERS_FINDING_ALONE = "In the last quarter revenue came to {revenue}, orders to {orders}, and customers won to {won}."
ACTIVITY = "Who is still active"
CUSTOMERS_ORDERING_FIGURE = "Customers with orders by quarter"
CUSTOMERS_ORDERING_ALT = (
    "Line chart of the customers who ordered in each fiscal quarter, then a forecast fan with 50, 80 and 95 % bands. {finding}"
)
CUSTOMERS_ORDERING_CAPTION = (
    "Each customer counts once a quarter, however often they order; invoices of contracts are no orders. The dotted line is the valuation "
    "date. Past quarters include customers who were new then; the forecast holds no customer won after the valuation date. Only complete "
    "quarters are drawn."
)
CUSTOMERS_ORDERING_FINDING = (
    "In {quarter}, {seen} customers ordered ({change} against the same quarter of the year before); of today's {customers}, {expected} are "
    "expected to order in {ahead} (90 % band {band})."
)
CUSTOMERS_ORDERING_FINDING_ALONE = (
    "In {quarter}, {seen} customers ordered; of today's {customers}, {expected} are expected to order in {ahead} (90 % band {band})."
)
AXIS_CUSTOMERS_ORDERING = "Customers with orders"
ACTIVITY_FIGURE = "Probability active and orders ahead, by repeat orders and silence"
ACTIVITY_ALT = "Map of the mean probability to be active: rows by repeat orders so far, columns by time since the last order. {finding}"
ACTIVITY_CAPTION = (
    "In each field: mean probability to be active, and below it the orders expected of a customer in the next year. Fields with fewer than "
    "five customers are left empty."
)
ACTIVITY_FIELD = "{active}\n{orders}"
AXIS_REPEATS = "Repeat orders so far"
ACTIVITY_TABLE = "Customers by repeat orders and time since the last order"
COLUMN_REPEATS = "Repeat orders"
COLUMN_SILENCE = "Time since the last order"
COLUMN_MEAN_ACTIVE = "Probability active"
COLUMN_MEAN_ORDERS = "Orders, next year, each"
ACTIVITY_OTHERS = "all other classes"
ACTIVITY_FINDING = (
    "Among customers with {repeats} the probability to be active falls from {first} ({recent} since the last order) to {last} ({silent})."
)
ACTIVITY_FINDING_RISES = (
    "Among customers with {repeats} the probability to be active is {first} {recent} after the last order, and {last} {silent} after it."
)
ACTIVITY_FINDING_ONE = "There is one class only; its customers are active with a probability of {active} on average."
ACTIVITY_FINDING_FEW = (
    "The {customers} customers are active with a probability of {active} on average; too few stand in each class to say how silence tells."
)
ACTIVITY_VALUE_FINDING = (
    "Of all classes, customers with {repeats} and {silence} since the last order hold the largest part of the value: {share} of it, with "
    "{customers} of the customers."
)
FREQUENCY_LABELS = {"0": "0", "1": "1", "2": "2", "3-4": "3–4", "5-9": "5–9", "10 or more": "10 or more"}
SILENCE_LABELS = {
    "under 4 weeks": "under 4 weeks",
    "4-12 weeks": "4–12 weeks",
    "13-25 weeks": "13–25 weeks",
    "26-51 weeks": "26–51 weeks",
    "52 weeks or more": "52 weeks or more",
}

# Forecast
FORECAST = "Forecast by period"
FORECAST_TABLE = "Orders and money of existing customers"
COLUMN_PERIOD = "Period"
COLUMN_FROM = "From"
COLUMN_TO = "To"
YEARS_AHEAD = "{years} years"
COLUMN_ORDERS = "Orders"
COMPONENT_COLUMNS = {"revenue": "Revenue", "returned": "Comes back", "cost": "Costs", "contribution": "Contribution", "value": "Value"}
WHOLE_HORIZON = "Whole horizon"
FORECAST_FINDING = "Half of the value is expected to have arrived by the end of {period}, after {place} of {periods} periods."
FORECAST_FINDING_NONE = "No value is expected within the {periods} periods."
FORECAST_NOTE = (
    "Contribution is the margin on revenue, less what comes back of it, less the costs of orders, service and returns; value is "
    "contribution discounted to the valuation date. All columns but the bands are means. The bands of single periods do not add up to the "
    "band of the whole horizon."
)


# Spread
SPREAD_TITLE = "Why the bands are as wide as they are"
SPREAD_TABLE = "Standard deviation of the value, and what makes its variance"
COLUMN_SPREAD_OF = "By"
COLUMN_LEVEL_OF = "Of"
SPREAD_PARTS = ("Chance", "Parameters", "Systematic")
SPREAD_FINDING = (
    "Of the variance of the total value {process} is chance, {parameters} is what the data leave open of the parameters, and {systematic} "
    "is systematic."
)
SPREAD_CHANCE = (
    "Chance is each customer's own luck, if all else were known. It evens out over many customers: it is what makes small levels "
    "uncertain, and nothing but more customers makes it smaller."
)
SPREAD_PARAMETERS = (
    "Parameters: what the data do not tell of rates, departures, amounts and seasons. More customers and a longer history shrink it; so "
    "does pooling of small levels."
)
SPREAD_SYSTEMATIC = (
    "Systematic is what moves all customers at once: a better or worse quarter, prices, competitors, a model that foresees too much. It "
    "does not even out, however many customers there are."
)
_LEARNED_ENOUGH = (
    " This was learned from {errors} forecasts from {origins} past days whose end has come: on average orders came {direction}, and "
    "from one quarter to another they differ from that by {sd} % (one standard deviation)."
)
_LEARNED_LITTLE = (
    " Only {errors} forecasts of orders, from {origins} past days, could be compared with what happened so far. With so few, much of the "
    "bands' width is assumed: a quarter's total may be off by {sd} % (one standard deviation; {prior} % are assumed before any forecast is "
    "compared)."
)
_LEARNED_NOTHING = (
    " No past forecast of orders has been compared with what happened, so that this part of the bands' width is assumed: by {prior} % a "
    "quarter's total may be off (one standard deviation), and by as much for good."
)
LEARNED = (_LEARNED_NOTHING, _LEARNED_LITTLE, _LEARNED_ENOUGH)
LEARNED_DIRECTION = ("as the median forecast had it", "{mean} % above the median forecast", "{mean} % below the median forecast")
LEARNED_CONTRACTS = (
    " No past forecast of lost contracts could be compared with what happened, so that this is assumed: how many are lost in a quarter may "
    "be off by {prior} %, and what recurs of the others by {amount_prior} % within a year (one standard deviation each), and by about as "
    "much for good.",
    " Only {errors} forecasts of lost contracts, from {origins} past days, could be compared with what happened so far. With so few, much "
    "is assumed: how many are lost in a quarter may be off by {sd} %, what recurs of the others by {amount_sd} % within a year (one "
    "standard deviation each; {prior} and {amount_prior} % are assumed before any forecast is compared).",
    " Of contracts it was learned from {errors} forecasts from {origins} past days whose end has come: on average {direction}, and what "
    "recurs of the others came {amount_direction} within a year; from that, losses differ by {sd} % from one quarter to another, and what "
    "recurs by {amount_sd} % within a year (one standard deviation each).",
)
LEARNED_CONTRACTS_DIRECTION = (
    "as many were lost as the mean forecast had it",
    "{mean} % more were lost than the mean forecast had it",
    "{mean} % fewer were lost than the mean forecast had it",
)
LEARNED_AMOUNTS_DIRECTION = ("as foreseen", "{mean} % above what was foreseen", "{mean} % below what was foreseen")
SPREAD_NOT_OF_ORDERS = " Of orders nothing was learned of it, and their bands hold none."
SPREAD_NOT_OF_CONTRACTS = " Of contracts nothing was learned of it, and their bands hold none."
SPREAD_POOLED = (
    " Half of the draws come from a second fit, in which the level of the whole base moves from month to month and goes on to do so: with "
    "so few past forecasts, neither alone is trusted."
)
SPREAD_SAMPLE = " {customers} customers were graded, chosen by the hash of their id."
SPREAD_SHRINKS = (
    " What shrinks it: more quarters that are graded, and causes that are known beforehand and written into the forecast by hand."
)
SPREAD_NOT_SYSTEMATIC = "Systematic errors, which move all customers at once, are not in these bands: nothing was learned of them."
SPREAD_NOTE = (
    "Shares of the variance, which add up; those of standard deviations do not. Levels with fewer than five customers are left out."
)
BEYOND_HORIZON = (
    "Of all that the models expect existing customers to bring within fifty years, discounted, {share} lies beyond the horizon of "
    "{horizon} years and is not in the value."
)

# New customers
NEWCOMERS = "New customers"
NEWCOMERS_TABLE = "What one more customer brings, {column}"
NEWCOMERS_TABLE_ALL = "What one more customer brings"
WINNING_TABLE = "What winning one may cost, {column}"
WINNING_TABLE_ALL = "What winning one may cost"
WINNING_FINDING = "With caution, winning one may cost from {least} to {most}, by level."
WINNING_FINDING_ONE = "With caution, winning one may cost {amount} at most."
COLUMN_LEVEL = "Customers of"
COLUMN_WON = "Won in the last year"
COLUMN_FIRST_ORDER = "First order"
COLUMN_JUST_ACQUIRED = "Just acquired"
COLUMN_NOT_YET = "Not yet acquired"
COLUMN_NOT_YET_BAND = "Not yet acquired, 90 % band"
COLUMN_COST = "Acquisition cost"
COLUMN_NET = "Net"
COLUMN_P_LOSS = "Chance of a loss"
COLUMN_P_NEVER = "Never pays back"
COLUMN_CEILING = "Ceiling, mean"
COLUMN_CAUTIOUS = "Ceiling, cautious"
NEWCOMERS_FINDING = "One more customer is worth {mean} on average before it is won ({low} to {high}); its first order brings {first}."
NEWCOMERS_FINDING_COST = (
    "One more customer is worth {mean} on average before it is won and costs {cost} to win: {net} net; {never} of newcomers never earn "
    "back their cost within the horizon."
)
NEWCOMERS_BEST = "A newcomer is worth most in {level}: {amount} on average before it is won."
NEWCOMERS_BEST_NET = "After the cost of acquisition, newcomers stand best in {level}: {amount} on average."
NEWCOMERS_ONE_LEVEL = "One more customer of {level} is worth {amount} on average before it is won."
NEWCOMERS_GRADED_HIGH = (
    "In the back-test newcomers' revenue was foreseen {off} too high on average, and its 90 % band held in {held} of {forecasts} "
    "forecasts: take these ceilings with that much caution."
)
NEWCOMERS_GRADED_LOW = (
    "In the back-test newcomers' revenue was foreseen {off} too low on average, and its 90 % band held in {held} of {forecasts} forecasts."
)
NEWCOMERS_NOTE = (
    "Three quantities that are never added up: not yet acquired is the contribution of the first order and of all later ones within "
    "the horizon, the most that winning a customer may cost; just acquired is that of the later ones alone; the value of existing "
    "customers, elsewhere in this report, knows what each has done so far. Bands are of the average over as many newcomers as were "
    "won in the last year, over one where none were. The cautious ceiling is the 20 % quantile of that average. Newcomers behave as "
    "the models say of those won in the last year."
)
NEWCOMERS_CEILING_CONTACT = "Ceilings are per contact paid for, of which the stated share become customers."
NEWCOMERS_CEILING_CUSTOMER = "Ceilings are per customer won."

# Returns
RETURNS = "Returns"
RETURNS_TABLE = "Customers by the share of their orders that they send back"
COLUMN_SENDS_BACK = "Expected to send back"
RETURNS_CLASSES = ("under 5 %", "5 to 20 %", "20 to 50 %", "half or more")
COLUMN_SHARE_BACK = "Share sent back"
COLUMN_NEGATIVE = "Expected to cost more than they bring"
COLUMN_MEAN_VALUE = "Mean value of a customer"
RETURNS_FINDING = (
    "What is expected to come back comes to {share} of the revenue within the horizon; {negative} of {customers} customers are "
    "expected to cost more than they bring."
)
RETURNS_NOTE = (
    "What comes back is taken off the order that it belongs to. A customer's share is the part of the money so far that came "
    "back; the fewer orders there are, the nearer it is drawn to that of similar customers. Young orders count for less, since more of "
    "them may still come back; what may still come is in the first period of the forecast. Only the value that remains "
    "says whether customers who send much back are still worth serving."
)

# Unit economics
UNIT_ECONOMICS = "Unit economics"
UNIT_TABLE_ALL = "What a newcomer brings beside what it costs"
UNIT_TABLE = "What a newcomer brings beside what it costs, {column}"
COLUMN_RATIO = "Value per unit of cost"
COLUMN_RATIO_BAND = "Value per unit of cost, 90 % band"
COLUMN_HALF_PAID = {"quarter": "Half have paid back by quarter", "month": "Half have paid back by month"}
NOT_HALF = "less than half do"
UNIT_FINDING_ONE = (
    "One unit of money spent on winning customers brings {ratio} within the horizon (90 % band {band}); {never} of the newcomers never "
    "earn "
    "back their cost."
)
UNIT_FINDING_ALL_EARN = "All {levels} levels earn back their cost on average: from {worst} per unit of cost in {last} to {best} in {first}."
UNIT_FINDING_SOME_LOSE = (
    "In {losing} of {levels} levels a newcomer brings less than it costs; per unit of cost {first} brings most, {best}, and {last} least, "
    "{worst}."
)
UNIT_NO_COST = (
    "What winning a customer costs was not given, so that values of newcomers stand alone here. Name acquisition_cost, one number or by "
    "level, to see ratios, payback and the chance that one channel is better than another."
)
UNIT_FREE = "Winning customers of {levels} costs nothing, so that these have no ratio and no payback here."
UNIT_NOTE = (
    "Value is that of one not yet acquired, from the first order on. Bands and the chance of a loss are of the average over as many "
    "newcomers as were won in the last year; payback is of single newcomers, and counts from acquisition, with the first order in the "
    "first "
    "period."
)
BETTER_TABLE = "Probability that one is better than another, {column}"
COLUMN_BETTER = "Net of cost, a newcomer of"
BETTER_NAME = "{place}  {level}"
BETTER_THAN = "than {place}"
BETTER_CLEAR = (
    "Net of cost, newcomers of {best} bring most: they are better than those of {rival}, which come nearest, with a probability of "
    "{chance}."
)
BETTER_UNCLEAR = (
    "Net of cost, newcomers of {best} bring most on average, but are better than those of {rival} with a probability of {chance} only: "
    "these cannot be told apart."
)
BETTER_NOTE = (
    "One level is better than another with the probability that as many newcomers of the row as were won in the last year bring more on "
    "average, each net of its cost, than "
    "those "
    "of the column. What moves all customers at once moves both."
)
BETTER_MOST = " Compared are the {shown} levels of {levels} that won most customers in the last year."

# Risk
RISK = "Risk"
RISK_TABLE = "How low the value may be, {column}"
RISK_TABLE_ALL = "How low the value may be"
COLUMN_RISK_MEAN = "Mean value"
COLUMN_VALUE_AT_RISK = "Value at risk, 95 %"
COLUMN_CVAR = "CVaR, 95 %"
COLUMN_ERROR = "Monte Carlo error"
COLUMN_BELOW_MEAN = "CVaR below the mean"
COLUMN_P_FALL = "Chance of 10 % below the mean"
COLUMN_P_ERROR = "its Monte Carlo error"
RISK_FINDING_ALL = (
    "In the worst 5 % of cases the customers bring {cvar} on average, {fall} less than the mean of {mean}; the chance that they bring less "
    "than nine tenths of the mean is {chance}."
)
RISK_ERROR = "The Monte Carlo error of the value at risk of all customers is {error}."
RISK_FINDING_NONE = "No value is expected, so that none is at risk."
RISK_FINDING = (
    "For its size {deepest} may fall deepest: in its worst 5 % of cases it brings {fall} less than its mean. The "
    "steadiest is {steadiest}, with {least}."
)
RISK_FINDING_ALIKE = (
    "Beside their size all of these may fall about as deep: in their worst 5 % of cases they bring {fall} less than their means."
)
RISK_FINDING_ONE = "By itself {level} brings {fall} less than its mean in its worst 5 % of cases."
PARTS_TABLE = "What each level adds to the risk of the whole, {column}"
COLUMN_CONTRIBUTION = "In the worst 5 % of the whole"
PARTS_SUM = "Sum of the levels"
COLUMN_SHARE_FALL = "Share of the fall"
COLUMN_ALONE = "CVaR by itself"
COLUMN_DIVERSIFIES = "Diversifies"
COLUMN_BETA = "CLV beta"
COLUMN_MOVES = "Moves per 1 % of the whole"
PARTS_FINDING = (
    "Where the whole falls, {level} carries the largest part: {fall} of the fall, with {share} of the value. By themselves the levels "
    "would fall by {alone} in sum; {diversified} of that diversifies."
)
PARTS_FINDING_NONE = "The whole does not fall below its mean, so that there is nothing to share out."
RISK_FIGURE = "Who carries the value, and who the risk, {column}"
RISK_FIGURE_ALT = "Paired bars by level: share of the mean value, and share of the fall below it in the worst cases. {finding}"
RISK_FIGURE_CAPTION = "The fall is what the whole brings less than its mean in the worst 5 % of cases, shared out by Euler's allocation."
RISK_FIGURE_CAPTION_REST = (
    " Drawn are the {shown} largest levels; the other {levels} hold {value} of the value together and carry {fall} of the fall. The table "
    "has all."
)
RISK_FIGURE_FINDING = "Of the levels shown, {level} carries the most risk for its size: {fall} of the risk with {share} of the value."
RISK_FIGURE_FINDING_EVEN = "No level carries a share of the risk that differs by more than one hundredth from its share of the value."
RISK_VALUE_SHARE = "Share of the value"
RISK_FALL_SHARE = "Share of the fall"
AXIS_SHARES = "Share, %"
RISK_NOTE = (
    "Value at risk is the value that is undercut in one case in twenty; CVaR is the mean of the cases below it. The higher both are, the "
    "better. What a level brings in the worst cases of the whole adds up to the CVaR of the whole; what it would bring in its own worst "
    "cases is less, by what diversifies. CLV beta is the covariance of a level's value with that of the whole by the variance of the "
    "whole: "
    "betas add up to 1, and beside the share of value they say by how many per cent a level moves, on average, where the whole moves by "
    "1 %. Monte Carlo errors are standard errors, of the number of draws alone."
)

# Sensitivity
SENSITIVITY = "What the value depends on"
SENSITIVITY_FIGURE = "The value under other assumptions"
SENSITIVITY_ALT = "Tornado chart of the value under assumptions moved down and up, the largest swing first. {finding}"
SENSITIVITY_CAPTION = (
    "Each bar moves one assumption and leaves the others as they are; the shaded area is the 90 % band of the value as it is, which holds "
    "chance and what the data leave open. Swings of several assumptions do not add up."
)
SENSITIVITY_CAPTION_WIDENED = (
    "Each bar moves one assumption and leaves the others as they are; the shaded area is the 90 % band of the value as it is, which holds "
    "chance, what the data leave open, and how far totals may be off for reasons that meet all customers at once. Swings of several "
    "assumptions do not add up."
)
SENSITIVITY_TABLE = "The value under other assumptions, one at a time"
SENSITIVITY_FINDING = (
    "Of the assumptions that are moved down and up alike, by a tenth or a point, the value depends most on this: {factor}. It ranges from "
    "{low} to {high} with it ({span} of the mean)."
)
SENSITIVITY_FINDING_UNLIKE = "No assumption could be moved both down and up."
SENSITIVITY_FINDING_NONE = "No value is expected under any of these assumptions."
SENSITIVITY_TABLE_FINDING = "The lowest mean is {low}, with “{worst}”; the highest {high}, with “{best}”."
FACTORS = {
    "rate": "Discount rate, ± 1 point",
    "margin": "Margin, ± 10 %",
    "horizon": "Horizon, one year less",
    "churn": "Odds of leaving, ± 10 %",
    "frequency": "Order rate, ± 10 %",
    "spend": "Amounts of orders, ± 10 %",
    "priors": "Priors twice as wide",
    "alternative": "Other model: {title}",
}
SCENARIO_AS_IT_IS = "as it is"
SCENARIO_RATE = "discount rate {points} point"
SCENARIO_MARGIN = "margin {change}"
SCENARIO_HORIZON = "horizon of {years} years"
SCENARIO_HORIZON_ONE = "horizon of 1 year"
SCENARIO_LEVERS = {"churn": "odds of leaving {change}", "rate": "order rate {change}", "spend": "amounts of orders {change}"}
SCENARIO_PRIORS = "priors twice as wide"
SCENARIO_ALTERNATIVE = "model {title}"
COLUMN_SCENARIO = "Assumption"
COLUMN_SCENARIO_VALUE = "Mean value"
COLUMN_CHANGE, COLUMN_CHANGE_SHARE = "Change", "Change, of the mean"
AXIS_VALUE = "Value of existing customers"
SWING_LOWER, SWING_HIGHER = "assumption lower", "assumption higher"
SWING_CHANGED = "changed"
SWING_AS_IT_IS, SWING_BAND = "as it is", "90 % band as it is"
HORIZON_SAYS = "Of the value within {horizon} years, {first} falls into the first year."
HORIZON_SAYS_BEYOND = (
    "Of the value within {horizon} years, {first} falls into the first year; of all that is expected within fifty years, {beyond} lies "
    "beyond the horizon."
)
NO_LEVERS = (
    "How the value depends on {levers} was not computed: each takes a simulation of all customers of its own. They stand here "
    "where the valuation file names measures that move them."
)
LEVERS_MISSING = {"churn": "how often customers leave", "rate": "how often they order", "spend": "how much they spend"}
NO_ALTERNATIVE = "What another model would say is not shown: none was fitted beside this one."
NO_WIDER_PRIORS = "What wider priors would do is not shown: the draws were not weighed for them."
WIDER_PRIORS_NOT_REACHED = (
    "What priors twice as wide would do cannot be told from these draws, which do not reach far enough: the priors matter, and only "
    "another "
    "fit would say how much."
)
SENSITIVITY_NOTE = (
    "With another discount rate each period's value is discounted anew from the middle of the period; with another margin what is kept of "
    "the revenue brings more or less, and costs stay; within a horizon that ends in a period, as much of it counts as its part of the "
    "time. "
    "Odds of leaving, order rate and amounts move from the valuation date on, with the same random numbers. For wider priors and another "
    "model the customers and the orders are the same."
)

# Certificate
CERTIFICATE = "Certificate"
CERTIFICATE_TABLE = "What was checked"
CERTIFICATE_FINDING_OK = "{holding} of {checks} checks hold, none failed; notes: {notes}."
CERTIFICATE_FINDING_FAILED = "{failed} of {checks} checks failed; notes: {notes}."
COLUMN_OF = "Of"
COLUMN_CHECK = "Check"
COLUMN_STATUS = "Status"
COLUMN_FOUND = "Found"
COLUMN_ADVICE = "What to do"

# Assumptions
ASSUMPTIONS = "Assumptions"
ASSUMPTIONS_TABLE = "What the value rests on"
ASSUMPTIONS_FINDING = "One unit of the revenue expected within the horizon counts {factor} in value: after margin, costs and discounting."
COLUMN_ASSUMPTION = "Assumption"
COLUMN_SETTING = "Setting"
FACT_MARGIN = "Margin: contribution per unit of revenue"
FACT_ORDER_COST = "Cost of an order"
FACT_SERVICE_COST = "Cost of service, per period in which a customer orders"
FACT_ACQUISITION_COST = "Cost of acquisition, per customer won"
FACT_RETURN_COST = "Cost of handling an order that comes back"
FACT_CONVERSION = "Contacts that become customers"
FACT_SPEND_GROWTH = "Growth of amounts assumed, per year"
FACT_NOT_GIVEN = "not given"
SETTING_BY_LEVEL = "by {column}: {levels}"
LEVEL_SETTING = "{level} {number}"
FACT_RATE = "Discount rate, effective per year; of a curve, year by year, the last one goes on"
FACT_HORIZON = "Horizon"
FACT_HORIZON_YEARS = "{years} years after the valuation date"
FACT_PERIOD = "Fiscal period"
FACT_PERIODS = {"quarter": "quarter; the fiscal year begins in month {month}", "month": "month; the fiscal year begins in month {month}"}
FACT_CURRENCY = "Currency"
FACT_CURRENCY_NONE = "not named: amounts are in the unit of the source"
FACT_DATE = "Valuation date"
FACT_DATE_NONE = "not known: time counts from the end of observation"
FACT_UNIT = "Unit of time in the models"
FACT_UNITS = {"day": "day", "week": "week", "month": "month", "quarter": "quarter", "year": "year"}
FACT_KINDS = {
    "purchases": "Model of purchases",
    "spend": "Model of spend",
    "returns": "Model of returns",
    "contracts": "Model of renewals",
    "changes": "Model of changes at renewal",
}
FACT_MODEL = "{title}: {story}"
FACT_POOL = "Pooling, {title}"
FACT_POOL_COLUMNS = "levels of {columns} share what they have in common"
FACT_POOL_NONE = "none: one set of parameters for all customers"
FACT_FITTED = "Fitted, {title}"
FACT_FITTED_VALUE = "{customers} customers in {rows} compressed rows"
FACT_FITTED_CONTRACTS = "{customers} contracts in {rows} compressed rows"
CROSSING = " × "
LIST = ", "
STORIES = {
    "beta_discrete_weibull": "each contract has a probability of its own not to be renewed, which may change with the decisions "
    "that it has "
    "survived; within a term it ends with one small hazard a month.",
    "renewal_change": "at a renewal a contract's amount mostly stays, or becomes larger or smaller by a lognormal factor.",
    "mbg_nbd": "customers buy at random at their own rate (with a season: quicker in some months than in others); after any purchase, the "
    "first included, each may leave for good.",
    "bg_nbd": "customers buy at random at their own rate (with a season: quicker in some months than in others); after any repeat purchase "
    "each may leave for good. Whoever has bought once only counts as active.",
    "mbg_cnbd": "customers buy at their own rate, more regularly than at random, in phases of which so many as the name says pass between "
    "two purchases; after any purchase, the first included, each may leave for good.",
    "bg_bb": "customers can order once at each of a number of opportunities, which they do with a probability of their own; before "
    "any of them each may leave for good.",
    "nbd": "customers buy at random at their own rate (with a season: quicker in some months than in others), and nobody ever leaves.",
    "pareto_nbd": "customers buy at random at their own rate (with a season: quicker in some months than in others), and leave for good "
    "after a lifetime of their own, at purchases or between them.",
    "lognormal": "the logarithms of each customer's orders scatter around an own level; these levels differ from customer to customer, "
    "and, where linked, with the number of orders.",
    "beta_binomial_returns": "of each customer's orders an own share comes back; these shares differ from customer to customer.",
    "gamma_gamma": "each customer's orders scatter around an own mean amount; these means differ from customer to customer.",
}
STORY_UNKNOWN = "described where the model is defined."
PRIORS_TABLE = "Priors, {title}"
PRIORS_FINDING = "{coordinates} coordinates; the least informed in advance is {widest}, with a standard deviation of {sd}."
PRIORS_OF_CLOCKS = "Effects of months are normal, with standard deviations that are half-normal: {spreads} (their scales)."
CLOCK_SPREADS = {
    "season_scale": "season {scale}",
    "walk_scale": "walk of the level {scale} a month",
    "noise_scale": "noise of a month {scale}",
}
PRIORS_OF_ERRORS = (
    "Systematic errors, in logs over a quarter: a lasting one, normal with a standard deviation of {mean}; from one forecast to another, "
    "with a standard deviation that is half-normal with scale {sd}. That there are none beyond what the model knows has a probability of "
    "{right}."
)
PRIORS_OF_CONTRACT_ERRORS = (
    "Systematic errors of contracts, in logs: of how many are lost in a quarter, a lasting one and one from forecast to forecast, with "
    "standard deviations as of orders ({mean}; half-normal with scale {sd}); of what recurs of the others after a year, {amount_mean} and "
    "half-normal with scale {amount_sd}. That there are none has a probability of {right}, of each."
)
COLUMN_COORDINATE = "Coordinate"
COLUMN_CENTRE = "Centre"
COLUMN_SD = "Standard deviation"
COLUMN_POOL_SCALE = "Scale of the differences between levels"
NOT_IN_VALUE = "What is not in the value"
NOT_NEWCOMERS = "Customers won after the valuation date are not in the value; what one more would bring stands under New customers."
RETURNS_INSIDE = (
    "Returns are in the value: what is expected to come back is taken off each order, and what may still come back of past ones."
)
NOT_RETURNS = (
    "Returns are not in the value: amounts are before returns. Rows left out as returns or credit notes come to {amount}, "
    "{share} of the money kept."
)
NOT_RETURNS_NONE = (
    "Returns are not in the value: amounts are before returns. The source marks no rows as returns, and has no negative amounts."
)
NOT_RETURNS_UNKNOWN = "Returns are not in the value: amounts are before returns. How much they come to is not known."
NOT_COSTS_BEYOND_MARGIN = "Costs of acquisition, service and measures are not in the value beyond what the margin holds."
NOT_COSTS = "Costs of acquisition and of measures are not in the value, nor others beyond the margin and the costs stated above."
SEASON_INSIDE = (
    "Season is modelled: each month of the year has a pace of its own, the same in every year. Of amounts it knows nothing. New customers "
    "are valued as if won on the valuation date."
)
NOT_SEASONS = (
    "Seasonality is not modelled: one week is forecast like any other, so that where sales are seasonal, the means of single periods are "
    "off and their bands too narrow."
)

# Ledger
LEDGER = "Ledger of the data"
LEDGER_NONE = "The customers came as a table of statistics, without an account of the orders behind them."
LEDGER_NONE_CONTRACTS = "The contracts came as a table of counts, without an account of the terms behind them."
LEDGER_TABLE = "What became of every row"
LEDGER_TABLE_CONTRACTS = "What became of every row of the contracts"
LEDGER_FINDING = "{rows} of {read} rows are kept, with {kept}; the {left} rows left out come to {amount} on balance."
LEDGER_FINDING_WHOLE = "All {rows} rows are kept, with {kept}."
LEDGER_FINDING_UNVALUED = "{share} of the money that could have been valued carried no customer id."
COLUMN_REASON = "Rows"
COLUMN_ROWS = "Count"
COLUMN_AMOUNT = "Amount"
LEDGER_READ = "Read from the source"
LEDGER_KEPT = "Kept and valued"
LEDGER_LEFT = "Left out: {reason}"

# Lineage
LINEAGE = "Where the numbers come from"
LINEAGE_TABLE = "The source"
LINEAGE_FINDING = "The models learn from {repeats} repeat orders of {customers} customers."
LINEAGE_FINDING_DATED = "The models learn from {repeats} repeat orders of {customers} customers, placed from {first} to {last}."
ITEM_ROWS_READ, ITEM_ROWS_KEPT = "Rows read", "Rows kept"
ITEM_FIRST_ORDER, ITEM_LAST_ORDER = "First order", "Last order"
ITEM_CUSTOMERS = "Customers"
ITEM_ORDERS = "Orders: days on which a customer ordered"
ITEM_REPEATS = "of them repeat orders"
RECONCILIATION_TABLE = "From the ledger to the models"
RECONCILIATION_FINDING = (
    "Of {kept} in the ledger, the model of spend learns from {repeats} of repeat orders; {not_explained} is not explained."
)
RECONCILIATION_UNKNOWN = (
    "The customers came as a table of statistics, so that modelled revenue cannot be reconciled with a ledger. Give the orders themselves "
    "to "
    "have it here."
)
COLUMN_REVENUE_OF = "Revenue of"
RECONCILED_FIRST = "First orders: what newcomers bring at once"
RECONCILED_REPEATS = "Repeat orders that the model of spend learns from"
RECONCILED_BACK = "Repeat orders that came back whole, from which it does not"
RECONCILED_NOT = "Not explained"

# Reproduction
REPRODUCTION = "Reproducing this report"
RUN_TABLE = "The run"
RUN_FINDING = "The same data, settings, seed and versions give the same report."
COLUMN_ITEM, COLUMN_SAID = "Item", "Value"
ITEM_COMMAND, COMMAND = "Command, with the settings below", "clvbayes run {file}"
ITEM_SOURCE = "Source"
ITEM_HASH = "Hash of the data"
ITEM_SEED = "Seed"
ITEM_SEED_OF = "Seed of the fit, {title}"
ITEM_DRAWS = "Predictive draws"
ITEM_VERSION = "Version of {package}"
SETTINGS_TABLE = "The valuation file"
SETTINGS_NONE = "The report was made without a valuation file."
COLUMN_KEY = "Key"
KEY = "[{section}] {key}"
LIMITS = "Limits"
LIMITS_TEXT = (
    "This is management information, not a fair-value opinion. What has moved all customers at once in the past is in the bands as far as "
    "it is told above; a shock unlike any in the data, a change of prices or a change of policy is not. Money beyond the horizon is not "
    "counted."
)

# Back-test
BACKTEST = "Would the forecast have told the truth?"
BACKTEST_TITLE = "Back-test"
BACKTEST_SUBTITLE = "Forecasts from {origins} past days, {first} to {last}, graded by the orders until {until} · {source}"
BACKTEST_MADE = (
    "From {origins} past days, {first} to {last}, the customers known then were forecast from nothing but what was known then, with "
    "statistics, priors and fits made anew each time, and compared with what they ordered until {until}. Revenue is gross, before returns."
    "{widened}"
)
BACKTEST_MADE_ONE = (
    "From {first} the customers known then were forecast from nothing but what was known then, and compared with what they ordered until "
    "{until}. Revenue is gross, before returns.{widened}"
)
BACKTEST_WIDENED = (
    " Each forecast was moved by what the model's earlier ones had missed until then, as the bands of a valuation are; baselines were not."
)
BACKTEST_SUBTITLE_ONE = "Forecast from {first}, graded by the orders until {until} · {source}"
BACKTEST_OTHER_DATA = (
    "This back-test was made from other data than the report, {source} until {until}. Run “clvbayes backtest” again for a verdict on these."
)
BACKTEST_ALONE = "{model} was graded beside the baselines alone, and beside no other model."
BACKTEST_BEATEN = (
    "“{baseline}”, which any model must beat, told the {measure} of single customers over {weeks} weeks better than {model}: think of "
    "another model, or of what has changed in the business."
)
BACKTEST_CHOICE = "Of the models given, {model} is the one to use: {reason}."
BACKTEST_CHOICE_OTHER = "This report uses {own}; the back-test prefers {model}: {reason}."
BACKTEST_AGAINST = (
    "Do not trust the bands of totals: in the past they did not hold. The 90 % band of the total's {measure} held in {held} of {origins} "
    "forecasts of {weeks} weeks that do not overlap."
)
BACKTEST_FACTOR = " It would have had to be {factor} times as wide."
BACKTEST_AGAINST_ADVICE = (
    "Take the bands of totals, levels and periods in this report as too narrow by far, and do not decide on their ends; see “{section}”."
)
BACKTEST_HELD = (
    "In the past the 90 % band of the total's {measure} held in {held} of {origins} forecasts of {weeks} weeks that do not overlap, as "
    "often as it should. So few forecasts do not prove it."
)
BACKTEST_UNDECIDED = (
    "In the past the 90 % band of the total's {measure} held in {held} of {origins} forecasts of {weeks} weeks that do not overlap: "
    "less often than it should, but so few forecasts do not tell whether by chance."
)
BACKTEST_NEVER = " Over another horizon it never held."
BACKTEST_FITS_FAILED = " Many fits of the back-test did not pass all of their checks."
BACKTEST_TOO_FEW = (
    "A back-test with too few forecasts to say whether the bands of totals hold: three that do not overlap are needed, and there are "
    "{origins}."
)
MEASURES = {"orders": "orders", "revenue": "revenue", "contracts": "contracts", "recurring revenue": "recurring revenue"}
GRADED_TITLE = "Forecast and fact"
AXIS_ORIGIN = "Day of the forecast"
AXIS_GRADED = "Revenue of known customers"
AXIS_GRADED_CONTRACTS = "Recurring revenue of known contracts"
GRADED_INSIDE = "happened, inside"
GRADED_OUTSIDE = "happened, outside"
GRADED_FINDING = "The 90 % band of revenue over {weeks} weeks held in {held} of {forecasts} forecasts."
GRADED_OVERLAP = " Neighbouring forecasts overlap: they are fewer than they look."
GRADED_CAPTION = "Each bar is the forecast of the customers known on that day, for the {weeks} weeks after it; the line is its median."
GRADED_ALT = "Bands of forecasts with dots for what happened. {finding}"
TRACKING_TITLE = "Week by week from {origin}"
TRACKING_ACTUAL = "Happened"
AXIS_WEEKS = "Weeks after the day of the forecast"
AXIS_WEEKLY = "Revenue per week"
TRACKING_FINDING_HELD = (
    "In {inside} of {weeks} weeks revenue lay within the 95 % band of its week; over all of them it came to {actual}, against "
    "{mean} foreseen: within the 90 % band of the sum."
)
TRACKING_FINDING_MISSED = (
    "In {inside} of {weeks} weeks revenue lay within the 95 % band of its week, yet over all of them it came to {actual}, against "
    "{mean} foreseen: outside the 90 % band of the sum."
)
TRACKING_CAPTION = "The latest forecast that can be graded over {weeks} weeks; {customers} customers known on that day."
TRACKING_ALT = "Weekly revenue as a line before the bands of its forecast. {finding}"
CLASSES_TITLE = "By what was known of the customers"
AXIS_EACH = "Orders per customer"
CLASS_FORECAST = "forecast"
CLASS_ACTUAL = "happened"
CLASS_TITLES = {"frequency": "Repeat orders before the day of the forecast", "silence": "Time since the last order"}
CLASS_LABELS = {
    "under 4 weeks": "<4\nweeks",
    "4-12 weeks": "4–12\nweeks",
    "13-25 weeks": "13–25\nweeks",
    "26-51 weeks": "26–51\nweeks",
    "52 weeks or more": "52 weeks\nor more",
    "3-4": "3–4",
    "5-9": "5–9",
    "10 or more": "10 or\nmore",
}
CLASSES_FINDING = "Furthest off were customers with {klass}: {forecast} orders each were forecast over {weeks} weeks, {actual} came."
CLASSES_FINDING_SILENCE = (
    "Furthest off were customers whose last order was {klass} ago: {forecast} orders each were forecast over {weeks} weeks, {actual} came."
)
CLASSES_CAPTION = "All forecasts over {weeks} weeks together."
CLASSES_ALT = (
    "Paired bars of orders per customer, forecast beside happened, by repeat orders so far and by time since the last order. {finding}"
)
CLASS_IN_WORDS = "{klass} repeat orders so far"
VERDICT_TABLE = "Whether the 90 % bands of totals held: {model}"
VERDICT_FINDING = "Of {verdicts} verdicts, {against} say that the bands were too narrow; {wide} that they were too wide."
COLUMN_VERDICT = "Verdict"
MODELS_COMPARED = "Back-test in numbers"
PAST_TABLE = "Every past forecast of revenue"
PAST_FINDING = "What happened lay within the 90 % band of {held} of {forecasts} forecasts; those that overlap are not independent."
COLUMN_ORIGIN, COLUMN_FORECAST, COLUMN_HAPPENED, COLUMN_INSIDE = "Forecast made on", "Forecast", "Happened", "90 % band"
INSIDE, OUTSIDE = "held", "missed"
TOTALS_TABLE = "Totals of known customers, by model"
COLUMN_MODEL = "Model"
COLUMN_MEASURED = "Of"
COLUMN_WEEKS = "Weeks"
COLUMN_FORECASTS = "Forecasts"
COLUMN_HELD = "90 % band held in"
COLUMN_HELD_APART = "not overlapping"
COLUMN_OFF = "Above (+) or below what happened"
COLUMN_CRPS = "CRPS, of what happened"
COLUMN_FACTOR = "Bands needed, times"
NONE = "–"
HELD_OF = "{held} of {forecasts}"
TOTALS_FINDING = "Over {weeks} weeks {model} came nearest to the total's revenue: its CRPS is {crps} of what happened."
TOTALS_NOTE = (
    "CRPS is a distance of the whole forecast from what happened: the smaller the better, and on average neither a shift nor bands of "
    "the wrong width improve it. “No churn” are customers who never leave, “Last year's rate” ones who go on as in the last 52 weeks, "
    "shrunk to the base (the same as the former where the data are shorter): what any model must beat. Forecasts of one horizon "
    "overlap where days of forecasts lie closer than that; verdicts count only those that do not. Bands needed: by what factor they "
    "would have had to be wider to hold in at least nine of ten; “–” where the one that decides had no width."
)
SINGLES_TABLE = "Single customers, over {weeks} weeks, by model"
COLUMN_LOG_SCORE = "Orders: log score"
COLUMN_LOG_DIFFERENCE = "difference from the best"
COLUMN_STANDARD_ERROR = "its standard error"
COLUMN_PIT = "In the central 90 %"
COLUMN_CRPS_EACH = "Revenue: CRPS"
COLUMN_CRPS_DIFFERENCE = "less the best's"
SINGLES_FINDING = "{model} told the orders of single customers best; {share} of what happened lay in the central 90 % of its forecasts."
SINGLES_NOTE = (
    "Log score: mean log probability that a model gave to the number of orders that came, the higher the better. In the central 90 % "
    "(randomised, since orders are counted) should lie 90 %. Mean absolute errors are not shown: they prefer wrong models."
)
RANKING_SENTENCE = (
    "The tenth of the customers ranked highest by forecast value brought {actual} of the revenue over {weeks} weeks; a perfect ranking "
    "would have found {best}, a random one {random}."
)
LEVELS_TABLE = "Revenue over {weeks} weeks by {column}"
LEVELS_FINDING = "The 90 % bands of these levels held in {held} of {forecasts} forecasts."
NEW_TABLE = "Customers won after the day of the forecast"
NEW_FINDING = "Given how many came and when, the 90 % band of their revenue held in {held} of {forecasts} forecasts."
COLUMN_HORIZON = "Over"
HORIZON = "{weeks} weeks"
BACKTEST_FAILED_FITS = "{failed} of {fits} fits of the back-test did not pass all of their checks: {which}."
FAILED_FITS_OF = "{failed} of {fits} of {model}"
CAUTION_NO_BACKTEST = (
    " A back-test (“clvbayes backtest”) shows how they would have done on your own data, where these reach back far enough."
)

# the budget -----------------------------------------------------------------------------------------------------------------------------

PLAN = "What to spend where"
PLAN_REFUSED = "No budget is planned: {reason}."
PLAN_CHANGE = (
    "The plan spends {spend} of {budget} and is expected to bring {mean} more than it costs; today's spending brings "
    "{current}. The probability that the plan brings more than today's spending is {better}."
)
PLAN_CHANGE_NOTHING_TODAY = (
    "The plan spends {spend} of {budget} and is expected to bring {mean} more than it costs; the probability that it does not earn "
    "back its cost "
    "is {loss}."
)
PLAN_KEEP = "Keep what is spent today: no plan within {budget} is as much as 1 % better at this aversion to risk."
PLAN_WIDENED = (
    "The back-test found the bands of totals too narrow, so the plan rests on draws that lie {factor} times as far from their mean; "
    "the plan "
    "from draws as they are stands beside it."
)
PLAN_NEWCOMERS_HIGH = (
    "{part} of what the plan's measures bring comes from newcomers, whose revenue past forecasts put {off} too high on average: take what "
    "it spends on winning customers with that much caution."
)
PLAN_NEWCOMERS_LOW = (
    "{part} of what the plan's measures bring comes from newcomers, whose revenue past forecasts put {off} too low on average."
)
PLAN_TABLE = "The plan, measure by measure"
PLAN_FINDING_MOVES = "Most is added to {more} ({added}); most is taken from {less} ({taken})."
PLAN_FINDING_ADDS = "Most is added to {more} ({added}); nothing is taken away."
PLAN_FINDING_TAKES = "Most is taken from {less} ({taken}); nothing is added."
PLAN_FINDING_SAME = "Nothing is moved."
COLUMN_MEASURE, COLUMN_LEVER, COLUMN_PLACE, COLUMN_LASTS = "Measure", "Moves", "Where", "Lasts"
COLUMN_TODAY, COLUMN_PLAN, COLUMN_PLAN_AS_DRAWN = "Today", "Plan", "Plan, draws as they are"
COLUMN_STABLE_LOW, COLUMN_STABLE_HIGH = "25 %", "75 %"
COLUMN_BRINGS, COLUMN_NEXT_EURO, COLUMN_HELD_AT = "Brings", "One more brings", "Held at"
PLAN_HELD = {"": "–", "least": "its least", "most": "its most"}
PLAN_PLACE, PLAN_EVERYWHERE, PLAN_TOTAL = "{level} ({column})", "all customers", "Total"
PLAN_NOTE = (
    "“Brings”: discounted contribution over the horizon, more than without any spending on the measure, before its cost. “One more "
    "brings”: what "
    "one more unit of money would bring there, in the mean; the plan also weighs the worst cases, so that these differ. 25 % and 75 %: the "
    "middle half of plans made anew from resampled scenarios. The plan was chosen with one half of the draws, and everything here is told "
    "by the other half. Responses are what was stated of each measure, with their uncertainty; how long an effect lasts is an assumption, "
    "and gains of "
    "measures that meet the same customers are added up."
)
COMPARISON_TABLE = "The plan beside today's spending, and beside today's mix on the whole budget"
COMPARISON_NAMES = {"plan": "Plan", "current": "Today's spending", "proportional": "Today's mix, whole budget"}
COMPARISON_FINDING = "In the worst {tail} of cases the plan brings {plan} on average, today's spending {current}."
COLUMN_ALTERNATIVE, COLUMN_SPEND, COLUMN_PROFIT = "Alternative", "Spend", "Profit"
COLUMN_WORST, COLUMN_LOSS, COLUMN_PLAN_BETTER = "Worst {tail}", "Probability of loss", "Plan brings more"
NOT_COMPARED = "–"
FRONTIER_TABLE = "How much the plan depends on the aversion to risk"
FRONTIER_FINDING = (
    "From no aversion to {most}, the plan's mean profit falls by {mean} and that of the worst {tail} of cases rises by {worst}."
)
FRONTIER_FINDING_FLAT = "Aversion to risk hardly changes the profit: all plans on the line lie within {spread} of one another."
FRONTIER_TABLE_FINDING = "From no aversion to {most}, most is added to {more} ({added}), and most is taken from {less} ({taken})."
FRONTIER_TABLE_FINDING_MORE = "From no aversion to {most}, most is added to {more} ({added}); nothing is taken away."
FRONTIER_TABLE_FINDING_LESS = "From no aversion to {most}, most is taken from {less} ({taken}); nothing is added."
FRONTIER_TABLE_FINDING_SAME = "At every aversion to risk the same is spent on each measure, within {spread}."
COLUMN_RISK_AVERSION = "Aversion to risk"
FRONTIER_TITLE = "What safety costs"
FRONTIER_ALT = (
    "Mean profit against the mean of the worst cases: the efficient plans, today's spending, and today's mix on the whole budget."
)
FRONTIER_CAPTION = (
    "Each point of the line is the best plan at one aversion to risk; the numbers at its ends are the least and the largest. Further up "
    "and right is better."
)
AXIS_WORST, AXIS_PROFIT = "Mean of the worst {tail}", "Mean profit"
FRONTIER_TIP = "Aversion to risk {aversion}: mean profit {mean}, worst {tail} {worst}"
PLAN_REST = "{measures} other measures"
FRONTIER_LINE, FRONTIER_PLAN = "Efficient plans", "The plan"
PLAN_FIGURE = "Today and the plan"
PLAN_FIGURE_ALT = "Bars of what is spent on each measure today and by the plan."
PLAN_FIGURE_CAPTION = "The thin line is the middle half of plans made anew from resampled scenarios."
PLAN_PRICE = (
    "One more unit of budget would add {price} to what the plan is chosen by: its mean profit plus {aversion} times the mean of its worst "
    "{tail} of cases."
)
PLAN_PRICE_MEAN = "One more unit of budget would add {price} to the plan's mean profit."
PLAN_LEFT = "{left} of the budget are left: no measure would earn back more."
PLAN_LEFT_HELD = "{left} of the budget are left."
PLAN_LEFT_RISK = "At this aversion to risk, more spending would bring less than its risk weighs."
PLAN_FULL = "At their most, though one more unit of money would earn back more than itself: {measures}."
PLAN_MISSED = (
    "By the scenarios that tell the plan it does not keep to a limit that it kept where it was chosen ({limit}): the mean of these cases "
    "is {mean} (standard error {error})."
)
PLAN_BINDING = "The plan is held back by: {limits}."
PLAN_OPTIMISM = (
    "On the scenarios with which it was chosen the plan looked {optimism} better than on the others (standard error {error}): that "
    "much of its promise came from the choice, and is not in the figures here."
)
PLAN_OPTIMISM_CHANCE = (
    "On the scenarios with which it was chosen the plan looked no better than on the others, beyond chance (difference {optimism}, "
    "standard error {error})."
)
PLAN_DEPENDS = "What the plan depends on"
PLAN_KINDS = "Of the plan's {spend}, {new} goes into customers yet to be won or won back."
PLAN_KINDS_TODAY = "Of the plan's {spend}, {new} goes into customers yet to be won or won back; of today's spending, {today}."
PLAN_KINDS_NOTHING = "The plan spends nothing."
EXPLORER = "Plans for other budgets"
EXPLORER_SPENDS = "Spend by measure"
EXPLORER_TABLE = "All computed plans"
EXPLORER_FINDING = (
    "At an aversion to risk of {aversion}, the best plan within {least} brings {low} more than it costs on average, and the best within "
    "{most} brings {high}."
)
EXPLORER_FINDING_ONE = "Only within {budget} is there a plan that keeps to the limits; it brings {mean} more than it costs on average."
EXPLORER_TABLE_FINDING = (
    "Of {plans} computed plans, the one at a budget of {budget} and an aversion to risk of {aversion} brings most on average, {mean} more "
    "than it costs."
)
EXPLORER_NOTE = (
    "Each is the best plan at its budget and aversion to risk, told by draws with which it was not made; where these show the plan of "
    "another aversion to be better in both mean and worst cases, it stands there instead. Profit is what the plan "
    "brings more than no spending at all, less what it costs; worst {tail}: its mean over the worst cases. Where there is no plan, the "
    "limits cannot all be kept."
)
EXPLORER_CLASH = "No plan within this budget keeps to all limits."
COLUMN_BUDGET, COLUMN_BETTER_THAN_TODAY = "Budget", "Brings more than today's spending"
OVER, UNDER = "over {number}\u00a0%", "under {number}\u00a0%"


# contracts --------------------------------------------------------------------------------------------------------------------------------

CONTRACTS = "Contracts"
CONTRACTS_NOTE = (
    "Recurring revenue is twelve times a contract's monthly amount. All figures are of contracts that run at the valuation date: what is "
    "signed later is in none of them. A customer is lost when none of its contracts of today runs any more."
)
CARD_RECURRING = "Recurring revenue (ARR)"
CARD_RECURRING_NOTE = "a year, of {contracts} contracts of {customers} customers"
CARD_RECURRING_AHEAD = "Recurring revenue in a year"
CARD_BAND_OF = "90 % band {band}"
CARD_NET = "Net retention (NRR)"
CARD_GROSS = "Gross retention (GRR)"
CARD_LOGO = "Customers lost in a year"
CARD_LIFE = "Remaining life of a contract"
CARD_LIFE_SHOWN = "{years} years"
CARD_LIFE_NOTE = "on average, counted to the horizon at most; 90 % band {low} to {high}"
BRIDGE_FIGURE = "Recurring revenue, from today to a year ahead"
BRIDGE_STEPS = {
    "today": "Today",
    "expansion": "Expansion",
    "contraction": "Contraction",
    "churn": "Churn",
    "year_ahead": "In a year",
}
BRIDGE_FINDING = (
    "Of {today} of recurring revenue today, contracts that end within a year are expected to take {lost} and smaller ones {down}; "
    "larger ones "
    "add {up}, which leaves {ahead}."
)
BRIDGE_ALT = "Bars of recurring revenue today, expansion, contraction, churn and recurring revenue in a year. {finding}"
BRIDGE_CAPTION = "Bars are means, lines 90 % bands. Expansion holds price rises that were agreed."
BRIDGE_CAPTION_MOVED = (
    "Bars are means, lines 90 % bands. Expansion holds price rises that were agreed, and by how much the amounts of all contracts together "
    "may be off, be it up or down."
)
BRIDGE_FINDING_LESS = (
    "Of {today} of recurring revenue today, contracts that end within a year are expected to take {lost} and smaller ones {down}; larger "
    "ones add less than amounts are expected to lag behind the forecast, {up} in all, which leaves {ahead}."
)
AXIS_RECURRING = "Recurring revenue a year"
TERMS_TABLE = "Contracts by their term"
TERMS_FINDING = "Contracts of {term} carry {share} of the recurring revenue; {kept} of that is expected to recur in a year."
TERM_MONTH = "1 month"
TERM_MONTHS = "{months} months"
ALL_CONTRACTS = "All contracts"
OTHER_TERMS = "Other terms"
COLUMN_TERM = "Term"
COLUMN_CONTRACTS = "Contracts"
COLUMN_RECURRING = "Recurring revenue"
COLUMN_RECURRING_BAND = "In a year, 90 % band"
COLUMN_RETAINED = "Share of today's"
COLUMN_LIFE = "Remaining years"
SURVIVAL_FIGURE = "Contracts that survive their renewals"
SURVIVAL_FINDING = "{inside} of {points} observed shares lie within the model's 90 % bands."
SURVIVAL_ALT = "Share of contracts that survive so many renewal decisions, by term: bands of the model, points of what was seen. {finding}"
SURVIVAL_CAPTION = (
    "Points: Kaplan and Meier's estimate, with contracts counted from the decision on at which they were first seen, as far as at least "
    "{least} came to it. Bands: the model, where all observed contracts of a term would be at their beginning, without the chance "
    "variation of few contracts."
)
SURVIVAL_NONE = "Too few contracts have come to a renewal decision to show how many survive it."
SURVIVAL_SEEN = "seen"
SURVIVAL_MEDIAN = "model, median"
AXIS_DECISIONS = "Renewal decisions"
AXIS_SURVIVING = "Contracts left"
RETENTION_FIGURE = "Contracts left, by the year in which they were signed"
RETENTION_FINDING = "Of {cohorts} years of signing, {inside} lie within the model's 90 % band where they were seen last."
RETENTION_FINDING_YOUNG = "No year of signing has come to a decision yet at which contracts could have been lost."
RETENTION_FINDING_AHEAD = (
    "Of the contracts signed in {cohort}, {now} are left {months} months after signing; {left} are expected to be after {later} months "
    "(90 % band {band})."
)
RETENTION_FINDING_AHEAD_FROM = (
    "Of the contracts signed in {cohort} that were still there {first} months after signing, {now} are left after {months} months; {left} "
    "are expected to be after {later} months (90 % band {band})."
)
RETENTION_ALT = "Share of contracts left by years since their signing, one panel a year of signing: seen, then a forecast. {finding}"
RETENTION_CAPTION = (
    "Dark line: Kaplan and Meier's estimate, with contracts counted from the age on at which they were first seen, as far as at least "
    "{least} were; whatever ended counts, at a renewal or within a term. A year whose beginning is not in the data starts at 100 % at the "
    "age from which at least half as many contracts were observed as ever at one age. Light band: what the model would have expected of "
    "the same contracts, in 90 %. Blue: what is foretold of those that run, from the age on that all of them have reached. A contract won "
    "back counts as a new one."
)
RETENTION_UNTOLD = "Not shown are {contracts} contracts of years of which fewer than {least} were observed at any age."
RETENTION_NONE = "Too few contracts of one year were observed to show how many are left by the year in which they were signed."
RETENTION_PANEL = "{cohort} ({contracts} contracts)"
RETENTION_MODEL = "model, 90 %"
RETENTION_AHEAD = "forecast"
RETENTION_AGE = "{years} years after signing"
AXIS_YEARS_SIGNED = "Years since signing"
DUE_TABLE = "Renewals due in the next three months"
DUE_FINDING = (
    "{contracts} contracts with {recurring} of recurring revenue come to a decision within three months; {renewed} of it is expected to be "
    "renewed (90 % band {renewed_band}). After these decisions they are expected to bring {later} of value (90 % band {later_band})."
)
DUE_NONE = "No contract comes to an open renewal decision within three months."
ALL_DUE = "All renewals due"
DUE_ACCOUNTS = "The {contracts} renewals due with most at stake"
COLUMN_RENEWED = "Renewed with probability"
COLUMN_REVENUE_RENEWED = "Share renewed"
COLUMN_AT_STAKE = "Value after it, 90 % band"
COLUMN_AT_STAKE_IF = "Value if renewed"
COLUMN_CONTRACT = "Contract"
COLUMN_DUE_DAY = "Decision"
CONTRACTS_GRADED = "Past forecasts of contracts"
CONTRACTS_GRADED_MADE = (
    "From {origins} past days, {first} to {last}, the contracts that ran then were forecast from nothing but the terms that had begun and "
    "the notices that had been given, with priors and fits made anew each time, and compared with what became of them until {until}."
)
CONTRACTS_GRADED_MADE_ONE = (
    "From {first} the contracts that ran then were forecast from nothing but the terms that had begun and the notices that had been given, "
    "and compared with what became of them until {until}."
)
CONTRACTS_GRADED_FINDING = (
    "In {nearer} of {rows} lines the forecast came at least as near to what happened as “as many renew as in the last year, at the same "
    "amounts”."
)
CONTRACTS_GRADED_LEVELS = " The 90 % bands of single terms and segments held in {held} of {forecasts} forecasts."
COLUMN_CRPS_LAST_YEAR = "CRPS of last year's rate"
CAUTION_BANDS_CONTRACTS_WIDENED = (
    "The bands of contracts hold chance, the uncertainty of the parameters, and how far all renewals together, and the amounts of what is "
    "renewed, may be off.{learned}"
)
CAUTION_BANDS_CONTRACTS = (
    "The bands of contracts hold chance and the uncertainty of the parameters, and nothing that would move all contracts at once."
)
CAUTION_CONTRACTS_GRADED = " How past forecasts of contracts did stands in the section on contracts."
CAUTION_CONTRACTS_NOT_GRADED = " Renewals were not graded by past forecasts."
CONTRACTS_PAY = (
    "Contracts pay at the dates of their invoices, discounted from there; what was paid in advance is not paid back where a contract ends "
    "within its term. A given notice is a certain end; who has given none, although most who left had by then, is the likelier to stay."
)
CONTRACTS_STAY = "Amounts of contracts stay as they are today."
CONTRACTS_STAY_MOVED = "Amounts of contracts stay as they are today, but for what past forecasts have missed of all of them."
CONTRACTS_CHANGE = (
    "Amounts of contracts change at renewals alone, as in the past, which fades out over {fade} years; prices rise by {rates} a year as "
    "agreed."
)
INDEXATION_OF = "{rate} from {year} on"
NOT_RETURNS_CONTRACTS = "There are contracts alone: nothing is assumed to come back."

# Names of sheets: the titles of tables that are too long for one, 31 characters at most where names of columns are short.
SHEETS = (
    (LARGEST_TABLE, "Concentration"),
    (ACCOUNTS_TABLE, "Largest accounts"),
    (ACCOUNTS_TABLE_ONE, "Largest account"),
    (FORECAST_TABLE, "Forecast"),
    (TERMS_TABLE, "Contracts by term"),
    (DUE_TABLE, "Renewals due"),
    (DUE_ACCOUNTS, "Largest renewals due"),
    (COHORTS_TABLE, "Cohorts"),
    (QUARTERS_TABLE, "Last quarters"),
    (ACTIVITY_TABLE, "Activity"),
    (NEWCOMERS_TABLE.format(column=BY_COLUMN), "New customers by {column}"),
    (NEWCOMERS_TABLE_ALL, "New customers"),
    (WINNING_TABLE.format(column=BY_COLUMN), "Cost ceilings by {column}"),
    (WINNING_TABLE_ALL, "Cost ceilings"),
    (UNIT_TABLE.format(column=BY_COLUMN), "Unit economics by {column}"),
    (UNIT_TABLE_ALL, "Unit economics"),
    (BETTER_TABLE.format(column=BY_COLUMN), "Which is better by {column}"),
    (RETURNS_TABLE, "Returns"),
    (SPREAD_TABLE, "Spread"),
    (RISK_TABLE.format(column=BY_COLUMN), "Risk by {column}"),
    (RISK_TABLE_ALL, "Risk"),
    (PARTS_TABLE.format(column=BY_COLUMN), "Parts of risk by {column}"),
    (PLAN_TABLE, "Plan"),
    (COMPARISON_TABLE, "Plan beside today"),
    (FRONTIER_TABLE, "Aversion to risk"),
    (SHEET_EXPLORER.format(explorer=EXPLORER, table=EXPLORER_TABLE), "All plans"),
    (SENSITIVITY_TABLE, "Sensitivity"),
    (VERDICT_TABLE, "Back-test verdicts"),
    (PAST_TABLE, "Past forecasts"),
    (TOTALS_TABLE, "Back-test totals"),
    (SINGLES_TABLE, "Back-test single customers"),
    (LEVELS_TABLE, "Back-test by {column}"),
    (NEW_TABLE, "Back-test new customers"),
    (ASSUMPTIONS_TABLE, "Assumptions"),
    (PRIORS_TABLE, "Priors, {title}"),
    (LEDGER_TABLE, "Ledger"),
    (LEDGER_TABLE_CONTRACTS, "Ledger of contracts"),
    (LINEAGE_TABLE, "Source"),
    (RECONCILIATION_TABLE, "Reconciliation"),
    (CERTIFICATE_TABLE, "Checks"),
    (RUN_TABLE, "Run"),
    (SETTINGS_TABLE, "Valuation file"),
)
