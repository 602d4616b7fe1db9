"""Every word that a reader of the report sees, in German, under the names of ``prose_en.py``.

Words that are kept from end to end:

    acquisition cost      Gewinnungskosten            ledger                Datennachweis
    active, probability   Aktivitätswahrscheinlichkeit level, column        Ausprägung, Merkmal
    actual                Ist, Istwert                lever                 Hebel
    aversion to risk      Risikoscheu                 margin                Marge
    back-test             Rückvergleich (Backtest)    measure               Maßnahme
    band                  Band (90-%-Band)            newcomer              Neukunde
    baseline              Referenzprognose            order, repeat order   Bestellung, Folgebestellung
    certificate           Prüfprotokoll               origin                Stichtag der Prognose
    churn, to leave       Abwanderung, abwandern      overlap               sich überschneiden
    contribution          Deckungsbeitrag             pay back              sich amortisieren
    customer equity       Wert des Kundenstamms       prior                 A-priori-Verteilung
    discounted, rate      abgezinst, Diskontsatz      returns, credit notes Retouren, Gutschriften
    draws                 Ziehungen                   revenue               Umsatz
    finding               Befund                      seed                  Startwert
    fit                   Schätzung                   valuation date        Bewertungsstichtag
"""

from clvbayes.report.phrases_de import PHRASES as PHRASES

DATE, SHEET_DATE = "dd.MM.yyyy", "dd.mm.yyyy"
AMOUNT, UNIT = "{number} {scale} {unit}", "{scale} {unit}"
PERCENT = "{number}\u00a0%"
UNDER_A_THOUSANDTH = "<\u00a00,1\u00a0%"
SCALES = {1: "", 1_000: "Tsd.", 1_000_000: "Mio.", 1_000_000_000: "Mrd."}
STATUS = {"ok": "erfüllt", "note": "Hinweis", "failed": "nicht erfüllt"}

# Furniture of the page
AXIS_SPAN = "{unit}, von {low} bis {high}"
AXIS_SPAN_PLAIN = "von {low} bis {high}"
ADVICE = "Was zu tun ist: {advice}"
GLYPH = "90-%-Band von {low} bis {high}, Mittelwert {middle}"
GLYPH_INNER = "90-%-Band von {low} bis {high}, 50-%-Band von {inner_low} bis {inner_high}, Mittelwert {middle}"
BAR = "Balken: {value}"
SORT = "Nach dieser Spalte sortieren"
FILTER = "Zeilen filtern"
FILTERED = "{shown} von {rows} Zeilen"
SHOW_ALL = "Alle {rows} Zeilen zeigen"
SHOW_FIRST = "Nur die ersten {rows} Zeilen zeigen"
CONTENTS = "Inhalt"
TIP_LINE = "{label}: {value}"
TIP_WEEK = "Woche {week}"
PDF_MORE = "Gezeigt sind die ersten {shown} Zeilen; {more} weitere stehen in der XLSX-Datei dieses Berichts."
PDF_EXPLORER = "Alle berechneten Pläne, je Budget und Risikoscheu eine Zeile, stehen in der XLSX-Datei dieses Berichts."
SHEET_CONTENTS, SHEET_TEXTS = "Inhalt", "Texte"
SHEET_TEXTS_NOTE = "Was der Bericht außer seinen Tabellen sagt und was seine Abbildungen zeigen."
SHEET_BACK = "Zurück zum Inhalt"
SHEET_CARD_COLUMNS = ("Auf einen Blick", "Wert", "bis", "Einheit", "Anmerkung")
SHEET_LIST_COLUMNS = ("Abschnitt", "Blatt", "Befund")
SHEET_HEADER = "{title} ({unit})"
SHEET_EXPLORER = "{explorer}: {table}"
SHEET_UNIT = "Einheit"
SHEET_BAND = {
    "low": "{title}: 5\u00a0%",
    "inner_low": "{title}: 25\u00a0%",
    "middle": "{title}: Mittelwert",
    "inner_high": "{title}: 75\u00a0%",
    "high": "{title}: 95\u00a0%",
}
FOOT = (
    "Erstellt mit clvbayes. Die Bänder gelten für künftige Werte; was sie enthalten, steht auf der ersten Seite und unter „Warum die "
    "Bänder so breit sind“."
)

# Title
COVER_LINE = "{item}: {said}"
ITEM_PURPOSE, ITEM_PREPARED_BY, ITEM_REPORT_DATE = "Zweck", "Erstellt von", "Datum des Berichts"
TITLE_DATED = "Kundenbewertung zum {date}"
TITLE_UNDATED = "Kundenbewertung"
SUBTITLE_DATED = (
    "Abgezinster Deckungsbeitrag der Bestandskunden über {horizon} Jahre, Diskontsatz {rate} pro Jahr · {customers} Kunden · {draws} "
    "Ziehungen · Daten bis {date}"
)
SUBTITLE_UNDATED = (
    "Abgezinster Deckungsbeitrag der Bestandskunden über {horizon} Jahre, Diskontsatz {rate} pro Jahr · {customers} Kunden · {draws} "
    "Ziehungen"
)

# First page
HEADLINE = "Auf einen Blick"
FAILED = "Diese Zahlen sind keine Entscheidungsgrundlage. Nicht erfüllte Prüfungen: {failed} von {checks}."
FAILED_ONE = "{source}, {check}: {message}"
VALUATION = "Bewertung"
PASSED = (
    "Die Berechnung ist in Ordnung: Alle {checks} Prüfungen der Schätzung und der Simulation sind erfüllt. Die Prognose prüfen sie nicht."
)
PASSED_WITH_NOTES = (
    "Die Berechnung ist in Ordnung: {holding} von {checks} Prüfungen der Schätzung und der Simulation sind erfüllt, keine ist "
    "gescheitert; zu beachtende Hinweise: {notes} (siehe Prüfprotokoll). Die Prognose prüfen sie nicht."
)
CARD_EQUITY = "Wert des Kundenstamms"
CARD_EQUITY_NOTE = "Mittelwert; 90-%-Band {band}"
CARD_BAND = "Wert des Kundenstamms, 90-%-Band"
CARD_BAND_NOTE = "mit je 5\u00a0% Wahrscheinlichkeit liegt der Wert darunter oder darüber"
CARD_EACH = "Wert je Kunde"
CARD_EACH_NOTE = "Mittelwert; 90-%-Band {band}, für den Durchschnitt aller Kunden"
CARD_ACTIVE = "Voraussichtlich aktive Kunden"
CARD_ACTIVE_NOTE = "von {customers} Kunden: Summe ihrer Aktivitätswahrscheinlichkeiten"
CARD_TOP = "Wertanteil des obersten Zehntels"
CARD_TOP_NOTE = "{top} von {customers} Kunden; auf die größten {half} entfällt die Hälfte des Wertes"
CARD_TOP_NOTE_ONE = "{top} von {customers} Kunden; auf den größten allein entfällt die Hälfte des Wertes"
CARD_TOP_NOTE_NONE = "{top} von {customers} Kunden; keiner von ihnen hat einen Wert"
CARD_UNVALUED = "Nicht bewerteter Umsatz"
CARD_UNVALUED_NOTE = "{amount} ohne Kundennummer"
CARD_UNVALUED_UNKNOWN = "nicht bekannt"
CARD_UNVALUED_UNKNOWN_NOTE = "zu den Kunden liegt kein Nachweis der Bestellungen vor"
CAUTION_BANDS = (
    "Zum Lesen der Bänder: Sie enthalten den Zufall jeder Bestellung und die Unsicherheit der Modellparameter{season}. Was alle Kunden "
    "zugleich trifft, enthalten sie nicht. In einer Untersuchung von sechs Bestellhistorien enthielten die 90-%-Bänder solcher Modelle die "
    "Gesamtsumme in 21 von 150 Prognosen: Die Bänder von Gesamtsummen zeigen die Unsicherheit, die mindestens besteht."
)
CAUTION_BANDS_WIDENED = (
    "Zum Lesen der Bänder: Sie enthalten den Zufall jeder Bestellung, die Unsicherheit der Modellparameter{season} und den Betrag, um den "
    "Gesamtsummen aus Gründen abweichen können, die aus keiner Kundenhistorie hervorgehen.{learned}"
)
CAUTION_BANDS_SEASON = " (einschließlich der Saison)"
CAUTION_SHORT = (
    " Die Daten umfassen {months} Monate. Bei weniger als 24 Monaten lässt sich eine Saison nicht von einer Änderung des Niveaus "
    "unterscheiden; die Saison wird deshalb nie allein verwendet, und ein großer Teil der Breite stammt aus der A-priori-Verteilung."
)
CAUTION_SILENCE = (
    "Die letzte Bestellung stammt vom {last}, {days} Tage vor dem Bewertungsstichtag {until}. Die Modelle deuten diese Stille als "
    "Abwanderung; enden die Daten tatsächlich früher als der Bewertungsstichtag, ist der Wert viel zu niedrig."
)
CAUTION_RETURNS = (
    "Die Werte sind vor Retouren angegeben: Zurückgegangen sind in den Daten {amount}, das sind {share} des berücksichtigten Umsatzes. Ein "
    "Kunde, dessen Bestellungen zurückkamen, trägt weiterhin deren Wert."
)
CAUTION_HORIZON = (
    "Der Horizont von {horizon} Jahren ist länger als die Datenhistorie von {history} Jahren: Wie Kunden darüber hinaus abwandern und "
    "bestellen, wurde nie beobachtet und beruht auf den Modellen."
)
CAUTION_UNGRADED = (
    "Frühere Prognosen wurden bis zu {weeks} Wochen im Voraus mit dem Ist verglichen. Für den Rest der {horizon} Jahre gibt es keinen "
    "Vergleich: Er beruht auf den Modellen, und deren Fehler werden dort nicht größer angenommen als nach einem Jahr."
)
CAUTION_GROWTH = {
    "quarter": (
        "Die Bestandskunden sollen in den nächsten vollständigen Quartalen ({periods}) {ahead} Umsatz bringen, mehr als alle "
        "Kunden zusammen in den letzten ebenso vielen Quartalen ({past}). Das kann zutreffen, wenn zuletzt viele Kunden "
        "gewonnen wurden; andernfalls unterschätzen die Modelle die Abwanderung."
    ),
    "month": (
        "Die Bestandskunden sollen in den nächsten vollständigen Monaten ({periods}) {ahead} Umsatz bringen, mehr als alle "
        "Kunden zusammen in den letzten ebenso vielen Monaten ({past}). Das kann zutreffen, wenn zuletzt viele Kunden gewonnen "
        "wurden; andernfalls unterschätzen die Modelle die Abwanderung."
    ),
}
CAUTION_FREE = (
    "{share} der Folgebestellungen hatten den Betrag null. Sie zählen als Bestellungen; in der Prognose ist derselbe Anteil der "
    "Bestellungen kostenlos, gleich von welchem Kunden."
)
CAUTION_TRUNCATED = (
    "In die ersten {days} Tage der Daten fällt die erste Bestellung von {early} der {customers} Kunden, weit mehr als in spätere "
    "Zeiträume. Die meisten davon sind vermutlich ältere Kunden, deren frühere Bestellungen in der Datei fehlen; sie gelten daher als "
    "jünger, als sie sind."
)

# Outlook
OUTLOOK = "Umsatz der Bestandskunden"
FAN_LABEL = "Prognose: Bestandskunden,\nohne Neukunden"
FAN_MEDIAN = "Prognose, Median"
BAND = "{percent}-%-Band"
HISTORY_ALL = "Alle Kunden"
HISTORY_CONTRACTS = "Davon Verträge"
HISTORY_SETTLED = "Kunden seit 12 Monaten"
AXIS_REVENUE = "Umsatz je Periode"
AXIS_WITH_UNIT = "{label}, {unit}"
AXIS_FISCAL_QUARTER = "Geschäftsquartal"
AXIS_FISCAL_MONTH = "Geschäftsmonat"
AXIS_PERIODS_AHEAD = "Perioden nach dem Bewertungsstichtag"
FAN_FINDING_SETTLED = {
    "quarter": (
        "Die letzten {periods} vollständigen Quartale brachten {past} Umsatz, davon {settled} von Kunden mit mindestens 12 "
        "Monaten Zugehörigkeit; von den Bestandskunden werden in den nächsten {periods} Quartalen {ahead} erwartet (90-%-Band "
        "{band})."
    ),
    "month": (
        "Die letzten {periods} vollständigen Monate brachten {past} Umsatz, davon {settled} von Kunden mit mindestens 12 "
        "Monaten Zugehörigkeit; von den Bestandskunden werden in den nächsten {periods} Monaten {ahead} erwartet (90-%-Band "
        "{band})."
    ),
}
FAN_FINDING_CONTRACTS = {
    "quarter": (
        "Die letzten {periods} vollständigen Quartale brachten {past} Umsatz, davon {settled} aus Verträgen; von den Bestandskunden werden "
        "in den nächsten {periods} Quartalen {ahead} erwartet (90-%-Band {band})."
    ),
    "month": (
        "Die letzten {periods} vollständigen Monate brachten {past} Umsatz, davon {settled} aus Verträgen; von den Bestandskunden werden "
        "in den nächsten {periods} Monaten {ahead} erwartet (90-%-Band {band})."
    ),
}
FAN_FINDING_HISTORY = {
    "quarter": (
        "Alle Kunden brachten in den letzten {periods} vollständigen Quartalen {past} Umsatz; von den Bestandskunden werden in "
        "den nächsten {periods} Quartalen {ahead} erwartet (90-%-Band {band})."
    ),
    "month": (
        "Alle Kunden brachten in den letzten {periods} vollständigen Monaten {past} Umsatz; von den Bestandskunden werden in "
        "den nächsten {periods} Monaten {ahead} erwartet (90-%-Band {band})."
    ),
}
FAN_FINDING_HISTORY_ONE = {
    "quarter": (
        "Alle Kunden brachten im letzten vollständigen Quartal {past} Umsatz; von den Bestandskunden werden im nächsten "
        "{ahead} erwartet (90-%-Band {band})."
    ),
    "month": (
        "Alle Kunden brachten im letzten vollständigen Monat {past} Umsatz; von den Bestandskunden werden im nächsten {ahead} "
        "erwartet (90-%-Band {band})."
    ),
}
FAN_FINDING_FALLS = (
    "Der Umsatz der Bestandskunden sinkt voraussichtlich um {change}: von {start} in Periode {first} auf {end} in Periode {last}."
)
FAN_FINDING_RISES = (
    "Der Umsatz der Bestandskunden steigt voraussichtlich um {change}: von {start} in Periode {first} auf {end} in Periode {last}."
)
FAN_FINDING_LEVEL = "Der Umsatz der Bestandskunden bleibt von Periode {first} bis Periode {last} voraussichtlich bei {start}."
FAN_FINDING_ONE = "Von den Bestandskunden werden in Periode {first} {ahead} Umsatz erwartet (90-%-Band {band})."
FAN_FINDING_NONE = "Keine Geschäftsperiode liegt ganz innerhalb des Horizonts; daher wird keine Prognose dargestellt."
FAN_CAPTION = (
    "Die gepunktete Linie ist der Bewertungsstichtag. Vergangene Perioden enthalten auch damals neue Kunden; die Prognose enthält keine "
    "Kunden, die nach dem Bewertungsstichtag gewonnen werden."
)
FAN_CAPTION_ALONE = (
    "Die gepunktete Linie ist der Bewertungsstichtag. Die Tage der Bestellungen sind nicht bekannt, daher ist keine Vergangenheit "
    "dargestellt. Die Prognose enthält keine Kunden, die nach dem Bewertungsstichtag gewonnen werden."
)
FAN_CAPTION_CONTRACTS = (
    "Die gepunktete Linie ist der Bewertungsstichtag. Die Vertragstabelle reicht nicht weit genug zurück, um zu sagen, was alle Verträge "
    "in einer vergangenen Periode brachten; neben einer Prognose, die sie enthält, ist daher kein Verlauf dargestellt. Die Prognose "
    "enthält keine Kunden, die nach dem Bewertungsstichtag gewonnen werden."
)
FAN_CAPTION_WITH_CONTRACTS = (
    "Die gepunktete Linie ist der Bewertungsstichtag. Verträge zählen mit den nach ihren Laufzeiten fälligen Rechnungen, ab dem "
    "Zeitpunkt, von dem an in der Tabelle kein früherer fehlen kann. Vergangene Perioden enthalten auch damals neue Kunden; die Prognose "
    "enthält keine Kunden, die nach dem Bewertungsstichtag gewonnen werden."
)
FAN_CAPTION_PARTS = "Dargestellt sind nur vollständige Geschäftsperioden; als unvollständig weggelassen: {parts}."
FAN_CAPTION_WHOLE = "Dargestellt sind nur vollständige Geschäftsperioden; die Prognose enthält keine unvollständige."
FAN_ALT = (
    "Liniendiagramm des bisherigen Umsatzes je Geschäftsperiode, anschließend ein Prognosefächer mit 50-%-, 80-%- und 95-%-Band. {finding}"
)
FAN_ALT_ALONE = "Prognosefächer des Umsatzes je Geschäftsperiode mit 50-%-, 80-%- und 95-%-Band. {finding}"
FAN_NOTHING = "Weder die Vergangenheit noch die Prognose enthält eine vollständige Geschäftsperiode; daher gibt es kein Bild des Umsatzes."

