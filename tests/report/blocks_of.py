"""Blocks of a section, by kind."""

from clvbayes.report.blocks import Figure, Note, Prose, Section, Table


def table_of(section: Section, title: str) -> Table:
    [found] = [block for block in section.blocks if isinstance(block, Table) and block.title == title]
    return found


def figures_of(section: Section) -> list[Figure]:
    return [block for block in section.blocks if isinstance(block, Figure)]


def text_of(section: Section) -> str:
    return " ".join(block.text for block in section.blocks if isinstance(block, Prose | Note))
