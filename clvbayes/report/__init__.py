"""Everything that was found out, as a document: composed once, rendered for each medium."""

from clvbayes.report.compose import compose
from clvbayes.report.evidence import Evidence
from clvbayes.report.html import render_html

__all__ = ["Evidence", "compose", "render_html"]