# Concentration
CONCENTRATION = "Wo der Wert liegt"
AXIS_SHARE = "Anteil am Wert des Kundenstamms, %"
AXIS_TENTHS = "Zehntel der Kunden, größter Wert zuerst"
AXIS_SINGLE = "Kunde, größter Wert zuerst"
HALF_FINDING = "Die Hälfte des Wertes liegt bei {half} von {customers} Kunden."
HALF_FINDING_ONE = "Die Hälfte des Wertes liegt bei 1 von {customers} Kunden."
HALF_FINDING_NONE = "Von keinem der {customers} Kunden wird ein Wert erwartet."
DECILE_CAPTION = "Kunden, geordnet nach ihrem prognostizierten mittleren Wert, in {groups} Gruppen zu {smallest} bis {largest}."
DECILE_CAPTION_EVEN = "Kunden, geordnet nach ihrem prognostizierten mittleren Wert, in {groups} Gruppen zu {largest}."
DECILE_CAPTION_SINGLE = "Kunden, geordnet nach ihrem prognostizierten mittleren Wert, je Kunde ein Balken."
DECILE_ALT = "Balkendiagramm des Wertanteils je Kundengruppe, die wertvollste zuerst: {shares}. {finding}"
LARGEST_TABLE = "Was auf die größten Kunden entfällt"
LARGEST_COLUMN = "Größte Kunden"
LARGEST_OF_ALL = "Anteil an allen Kunden"
LARGEST_VALUE = "Wert"
LARGEST_SHARE = "Anteil am Wert"
LARGEST_FINDING = "Auf den größten Kunden allein entfallen {one} des Wertes, auf die obere Hälfte der Kunden {half}."

# Segments
SEGMENTS = "Segmente"
SEGMENTS_NONE = "Es wurden keine Merkmale für den Bericht benannt; die Kunden bilden daher eine einzige Gruppe."
SEGMENT_TABLE, BY_COLUMN = "Nach {column}", "nach {column}"
COLUMN_CUSTOMERS = "Kunden"
COLUMN_BAND_EACH = "Wert je Kunde, 50-%- und 90-%-Band"
COLUMN_MEAN = "Mittelwert"
COLUMN_LOW = "5\u00a0%"
COLUMN_HIGH = "95\u00a0%"
COLUMN_MEAN_EACH = "Mittelwert je Kunde"
COLUMN_TOTAL = "Gesamtwert"
COLUMN_TOTAL_BAR = "Anteil am Wert, Balken"
COLUMN_SHARE = "Anteil"
ALL_CUSTOMERS = "Alle Kunden"
FOLDED = "Weniger als fünf Kunden ({levels} Ausprägungen)"
FOLDED_ONE = "Weniger als fünf Kunden (1 Ausprägung)"
FOLDED_WITH_NEXT = "Weniger als fünf Kunden, mit der nächstkleinsten Ausprägung ({levels} Ausprägungen)"
SEGMENT_FINDING_HALF = "Auf {top} von {levels} Ausprägungen entfällt die Hälfte des Wertes."
SEGMENT_FINDING_HALF_ONE = "Auf {level} allein entfällt mindestens die Hälfte des Wertes: {share}, bei {customers} von {all} Kunden."
SEGMENT_FINDING_BEST = "Am meisten wert ist ein Kunde in {level}: im Mittel {each} (90-%-Band {band})."
SEGMENT_FINDING_SINGLE = "Alle {customers} Kunden stehen in einer Zeile; es gibt nichts zu vergleichen."
SEGMENT_NOTE = (
    "Maßgeblich ist die Ausprägung bei der ersten Bestellung des Kunden. Die Bänder des Mittelwerts je Kunde gelten für die Ausprägung "
    "insgesamt, nicht für einen einzelnen Kunden."
)

# Accounts
ACCOUNTS = "Größte Kunden"
ACCOUNTS_NONE = "Einzelne Kunden werden nicht aufgeführt: Die Einstellung customer_ids ist „none“."
ACCOUNTS_TABLE = "Die {accounts} Kunden mit dem höchsten prognostizierten Wert"
ACCOUNTS_TABLE_ONE = "Der Kunde mit dem höchsten prognostizierten Wert"
ACCOUNTS_FINDING = "Auf die {accounts} größten Kunden entfallen {share} des Wertes; davon eher abgewandert als aktiv: {inactive}."
ACCOUNTS_FINDING_ONE = "Auf den größten Kunden entfallen {share} des Wertes."
ACCOUNTS_HASHED = (
    "Die Kunden sind mit den ersten 12 Stellen des SHA-256 ihrer Kundennummer bezeichnet: von Bericht zu Bericht gleich, aber nicht anonym "
    "für jemanden, der die Kundennummern kennt."
)
COLUMN_ACCOUNT = "Kunde"
COLUMN_ACTIVE = "Noch aktiv, Wahrscheinlichkeit"
COLUMN_ORDERS_YEAR = "Bestellungen, nächstes Jahr"
COLUMN_BAND_VALUE = "Wert, 90-%-Band"

# Cohorts, quarters and activity
COHORTS = "Kohorten und Quartale"
COHORTS_UNDATED = (
    "Kohorten und Quartale setzen die Tage der Bestellungen voraus; die Kunden kamen jedoch als Tabelle von Kennzahlen ohne diese Tage. "
    "Werden die Bestellungen selbst angegeben, je Zeile eine mit Kunde, Datum und Betrag, stehen sie hier."
)
COHORTS_NO_QUARTER = "Die Bestellungen decken kein vollständiges Geschäftsquartal ab; daher sind keine Quartale gezeigt."
COHORTS_FIGURE = "Umsatz nach dem Jahr, in dem die Kunden gewonnen wurden"
COHORTS_ALT = "Gestapelte Balken des Umsatzes je Geschäftsquartal, eine Farbe je Kundenkohorte, die älteste unten. {finding}"
COHORTS_CAPTION = (
    "Eine Kohorte ist das Geschäftsjahr der ersten Bestellung in den Daten; die älteste kann früher gewonnene Kunden enthalten. "
    "Dargestellt sind nur vollständige Geschäftsquartale."
)
COHORTS_LEGEND = "Gewonnen"
COHORT_YEARS = "{first} bis {last}"
COHORT_OLDER = "{last} und früher"
COHORTS_FINDING = (
    "Vom Umsatz {first} bis {last} ({revenue}) kamen {before} von zuvor gewonnenen Kunden; am meisten brachte die Kohorte {cohort}: "
    "{largest}."
)
COHORTS_FINDING_ONE = "Vom Umsatz {first} bis {last} ({revenue}) kamen {before} von zuvor gewonnenen Kunden."
COHORTS_FINDING_NONE = "In den letzten vollständigen Quartalen kam kein Umsatz."
AXIS_QUARTER_REVENUE = "Umsatz je Quartal"
COHORTS_TABLE = "Was jede Kohorte brachte und was von ihr erwartet wird"
COLUMN_COHORT = "Gewonnen"
COLUMN_COHORT_WON = "Gewonnene Kunden"
COLUMN_STILL_ACTIVE = "Voraussichtlich aktive Kunden"
COLUMN_LAST_YEAR = "Umsatz, letzte {quarters} Quartale"
COLUMN_SHARE_LAST_YEAR = "Anteil am Umsatz"
COLUMN_EXPECTED_VALUE = "Erwarteter Wert"
COLUMN_SHARE_OF_VALUE = "Anteil am Wert"
COHORTS_TABLE_FINDING = "Auf die Kohorte {cohort} entfällt der größte Teil des Wertes: {share}, bei {customers} der Kunden."
COHORTS_TABLE_FINDING_ONE = "Alle Kunden wurden {cohort} gewonnen; erwartet werden von ihnen {value}."
COHORTS_TABLE_FINDING_NONE = "Von keiner Kohorte wird ein Wert erwartet."
COHORTS_NOTE = (
    "Der erwartete Wert ist die Summe der Mittelwerte der Kunden innerhalb des Horizonts; er stammt allein von bisher gewonnenen Kunden. "
    "Ein Geschäftsjahr, in dem weniger als fünf Kunden gewonnen wurden, steht mit dem nächsten zusammen."
)
ORDERING_FIGURE = "Wie viele Kunden jeder Kohorte in einem Quartal bestellen"
ORDERING_ALT = (
    "Ein Feld je Kohorte: der Anteil der Kunden mit Bestellungen in jedem vergangenen Geschäftsquartal als Linie, anschließend ein "
    "Prognosefächer mit 50-%-, 80-%- und 95-%-Band. {finding}"
)
ORDERING_CAPTION = (
    "Niemand meldet sich ab, wenn er nicht mehr bestellt; wer noch aktiv ist, lässt sich daher nicht beobachten, wer bestellt, dagegen "
    "schon. Jedes Feld beginnt, sobald die Kohorte vollständig gewonnen war, und zeigt je Geschäftsquartal den Anteil der Kunden mit "
    "mindestens einer Bestellung; kostenlose Bestellungen zählen mit, Vertragsrechnungen nicht. Die gepunktete Linie ist der "
    "Bewertungsstichtag. Dargestellt sind nur vollständige Quartale."
)
ORDERING_FINDING = (
    "Von den {customers} bis {year} gewonnenen Kunden bestellten {seen} im Quartal {quarter}; für {ahead} werden {share} erwartet "
    "(90-%-Band {band})."
)
ORDERING_FINDING_AHEAD = "Von den {customers} Kunden bestellen im Quartal {ahead} voraussichtlich {share} (90-%-Band {band})."
ORDERING_SEEN = "Haben bestellt"
ORDERING_UNTOLD = (
    "Wie viele Kunden in einem Quartal bestellen, ist nicht gezeigt: Dazu müssen die Tage der Bestellungen bekannt sein und je ein "
    "vollständiges Geschäftsquartal vor dem Bewertungsstichtag und innerhalb des Horizonts liegen."
)
COHORT_PANEL = "{cohort} ({customers} Kunden)"
AXIS_ORDERING = "Kunden mit Bestellungen im Quartal"
QUARTERS_TABLE = "Die letzten vollständigen Quartale"
COLUMN_QUARTER = "Quartal"
COLUMN_QUARTER_WON = "Gewonnene Kunden"
COLUMN_ORDERING = "Kunden mit Bestellungen"
COLUMN_ORDERS_EACH = "Bestellungen je Kunde"
COLUMN_AVERAGE_ORDER = "Mittlerer Bestellwert"
COLUMN_REVENUE = "Umsatz"
COLUMN_FROM_NEW = "Von im Quartal gewonnenen Kunden"
QUARTERS_FINDING_YEAR = (
    "In den letzten vier Quartalen betrug der Umsatz {revenue} ({more_revenue} gegenüber den vier davor), die Zahl der Bestellungen "
    "{orders} ({more_orders}) und die der gewonnenen Kunden {won} ({more_won})."
)
QUARTERS_FINDING_YEAR_ALONE = (
    "In den letzten vier Quartalen betrug der Umsatz {revenue}, die Zahl der Bestellungen {orders} und die der gewonnenen Kunden {won}."
)
QUARTERS_FINDING = (
    "Im letzten Quartal betrug der Umsatz {revenue} ({more_revenue} gegenüber dem davor), die Zahl der Bestellungen {orders} "
    "({more_orders}) und die der gewonnenen Kunden {won} ({more_won})."
)
QUARTERS_FINDING_ALONE = (
    "Im letzten Quartal betrug der Umsatz {revenue}, die Zahl der Bestellungen {orders} und die der gewonnenen Kunden {won}."
)
ACTIVITY = "Wer noch aktiv ist"
CUSTOMERS_ORDERING_FIGURE = "Kunden mit Bestellungen je Quartal"
CUSTOMERS_ORDERING_ALT = (
    "Liniendiagramm der Kunden, die in jedem Geschäftsquartal bestellten, anschließend ein Prognosefächer mit 50-%-, 80-%- und 95-%-Band. "
    "{finding}"
)
CUSTOMERS_ORDERING_CAPTION = (
    "Jeder Kunde zählt im Quartal einmal, wie oft er auch bestellt; Vertragsrechnungen sind keine Bestellungen. Die gepunktete Linie ist "
    "der Bewertungsstichtag. Vergangene Quartale enthalten auch damals neue Kunden; die Prognose enthält keine Kunden, die nach dem "
    "Bewertungsstichtag gewonnen werden. Dargestellt sind nur vollständige Quartale."
)
CUSTOMERS_ORDERING_FINDING = (
    "Im Quartal {quarter} bestellten {seen} Kunden ({change} gegenüber dem Vorjahresquartal); von den heutigen {customers} bestellen in "
    "{ahead} voraussichtlich {expected} (90-%-Band {band})."
)
CUSTOMERS_ORDERING_FINDING_ALONE = (
    "Im Quartal {quarter} bestellten {seen} Kunden; von den heutigen {customers} bestellen in {ahead} voraussichtlich {expected} "
    "(90-%-Band {band})."
)
AXIS_CUSTOMERS_ORDERING = "Kunden mit Bestellungen"
ACTIVITY_FIGURE = "Aktivitätswahrscheinlichkeit und künftige Bestellungen, nach bisherigem Bestellverhalten"
ACTIVITY_ALT = (
    "Karte der mittleren Aktivitätswahrscheinlichkeit: Zeilen nach bisherigen Folgebestellungen, Spalten nach der Zeit seit der letzten "
    "Bestellung. {finding}"
)
ACTIVITY_CAPTION = (
    "In jedem Feld: mittlere Aktivitätswahrscheinlichkeit, darunter die von einem Kunden im nächsten Jahr erwarteten Bestellungen. Felder "
    "mit weniger als fünf Kunden sind leer."
)
ACTIVITY_FIELD = "{active}\n{orders}"
AXIS_REPEATS = "Folgebestellungen"
ACTIVITY_TABLE = "Kunden nach Folgebestellungen und Zeit seit der letzten Bestellung"
COLUMN_REPEATS = "Folgebestellungen"
COLUMN_SILENCE = "Zeit seit der letzten Bestellung"
COLUMN_MEAN_ACTIVE = "Noch aktiv, Wahrscheinlichkeit"
COLUMN_MEAN_ORDERS = "Bestellungen je Kunde, nächstes Jahr"
ACTIVITY_OTHERS = "alle übrigen Klassen"
ACTIVITY_FINDING = (
    "Bei Kunden der Klasse {repeats} fällt die Aktivitätswahrscheinlichkeit von {first} (Zeit seit der letzten Bestellung: {recent}) auf "
    "{last} ({silent})."
)
ACTIVITY_FINDING_RISES = (
    "Bei Kunden der Klasse {repeats} beträgt die Aktivitätswahrscheinlichkeit {first} (Zeit seit der letzten Bestellung: {recent}) und "
    "{last} ({silent})."
)
ACTIVITY_FINDING_ONE = "Es gibt nur eine Klasse; die mittlere Aktivitätswahrscheinlichkeit ihrer Kunden beträgt {active}."
ACTIVITY_FINDING_FEW = (
    "Die mittlere Aktivitätswahrscheinlichkeit der {customers} Kunden beträgt {active}; in den Klassen stehen zu wenige, um zu sagen, was "
    "die Stille bedeutet."
)
ACTIVITY_VALUE_FINDING = (
    "Von allen Klassen entfällt der größte Teil des Wertes auf Kunden der Klasse {repeats}, Zeit seit der letzten Bestellung {silence}: "
    "{share}, bei {customers} der Kunden."
)
FREQUENCY_LABELS = {"0": "0", "1": "1", "2": "2", "3-4": "3–4", "5-9": "5–9", "10 or more": "10 oder mehr"}
SILENCE_LABELS = {
    "under 4 weeks": "unter 4 Wochen",
    "4-12 weeks": "4–12 Wochen",
    "13-25 weeks": "13–25 Wochen",
    "26-51 weeks": "26–51 Wochen",
    "52 weeks or more": "ab 52 Wochen",
}

