"""Every notebook runs from top to bottom with few draws, and what it says of its numbers holds; as they lie there they can be read."""

import ast
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
FEWER = {
    "1_orders_to_value": {"DRAWS": 100, "ORIGINS": 3, "FUTURES": 400},
    "2_segments": {"DRAWS": 100, "FUTURES": 300},
    "3_which_model": {"DRAWS": 100, "ORIGINS": 3, "FUTURES": 300},
    "4_contracts": {"DRAWS": 100, "FUTURES": 300},
    "5_budget_under_risk": {"CUSTOMERS": 300, "DRAWS": 100, "FUTURES": 400},
    "6_bend_the_model": {"DRAWS": 100, "FUTURES": 300},
    "7_a_million_customers": {"CUSTOMERS": 30_000, "CHECKED": 4_000, "DRAWS": 100},
    "8_coming_from_lifetimes": {"DRAWS": 100, "FUTURES": 300, "MONTHS": 2},
}
LARGEST = 300_000  # bytes of a notebook with its outputs
OTHERS = {"arviz", "datetime", "importlib", "matplotlib", "numpy", "pandas", "pathlib", "pymc", "scipy", "time"}

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_of(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def said_on_the_side(notebook: nbformat.NotebookNode) -> list[str]:
    return [output.text for cell in code_of(notebook) for output in cell.outputs if output.get("name") == "stderr"]


def test_all_are_known() -> None:
    assert [path.stem for path in NOTEBOOKS] == list(FEWER)


@each_notebook
def test_it_asks_and_answers(path: Path) -> None:
    cells = read(path).cells
    assert cells[0].source.startswith("# ") and "?" in cells[0].source.splitlines()[0]
    assert cells[-1].source.startswith("## The answer")
    assert cells[-2].cell_type == "code" and "assert " in cells[-2].source
    assert cells[-3].source.splitlines()[-1].startswith(("## Check", "What this notebook claims"))


@each_notebook
def test_it_is_short_and_was_run(path: Path) -> None:
    notebook = read(path)
    cells = code_of(notebook)
    assert len(cells) < 15
    assert path.stat().st_size < LARGEST
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not said_on_the_side(notebook)
    assert not [output for cell in cells for output in cell.outputs if output.output_type == "error"]


@each_notebook
def test_it_enters_by_the_public_door(path: Path) -> None:
    tree = ast.parse("\n".join(cell.source for cell in code_of(read(path))))
    names = [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
    modules = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert "clvbayes" in names
    assert {str(name).split(".")[0] for name in [*names, *modules]} - {"clvbayes"} <= OTHERS
    assert not [name for name in [*names, *modules] if str(name).startswith("clvbayes.")] and "clvbayes" not in modules
    assert not [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr.startswith("_")]


def with_fewer(notebook: nbformat.NotebookNode, numbers: dict[str, int]) -> nbformat.NotebookNode:
    """The notebook with other numbers in its cell of parameters."""
    [cell] = [cell for cell in code_of(notebook) if "parameters" in cell.metadata.get("tags", ())]
    for name, number in numbers.items():
        cell.source, replaced = re.subn(rf"(?m)^{name} = [\d_]+", f"{name} = {number}", cell.source)
        assert replaced == 1, f"the parameters have no {name}"
    return notebook


@each_notebook
def test_it_runs_and_its_claims_hold(path: Path, tmp_path: Path) -> None:
    notebook = with_fewer(read(path), FEWER[path.stem])
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert not said_on_the_side(notebook)
    assert not list(tmp_path.iterdir())  # nothing is left behind
