"""What a document may not lack: a missing text, number or block is an error where it is made, never a gap in a report."""

import math
from collections.abc import Sequence

__all__ = ["require_blocks", "require_finite", "require_text"]


def require_text(where: str, *texts: object) -> None:
    """Every text says something."""
    for text in texts:
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"{where}: a text is missing (got {text!r})")


def require_finite(where: str, *numbers: object) -> None:
    """Every number is a number, and finite."""
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            raise ValueError(f"{where}: a finite number is needed, not {number!r}")


def require_blocks(where: str, blocks: Sequence[object], kinds: tuple[type, ...]) -> None:
    """Every block is there, and is a block."""
    if not isinstance(blocks, tuple) or not blocks:
        raise ValueError(f"{where}: a tuple with at least one block is needed, not {blocks!r}")
    for position, block in enumerate(blocks):
        if not isinstance(block, kinds):
            raise ValueError(f"{where}: block {position + 1} of {len(blocks)} is missing or no block (got {block!r})")