# Forecast
FORECAST = "Prognose nach Perioden"
FORECAST_TABLE = "Bestellungen und Geldbeträge der Bestandskunden"
COLUMN_PERIOD = "Periode"
COLUMN_FROM = "Von"
COLUMN_TO = "Bis"
YEARS_AHEAD = "{years} Jahre"
COLUMN_ORDERS = "Bestellungen"
COMPONENT_COLUMNS = {
    "revenue": "Umsatz",
    "returned": "Retouren",
    "cost": "Kosten",
    "contribution": "Deckungsbeitrag",
    "value": "Wert",
}
WHOLE_HORIZON = "Gesamter Horizont"
FORECAST_FINDING = (
    "Die Hälfte des Wertes ist voraussichtlich am Ende der Periode {period} eingegangen, nach {place} von {periods} Perioden."
)
FORECAST_FINDING_NONE = "Innerhalb der {periods} Perioden wird kein Wert erwartet."
FORECAST_NOTE = (
    "Der Deckungsbeitrag ist die Marge auf den Umsatz, abzüglich dessen, was davon zurückkommt, und abzüglich der Kosten für Bestellungen, "
    "Betreuung und Retouren; der Wert ist der auf den Bewertungsstichtag abgezinste Deckungsbeitrag. Alle Spalten außer den Bändern sind "
    "Mittelwerte. Die Bänder einzelner Perioden addieren sich nicht zum Band des gesamten Horizonts."
)


# Spread
SPREAD_TITLE = "Warum die Bänder so breit sind"
SPREAD_TABLE = "Standardabweichung des Wertes und Anteile an seiner Varianz"
COLUMN_SPREAD_OF = "Nach"
COLUMN_LEVEL_OF = "Ausprägung"
SPREAD_PARTS = ("Zufall", "Parameter", "Systematisch")
SPREAD_FINDING = (
    "Von der Varianz des Gesamtwerts entfallen {process} auf den Zufall, {parameters} auf das, was die Daten über die Parameter "
    "offenlassen, und {systematic} auf systematische Abweichungen."
)
SPREAD_CHANCE = (
    "Zufall ist das Glück oder Pech des einzelnen Kunden, selbst wenn alles Übrige bekannt wäre. Er gleicht sich über viele Kunden aus: "
    "Kleine Ausprägungen macht er unsicher, und nur mehr Kunden verringern ihn."
)
SPREAD_PARAMETERS = (
    "Parameter: was die Daten über Bestellraten, Abwanderung, Beträge und Saison nicht sagen. Mehr Kunden und eine längere Historie "
    "verringern diesen Anteil, ebenso die gemeinsame Schätzung kleiner Ausprägungen."
)
SPREAD_SYSTEMATIC = (
    "Systematisch ist, was alle Kunden zugleich bewegt: ein besseres oder schlechteres Quartal, Preise, Wettbewerber, ein Modell, das zu "
    "viel vorhersagt. Das gleicht sich auch über noch so viele Kunden nicht aus."
)
_LEARNED_ENOUGH = (
    " Gelernt wurde dies aus {errors} abgelaufenen Prognosen (frühere Stichtage: {origins}): Im Mittel lagen die Bestellungen {direction}, "
    "und von Quartal zu Quartal weichen sie davon um {sd}\u00a0% ab (eine Standardabweichung)."
)
_LEARNED_LITTLE = (
    " Bisher konnten nur {errors} Prognosen der Bestellungen (frühere Stichtage: {origins}) mit dem Ist verglichen werden. Bei so wenigen "
    "ist ein großer Teil der Bandbreite angenommen: Die Summe eines Quartals kann um {sd}\u00a0% abweichen (eine Standardabweichung; vor "
    "jedem Vergleich angenommen: {prior}\u00a0%)."
)
_LEARNED_NOTHING = (
    " Keine frühere Prognose der Bestellungen wurde mit dem Ist verglichen; dieser Teil der Bandbreite ist daher angenommen: Die "
    "Summe eines Quartals kann um {prior}\u00a0% abweichen (eine Standardabweichung), und dauerhaft um ebenso viel."
)
LEARNED = (_LEARNED_NOTHING, _LEARNED_LITTLE, _LEARNED_ENOUGH)
LEARNED_DIRECTION = (
    "auf dem Median der Prognose",
    "{mean}\u00a0% über dem Median der Prognose",
    "{mean}\u00a0% unter dem Median der Prognose",
)
LEARNED_CONTRACTS = (
    " Keine frühere Prognose verlorener Verträge konnte mit dem Ist verglichen werden; dies ist daher angenommen: Die Zahl der Verluste "
    "eines Quartals kann um {prior}\u00a0% abweichen, der wiederkehrende Umsatz je verbleibendem Vertrag binnen eines Jahres um "
    "{amount_prior}\u00a0% (jeweils eine Standardabweichung), und dauerhaft um etwa ebenso viel.",
    " Bisher konnten nur {errors} Prognosen verlorener Verträge (frühere Stichtage: {origins}) mit dem Ist verglichen werden. Bei so "
    "wenigen ist vieles angenommen: Die Zahl der Verluste eines Quartals kann um {sd}\u00a0% abweichen, der wiederkehrende Umsatz je "
    "verbleibendem Vertrag binnen eines Jahres um {amount_sd}\u00a0% (jeweils eine Standardabweichung; vor jedem Vergleich angenommen: "
    "{prior} und {amount_prior}\u00a0%).",
    " Für Verträge wurde dies aus {errors} abgelaufenen Prognosen (frühere Stichtage: {origins}) gelernt: Im Mittel gingen {direction}, "
    "und der wiederkehrende Umsatz je verbleibendem Vertrag lag binnen eines Jahres {amount_direction}; davon weichen die Verluste von "
    "Quartal zu Quartal um {sd}\u00a0% ab und der Umsatz binnen eines Jahres um {amount_sd}\u00a0% (jeweils eine Standardabweichung).",
)
LEARNED_CONTRACTS_DIRECTION = (
    "so viele verloren wie im Mittel vorhergesagt",
    "{mean}\u00a0% mehr verloren als im Mittel vorhergesagt",
    "{mean}\u00a0% weniger verloren als im Mittel vorhergesagt",
)
LEARNED_AMOUNTS_DIRECTION = ("wie vorhergesagt", "{mean}\u00a0% über der Prognose", "{mean}\u00a0% unter der Prognose")
SPREAD_NOT_OF_ORDERS = " Für Bestellungen wurde darüber nichts gelernt; ihre Bänder enthalten nichts davon."
SPREAD_NOT_OF_CONTRACTS = " Für Verträge wurde darüber nichts gelernt; ihre Bänder enthalten nichts davon."
SPREAD_POOLED = (
    " Die Hälfte der Ziehungen stammt aus einer zweiten Schätzung, in der sich das Niveau des gesamten Kundenstamms von Monat zu Monat "
    "bewegt und dies auch künftig tut: Bei so wenigen früheren Prognosen ist keiner der beiden allein zu trauen."
)
SPREAD_SAMPLE = " Verglichen wurden {customers} Kunden, ausgewählt über die Prüfsumme ihrer Kundennummer."
SPREAD_SHRINKS = (
    " Was den Anteil verringert: mehr Quartale mit Vergleich und Ursachen, die vorab bekannt sind und von Hand in die Prognose eingehen."
)
SPREAD_NOT_SYSTEMATIC = (
    "Systematische Abweichungen, die alle Kunden zugleich bewegen, sind in diesen Bändern nicht enthalten: Über sie wurde nichts gelernt."
)
SPREAD_NOTE = (
    "Angegeben sind Anteile an der Varianz, die sich addieren; bei Standardabweichungen gilt das nicht. Ausprägungen mit weniger als fünf "
    "Kunden sind weggelassen."
)
BEYOND_HORIZON = (
    "Von allem, was die Modelle binnen fünfzig Jahren von den Bestandskunden erwarten (abgezinst), liegen {share} jenseits des Horizonts "
    "von {horizon} Jahren und sind nicht im Wert enthalten."
)

# New customers
NEWCOMERS = "Neukunden"
NEWCOMERS_TABLE = "Was ein weiterer Kunde bringt, {column}"
NEWCOMERS_TABLE_ALL = "Was ein weiterer Kunde bringt"
WINNING_TABLE = "Was die Gewinnung eines Kunden kosten darf, {column}"
WINNING_TABLE_ALL = "Was die Gewinnung eines Kunden kosten darf"
WINNING_FINDING = "Vorsichtig gerechnet darf die Gewinnung eines Kunden je nach Ausprägung {least} bis {most} kosten."
WINNING_FINDING_ONE = "Vorsichtig gerechnet darf die Gewinnung eines Kunden höchstens {amount} kosten."
COLUMN_LEVEL = "Ausprägung"
COLUMN_WON = "Im letzten Jahr gewonnen"
COLUMN_FIRST_ORDER = "Erste Bestellung"
COLUMN_JUST_ACQUIRED = "Soeben gewonnen"
COLUMN_NOT_YET = "Noch nicht gewonnen"
COLUMN_NOT_YET_BAND = "Noch nicht gewonnen, 90-%-Band"
COLUMN_COST = "Gewinnungskosten"
COLUMN_NET = "Netto"
COLUMN_P_LOSS = "Wahrscheinlichkeit eines Verlusts"
COLUMN_P_NEVER = "Amortisiert sich nie"
COLUMN_CEILING = "Obergrenze, Mittelwert"
COLUMN_CAUTIOUS = "Obergrenze, vorsichtig"
NEWCOMERS_FINDING = (
    "Ein weiterer Kunde ist vor seiner Gewinnung im Mittel {mean} wert ({low} bis {high}); seine erste Bestellung bringt {first}."
)
NEWCOMERS_FINDING_COST = (
    "Ein weiterer Kunde ist vor seiner Gewinnung im Mittel {mean} wert, seine Gewinnung kostet {cost}: netto {net}; bei {never} der "
    "Neukunden amortisieren sich die Gewinnungskosten innerhalb des Horizonts nie."
)
NEWCOMERS_BEST = "Am meisten wert ist ein Neukunde in {level}: vor seiner Gewinnung im Mittel {amount}."
NEWCOMERS_BEST_NET = "Nach Abzug der Gewinnungskosten stehen Neukunden in {level} am besten da: im Mittel {amount}."
NEWCOMERS_ONE_LEVEL = "Ein weiterer Kunde aus {level} ist vor seiner Gewinnung im Mittel {amount} wert."
NEWCOMERS_GRADED_HIGH = (
    "Im Rückvergleich wurde der Umsatz der Neukunden im Mittel um {off} zu hoch vorhergesagt; das 90-%-Band enthielt den Istwert in {held} "
    "von {forecasts} Prognosen: Die Obergrenzen sind entsprechend vorsichtig zu verwenden."
)
NEWCOMERS_GRADED_LOW = (
    "Im Rückvergleich wurde der Umsatz der Neukunden im Mittel um {off} zu niedrig vorhergesagt; das 90-%-Band enthielt den Istwert in "
    "{held} von {forecasts} Prognosen."
)
NEWCOMERS_NOTE = (
    "Drei Größen, die nie addiert werden: „Noch nicht gewonnen“ ist der Deckungsbeitrag der ersten und aller späteren Bestellungen "
    "innerhalb des Horizonts und damit das Höchste, was die Gewinnung eines Kunden kosten darf; „Soeben gewonnen“ ist der Deckungsbeitrag "
    "der späteren Bestellungen allein; der Wert der Bestandskunden an anderer Stelle dieses Berichts berücksichtigt, was jeder Kunde "
    "bisher getan hat. Die Bänder gelten für den Durchschnitt so vieler Neukunden, wie im letzten Jahr gewonnen wurden, oder für einen, wo "
    "keine gewonnen wurden. Die vorsichtige Obergrenze ist das 20-%-Quantil dieses Durchschnitts. Neukunden verhalten sich so, wie es die "
    "Modelle von den im letzten Jahr gewonnenen sagen."
)
NEWCOMERS_CEILING_CONTACT = "Die Obergrenzen gelten je bezahltem Kontakt, von denen der angegebene Anteil zu Kunden wird."
NEWCOMERS_CEILING_CUSTOMER = "Die Obergrenzen gelten je gewonnenem Kunden."

