"""Sentences of the rooms below the report, in English as they say them, and in German.

A field holds a number, a day, another phrase or a list of these, which are written in German too; one called `name`, whatever follows,
holds a name that people gave or a text of a machine, and stays as it is.
"""

PHRASES: dict[str, str] = {
    # names of models
    "{model} + {other}": "{model} + {other}",
    "{name} with season": "{name} mit Saison",
    "{name} and level": "{name} und Niveau",
    "{name} with season and level": "{name} mit Saison und Niveau",
    "Lognormal": "Lognormal",
    "linked to frequency": "verbunden mit der Bestellhäufigkeit",
    "Beta-binomial returns": "Beta-Binomial-Retouren",
    "Beta-discrete-Weibull": "Beta-diskret-Weibull",
    "Shifted beta-geometric": "Verschobene Beta-Geometrische",
    "Changes at renewal": "Betragsänderungen",
    "No churn": "Ohne Abwanderung",
    "Last year's rate": "Rate des letzten Jahres",
    # periods and levels
    "{name} (part)": "{name} (anteilig)",
    "under 4 weeks": "unter 4 Wochen",
    "4-12 weeks": "4 bis 12 Wochen",
    "13-25 weeks": "13 bis 25 Wochen",
    "26-51 weeks": "26 bis 51 Wochen",
    "52 weeks or more": "52 Wochen oder länger",
    "3-4": "3 bis 4",
    "5-9": "5 bis 9",
    "10 or more": "10 oder mehr",
    "orders": "Bestellungen",
    "revenue": "Umsatz",
    "contracts": "Verträge",
    "recurring revenue": "wiederkehrender Umsatz",
    # certificate of a fit
    "R-hat": "R-hat",
    "Chains agree: the largest R-hat is {worst} at {name} (limit {limit}).": (
        "Die Ketten stimmen überein: Das größte R-hat ist {worst}, bei {name} (Grenze {limit})."
    ),
    "Chains disagree: R-hat is {worst} at {name} (limit {limit}).": (
        "Die Ketten stimmen nicht überein: R-hat ist {worst}, bei {name} (Grenze {limit})."
    ),
    "Use more draws; if that does not help, pool over fewer columns.": (
        "Mehr Ziehungen verwenden; hilft das nicht, weniger Merkmale gemeinsam schätzen."
    ),
    "Effective sample size": "Effektive Stichprobengröße",
    "At least {bulk} effective draws for means ({name_bulk}), {tail} for bands ({name_tail}); limit {limit}.": (
        "Mindestens {bulk} effektive Ziehungen für Mittelwerte ({name_bulk}), {tail} für Bänder ({name_tail}); Grenze {limit}."
    ),
    "Only {bulk} effective draws for means ({name_bulk}), {tail} for bands ({name_tail}); limit {limit}.": (
        "Effektive Ziehungen für Mittelwerte nur {bulk} ({name_bulk}), für Bänder {tail} ({name_tail}); Grenze {limit}."
    ),
    "Use more draws.": "Mehr Ziehungen verwenden.",
    "Divergences": "Divergenzen",
    "None in {draws} draws.": "Keine in {draws} Ziehungen.",
    "{count} in {draws} draws (limit {limit}).": "{count} in {draws} Ziehungen (Grenze {limit}).",
    "Too few to matter.": "Zu wenige, um ins Gewicht zu fallen.",
    "Pool over fewer columns, or give narrower priors for the scales.": (
        "Weniger Merkmale gemeinsam schätzen oder engere A-priori-Verteilungen für die Skalen angeben."
    ),
    "Rows": "Zeilen",
    "{contracts} contracts in {exact} distinct rows, sampled as {rows}; weighed by the exact likelihood ({passes} passes over all rows) "
    "the draws are worth {share} of their number (limit {limit}), with k-hat {k_hat} (limit {k_hat_limit}).": (
        "{contracts} Verträge in {exact} verschiedenen Zeilen, geschätzt aus {rows} Zeilen; mit der exakten Likelihood gewichtet ({passes} "
        "Durchgänge über alle Zeilen) sind die Ziehungen {share} ihrer Zahl wert (Grenze {limit}), mit k-hat {k_hat} (Grenze "
        "{k_hat_limit})."
    ),
    "{contracts} contracts in {exact} distinct rows, sampled as {rows}; weighed by the exact likelihood ({passes} passes over all rows) "
    "the draws are worth {share} of their number (limit {limit}), resampled by their weights, with k-hat {k_hat} (limit {k_hat_limit}).": (
        "{contracts} Verträge in {exact} verschiedenen Zeilen, geschätzt aus {rows} Zeilen; mit der exakten Likelihood gewichtet ({passes} "
        "Durchgänge über alle Zeilen) sind die Ziehungen {share} ihrer Zahl wert (Grenze {limit}) und nach ihren Gewichten neu gezogen, "
        "mit k-hat {k_hat} (Grenze {k_hat_limit})."
    ),
    "Renewals observed": "Beobachtete Verlängerungen",
    "At least {count} contracts faced each of {seen} renewals in their lives.": (
        "Mindestens {count} Verträge kamen zu jeder von {seen} Verlängerungen ihres Lebens."
    ),
    "At least {count} contracts faced each of {seen} renewals in their lives (limit {limit}): whether contracts grow safer with age comes "
    "from the prior, and so do forecasts of later renewals.": (
        "Mindestens {count} Verträge kamen zu jeder von {seen} Verlängerungen ihres Lebens (Grenze {limit}): Ob Verträge mit dem Alter "
        "sicherer werden, kommt aus der A-priori-Verteilung, und damit auch Prognosen späterer Verlängerungen."
    ),
    "Look at the value with the priors widened, and give older contracts where you can.": (
        "Den Wert mit weiteren A-priori-Verteilungen betrachten und, wo möglich, ältere Verträge angeben."
    ),
    "{contracts} contracts in {rows} distinct rows, all of them in every step.": (
        "{contracts} Verträge in {rows} verschiedenen Zeilen, in jedem Schritt alle."
    ),
    "{customers} customers in {rows} distinct rows, all of them in every step.": (
        "{customers} Kunden in {rows} verschiedenen Zeilen, in jedem Schritt alle."
    ),
    "{customers} customers in {exact} distinct rows, sampled as {rows}; weighed by the exact likelihood ({passes} passes over all rows) "
    "the draws are worth {share} of their number (limit {limit}), with k-hat {k_hat} (limit {k_hat_limit}).": (
        "{customers} Kunden in {exact} verschiedenen Zeilen, geschätzt aus {rows} Zeilen; mit der exakten Likelihood gewichtet ({passes} "
        "Durchgänge über alle Zeilen) sind die Ziehungen {share} ihrer Zahl wert (Grenze {limit}), mit k-hat {k_hat} (Grenze "
        "{k_hat_limit})."
    ),
    "{customers} customers in {exact} distinct rows, sampled as {rows}; weighed by the exact likelihood ({passes} passes over all rows) "
    "the draws are worth {share} of their number (limit {limit}), resampled by their weights, with k-hat {k_hat} (limit {k_hat_limit}).": (
        "{customers} Kunden in {exact} verschiedenen Zeilen, geschätzt aus {rows} Zeilen; mit der exakten Likelihood gewichtet ({passes} "
        "Durchgänge über alle Zeilen) sind die Ziehungen {share} ihrer Zahl wert (Grenze {limit}) und nach ihren Gewichten neu gezogen, "
        "mit k-hat {k_hat} (Grenze {k_hat_limit})."
    ),
    'Fit with method="exact".': 'Mit method="exact" schätzen.',
    "Newton's steps from two starts came to different modes.": (
        "Newton-Schritte von zwei Anfangspunkten aus führten zu verschiedenen Maxima."
    ),
    "A coreset of {rows} rows did not hold: effective share {share}, k-hat {k_hat}.": (
        "Eine Auswahl von {rows} Zeilen genügte nicht: effektiver Anteil {share}, k-hat {k_hat}."
    ),
    "Prior and data": "A-priori-Verteilung und Daten",
    "They agree: no coordinate lies {limit} prior standard deviations off.": (
        "Sie passen zusammen: Kein Parameter liegt {limit} A-priori-Standardabweichungen daneben."
    ),
    "They disagree, in prior standard deviations, on {against}: the prior pulls the result towards it.": (
        "Sie passen nicht zusammen (in A-priori-Standardabweichungen): {against}. Die A-priori-Verteilung zieht das Ergebnis zu sich."
    ),
    "Look at the value with the priors widened.": "Den Wert mit breiteren A-priori-Verteilungen betrachten.",
    "Prior to posterior": "Von der A-priori- zur A-posteriori-Verteilung",
    "The data narrowed each coordinate's variance by these shares: {shares}.": (
        "Die Daten verringerten die Varianz der Parameter um diese Anteile: {shares}."
    ),
    "Prior-driven (below {limit}): {name_list}.": "Von der A-priori-Verteilung bestimmt (unter {limit}): {name_list}.",
    "Check these priors, and look at the value with them widened.": (
        "Diese A-priori-Verteilungen prüfen und den Wert mit breiteren betrachten."
    ),
    "Spend data": "Daten der Bestellwerte",
    "Spend is known as each customer's mean only, so the spread of single orders is inferred from means.": (
        "Bestellwerte sind nur als Mittelwert je Kunde bekannt; die Streuung einzelner Bestellungen ist daher aus Mittelwerten erschlossen."
    ),
    "Give the orders themselves where you can.": "Wenn möglich, die Bestellungen selbst angeben.",
    # checks of a valuation
    "Simulation": "Simulation",
    "Spread": "Streuung",
    "value": "Wert",
    "squared value": "Quadrierter Wert",
    "Contracts": "Verträge",
    "value of contracts": "Wert der Verträge",
    "Orders and contracts": "Bestellungen und Verträge",
    "No customer has both orders and contracts.": "Kein Kunde hat sowohl Bestellungen als auch Verträge.",
    "Customers with orders and contracts: {customers}; their orders of {amount} {name_currency} may hold invoices of contracts.": (
        "Kunden mit Bestellungen und Verträgen: {customers}; deren Bestellungen im Betrag von {amount} {name_currency} können "
        "Vertragsrechnungen enthalten."
    ),
    "Customers with orders and contracts: {customers}; their orders of {amount} may hold invoices of contracts.": (
        "Kunden mit Bestellungen und Verträgen: {customers}; deren Bestellungen im Betrag von {amount} können Vertragsrechnungen enthalten."
    ),
    "If they do, those are counted twice: name their column in data.contract_id.": (
        "Wenn ja, zählen diese doppelt: ihre Spalte in data.contract_id nennen."
    ),
    "Simulated and closed-form {what} differ by {difference}, {z} standard errors (limit {limit}).": (
        "{what}: Simulation und geschlossene Formel unterscheiden sich um {difference}, das sind {z} Standardfehler (Grenze {limit})."
    ),
    "Sums": "Summen",
    "Customers and levels add up to the total, to {off} of it (limit {limit}).": (
        "Kunden und Ausprägungen ergeben die Gesamtsumme, auf {off} genau (Grenze {limit})."
    ),
    "Customers and levels do not add up to the total, to {off} of it (limit {limit}).": (
        "Kunden und Ausprägungen ergeben nicht die Gesamtsumme; Abweichung, als Anteil: {off} (Grenze {limit})."
    ),
    "Report this as a defect of clvbayes.": "Dies als Fehler von clvbayes melden.",
    # what the data say of amounts
    "Spend drift": "Entwicklung der Bestellwerte",
    "The mean repeat order of customers won in the same month has changed by {estimate} a year ({low} to {high}).": (
        "Der mittlere Wert einer Folgebestellung von Kunden, die im selben Monat gewonnen wurden, hat sich um {estimate} pro Jahr geändert "
        "({low} bis {high})."
    ),
    "The forecast assumes {growth} a year: see economics.spend_growth.": (
        "Die Prognose unterstellt {growth} pro Jahr: siehe economics.spend_growth."
    ),
    "Spend and frequency": "Bestellwert und Bestellhäufigkeit",
    "The half of the repeat buyers who order more often spend {estimate} on an order, compared with the others ({low} to {high}).": (
        "Bestellwert der häufiger bestellenden Hälfte der Wiederkäufer gegenüber der anderen Hälfte: {estimate} ({low} bis {high})."
    ),
    'Look at the value with models.spend = "lognormal" and models.frequency_link = true.': (
        'Den Wert mit models.spend = "lognormal" und models.frequency_link = true betrachten.'
    ),
    # ledger
    "no customer id": "ohne Kundennummer",
    "no date": "ohne Datum",
    "return or credit note": "Retoure oder Gutschrift",
    "zero or negative amount": "Betrag null oder negativ",
    "exact duplicate of another line": "genaues Duplikat einer anderen Zeile",
    "invoice of a contract": "Rechnung eines Vertrags",
    "no contract id": "ohne Vertragsnummer",
    "begins after {day}": "beginnt nach dem {day}",
    "contract ended before {day}": "Vertrag endete vor dem {day}",
    "{contracts} contracts of {customers} customers faced {renewals} renewals, of which {churned} were not renewed; {terminated} ended "
    "within a term, {switched} went on with another term, {back} were won back; {running} run, {notice} of them to a known end": (
        "{contracts} Verträge von {customers} Kunden kamen zu {renewals} Verlängerungen, von denen {churned} ausblieben; {terminated} "
        "endeten "
        "innerhalb einer Laufzeit, {switched} gingen mit anderer Laufzeit weiter, {back} wurden zurückgewonnen; {running} laufen, davon "
        "{notice} bis zu einem bekannten Ende"
    ),
    "{terms} terms were replaced before they had run out; they count as renewed": (
        "{terms} Laufzeiten wurden vor ihrem Ende ersetzt; sie gelten als verlängert"
    ),
    "{contracts} contracts go on after a gap of whole terms and count as lost and won back; if rows are missing, put them in": (
        "{contracts} Verträge gehen nach einer Lücke von ganzen Laufzeiten weiter und gelten als verloren und zurückgewonnen; fehlen "
        "Zeilen, "
        "sind sie zu ergänzen"
    ),
    "{terms} terms begin before the one before has ended, by a month at most; they count as its renewal": (
        "{terms} Laufzeiten beginnen vor dem Ende der vorigen, um höchstens einen Monat; sie gelten als deren Verlängerung"
    ),
    "{terms} terms begin after a gap of a month at most; they count as a renewal without one": (
        "{terms} Laufzeiten beginnen nach einer Lücke von höchstens einem Monat; sie gelten als Verlängerung ohne Lücke"
    ),
    "{notices} notices were followed by another term and count as withdrawn": (
        "{notices} Kündigungen folgte eine weitere Laufzeit; sie gelten als zurückgenommen"
    ),
    "{notices} notices came after the end of their term and say nothing": (
        "{notices} Kündigungen kamen nach dem Ende ihrer Laufzeit und sagen nichts"
    ),
    "{contracts} contracts ended in the last {days} days without another term and count as not renewed, whatever may still come": (
        "{contracts} Verträge endeten in den letzten {days} Tagen ohne weitere Laufzeit und gelten als nicht verlängert, was auch "
        "noch komme"
    ),
    "{terms} terms cost nothing; a price after them, or none, is no change of a price": (
        "{terms} Laufzeiten kosten nichts; ein Preis nach ihnen, oder keiner, ist keine Preisänderung"
    ),
    "{customers} customers have no value of {name} in their first contract and stand under {name_level}": (
        "{customers} Kunden haben im ersten Vertrag keinen Wert von {name} und stehen unter {name_level}"
    ),
    "{customers} customers have more than one value of {name}; that of the first contract counts": (
        "{customers} Kunden haben mehr als einen Wert von {name}; der des ersten Vertrags zählt"
    ),
    "before {day}": "vor dem {day}",
    "after {day}": "nach dem {day}",
    "on one day": "an einem Tag",
    "in one week": "in einer Woche",
    "in one month": "in einem Monat",
    "in one quarter": "in einem Quartal",
    "in one year": "in einem Jahr",
    "{rows} kept lines are {purchases} purchases: all orders of a customer {within} count as one": (
        "{rows} berücksichtigte Zeilen sind {purchases} Käufe: Alle Bestellungen eines Kunden {within} zählen als eine"
    ),
    "{rows} kept lines and {free} of amount zero are {purchases} purchases: all orders of a customer {within} count as one": (
        "{rows} berücksichtigte Zeilen und {free} mit Betrag null sind {purchases} Käufe: Alle Bestellungen eines Kunden {within} zählen "
        "als eine"
    ),
    "{rows} lines of amount zero count as orders, but not as spend": (
        "{rows} Zeilen mit Betrag null zählen als Bestellungen, aber nicht als Bestellwerte"
    ),
    "{rows} lines, {amount} in all, equal another line in every column": (
        "{rows} Zeilen, zusammen {amount}, gleichen einer anderen Zeile in jeder Spalte"
    ),
    "{customers} customers have no value of {name} on their first day and stand under {name_level}": (
        "{customers} Kunden haben am ersten Tag keinen Wert von {name} und stehen unter {name_level}"
    ),
    "{customers} customers have more than one value of {name}; that of the first day counts": (
        "{customers} Kunden haben mehr als einen Wert von {name}; der des ersten Tages zählt"
    ),
    "credit notes, {count} in all: {fates}": "Gutschriften, insgesamt {count}: {fates}",
    "{count} name their order": "{count} nennen ihre Bestellung",
    "{count} count for the customer's latest order before them": "{count} zählen zur letzten Bestellung des Kunden vor ihnen",
    "{count} ({amount}) come before any order and say nothing of returns": (
        "{count} ({amount}) liegen vor jeder Bestellung und sagen nichts über Retouren"
    ),
    "purchases of {customers} customers were credited beyond their amount, by {amount} in all; of a purchase no more comes back than all "
    "of it": (
        "Käufe von {customers} Kunden wurden über ihren Betrag hinaus gutgeschrieben, zusammen um {amount}; von einem Kauf kommt nicht "
        "mehr zurück als der ganze"
    ),
    "half of what comes back does so within {half} days and nine tenths within {most}; young orders count for less until then": (
        "Die Hälfte der Retouren kommt binnen {half} Tagen zurück, neun Zehntel binnen {most}; junge Bestellungen zählen bis dahin weniger"
    ),
    "{count} repeat purchases came back whole; they stay orders and leave the spend statistics": (
        "{count} Folgekäufe kamen ganz zurück; sie bleiben Bestellungen und zählen nicht bei den Bestellwerten"
    ),
    "{count} repeat buyers have a mean spend of zero or less and do not inform the spend model": (
        "{count} Wiederkäufer haben einen mittleren Bestellwert von null oder weniger und gehen nicht in das Modell der Bestellwerte ein"
    ),
    "{crowded} customers have more repeat purchases than days from first to last: is the unit of recency and T {name_unit}?": (
        "{crowded} Kunden haben mehr Folgebestellungen als Tage von der ersten bis zur letzten: "
        "Ist die Einheit von recency und T {name_unit}?"
    ),
    # verdicts of a back-test
    "The 90 % band of the total's {measure} held in {held} of {origins} forecast of {weeks} weeks; a verdict needs {fewest}.": (
        "Das 90-%-Band der Gesamtsumme ({measure}) enthielt den Istwert in {held} von {origins} Prognose über {weeks} Wochen; ein Urteil "
        "braucht {fewest}."
    ),
    "The 90 % band of the total's {measure} held in {held} of {origins} forecasts of {weeks} weeks that do not overlap; a verdict needs "
    "{fewest}.": (
        "Das 90-%-Band der Gesamtsumme ({measure}) enthielt den Istwert in {held} von {origins} überschneidungsfreien Prognosen über "
        "{weeks} Wochen; ein Urteil braucht {fewest}."
    ),
    "The 90 % band of the total's {measure} held in {held} of {origins} forecasts of {weeks} weeks that do not overlap. They were too "
    "narrow: bands that are right hold so seldom with a chance of {chance}.": (
        "Das 90-%-Band der Gesamtsumme ({measure}) enthielt den Istwert in {held} von {origins} überschneidungsfreien Prognosen über "
        "{weeks} Wochen. Die Bänder waren zu schmal: Richtige halten nur mit einer Wahrscheinlichkeit von {chance} so selten."
    ),
    "less than one in a thousand": "weniger als 1 zu 1.000",
    "They would have had to be {factor} times as wide.": "Sie hätten {factor}-mal so breit sein müssen.",
    "The 90 % band of the total's {measure} held in {held} of {origins} forecasts of {weeks} weeks that do not overlap, and the middle "
    "half of them held too often: they could have been narrower.": (
        "Das 90-%-Band der Gesamtsumme ({measure}) enthielt den Istwert in {held} von {origins} überschneidungsfreien Prognosen über "
        "{weeks} Wochen, und die mittlere Hälfte enthielt ihn zu oft: Die Bänder hätten schmaler sein können."
    ),
    "The 90 % band of the total's {measure} held in {held} of {origins} forecasts of {weeks} weeks that do not overlap, as often as it "
    "should; so few forecasts do not prove it.": (
        "Das 90-%-Band der Gesamtsumme ({measure}) enthielt den Istwert in {held} von {origins} überschneidungsfreien Prognosen über "
        "{weeks} Wochen, so oft wie vorgesehen; so wenige Prognosen beweisen das nicht."
    ),
    "The 90 % band of the total's {measure} held in {held} of {origins} forecasts of {weeks} weeks that do not overlap, less often than in "
    "nine of ten; so few forecasts do not tell whether by chance.": (
        "Das 90-%-Band der Gesamtsumme ({measure}) enthielt den Istwert in {held} von {origins} überschneidungsfreien Prognosen über "
        "{weeks} Wochen, seltener als in neun von zehn; so wenige Prognosen zeigen nicht, ob aus Zufall."
    ),
    "Forecasts lay {where} what happened.": "Die Prognosen lagen {where} dem Ist.",
    "{share} above": "{share} über",
    "{share} below": "{share} unter",
    "from {low} above to {high} above": "{low} bis {high} über",
    "from {low} below to {high} above": "zwischen {low} unter und {high} über",
    "from {low} below to {high} below": "{low} bis {high} unter",
    # the choice of a model
    "{model} told the {measure} of single customers over {weeks} weeks better than {others}, by more than {errors} standard errors": (
        "{model} sagte einzelne Kunden ({measure}) über {weeks} Wochen besser voraus als {others}, um mehr als {errors} Standardfehler"
    ),
    "by single customers' scores it cannot be told apart from {others}, and its total came nearest (CRPS {crps} of what happened)": (
        "nach einzelnen Kunden ist es nicht von {others} zu unterscheiden, und seine Gesamtsumme kam dem Ist am nächsten (CRPS {crps} des "
        "Istwerts)"
    ),
    "by single customers' scores it cannot be told apart from {others}, and it was named first": (
        "nach einzelnen Kunden ist es nicht von {others} zu unterscheiden, und es wurde zuerst genannt"
    ),
    "it was graded alone, beside the baselines": "es wurde allein verglichen, neben den Referenzprognosen",
    # notes of a back-test
    "{missing} of {origins} origins have fewer than {weeks} weeks of orders before them, or after them.": (
        "Vor oder nach {missing} von {origins} Stichtagen liegen weniger als {weeks} Wochen mit Bestellungen."
    ),
    "{missing} of {origins} origins have fewer than {weeks} weeks of contracts before them, or after them.": (
        "Vor oder nach {missing} von {origins} Stichtagen liegen weniger als {weeks} Wochen mit Verträgen."
    ),
    "{name}: none of {contracts} contracts has come to the end of a term until {day}; no renewal can be learned from": (
        "{name}: Keiner von {contracts} Verträgen ist bis zum {day} an das Ende einer Laufzeit gekommen; aus Verlängerungen ist nichts zu "
        "lernen"
    ),
    "no contract has been renewed at a price: there is nothing to learn changes from": (
        "kein Vertrag wurde zu einem Preis verlängert; über Änderungen ist nichts zu lernen"
    ),
    "no contract runs on {day}": "am {day} läuft kein Vertrag",
    "{weeks} weeks cannot be graded: no origin lies so long before {until}, where the data end.": (
        "Über {weeks} Wochen ist kein Vergleich möglich: Kein Stichtag liegt so lange vor dem {until}, an dem die Daten enden."
    ),
    "{weeks} weeks are not graded: they are no whole number of days, in which orders are counted.": (
        "Über {weeks} Wochen wird nicht verglichen: Das ist keine ganze Zahl von Tagen, in denen Bestellungen gezählt werden."
    ),
    "{weeks} weeks are not graded: they are no whole number of weeks, in which orders are counted.": (
        "Über {weeks} Wochen wird nicht verglichen: Das ist keine ganze Zahl von Wochen, in denen Bestellungen gezählt werden."
    ),
    "{weeks} weeks are not graded: they are no whole number of months, in which orders are counted.": (
        "Über {weeks} Wochen wird nicht verglichen: Das ist keine ganze Zahl von Monaten, in denen Bestellungen gezählt werden."
    ),
    "{weeks} weeks are not graded: they are no whole number of quarters, in which orders are counted.": (
        "Über {weeks} Wochen wird nicht verglichen: Das ist keine ganze Zahl von Quartalen, in denen Bestellungen gezählt werden."
    ),
    "{weeks} weeks are not graded: they are no whole number of years, in which orders are counted.": (
        "Über {weeks} Wochen wird nicht verglichen: Das ist keine ganze Zahl von Jahren, in denen Bestellungen gezählt werden."
    ),
    "From {day} nothing could be forecast: {problem}": "Vom {day} aus war keine Prognose möglich: {problem}",
    "{name}: no row is an order of a known customer": "{name}: Keine Zeile ist eine Bestellung eines bekannten Kunden",
    "{name}: {customers} customer with {orders} repeat orders until {until} are too few; at least two customers and one repeat order are "
    "needed": (
        "{name}: {customers} Kunde mit {orders} Folgebestellungen bis zum {until} reicht nicht; nötig sind mindestens zwei Kunden und eine "
        "Folgebestellung"
    ),
    "{name}: {customers} customers with {orders} repeat orders until {until} are too few; at least two customers and one repeat order are "
    "needed": (
        "{name}: {customers} Kunden mit {orders} Folgebestellungen bis zum {until} sind zu wenige; nötig sind mindestens zwei Kunden und "
        "eine Folgebestellung"
    ),
    "{name}: all repeat orders until {until} are of amount zero or came back whole; at least one with an amount is needed to value the "
    "others": (
        "{name}: Alle Folgebestellungen bis zum {until} haben den Betrag null oder kamen ganz zurück; nötig ist mindestens eine mit "
        "Betrag, um die übrigen zu bewerten"
    ),
    "no customer informs {model}: there is nothing to learn from": "kein Kunde sagt etwas über {model}: Es gibt nichts zu lernen",
    "the mode of a baseline was not found: {name}": "das Maximum einer Referenzprognose wurde nicht gefunden: {name}",
    "a level that moves from month to month can be learned from {most} months, not from {months}: give since": (
        "ein von Monat zu Monat bewegtes Niveau lässt sich aus {most} Monaten lernen, nicht aus {months}: since angeben"
    ),
    # measures and budgets
    "acquisition": "Neukundengewinnung",
    "retention": "Kundenbindung",
    "frequency": "Bestellhäufigkeit",
    "spend": "Bestellwert",
    "win-back": "Rückgewinnung",
    "campaign": "eine Periode (Kampagne)",
    "permanent": "dauerhaft",
    "1 day": "Halbwertszeit 1 Tag",
    "1 week": "Halbwertszeit 1 Woche",
    "1 month": "Halbwertszeit 1 Monat",
    "1 quarter": "Halbwertszeit 1 Quartal",
    "1 year": "Halbwertszeit 1 Jahr",
    "{number} days": "Halbwertszeit {number} Tage",
    "{number} weeks": "Halbwertszeit {number} Wochen",
    "{number} months": "Halbwertszeit {number} Monate",
    "{number} quarters": "Halbwertszeit {number} Quartale",
    "{number} years": "Halbwertszeit {number} Jahre",
    "the budget": "das Budget",
    "the budget of {amount}": "das Budget von {amount}",
    "group {name}: at least {least}": "Gruppe {name}: mindestens {least}",
    "group {name}: at most {most}": "Gruppe {name}: höchstens {most}",
    "group {name}: at least {least}, at most {most}": "Gruppe {name}: mindestens {least}, höchstens {most}",
    "change: at most {most}": "Umschichtung: höchstens {most}",
    "worst {tail} of cases: a mean of at least {least}": "schlechteste {tail} der Fälle: im Mittel mindestens {least}",
    "probability of loss: at most {most}": "Verlustwahrscheinlichkeit: höchstens {most}",
    "at least {amount} for {name}": "mindestens {amount} für {name}",
    "at most {amount} for {name}": "höchstens {amount} für {name}",
    "a back-test found the bands of totals too narrow, and one without any width does not tell by how much": (
        "ein Rückvergleich fand die Bänder der Summen zu schmal, und eines ohne jede Breite sagt nicht, um wie viel"
    ),
    "no plan keeps to all limits; these clash: {limits}": "kein Plan hält alle Grenzen ein; diese widersprechen sich: {limits}",
    "a check of sampling or simulation failed; run.allow_failed_checks = true plans all the same": (
        "eine Prüfung der Schätzung oder der Simulation ist nicht erfüllt; mit run.allow_failed_checks = true wird dennoch geplant"
    ),
    "measure {name_measure}: the valuation has no column {name_column}; it reports by {name_columns}": (
        "Maßnahme {name_measure}: Die Bewertung kennt das Merkmal {name_column} nicht; sie berichtet nach {name_columns}"
    ),
    "measure {name_measure}: {name_column} has no level {name_level}; there are {name_levels}": (
        "Maßnahme {name_measure}: {name_column} hat keine Ausprägung {name_level}; es gibt {name_levels}"
    ),
}
