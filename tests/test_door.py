"""The public door, and the one direction of imports."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import clvbayes as clv

PACKAGE = Path(clv.__file__).parent
# from the top of the house down; a room may import from those before it
ROOMS = [
    "errors",
    "files",
    "notebook",
    "synthetic",
    "data",
    "models",
    "inference",
    "valuation",
    "grading",
    "decisions",
    "settings",
    "report",
    "storage",
    "study",
    "demo",
    "cli",
]
DOOR = {
    *(
        "Acquisition",
        "ArgumentError",
        "Backtest",
        "Certificate",
        "ClvError",
        "ContractDiscrepancy",
        "Contracts",
        "Customers",
        "DataError",
        "Discrepancy",
        "Economics",
        "Fit",
        "Ledger",
        "Limit",
        "Measure",
        "Plan",
        "Query",
        "Renewals",
        "SettingsError",
        "SpendCheck",
        "Study",
    ),
    *(
        "Transactions",
        "Valuation",
        "allocate",
        "backtest",
        "compare",
        "fit",
        "learn_discrepancy",
        "learn_responses",
        "leave_one_out",
        "load",
        "models",
        "peers_value",
        "prior_check",
        "priors_in_words",
        "read_contracts",
        "read_transactions",
        "responses",
        "risk",
        "run",
        "save",
        "spend_checks",
        "summarize",
        "synthetic",
        "textbook",
        "value",
    ),
}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> list[tuple[str, str]]:
    """(module, name) of every import, wherever in the file it stands."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(name.name, "") for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} has a relative import"
            found += [(node.module or "", name.name) for name in node.names]
    return found


FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def test_every_file_belongs_to_a_room() -> None:
    assert {room_of(path) for path in FILES} == set(ROOMS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_go_down_the_list_only(path: Path) -> None:
    own = ROOMS.index(room_of(path))
    for module, name in imports_of(path):
        if module == "clvbayes":
            assert ROOMS.index(name) < own
        elif module.startswith("clvbayes."):
            assert ROOMS.index(module.split(".")[1]) <= own, f"{path.name} reaches down to {module}"
            if ROOMS.index(module.split(".")[1]) != own:
                assert not name.startswith("_"), f"{path.name} takes the private {name} of {module}"


def test_the_door_gives_exactly_these_names() -> None:
    assert set(clv.__all__) == DOOR
    assert sorted(clv.__all__) == clv.__all__
    for name in DOOR:
        assert getattr(clv, name) is not None
    assert set(dir(clv)) == DOOR


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'renew'"):
        clv.renew  # noqa: B018


def modules_after(code: str) -> set[str]:
    script = f"import sys; {code}; print(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split())


def test_importing_the_package_imports_nothing_heavy() -> None:
    assert not modules_after("import clvbayes") & {"numpy", "pandas", "pymc", "xarray", "matplotlib", "duckdb", "pydantic"}


def test_help_imports_nothing_heavy() -> None:
    code = "from typer.testing import CliRunner; from clvbayes.cli import app; assert CliRunner().invoke(app, ['--help']).exit_code == 0"
    assert not modules_after(code) & {"numpy", "pandas", "pymc", "xarray", "matplotlib", "duckdb", "pydantic"}