# Unit economics
UNIT_ECONOMICS = "Wirtschaftlichkeit der Kundengewinnung"
UNIT_TABLE_ALL = "Was ein Neukunde bringt und was er kostet"
UNIT_TABLE = "Was ein Neukunde bringt und was er kostet, {column}"
COLUMN_RATIO = "Wert je Einheit Kosten"
COLUMN_RATIO_BAND = "Wert je Einheit Kosten, 90-%-Band"
COLUMN_HALF_PAID = {"quarter": "Zur Hälfte amortisiert bis Quartal", "month": "Zur Hälfte amortisiert bis Monat"}
NOT_HALF = "weniger als die Hälfte"
UNIT_FINDING_ONE = (
    "Eine für die Gewinnung von Kunden ausgegebene Geldeinheit bringt innerhalb des Horizonts {ratio} (90-%-Band {band}); bei {never} der "
    "Neukunden amortisieren sich die Gewinnungskosten nie."
)
UNIT_FINDING_ALL_EARN = (
    "In allen Ausprägungen ({levels}) amortisieren sich die Gewinnungskosten im Mittel: je Einheit Kosten von {worst} in {last} bis {best} "
    "in {first}."
)
UNIT_FINDING_SOME_LOSE = (
    "In {losing} von {levels} Ausprägungen bringt ein Neukunde weniger, als er kostet; je Einheit Kosten bringt {first} am meisten "
    "({best}) und {last} am wenigsten ({worst})."
)
UNIT_NO_COST = (
    "Was die Gewinnung eines Kunden kostet, ist nicht angegeben; die Werte der Neukunden stehen daher für sich. Mit acquisition_cost, "
    "einer Zahl oder je Ausprägung, stehen hier Verhältnisse, Amortisation und die Wahrscheinlichkeit, dass ein Kanal besser ist als ein "
    "anderer."
)
UNIT_FREE = "Die Gewinnung von Kunden in folgenden Ausprägungen kostet nichts; sie haben hier weder Verhältnis noch Amortisation: {levels}."
UNIT_NOTE = (
    "Der Wert ist der eines noch nicht gewonnenen Kunden, von der ersten Bestellung an. Bänder und Verlustwahrscheinlichkeit gelten für "
    "den Durchschnitt so vieler Neukunden, wie im letzten Jahr gewonnen wurden; die Amortisation gilt für einzelne Neukunden und zählt ab "
    "der Gewinnung, mit der ersten Bestellung in der ersten Periode."
)
BETTER_TABLE = "Wahrscheinlichkeit, dass eine Ausprägung besser ist als eine andere, {column}"
COLUMN_BETTER = "Nach Kosten: ein Neukunde aus"
BETTER_NAME = "{place}  {level}"
BETTER_THAN = "als {place}"
BETTER_CLEAR = (
    "Nach Kosten bringt die Ausprägung {best} am meisten: Mit einer Wahrscheinlichkeit von {chance} ist sie besser als {rival}, die ihr am "
    "nächsten kommt."
)
BETTER_UNCLEAR = (
    "Nach Kosten bringt die Ausprägung {best} im Mittel am meisten, ist aber nur mit einer Wahrscheinlichkeit von {chance} besser als "
    "{rival}: Beide sind nicht zu unterscheiden."
)
BETTER_NOTE = (
    "Eine Ausprägung ist besser als eine andere mit der Wahrscheinlichkeit, dass so viele Neukunden der Zeile, wie im letzten Jahr "
    "gewonnen wurden, im Durchschnitt und jeweils nach ihren Kosten mehr bringen als die der Spalte. Was alle Kunden zugleich bewegt, "
    "bewegt beide."
)
BETTER_MOST = " Verglichen sind von {levels} Ausprägungen die {shown}, die im letzten Jahr die meisten Kunden gewannen."

# Returns
RETURNS = "Retouren"
RETURNS_TABLE = "Kunden nach dem Anteil ihrer Bestellungen, den sie zurücksenden"
COLUMN_SENDS_BACK = "Sendet voraussichtlich zurück"
RETURNS_CLASSES = ("unter 5\u00a0%", "5 bis 20\u00a0%", "20 bis 50\u00a0%", "die Hälfte oder mehr")
COLUMN_SHARE_BACK = "Zurückgesandter Anteil"
COLUMN_NEGATIVE = "Kosten voraussichtlich mehr, als sie bringen"
COLUMN_MEAN_VALUE = "Mittlerer Wert eines Kunden"
RETURNS_FINDING = (
    "Die erwarteten Retouren betragen {share} des Umsatzes innerhalb des Horizonts; {negative} von {customers} Kunden kosten "
    "voraussichtlich mehr, als sie bringen."
)
RETURNS_NOTE = (
    "Retouren werden von der Bestellung abgezogen, zu der sie gehören. Der Anteil eines Kunden ist der zurückgesandte Teil seiner "
    "bisherigen Beträge; je weniger Bestellungen er hat, desto mehr wird er dem ähnlicher Kunden angenähert. Junge Bestellungen zählen "
    "weniger, weil davon noch mehr zurückkommen kann; was noch zurückkommen kann, steht in der ersten Periode der Prognose. Ob sich "
    "Kunden, die viel zurücksenden, dennoch lohnen, zeigt allein der Wert, der übrig bleibt."
)

# Risk
RISK = "Risiko"
RISK_TABLE = "Wie niedrig der Wert ausfallen kann, {column}"
RISK_TABLE_ALL = "Wie niedrig der Wert ausfallen kann"
COLUMN_RISK_MEAN = "Mittlerer Wert"
COLUMN_VALUE_AT_RISK = "Value-at-Risk, 95\u00a0%"
COLUMN_CVAR = "CVaR, 95\u00a0%"
COLUMN_ERROR = "Monte-Carlo-Fehler"
COLUMN_BELOW_MEAN = "CVaR unter dem Mittelwert"
COLUMN_P_FALL = "Wahrscheinlichkeit: mindestens 10\u00a0% unter dem Mittelwert"
COLUMN_P_ERROR = "deren Monte-Carlo-Fehler"
RISK_FINDING_ALL = (
    "In den schlechtesten 5\u00a0% der Fälle bringen die Kunden im Mittel {cvar}, das sind {fall} weniger als der Mittelwert von {mean}; "
    "die Wahrscheinlichkeit, dass sie weniger als neun Zehntel des Mittelwerts bringen, beträgt {chance}."
)
RISK_ERROR = "Der Monte-Carlo-Fehler des Value-at-Risk aller Kunden beträgt {error}."
RISK_FINDING_NONE = "Es wird kein Wert erwartet; daher ist auch keiner gefährdet."
RISK_FINDING = (
    "Gemessen an der Größe kann {deepest} am tiefsten fallen: in den schlechtesten 5\u00a0% der Fälle um {fall} unter den Mittelwert. Am "
    "stetigsten ist {steadiest} mit {least}."
)
RISK_FINDING_ALIKE = (
    "Gemessen an der Größe können alle etwa gleich tief fallen: in ihren schlechtesten 5\u00a0% der Fälle um {fall} unter ihren Mittelwert."
)
RISK_FINDING_ONE = "Für sich genommen bringt {level} in den schlechtesten 5\u00a0% der Fälle {fall} weniger als im Mittel."
PARTS_TABLE = "Was jede Ausprägung zum Gesamtrisiko beiträgt, {column}"
COLUMN_CONTRIBUTION = "In den schlechtesten 5\u00a0% des Ganzen"
PARTS_SUM = "Summe der Ausprägungen"
COLUMN_SHARE_FALL = "Anteil am Rückgang"
COLUMN_ALONE = "CVaR für sich genommen"
COLUMN_DIVERSIFIES = "Diversifiziert"
COLUMN_BETA = "CLV-Beta"
COLUMN_MOVES = "Veränderung je 1\u00a0% des Gesamtwerts"
PARTS_FINDING = (
    "Wo das Ganze zurückgeht, trägt {level} am meisten: {fall} des Rückgangs, bei {share} des Wertes. Für sich genommen gingen die "
    "Ausprägungen zusammen um {alone} zurück; davon werden {diversified} durch Diversifikation ausgeglichen."
)
PARTS_FINDING_NONE = "Das Ganze fällt nicht unter seinen Mittelwert; es gibt nichts aufzuteilen."
RISK_FIGURE = "Wer den Wert trägt und wer das Risiko, {column}"
RISK_FIGURE_ALT = (
    "Gepaarte Balken je Ausprägung: Anteil am mittleren Wert und Anteil am Rückgang darunter in den schlechtesten Fällen. {finding}"
)
RISK_FIGURE_CAPTION = (
    "Der Rückgang ist, was das Ganze in den schlechtesten 5\u00a0% der Fälle weniger bringt als im Mittel, aufgeteilt nach Euler."
)
RISK_FIGURE_CAPTION_REST = (
    " Dargestellt sind die {shown} größten Ausprägungen; die übrigen {levels} halten zusammen {value} des Wertes und tragen {fall} des "
    "Rückgangs. Die Tabelle enthält alle."
)
RISK_FIGURE_FINDING = (
    "Von den dargestellten Ausprägungen trägt {level}, gemessen an der Größe, das größte Risiko: {fall} des Risikos bei {share} des Wertes."
)
RISK_FIGURE_FINDING_EVEN = (
    "Keine Ausprägung trägt einen Anteil am Risiko, der um mehr als einen Prozentpunkt von ihrem Anteil am Wert abweicht."
)
RISK_VALUE_SHARE = "Anteil am Wert"
RISK_FALL_SHARE = "Anteil am Rückgang"
AXIS_SHARES = "Anteil, %"
RISK_NOTE = (
    "Der Value-at-Risk ist der Wert, der in einem von zwanzig Fällen unterschritten wird; der CVaR ist das Mittel der Fälle darunter. Je "
    "höher beide sind, desto besser. Was die Ausprägungen in den schlechtesten Fällen des Ganzen bringen, addiert sich zum CVaR des "
    "Ganzen; in ihren eigenen schlechtesten Fällen brächten sie um das weniger, was die Diversifikation ausgleicht. Das CLV-Beta ist "
    "die Kovarianz des Wertes einer Ausprägung mit dem des Ganzen, geteilt durch die Varianz des Ganzen: Die Betas addieren sich zu 1 und "
    "sagen, neben den Anteil am Wert gestellt, um wie viel Prozent sich eine Ausprägung im Mittel bewegt, wenn sich "
    "das Ganze um 1\u00a0% bewegt. Monte-Carlo-Fehler sind Standardfehler, allein aus der Zahl der Ziehungen."
)

