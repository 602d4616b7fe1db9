"""Everything that was found out, as a document: composed once, rendered for each medium."""

from clvbayes.report.backtest_sections import backtest_document
from clvbayes.report.compose import compose
from clvbayes.report.evidence import Alternative, Budgeted, Evidence
from clvbayes.report.graded import GradedModel
from clvbayes.report.html import render_html
from clvbayes.report.levels import values_by_level
from clvbayes.report.pdf import render_pdf
from clvbayes.report.tree_json import render_json
from clvbayes.report.xlsx import render_xlsx

__all__ = [
    "Alternative",
    "Budgeted",
    "Evidence",
    "GradedModel",
    "backtest_document",
    "compose",
    "render_html",
    "render_json",
    "render_pdf",
    "render_xlsx",
    "values_by_level",
]
