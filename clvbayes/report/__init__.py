"""Everything that was found out, as a document: composed once, rendered for each medium."""

from clvbayes.report.backtest_sections import backtest_document
from clvbayes.report.compose import compose
from clvbayes.report.evidence import Alternative, Budgeted, Evidence
from clvbayes.report.graded import GradedModel
from clvbayes.report.html import render_html

__all__ = ["Alternative", "Budgeted", "Evidence", "GradedModel", "backtest_document", "compose", "render_html"]