# Sensitivity
SENSITIVITY = "Wovon der Wert abhängt"
SENSITIVITY_FIGURE = "Der Wert unter anderen Annahmen"
SENSITIVITY_ALT = "Tornado-Diagramm des Wertes bei nach unten und oben veränderten Annahmen, der größte Ausschlag zuerst. {finding}"
SENSITIVITY_CAPTION = (
    "Jeder Balken verändert eine Annahme und lässt die übrigen unverändert; die schattierte Fläche ist das 90-%-Band des unveränderten "
    "Wertes, das den Zufall und das enthält, was die Daten offenlassen. Die Ausschläge mehrerer Annahmen addieren sich nicht."
)
SENSITIVITY_CAPTION_WIDENED = (
    "Jeder Balken verändert eine Annahme und lässt die übrigen unverändert; die schattierte Fläche ist das 90-%-Band des unveränderten "
    "Wertes, das den Zufall enthält, das, was die Daten offenlassen, und wie weit Summen aus Gründen abweichen können, die alle Kunden "
    "zugleich treffen. Die Ausschläge mehrerer Annahmen addieren sich nicht."
)
SENSITIVITY_TABLE = "Der Wert unter anderen Annahmen, jeweils eine verändert"
SENSITIVITY_FINDING = (
    "Von den Annahmen, die gleichermaßen nach unten und oben verändert sind, um ein Zehntel oder einen Punkt, bestimmt diese den Wert am "
    "stärksten: {factor}. Der Wert reicht damit von {low} bis {high} ({span} des Mittelwerts)."
)
SENSITIVITY_FINDING_UNLIKE = "Keine Annahme ließ sich sowohl nach unten als auch nach oben verändern."
SENSITIVITY_FINDING_NONE = "Unter keiner dieser Annahmen wird ein Wert erwartet."
SENSITIVITY_TABLE_FINDING = "Der niedrigste Mittelwert ist {low}, bei „{worst}“, der höchste {high}, bei „{best}“."
FACTORS = {
    "rate": "Diskontsatz, ± 1 Prozentpunkt",
    "margin": "Marge, ± 10\u00a0%",
    "horizon": "Horizont, ein Jahr weniger",
    "churn": "Abwanderungsneigung, ± 10\u00a0%",
    "frequency": "Bestellrate, ± 10\u00a0%",
    "spend": "Bestellwerte, ± 10\u00a0%",
    "priors": "Doppelt so breite A-priori-Verteilungen",
    "alternative": "Anderes Modell: {title}",
}
SCENARIO_AS_IT_IS = "unverändert"
SCENARIO_RATE = "Diskontsatz {points} Prozentpunkt"
SCENARIO_MARGIN = "Marge {change}"
SCENARIO_HORIZON = "Horizont von {years} Jahren"
SCENARIO_HORIZON_ONE = "Horizont von 1 Jahr"
SCENARIO_LEVERS = {
    "churn": "Abwanderungsneigung {change}",
    "rate": "Bestellrate {change}",
    "spend": "Bestellwerte {change}",
}
SCENARIO_PRIORS = "doppelt so breite A-priori-Verteilungen"
SCENARIO_ALTERNATIVE = "Modell {title}"
COLUMN_SCENARIO = "Annahme"
COLUMN_SCENARIO_VALUE = "Mittlerer Wert"
COLUMN_CHANGE, COLUMN_CHANGE_SHARE = "Änderung", "Änderung, relativ"
AXIS_VALUE = "Wert der Bestandskunden"
SWING_LOWER, SWING_HIGHER = "Annahme niedriger", "Annahme höher"
SWING_CHANGED = "verändert"
SWING_AS_IT_IS, SWING_BAND = "unverändert", "90-%-Band, unverändert"
HORIZON_SAYS = "Vom Wert innerhalb von {horizon} Jahren entfallen {first} auf das erste Jahr."
HORIZON_SAYS_BEYOND = (
    "Vom Wert innerhalb von {horizon} Jahren entfallen {first} auf das erste Jahr; von allem binnen fünfzig Jahren Erwarteten liegen "
    "{beyond} jenseits des Horizonts."
)
NO_LEVERS = (
    "Nicht berechnet ist, wie der Wert von Folgendem abhängt: {levers}. Dafür ist jeweils eine eigene Simulation aller Kunden nötig. "
    "Die Angaben stehen hier, wenn die Bewertungsdatei Maßnahmen nennt, die diese Größen bewegen."
)
LEVERS_MISSING = {"churn": "wie oft Kunden abwandern", "rate": "wie oft sie bestellen", "spend": "wie viel sie ausgeben"}
NO_ALTERNATIVE = "Was ein anderes Modell sagen würde, ist nicht gezeigt: Neben diesem wurde keines geschätzt."
NO_WIDER_PRIORS = "Was breitere A-priori-Verteilungen bewirken würden, ist nicht gezeigt: Die Ziehungen wurden dafür nicht gewichtet."
WIDER_PRIORS_NOT_REACHED = (
    "Was doppelt so breite A-priori-Verteilungen bewirken würden, lässt sich aus diesen Ziehungen nicht sagen, weil sie nicht weit genug "
    "reichen: Die A-priori-Verteilungen sind von Bedeutung, und nur eine weitere Schätzung könnte sagen, von welcher."
)
SENSITIVITY_NOTE = (
    "Bei einem anderen Diskontsatz wird der Wert jeder Periode von ihrer Mitte an neu abgezinst; bei einer anderen Marge bringt der "
    "verbleibende Umsatz mehr oder weniger, und die Kosten bleiben; endet der Horizont innerhalb einer Periode, zählt von ihr der "
    "zeitliche Anteil. Abwanderungsneigung, Bestellrate und Bestellwerte ändern sich ab dem Bewertungsstichtag, mit denselben "
    "Zufallszahlen. Bei breiteren A-priori-Verteilungen und einem anderen Modell sind Kunden und Bestellungen dieselben."
)

# Certificate
CERTIFICATE = "Prüfprotokoll"
CERTIFICATE_TABLE = "Was geprüft wurde"
CERTIFICATE_FINDING_OK = "{holding} von {checks} Prüfungen sind erfüllt, keine ist gescheitert; Hinweise: {notes}."
CERTIFICATE_FINDING_FAILED = "Nicht erfüllte Prüfungen: {failed} von {checks}; Hinweise: {notes}."
COLUMN_OF = "Gegenstand"
COLUMN_CHECK = "Prüfung"
COLUMN_STATUS = "Ergebnis"
COLUMN_FOUND = "Befund"
COLUMN_ADVICE = "Was zu tun ist"

# Assumptions
ASSUMPTIONS = "Annahmen"
ASSUMPTIONS_TABLE = "Worauf der Wert beruht"
ASSUMPTIONS_FINDING = (
    "Eine Einheit des innerhalb des Horizonts erwarteten Umsatzes zählt im Wert {factor}: nach Marge, Kosten und Abzinsung."
)
COLUMN_ASSUMPTION = "Annahme"
COLUMN_SETTING = "Einstellung"
FACT_MARGIN = "Marge: Deckungsbeitrag je Einheit Umsatz"
FACT_ORDER_COST = "Kosten je Bestellung"
FACT_SERVICE_COST = "Betreuungskosten, je Periode mit Bestellung eines Kunden"
FACT_ACQUISITION_COST = "Gewinnungskosten, je gewonnenem Kunden"
FACT_RETURN_COST = "Bearbeitungskosten je zurückgesandter Bestellung"
FACT_CONVERSION = "Anteil der Kontakte, die Kunden werden"
FACT_SPEND_GROWTH = "Angenommenes Wachstum der Beträge, pro Jahr"
FACT_NOT_GIVEN = "nicht angegeben"
SETTING_BY_LEVEL = "nach {column}: {levels}"
LEVEL_SETTING = "{level} {number}"
FACT_RATE = "Diskontsatz, effektiv pro Jahr; bei einer Zinskurve Jahr für Jahr, der letzte gilt weiter"
FACT_HORIZON = "Horizont"
FACT_HORIZON_YEARS = "{years} Jahre nach dem Bewertungsstichtag"
FACT_PERIOD = "Geschäftsperiode"
FACT_PERIODS = {
    "quarter": "Quartal; das Geschäftsjahr beginnt mit Monat {month}",
    "month": "Monat; das Geschäftsjahr beginnt mit Monat {month}",
}
FACT_CURRENCY = "Währung"
FACT_CURRENCY_NONE = "nicht benannt: Beträge in der Einheit der Quelle"
FACT_DATE = "Bewertungsstichtag"
FACT_DATE_NONE = "nicht bekannt: Die Zeit zählt ab dem Ende der Beobachtung"
FACT_UNIT = "Zeiteinheit der Modelle"
FACT_UNITS = {"day": "Tag", "week": "Woche", "month": "Monat", "quarter": "Quartal", "year": "Jahr"}
FACT_KINDS = {
    "purchases": "Kaufmodell",
    "spend": "Modell der Bestellwerte",
    "returns": "Retourenmodell",
    "contracts": "Modell der Verlängerungen",
    "changes": "Modell der Änderungen bei Verlängerung",
}
FACT_MODEL = "{title}: {story}"
FACT_POOL = "Gemeinsame Schätzung, {title}"
FACT_POOL_COLUMNS = "die Ausprägungen folgender Merkmale teilen, was sie gemeinsam haben: {columns}"
FACT_POOL_NONE = "keine: ein Satz von Parametern für alle Kunden"
FACT_FITTED = "Geschätzt, {title}"
FACT_FITTED_VALUE = "{customers} Kunden in {rows} verdichteten Zeilen"
FACT_FITTED_CONTRACTS = "{customers} Verträge in {rows} verdichteten Zeilen"
CROSSING = " × "
LIST = "; "
STORIES = {
    "beta_discrete_weibull": "jeder Vertrag hat eine eigene Wahrscheinlichkeit, nicht verlängert zu werden, die sich mit den überstandenen "
    "Entscheidungen ändern kann; innerhalb einer Laufzeit endet er mit einem kleinen Risiko im Monat.",
    "renewal_change": "bei einer Verlängerung bleibt der Betrag eines Vertrags meist gleich, oder er wird um einen lognormalen "
    "Faktor größer "
    "oder kleiner.",
    "mbg_nbd": "Kunden kaufen zufällig mit eigener Rate (mit Saison: in manchen Monaten schneller als in anderen); nach jedem Kauf, auch "
    "nach dem ersten, kann jeder endgültig abwandern.",
    "bg_nbd": "Kunden kaufen zufällig mit eigener Rate (mit Saison: in manchen Monaten schneller als in anderen); nach jedem Folgekauf "
    "kann jeder endgültig abwandern. Wer erst einmal gekauft hat, gilt als aktiv.",
    "mbg_cnbd": "Kunden kaufen mit eigener Rate, regelmäßiger als zufällig, in Phasen, von denen so viele, wie der Name sagt, zwischen "
    "zwei Käufen liegen; nach jedem Kauf, auch nach dem ersten, kann jeder endgültig abwandern.",
    "bg_bb": "Kunden können bei jeder von mehreren Gelegenheiten einmal bestellen und tun dies mit einer eigenen Wahrscheinlichkeit; vor "
    "jeder Gelegenheit kann jeder endgültig abwandern.",
    "nbd": "Kunden kaufen zufällig mit eigener Rate (mit Saison: in manchen Monaten schneller als in anderen), und niemand wandert ab.",
    "pareto_nbd": "Kunden kaufen zufällig mit eigener Rate (mit Saison: in manchen Monaten schneller als in anderen) und wandern nach "
    "einer eigenen Lebensdauer endgültig ab, bei einem Kauf oder dazwischen.",
    "lognormal": "Die Logarithmen der Bestellwerte eines Kunden streuen um ein eigenes Niveau; diese Niveaus unterscheiden sich von Kunde "
    "zu Kunde und, wo eine Verbindung angegeben ist, mit der Zahl der Bestellungen.",
    "beta_binomial_returns": "Von den Bestellungen jedes Kunden kommt ein eigener Anteil zurück; diese Anteile unterscheiden sich von "
    "Kunde zu Kunde.",
    "gamma_gamma": "Die Bestellwerte jedes Kunden streuen um einen eigenen Mittelwert; diese Mittelwerte unterscheiden sich von Kunde zu "
    "Kunde.",
}
STORY_UNKNOWN = "beschrieben, wo das Modell definiert ist."
PRIORS_TABLE = "A-priori-Verteilungen, {title}"
PRIORS_FINDING = "Zahl der Parameter: {coordinates}; am wenigsten ist vorab über {widest} bekannt (Standardabweichung {sd})."
PRIORS_OF_CLOCKS = (
    "Die Wirkungen der Monate sind normalverteilt, mit halbnormalverteilten Standardabweichungen (angegeben ist deren Skala): {spreads}."
)
CLOCK_SPREADS = {
    "season_scale": "Saison {scale}",
    "walk_scale": "Bewegung des Niveaus je Monat {scale}",
    "noise_scale": "Abweichung einzelner Monate {scale}",
}
PRIORS_OF_ERRORS = (
    "Systematische Abweichungen, als Logarithmen über ein Quartal: eine dauerhafte, normalverteilt mit Standardabweichung {mean}; eine von "
    "Prognose zu Prognose, mit halbnormalverteilter Standardabweichung (Skala {sd}). Dass es über das vom Modell Erfasste hinaus keine "
    "gibt, hat die Wahrscheinlichkeit {right}."
)
PRIORS_OF_CONTRACT_ERRORS = (
    "Systematische Abweichungen bei Verträgen, als Logarithmen: bei der Zahl der Verluste eines Quartals eine dauerhafte und eine von "
    "Prognose zu Prognose, mit Standardabweichungen wie bei Bestellungen ({mean}; halbnormalverteilt mit Skala {sd}); beim "
    "wiederkehrenden Umsatz je verbleibendem Vertrag nach einem Jahr {amount_mean} und halbnormalverteilt mit Skala {amount_sd}. Dass es "
    "keine gibt, hat jeweils die Wahrscheinlichkeit {right}."
)
COLUMN_COORDINATE = "Parameter"
COLUMN_CENTRE = "Mitte"
COLUMN_SD = "Standardabweichung"
COLUMN_POOL_SCALE = "Skala der Unterschiede zwischen Ausprägungen"
NOT_IN_VALUE = "Was nicht im Wert enthalten ist"
NOT_NEWCOMERS = (
    "Kunden, die nach dem Bewertungsstichtag gewonnen werden, sind nicht im Wert enthalten; was ein weiterer brächte, steht unter "
    "Neukunden."
)
RETURNS_INSIDE = (
    "Retouren sind im Wert enthalten: Was voraussichtlich zurückkommt, ist von jeder Bestellung abgezogen, ebenso, was von früheren noch "
    "zurückkommen kann."
)
NOT_RETURNS = (
    "Retouren sind nicht im Wert enthalten: Die Beträge sind vor Retouren. Als Retouren oder Gutschriften ausgeschlossene Zeilen betragen "
    "{amount}, das sind {share} des berücksichtigten Umsatzes."
)
NOT_RETURNS_NONE = (
    "Retouren sind nicht im Wert enthalten: Die Beträge sind vor Retouren. Die Quelle kennzeichnet keine Zeilen als Retouren und enthält "
    "keine negativen Beträge."
)
NOT_RETURNS_UNKNOWN = "Retouren sind nicht im Wert enthalten: Die Beträge sind vor Retouren. Ihre Höhe ist nicht bekannt."
NOT_COSTS_BEYOND_MARGIN = "Kosten für Gewinnung, Betreuung und Maßnahmen sind im Wert nur enthalten, soweit die Marge sie enthält."
NOT_COSTS = (
    "Kosten für Gewinnung und Maßnahmen sind nicht im Wert enthalten, ebenso keine weiteren außer der Marge und den oben genannten Kosten."
)
SEASON_INSIDE = (
    "Die Saison ist modelliert: Jeder Kalendermonat hat ein eigenes Tempo, in jedem Jahr dasselbe. Über Beträge sagt sie nichts. Neukunden "
    "werden bewertet, als wären sie am Bewertungsstichtag gewonnen."
)
NOT_SEASONS = (
    "Die Saison ist nicht modelliert: Jede Woche wird gleich vorhergesagt. Ist der Absatz saisonabhängig, liegen die Mittelwerte einzelner "
    "Perioden daneben, und ihre Bänder sind zu schmal."
)

# Ledger
LEDGER = "Datennachweis"
LEDGER_NONE = "Die Kunden kamen als Tabelle von Kennzahlen, ohne Nachweis der zugrunde liegenden Bestellungen."
LEDGER_NONE_CONTRACTS = "Die Verträge kamen als Tabelle von Zählungen, ohne Nachweis der Laufzeiten dahinter."
LEDGER_TABLE = "Was aus jeder Zeile wurde"
LEDGER_TABLE_CONTRACTS = "Was aus jeder Zeile der Verträge wurde"
LEDGER_FINDING = "{rows} von {read} Zeilen sind berücksichtigt, mit {kept}; die {left} ausgeschlossenen Zeilen ergeben per Saldo {amount}."
LEDGER_FINDING_WHOLE = "Alle {rows} Zeilen sind berücksichtigt, mit {kept}."
LEDGER_FINDING_UNVALUED = "{share} des bewertbaren Umsatzes hatten keine Kundennummer."
COLUMN_REASON = "Zeilen"
COLUMN_ROWS = "Anzahl"
COLUMN_AMOUNT = "Betrag"
LEDGER_READ = "Aus der Quelle gelesen"
LEDGER_KEPT = "Berücksichtigt und bewertet"
LEDGER_LEFT = "Ausgeschlossen: {reason}"

