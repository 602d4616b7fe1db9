"""How results show themselves in a notebook: with the words and pictures of the report.

The report stands below all that it tells of, so that no result can import it: it is found by name, when something is shown.
"""

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["fragment", "picture"]


def fragment(result: object) -> str:
    """The result as HTML."""
    return str(import_module("clvbayes.report.fragments").fragment(result))


def picture(result: object, axes: "Axes | None") -> "Axes":
    """The result drawn on axes, which are made where there are none; returns them."""
    return cast("Axes", import_module("clvbayes.report.fragments").picture(result, axes))