# Lineage
LINEAGE = "Woher die Zahlen stammen"
LINEAGE_TABLE = "Die Quelle"
LINEAGE_FINDING = "Die Modelle lernen aus {repeats} Folgebestellungen von {customers} Kunden."
LINEAGE_FINDING_DATED = "Die Modelle lernen aus {repeats} Folgebestellungen von {customers} Kunden, aufgegeben vom {first} bis zum {last}."
ITEM_ROWS_READ, ITEM_ROWS_KEPT = "Gelesene Zeilen", "Berücksichtigte Zeilen"
ITEM_FIRST_ORDER, ITEM_LAST_ORDER = "Erste Bestellung", "Letzte Bestellung"
ITEM_CUSTOMERS = "Kunden"
ITEM_ORDERS = "Bestellungen: Tage, an denen ein Kunde bestellte"
ITEM_REPEATS = "davon Folgebestellungen"
RECONCILIATION_TABLE = "Vom Datennachweis zu den Modellen"
RECONCILIATION_FINDING = (
    "Von {kept} im Datennachweis gehen {repeats} als Folgebestellungen in das Modell der Bestellwerte ein; nicht erklärt sind "
    "{not_explained}."
)
RECONCILIATION_UNKNOWN = (
    "Die Kunden kamen als Tabelle von Kennzahlen; der modellierte Umsatz lässt sich daher nicht mit einem Datennachweis abstimmen. Dafür "
    "sind die Bestellungen selbst anzugeben."
)
COLUMN_REVENUE_OF = "Umsatz aus"
RECONCILED_FIRST = "Erste Bestellungen: was Neukunden sofort bringen"
RECONCILED_REPEATS = "Folgebestellungen, aus denen das Modell der Bestellwerte lernt"
RECONCILED_BACK = "Ganz zurückgesandte Folgebestellungen, aus denen es nicht lernt"
RECONCILED_NOT = "Nicht erklärt"

# Reproduction
REPRODUCTION = "Reproduzierbarkeit"
RUN_TABLE = "Der Lauf"
RUN_FINDING = "Dieselben Daten, Einstellungen, Startwerte und Versionen ergeben denselben Bericht."
COLUMN_ITEM, COLUMN_SAID = "Angabe", "Inhalt"
ITEM_COMMAND, COMMAND = "Befehl, mit den Einstellungen unten", "clvbayes run {file}"
ITEM_SOURCE = "Quelle"
ITEM_HASH = "Prüfsumme der Daten"
ITEM_SEED = "Startwert"
ITEM_SEED_OF = "Startwert der Schätzung, {title}"
ITEM_DRAWS = "Ziehungen der Vorhersage"
ITEM_VERSION = "Version von {package}"
SETTINGS_TABLE = "Die Bewertungsdatei"
SETTINGS_NONE = "Der Bericht entstand ohne Bewertungsdatei."
COLUMN_KEY = "Schlüssel"
KEY = "[{section}] {key}"
LIMITS = "Grenzen"
LIMITS_TEXT = (
    "Dies ist eine Information für die Unternehmensführung, kein Gutachten zum beizulegenden Zeitwert. Was in der Vergangenheit alle "
    "Kunden zugleich bewegt hat, steckt in den Bändern, soweit es oben gesagt ist; ein in den Daten beispielloser Schock, eine Änderung "
    "der Preise oder der Geschäftspolitik nicht. Geld jenseits des Horizonts zählt nicht."
)

# Back-test
BACKTEST = "Hätte die Prognose recht behalten?"
BACKTEST_TITLE = "Rückvergleich (Backtest)"
BACKTEST_SUBTITLE = (
    "Prognosen von {origins} früheren Stichtagen, {first} bis {last}, verglichen mit den Bestellungen bis {until} · {source}"
)
BACKTEST_MADE = (
    "Rückvergleich (Backtest): Von {origins} früheren Stichtagen aus, {first} bis {last}, wurden die damals bekannten Kunden allein aus "
    "dem damals Bekannten vorhergesagt, mit jedes Mal neu gebildeten Kennzahlen, A-priori-Verteilungen und Schätzungen, und mit den "
    "Bestellungen bis {until} verglichen. Der Umsatz ist brutto, vor Retouren.{widened}"
)
BACKTEST_MADE_ONE = (
    "Rückvergleich (Backtest): Vom Stichtag {first} aus wurden die damals bekannten Kunden allein aus dem damals Bekannten vorhergesagt "
    "und mit den Bestellungen bis {until} verglichen. Der Umsatz ist brutto, vor Retouren.{widened}"
)
BACKTEST_WIDENED = (
    " Jede Prognose wurde um das verschoben, was die früheren Prognosen des Modells bis dahin verfehlt hatten, wie es auch bei den Bändern "
    "einer Bewertung geschieht; bei den Referenzprognosen nicht."
)
BACKTEST_SUBTITLE_ONE = "Prognose vom Stichtag {first}, verglichen mit den Bestellungen bis {until} · {source}"
BACKTEST_OTHER_DATA = (
    "Dieser Rückvergleich beruht auf anderen Daten als der Bericht ({source} bis {until}). Für ein Urteil über die vorliegenden ist "
    "„clvbayes backtest“ erneut auszuführen."
)
BACKTEST_ALONE = "{model} wurde nur mit den Referenzprognosen verglichen und mit keinem anderen Modell."
BACKTEST_BEATEN = (
    "„{baseline}“ – eine Referenzprognose, die jedes Modell übertreffen muss – sagte einzelne Kunden ({measure}) über {weeks} Wochen "
    "besser voraus als {model}: Zu erwägen ist ein anderes Modell, oder es ist zu klären, was sich im Geschäft geändert hat."
)
BACKTEST_CHOICE = "Von den angegebenen Modellen ist {model} zu verwenden: {reason}."
BACKTEST_CHOICE_OTHER = "Dieser Bericht verwendet {own}; der Rückvergleich zieht {model} vor: {reason}."
BACKTEST_AGAINST = (
    "Den Bändern der Gesamtsummen ist nicht zu trauen: In der Vergangenheit hielten sie nicht. Das 90-%-Band der Gesamtsumme ({measure}) "
    "enthielt den Istwert in {held} von {origins} überschneidungsfreien Prognosen über {weeks} Wochen."
)
BACKTEST_FACTOR = " Es hätte {factor}-mal so breit sein müssen."
BACKTEST_AGAINST_ADVICE = (
    "Die Bänder von Gesamtsummen, Ausprägungen und Perioden in diesem Bericht sind als bei Weitem zu schmal anzusehen und ihre Enden keine "
    "Entscheidungsgrundlage; siehe „{section}“."
)
BACKTEST_HELD = (
    "In der Vergangenheit enthielt das 90-%-Band der Gesamtsumme ({measure}) den Istwert in {held} von {origins} überschneidungsfreien "
    "Prognosen über {weeks} Wochen, so oft wie vorgesehen. So wenige Prognosen beweisen das nicht."
)
BACKTEST_UNDECIDED = (
    "In der Vergangenheit enthielt das 90-%-Band der Gesamtsumme ({measure}) den Istwert in {held} von {origins} überschneidungsfreien "
    "Prognosen über {weeks} Wochen: seltener als vorgesehen, doch so wenige Prognosen zeigen nicht, ob aus Zufall."
)
BACKTEST_NEVER = " Über einen anderen Zeitraum enthielt es ihn nie."
BACKTEST_FITS_FAILED = " Viele Schätzungen des Rückvergleichs bestanden nicht alle Prüfungen."
BACKTEST_TOO_FEW = (
    "Der Rückvergleich umfasst zu wenige Prognosen für ein Urteil, ob die Bänder der Gesamtsummen halten: Nötig sind drei "
    "überschneidungsfreie, vorhanden: {origins}."
)
MEASURES = {
    "orders": "Bestellungen",
    "revenue": "Umsatz",
    "contracts": "Verträge",
    "recurring revenue": "wiederkehrender Umsatz",
}
GRADED_TITLE = "Prognose und Ist"
AXIS_ORIGIN = "Stichtag der Prognose"
AXIS_GRADED = "Umsatz bekannter Kunden"
AXIS_GRADED_CONTRACTS = "Wiederkehrender Umsatz bekannter Verträge"
GRADED_INSIDE = "Ist, im Band"
GRADED_OUTSIDE = "Ist, außerhalb"
GRADED_FINDING = "Das 90-%-Band des Umsatzes über {weeks} Wochen enthielt den Istwert in {held} von {forecasts} Prognosen."
GRADED_OVERLAP = " Benachbarte Prognosen überschneiden sich: Es sind weniger, als es scheint."
GRADED_CAPTION = (
    "Jeder Balken ist die Prognose der an diesem Stichtag bekannten Kunden für die {weeks} Wochen danach; die Linie ist ihr Median."
)
GRADED_ALT = "Bänder der Prognosen mit Punkten für das Ist. {finding}"
TRACKING_TITLE = "Woche für Woche ab {origin}"
TRACKING_ACTUAL = "Ist"
AXIS_WEEKS = "Wochen nach dem Stichtag der Prognose"
AXIS_WEEKLY = "Umsatz je Woche"
TRACKING_FINDING_HELD = (
    "In {inside} von {weeks} Wochen lag der Umsatz im 95-%-Band seiner Woche; insgesamt betrug er {actual}, vorhergesagt waren {mean}: "
    "innerhalb des 90-%-Bands der Summe."
)
TRACKING_FINDING_MISSED = (
    "In {inside} von {weeks} Wochen lag der Umsatz im 95-%-Band seiner Woche; insgesamt jedoch betrug er {actual}, vorhergesagt waren "
    "{mean}: außerhalb des 90-%-Bands der Summe."
)
TRACKING_CAPTION = "Die jüngste Prognose, die über {weeks} Wochen vergleichbar ist; an diesem Stichtag bekannte Kunden: {customers}."
TRACKING_ALT = "Umsatz je Woche als Linie vor den Bändern seiner Prognose. {finding}"
CLASSES_TITLE = "Nach bisherigem Bestellverhalten"
AXIS_EACH = "Bestellungen je Kunde"
CLASS_FORECAST = "Prognose"
CLASS_ACTUAL = "Ist"
CLASS_TITLES = {"frequency": "Folgebestellungen vor dem Stichtag der Prognose", "silence": "Zeit seit der letzten Bestellung"}
CLASS_LABELS = {
    "under 4 weeks": "<\u00a04\nWochen",
    "4-12 weeks": "4–12\nWochen",
    "13-25 weeks": "13–25\nWochen",
    "26-51 weeks": "26–51\nWochen",
    "52 weeks or more": "ab 52\nWochen",
    "3-4": "3–4",
    "5-9": "5–9",
    "10 or more": "10 oder\nmehr",
}
CLASSES_FINDING = (
    "Am stärksten wich die Prognose bei Kunden der Klasse {klass} ab: Über {weeks} Wochen waren je Kunde {forecast} Bestellungen "
    "vorhergesagt, eingegangen sind {actual}."
)
CLASSES_FINDING_SILENCE = (
    "Am stärksten wich die Prognose bei Kunden ab, deren letzte Bestellung {klass} zurücklag: Über {weeks} Wochen waren je Kunde "
    "{forecast} Bestellungen vorhergesagt, eingegangen sind {actual}."
)
CLASSES_CAPTION = "Alle Prognosen über {weeks} Wochen zusammen."
CLASSES_ALT = (
    "Gepaarte Balken der Bestellungen je Kunde, Prognose neben Ist, nach bisherigen Folgebestellungen und nach der Zeit seit der letzten "
    "Bestellung. {finding}"
)
CLASS_IN_WORDS = "„{klass}“ (bisherige Folgebestellungen)"
VERDICT_TABLE = "Ob die 90-%-Bänder der Gesamtsummen hielten: {model}"
VERDICT_FINDING = "Von {verdicts} Urteilen besagen {against}, dass die Bänder zu schmal waren, und {wide}, dass sie zu breit waren."
COLUMN_VERDICT = "Urteil"
MODELS_COMPARED = "Rückvergleich in Zahlen"
PAST_TABLE = "Alle früheren Umsatzprognosen"
PAST_FINDING = (
    "In {held} von {forecasts} Prognosen lag das Ist im 90-%-Band; Prognosen, die sich zeitlich überschneiden, sind nicht unabhängig."
)
COLUMN_ORIGIN, COLUMN_FORECAST, COLUMN_HAPPENED, COLUMN_INSIDE = "Stichtag der Prognose", "Prognose", "Ist", "90-%-Band"
INSIDE, OUTSIDE = "gehalten", "verfehlt"
TOTALS_TABLE = "Gesamtsummen der bekannten Kunden, nach Modell"
COLUMN_MODEL = "Modell"
COLUMN_MEASURED = "Größe"
COLUMN_WEEKS = "Wochen"
COLUMN_FORECASTS = "Prognosen"
COLUMN_HELD = "90-%-Band hielt in"
COLUMN_HELD_APART = "überschneidungsfrei"
COLUMN_OFF = "Über (+) oder unter dem Ist"
COLUMN_CRPS = "CRPS, Anteil am Ist"
COLUMN_FACTOR = "Nötige Bandbreite, Faktor"
NONE = "–"
HELD_OF = "{held} von {forecasts}"
TOTALS_FINDING = "Über {weeks} Wochen kam „{model}“ dem Gesamtumsatz am nächsten: Der CRPS beträgt {crps} des Istwerts."
TOTALS_NOTE = (
    "Der CRPS misst den Abstand der ganzen Prognose vom Ist: je kleiner, desto besser; im Mittel verbessern ihn weder eine Verschiebung "
    "noch Bänder falscher Breite. „Ohne Abwanderung“ sind Kunden, die nie abwandern, „Rate des letzten Jahres“ solche, die so weitermachen "
    "wie in den letzten 52 Wochen, an den Kundenstamm angenähert (bei kürzeren Daten dasselbe wie ohne Abwanderung): Beide muss jedes "
    "Modell übertreffen. Prognosen über denselben Zeitraum überschneiden sich, wo die Stichtage dichter liegen; für die Urteile zählen nur "
    "solche, die es nicht tun. Nötige Bandbreite: um welchen Faktor die Bänder breiter hätten sein müssen, um in mindestens neun von zehn "
    "Fällen zu halten; „–“, wo das ausschlaggebende Band keine Breite hatte."
)
SINGLES_TABLE = "Einzelne Kunden, über {weeks} Wochen, nach Modell"
COLUMN_LOG_SCORE = "Bestellungen: Log-Score"
COLUMN_LOG_DIFFERENCE = "Differenz zum besten"
COLUMN_STANDARD_ERROR = "deren Standardfehler"
COLUMN_PIT = "In den mittleren 90\u00a0%"
COLUMN_CRPS_EACH = "Umsatz: CRPS"
COLUMN_CRPS_DIFFERENCE = "abzüglich des besten"
SINGLES_FINDING = (
    "„{model}“ sagte die Bestellungen einzelner Kunden am besten voraus; {share} der Istwerte lagen in den mittleren 90\u00a0% der "
    "Prognosen."
)
SINGLES_NOTE = (
    "Log-Score: mittlere logarithmierte Wahrscheinlichkeit, die ein Modell der eingetretenen Zahl der Bestellungen gab; je höher, desto "
    "besser. In den mittleren 90\u00a0% (randomisiert, da Bestellungen gezählt werden) sollten 90\u00a0% liegen. Mittlere absolute Fehler "
    "sind nicht angegeben: Sie ziehen falsche Modelle vor."
)
RANKING_SENTENCE = (
    "Das Zehntel der Kunden mit dem höchsten prognostizierten Wert brachte {actual} des Umsatzes über {weeks} Wochen; eine vollkommene "
    "Rangfolge hätte {best} gefunden, eine zufällige {random}."
)
LEVELS_TABLE = "Umsatz über {weeks} Wochen nach {column}"
LEVELS_FINDING = "Die 90-%-Bänder dieser Ausprägungen enthielten den Istwert in {held} von {forecasts} Prognosen."
NEW_TABLE = "Nach dem Stichtag der Prognose gewonnene Kunden"
NEW_FINDING = (
    "Bei bekannter Zahl und bekanntem Zeitpunkt der Neukunden enthielt das 90-%-Band ihres Umsatzes den Istwert in {held} von {forecasts} "
    "Prognosen."
)
COLUMN_HORIZON = "Über"
HORIZON = "{weeks} Wochen"
BACKTEST_FAILED_FITS = "{failed} von {fits} Schätzungen des Rückvergleichs bestanden nicht alle Prüfungen: {which}."
FAILED_FITS_OF = "{failed} von {fits} bei {model}"
CAUTION_NO_BACKTEST = (
    " Ein Rückvergleich (Backtest, „clvbayes backtest“) zeigt, wie sie sich an den eigenen Daten bewährt hätten, sofern diese weit genug "
    "zurückreichen."
)

# the budget -----------------------------------------------------------------------------------------------------------------------------

PLAN = "Wofür das Budget einzusetzen ist"
PLAN_REFUSED = "Es wird kein Budget geplant: {reason}."
PLAN_CHANGE = (
    "Der Plan gibt {spend} von {budget} aus und bringt voraussichtlich {mean} mehr, als er kostet; bei den heutigen Ausgaben sind es "
    "{current}. Mit einer Wahrscheinlichkeit von {better} bringt der Plan mehr als die heutigen Ausgaben."
)
PLAN_CHANGE_NOTHING_TODAY = (
    "Der Plan gibt {spend} von {budget} aus und bringt voraussichtlich {mean} mehr, als er kostet; die Wahrscheinlichkeit, dass er seine "
    "Kosten nicht wieder einbringt, beträgt {loss}."
)
PLAN_KEEP = (
    "Die heutigen Ausgaben sind beizubehalten: Bei dieser Risikoscheu ist kein Plan innerhalb von {budget} um auch nur 1\u00a0% besser."
)
PLAN_WIDENED = (
    "Der Rückvergleich (Backtest) fand die Bänder der Gesamtsummen zu schmal; der Plan beruht deshalb auf Ziehungen, die {factor}-mal so "
    "weit von ihrem Mittelwert entfernt liegen; der Plan aus unveränderten Ziehungen steht daneben."
)
PLAN_NEWCOMERS_HIGH = (
    "{part} dessen, was die Maßnahmen des Plans bringen, kommt von Neukunden, deren Umsatz frühere Prognosen im Mittel um {off} zu hoch "
    "ansetzten: Was der Plan für die Gewinnung von Kunden ausgibt, ist entsprechend vorsichtig zu verwenden."
)
PLAN_NEWCOMERS_LOW = (
    "{part} dessen, was die Maßnahmen des Plans bringen, kommt von Neukunden, deren Umsatz frühere Prognosen im Mittel um {off} zu niedrig "
    "ansetzten."
)
PLAN_TABLE = "Der Plan, Maßnahme für Maßnahme"
PLAN_FINDING_MOVES = "Am meisten erhöht wird bei „{more}“ ({added}), am meisten gekürzt bei „{less}“ ({taken})."
PLAN_FINDING_ADDS = "Am meisten erhöht wird bei „{more}“ ({added}); gekürzt wird nichts."
PLAN_FINDING_TAKES = "Am meisten gekürzt wird bei „{less}“ ({taken}); erhöht wird nichts."
PLAN_FINDING_SAME = "Es wird nichts verschoben."
COLUMN_MEASURE, COLUMN_LEVER, COLUMN_PLACE, COLUMN_LASTS = "Maßnahme", "Hebel", "Wo", "Wirkungsdauer"
COLUMN_TODAY, COLUMN_PLAN, COLUMN_PLAN_AS_DRAWN = "Heute", "Plan", "Plan, unveränderte Ziehungen"
COLUMN_STABLE_LOW, COLUMN_STABLE_HIGH = "25\u00a0%", "75\u00a0%"
COLUMN_BRINGS, COLUMN_NEXT_EURO, COLUMN_HELD_AT = "Bringt", "Eine Einheit mehr bringt", "Begrenzt durch"
PLAN_HELD = {"": "–", "least": "Untergrenze", "most": "Obergrenze"}
PLAN_PLACE, PLAN_EVERYWHERE, PLAN_TOTAL = "{level} ({column})", "alle Kunden", "Summe"
PLAN_NOTE = (
    "„Bringt“: abgezinster Deckungsbeitrag über den Horizont, mehr als ohne jede Ausgabe für die Maßnahme, vor deren Kosten. „Eine Einheit "
    "mehr bringt“: was eine weitere Geldeinheit dort im Mittel brächte; der Plan wägt auch die schlechtesten Fälle, deshalb "
    "unterscheiden sich diese Zahlen. 25\u00a0% und 75\u00a0%: die mittlere Hälfte von Plänen, die aus erneut gezogenen Szenarien "
    "entstanden sind. Der Plan wurde mit der einen Hälfte der Ziehungen gewählt, und alles hier Gesagte stammt aus der anderen Hälfte. "
    "Die Wirkungen sind die zu jeder Maßnahme angegebenen, mit ihrer Unsicherheit; wie lange eine Wirkung anhält, ist eine Annahme, und "
    "die Erträge von Maßnahmen, die dieselben Kunden treffen, werden addiert."
)
COMPARISON_TABLE = "Der Plan neben den heutigen Ausgaben und neben der heutigen Aufteilung des ganzen Budgets"
COMPARISON_NAMES = {"plan": "Plan", "current": "Heutige Ausgaben", "proportional": "Heutige Aufteilung, ganzes Budget"}
COMPARISON_FINDING = "In den schlechtesten {tail} der Fälle bringt der Plan im Mittel {plan}, die heutigen Ausgaben {current}."
COLUMN_ALTERNATIVE, COLUMN_SPEND, COLUMN_PROFIT = "Alternative", "Ausgaben", "Ergebnis"
COLUMN_WORST, COLUMN_LOSS, COLUMN_PLAN_BETTER = "Schlechteste {tail}", "Wahrscheinlichkeit eines Verlusts", "Plan bringt mehr"
NOT_COMPARED = "–"
FRONTIER_TABLE = "Wie sehr der Plan von der Risikoscheu abhängt"
FRONTIER_FINDING = (
    "Steigt die Risikoscheu von null auf {most}, sinkt das mittlere Ergebnis des Plans um {mean}, und das der schlechtesten {tail} der "
    "Fälle steigt um {worst}."
)
FRONTIER_FINDING_FLAT = "Die Risikoscheu ändert das Ergebnis kaum: Alle Pläne der Linie liegen höchstens {spread} auseinander."
FRONTIER_TABLE_FINDING = (
    "Steigt die Risikoscheu von null auf {most}, wird am meisten bei „{more}“ erhöht ({added}) und am meisten bei „{less}“ gekürzt "
    "({taken})."
)
FRONTIER_TABLE_FINDING_MORE = (
    "Steigt die Risikoscheu von null auf {most}, wird am meisten bei „{more}“ erhöht ({added}); gekürzt wird nichts."
)
FRONTIER_TABLE_FINDING_LESS = (
    "Steigt die Risikoscheu von null auf {most}, wird am meisten bei „{less}“ gekürzt ({taken}); erhöht wird nichts."
)
FRONTIER_TABLE_FINDING_SAME = "Bei jeder Risikoscheu wird für jede Maßnahme gleich viel ausgegeben, auf {spread} genau."
COLUMN_RISK_AVERSION = "Risikoscheu"
FRONTIER_TITLE = "Was Sicherheit kostet"
FRONTIER_ALT = (
    "Mittleres Ergebnis gegen das Mittel der schlechtesten Fälle: die effizienten Pläne, die heutigen Ausgaben und die heutige Aufteilung "
    "des ganzen Budgets."
)
FRONTIER_CAPTION = (
    "Jeder Punkt der Linie ist der beste Plan bei einer bestimmten Risikoscheu; die Zahlen an ihren Enden sind die kleinste und die "
    "größte. Weiter oben und weiter rechts ist besser."
)
AXIS_WORST, AXIS_PROFIT = "Mittel der schlechtesten {tail}", "Mittleres Ergebnis"
FRONTIER_LINE, FRONTIER_PLAN = "Effiziente Pläne", "Der Plan"
PLAN_FIGURE = "Heute und Plan"
PLAN_FIGURE_ALT = "Balken der Ausgaben je Maßnahme, heute und im Plan."
PLAN_FIGURE_CAPTION = "Die dünne Linie ist die mittlere Hälfte von Plänen, die aus erneut gezogenen Szenarien entstanden sind."
PLAN_PRICE = (
    "Eine weitere Einheit Budget erhöhte die Größe, nach der der Plan gewählt ist, um {price}: sein mittleres Ergebnis zuzüglich des "
    "{aversion}-fachen Mittels seiner schlechtesten {tail} der Fälle."
)
PLAN_PRICE_MEAN = "Eine weitere Einheit Budget erhöhte das mittlere Ergebnis des Plans um {price}."
PLAN_LEFT = "{left} des Budgets bleiben übrig: Keine Maßnahme brächte mehr ein, als sie kostet."
PLAN_LEFT_HELD = "{left} des Budgets bleiben übrig."
PLAN_LEFT_RISK = "Bei dieser Risikoscheu brächten weitere Ausgaben weniger, als ihr Risiko wiegt."
PLAN_FULL = "An ihrer Obergrenze, obwohl eine weitere Geldeinheit mehr einbrächte, als sie kostet: {measures}."
PLAN_MISSED = (
    "In den Szenarien, an denen der Plan gemessen wird, hält er eine Grenze nicht ein, die er einhielt, wo er gewählt wurde ({limit}): "
    "Im Mittel dieser Fälle bringt er {mean} (Standardfehler {error})."
)
PLAN_BINDING = "Den Plan begrenzen: {limits}."
PLAN_OPTIMISM = (
    "In den Szenarien, mit denen er gewählt wurde, sah der Plan um {optimism} besser aus als in den übrigen (Standardfehler {error}): "
    "Dieser Vorsprung rührt von der Auswahl her und ist in den Zahlen hier nicht enthalten."
)
PLAN_OPTIMISM_CHANCE = (
    "In den Szenarien, mit denen er gewählt wurde, sah der Plan nicht besser aus als in den übrigen, über den Zufall hinaus (Differenz "
    "{optimism}, Standardfehler {error})."
)
PLAN_DEPENDS = "Wovon der Plan abhängt"
PLAN_KINDS = "Von den {spend} des Plans entfallen {new} auf Kunden, die erst gewonnen oder zurückgewonnen werden."
PLAN_KINDS_TODAY = (
    "Von den {spend} des Plans entfallen {new} auf Kunden, die erst gewonnen oder zurückgewonnen werden; von den heutigen Ausgaben {today}."
)
PLAN_KINDS_NOTHING = "Der Plan gibt nichts aus."
OVER, UNDER = "über {number}\u00a0%", "unter {number}\u00a0%"
FRONTIER_TIP = "Risikoscheu {aversion}: mittleres Ergebnis {mean}, schlechteste {tail} {worst}"
PLAN_REST = "{measures} weitere Maßnahmen"

# Plans for other budgets
EXPLORER = "Pläne für andere Budgets"
EXPLORER_SPENDS = "Ausgaben je Maßnahme"
EXPLORER_TABLE = "Alle berechneten Pläne"
EXPLORER_FINDING = (
    "Bei einer Risikoscheu von {aversion} bringt der beste Plan mit einem Budget von {least} im Mittel {low} mehr, als er kostet; mit "
    "einem Budget von {most} sind es {high}."
)
EXPLORER_FINDING_ONE = (
    "Nur mit einem Budget von {budget} gibt es einen Plan, der die Grenzen einhält; er bringt im Mittel {mean} mehr, als er kostet."
)
EXPLORER_TABLE_FINDING = (
    "Von {plans} berechneten Plänen bringt der mit einem Budget von {budget} und einer Risikoscheu von {aversion} im Mittel am meisten: "
    "{mean} mehr, als er kostet."
)
EXPLORER_NOTE = (
    "Jeder ist der beste Plan bei seinem Budget und seiner Risikoscheu, bewertet an Ziehungen, mit denen er nicht gemacht wurde; wo diese "
    "den Plan einer anderen Risikoscheu im Mittel und in den schlechtesten Fällen besser zeigen, steht er an dieser Stelle. Das Ergebnis "
    "ist, was der Plan mehr bringt als gar keine Ausgaben, abzüglich seiner Kosten; schlechteste {tail}: sein Mittel "
    "über die schlechtesten Fälle. Wo es keinen Plan gibt, lassen sich nicht alle Grenzen einhalten."
)
EXPLORER_CLASH = "Kein Plan innerhalb dieses Budgets hält alle Grenzen ein."
COLUMN_BUDGET, COLUMN_BETTER_THAN_TODAY = "Budget", "Bringt mehr als die heutigen Ausgaben"


# Verträge ---------------------------------------------------------------------------------------------------------------------------------

CONTRACTS = "Verträge"
CONTRACTS_NOTE = (
    "Wiederkehrender Umsatz ist das Zwölffache des Monatsbetrags eines Vertrags. Alle Angaben gelten für Verträge, die am "
    "Bewertungsstichtag "
    "laufen: Was später geschlossen wird, ist nicht enthalten. Ein Kunde ist verloren, wenn keiner seiner heutigen Verträge mehr läuft."
)
CARD_RECURRING = "Wiederkehrender Umsatz (ARR)"
CARD_RECURRING_NOTE = "im Jahr, aus {contracts} Verträgen von {customers} Kunden"
CARD_RECURRING_AHEAD = "Wiederkehrender Umsatz in einem Jahr"
CARD_BAND_OF = "90-%-Band {band}"
CARD_NET = "Nettobindung (NRR)"
CARD_GROSS = "Bruttobindung (GRR)"
CARD_LOGO = "In einem Jahr verlorene Kunden"
CARD_LIFE = "Restlaufzeit eines Vertrags"
CARD_LIFE_SHOWN = "{years} Jahre"
CARD_LIFE_NOTE = "im Mittel, höchstens bis zum Horizont gezählt; 90-%-Band {low} bis {high}"
BRIDGE_FIGURE = "Wiederkehrender Umsatz, von heute bis in einem Jahr"
BRIDGE_STEPS = {
    "today": "Heute",
    "expansion": "Ausweitung",
    "contraction": "Verkleinerung",
    "churn": "Abwanderung",
    "year_ahead": "In einem Jahr",
}
BRIDGE_FINDING = (
    "Von heute {today} wiederkehrendem Umsatz gehen binnen eines Jahres voraussichtlich {lost} durch Vertragsenden und {down} durch "
    "Verkleinerungen verloren; Ausweitungen bringen {up} hinzu, sodass {ahead} bleiben."
)
BRIDGE_ALT = (
    "Balken des wiederkehrenden Umsatzes heute, der Ausweitung, der Verkleinerung, der Abwanderung und des Umsatzes in einem Jahr. "
    "{finding}"
)
BRIDGE_CAPTION = "Balken sind Mittelwerte, Striche 90-%-Bänder. Die Ausweitung enthält vereinbarte Preiserhöhungen."
BRIDGE_CAPTION_MOVED = (
    "Balken sind Mittelwerte, Striche 90-%-Bänder. Die Ausweitung enthält vereinbarte Preiserhöhungen und wie weit die Beträge aller "
    "Verträge zusammen abweichen können, nach oben wie nach unten."
)
BRIDGE_FINDING_LESS = (
    "Von {today} wiederkehrendem Umsatz heute entfallen voraussichtlich {lost} durch Verträge, die binnen eines Jahres enden, und {down} "
    "durch kleinere; größere bringen weniger, als die Beträge hinter der Prognose zurückbleiben, zusammen {up}; es bleiben {ahead}."
)
AXIS_RECURRING = "Wiederkehrender Umsatz im Jahr"
TERMS_TABLE = "Verträge nach Laufzeit"
TERMS_FINDING = (
    "Am meisten wiederkehrender Umsatz entfällt auf Verträge der Laufzeit „{term}“: {share} des gesamten; davon bleiben in einem Jahr "
    "voraussichtlich {kept}."
)
TERM_MONTH = "1 Monat"
TERM_MONTHS = "{months} Monate"
ALL_CONTRACTS = "Alle Verträge"
OTHER_TERMS = "Andere Laufzeiten"
COLUMN_TERM = "Laufzeit"
COLUMN_CONTRACTS = "Verträge"
COLUMN_RECURRING = "Wiederkehrender Umsatz"
COLUMN_RECURRING_BAND = "In einem Jahr, 90-%-Band"
COLUMN_RETAINED = "Verbleibender Anteil"
COLUMN_LIFE = "Restlaufzeit, Jahre"
SURVIVAL_FIGURE = "Wie viele Verträge nach ihren Verlängerungen verbleiben"
SURVIVAL_FINDING = "Von {points} beobachteten Anteilen liegen {inside} in den 90-%-Bändern des Modells."
SURVIVAL_ALT = (
    "Anteil der Verträge, die so viele Verlängerungen überstehen, nach Laufzeit: Bänder des Modells, Punkte der Beobachtung. {finding}"
)
SURVIVAL_CAPTION = (
    "Punkte: Schätzung nach Kaplan und Meier, Verträge ab der Entscheidung gezählt, an der sie zuerst beobachtet wurden, soweit mindestens "
    "{least} zu ihr kamen. Bänder: das Modell, wenn alle beobachteten Verträge einer Laufzeit am Anfang stünden, ohne die "
    "Zufallsschwankung, die bei wenigen Verträgen hinzukommt."
)
SURVIVAL_NONE = "Zu wenige Verträge sind bis zu einer Verlängerung gekommen, um zu zeigen, wie viele sie überstehen."
SURVIVAL_SEEN = "beobachtet"
SURVIVAL_MEDIAN = "Modell, Median"
AXIS_DECISIONS = "Verlängerungsentscheidungen"
AXIS_SURVIVING = "Verbliebene Verträge"
RETENTION_FIGURE = "Verbliebene Verträge je Abschlussjahr"
RETENTION_FINDING = "Von {cohorts} Abschlussjahren liegen {inside} dort, wo sie zuletzt beobachtet wurden, im 90-%-Band des Modells."
RETENTION_FINDING_YOUNG = "Noch stand kein Abschlussjahr vor einer Entscheidung, bei der Verträge hätten verloren gehen können."
RETENTION_FINDING_AHEAD = (
    "Von den Verträgen des Abschlussjahrs {cohort} sind {months} Monate nach dem Abschluss {now} verblieben; nach {later} Monaten werden "
    "es voraussichtlich {left} sein (90-%-Band {band})."
)
RETENTION_FINDING_AHEAD_FROM = (
    "Von den Verträgen des Abschlussjahrs {cohort}, die {first} Monate nach dem Abschluss noch liefen, sind nach {months} Monaten {now} "
    "verblieben; nach {later} Monaten werden es voraussichtlich {left} sein (90-%-Band {band})."
)
RETENTION_ALT = (
    "Anteil verbliebener Verträge nach Jahren seit dem Abschluss, ein Feld je Abschlussjahr: Beobachtung, dann Prognose. {finding}"
)
RETENTION_CAPTION = (
    "Dunkle Linie: Schätzung nach Kaplan und Meier, Verträge ab dem Alter gezählt, in dem sie zuerst beobachtet wurden, soweit es "
    "mindestens {least} waren; jedes Ende zählt, zur Verlängerung oder innerhalb einer Laufzeit. Ein Jahr, dessen Anfang nicht in den "
    "Daten liegt, beginnt mit 100 % in dem Alter, ab dem mindestens halb so viele Verträge beobachtet wurden wie höchstens zugleich. "
    "Helles Band: was das Modell für dieselben Verträge erwartet hätte, zu 90 %. Blau: Prognose der laufenden Verträge, ab dem Alter, das "
    "sie alle erreicht haben. Ein zurückgewonnener Vertrag zählt als neuer."
)
RETENTION_UNTOLD = "Nicht gezeigt sind {contracts} Verträge aus Jahren, von denen in keinem Alter mindestens {least} beobachtet wurden."
RETENTION_NONE = "In keinem Abschlussjahr wurden genug Verträge beobachtet, um zu zeigen, wie viele verblieben sind."
RETENTION_PANEL = "{cohort} ({contracts} Verträge)"
RETENTION_MODEL = "Modell, 90 %"
RETENTION_AHEAD = "Prognose"
RETENTION_AGE = "{years} Jahre nach dem Abschluss"
AXIS_YEARS_SIGNED = "Jahre seit dem Abschluss"
DUE_TABLE = "Verlängerungen in den nächsten drei Monaten"
DUE_FINDING = (
    "{contracts} Verträge mit {recurring} wiederkehrendem Umsatz stehen binnen drei Monaten vor einer Entscheidung; davon werden "
    "voraussichtlich "
    "{renewed} verlängert (90-%-Band {renewed_band}). Nach diesen Entscheidungen bringen sie voraussichtlich {later} an Wert (90-%-Band "
    "{later_band})."
)
DUE_NONE = "Binnen drei Monaten steht kein Vertrag vor einer offenen Verlängerung."
ALL_DUE = "Alle anstehenden"
DUE_ACCOUNTS = "Die {contracts} anstehenden Verlängerungen, bei denen am meisten auf dem Spiel steht"
COLUMN_RENEWED = "Wahrscheinlichkeit der Verlängerung"
COLUMN_REVENUE_RENEWED = "Anteil verlängert"
COLUMN_AT_STAKE = "Wert danach, 90-%-Band"
COLUMN_AT_STAKE_IF = "Wert bei Verlängerung"
COLUMN_CONTRACT = "Vertrag"
COLUMN_DUE_DAY = "Entscheidung"
CONTRACTS_GRADED = "Frühere Prognosen von Verträgen"
CONTRACTS_GRADED_MADE = (
    "Von {origins} früheren Stichtagen aus, {first} bis {last}, wurden die damals laufenden Verträge allein aus den begonnenen Laufzeiten "
    "und den ausgesprochenen Kündigungen vorhergesagt, mit jedes Mal neu gebildeten A-priori-Verteilungen und Schätzungen, und mit dem "
    "verglichen, was bis {until} aus ihnen wurde."
)
CONTRACTS_GRADED_MADE_ONE = (
    "Vom Stichtag {first} aus wurden die damals laufenden Verträge allein aus den begonnenen Laufzeiten und den ausgesprochenen "
    "Kündigungen vorhergesagt und mit dem verglichen, was bis {until} aus ihnen wurde."
)
CONTRACTS_GRADED_FINDING = (
    "In {nearer} von {rows} Zeilen kam die Prognose dem Ist mindestens so nahe wie „es verlängern so viele wie im letzten Jahr, zu "
    "gleichen Beträgen“."
)
CONTRACTS_GRADED_LEVELS = " Die 90-%-Bänder einzelner Laufzeiten und Segmente hielten in {held} von {forecasts} Prognosen."
COLUMN_CRPS_LAST_YEAR = "CRPS der Rate des letzten Jahres"
CAUTION_BANDS_CONTRACTS_WIDENED = (
    "Die Bänder der Verträge enthalten den Zufall, die Unsicherheit der Parameter und wie weit alle Verlängerungen und deren Beträge "
    "zusammen abweichen können.{learned}"
)
CAUTION_BANDS_CONTRACTS = (
    "Die Bänder der Verträge enthalten den Zufall und die Unsicherheit der Parameter, aber nichts, was alle Verträge zugleich träfe."
)
CAUTION_CONTRACTS_GRADED = " Wie frühere Prognosen von Verträgen abschnitten, steht im Abschnitt zu den Verträgen."
CAUTION_CONTRACTS_NOT_GRADED = " Verlängerungen wurden nicht an früheren Prognosen gemessen."
CONTRACTS_PAY = (
    "Verträge zahlen an den Tagen ihrer Rechnungen und werden von dort abgezinst; was im Voraus gezahlt wurde, wird bei einem Ende "
    "innerhalb der Laufzeit nicht erstattet. Eine erklärte Kündigung ist ein sicheres Ende; wer keine erklärt hat, obwohl die meisten, die "
    "gingen, es bis dahin getan hatten, bleibt umso eher."
)
CONTRACTS_STAY = "Die Beträge der Verträge bleiben, wie sie heute sind."
CONTRACTS_STAY_MOVED = (
    "Die Beträge der Verträge bleiben, wie sie heute sind, bis auf das, was frühere Prognosen bei allen zusammen verfehlt haben."
)
CONTRACTS_CHANGE = (
    "Die Beträge der Verträge ändern sich nur bei Verlängerungen, wie in der Vergangenheit, was über {fade} Jahre ausklingt; die "
    "Preise steigen "
    "vereinbarungsgemäß um {rates} im Jahr."
)
INDEXATION_OF = "{rate} ab {year}"
NOT_RETURNS_CONTRACTS = "Es gibt nur Verträge: Angenommen ist, dass nichts zurückkommt."

# Names of sheets, as in English.
SHEETS = (
    (LARGEST_TABLE, "Konzentration"),
    (ACCOUNTS_TABLE, "Größte Kunden"),
    (ACCOUNTS_TABLE_ONE, "Größter Kunde"),
    (FORECAST_TABLE, "Prognose"),
    (TERMS_TABLE, "Verträge nach Laufzeit"),
    (DUE_TABLE, "Anstehende Verlängerungen"),
    (DUE_ACCOUNTS, "Größte Verlängerungen"),
    (COHORTS_TABLE, "Kohorten"),
    (QUARTERS_TABLE, "Letzte Quartale"),
    (ACTIVITY_TABLE, "Aktivität"),
    (NEWCOMERS_TABLE.format(column=BY_COLUMN), "Neukunden nach {column}"),
    (NEWCOMERS_TABLE_ALL, "Neukunden"),
    (WINNING_TABLE.format(column=BY_COLUMN), "Kostengrenzen nach {column}"),
    (WINNING_TABLE_ALL, "Kostengrenzen"),
    (UNIT_TABLE.format(column=BY_COLUMN), "Ertrag und Kosten nach {column}"),
    (UNIT_TABLE_ALL, "Ertrag und Kosten"),
    (BETTER_TABLE.format(column=BY_COLUMN), "Vergleich nach {column}"),
    (RETURNS_TABLE, "Retouren"),
    (SPREAD_TABLE, "Streuung"),
    (RISK_TABLE.format(column=BY_COLUMN), "Risiko nach {column}"),
    (RISK_TABLE_ALL, "Risiko"),
    (PARTS_TABLE.format(column=BY_COLUMN), "Risikobeitrag nach {column}"),
    (PLAN_TABLE, "Plan"),
    (COMPARISON_TABLE, "Plan und heute"),
    (FRONTIER_TABLE, "Risikoscheu"),
    (SHEET_EXPLORER.format(explorer=EXPLORER, table=EXPLORER_TABLE), "Alle Pläne"),
    (SENSITIVITY_TABLE, "Sensitivität"),
    (VERDICT_TABLE, "Rückvergleich, Urteile"),
    (PAST_TABLE, "Frühere Prognosen"),
    (TOTALS_TABLE, "Rückvergleich, Gesamtsummen"),
    (SINGLES_TABLE, "Rückvergleich, Einzelkunden"),
    (LEVELS_TABLE, "Rückvergleich nach {column}"),
    (NEW_TABLE, "Rückvergleich, Neukunden"),
    (ASSUMPTIONS_TABLE, "Annahmen"),
    (PRIORS_TABLE, "Prior, {title}"),
    (LEDGER_TABLE, "Datennachweis"),
    (LEDGER_TABLE_CONTRACTS, "Datennachweis, Verträge"),
    (LINEAGE_TABLE, "Quelle"),
    (RECONCILIATION_TABLE, "Abstimmung"),
    (CERTIFICATE_TABLE, "Prüfungen"),
    (RUN_TABLE, "Lauf"),
    (SETTINGS_TABLE, "Bewertungsdatei"),
)
