"""Results on disk: folders that appear whole or not at all, each with a manifest in JSON; nothing is pickled."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

from clvbayes.errors import ArgumentError, DataError

__all__ = [
    "SCHEMA",
    "damage_is_an_error",
    "file_hashes",
    "read_manifest",
    "require_files",
    "require_replaceable",
    "staged",
    "write_json",
    "write_manifest",
]

SCHEMA = 7


def write_manifest(folder: Path, content: dict[str, Any]) -> None:
    """Write `manifest.json`, with the schema and the version that wrote it."""
    write_json(folder / "manifest.json", {"schema": SCHEMA, "clvbayes": version("clvbayes"), **content})


def read_manifest(folder: Path) -> dict[str, Any]:
    """What `write_manifest` wrote.

    Raises
    ------
    DataError
        If the folder holds no manifest, or one of something else or of another schema.
    """
    require_files(folder, "manifest.json")
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except ValueError as problem:
        raise DataError(f"the manifest.json in {folder} is no JSON: {problem}") from None
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA or "kind" not in manifest:
        inside = folder / "valuation"
        hint = f"; a run's valuation lies in {inside}" if (inside / "manifest.json").is_file() else ""
        raise DataError(f"{folder} is no saved result of schema {SCHEMA}{hint}")
    return manifest


@contextmanager
def damage_is_an_error(folder: Path) -> Iterator[None]:
    """Say of files that are cut short, or lack what they should hold, that the folder is damaged."""
    try:
        yield
    except (AttributeError, KeyError, OSError, TypeError, ValueError) as problem:
        raise DataError(f"{folder} is damaged: {type(problem).__name__}: {problem}") from None


def require_files(folder: Path, *names: str) -> None:
    """Refuse a folder that lacks one of some files."""
    for name in names:
        if not (folder / name).is_file():
            raise DataError(f"{folder} holds no {name}: it is not a saved result, or not a whole one")


def require_replaceable(folder: Path, *, files: Iterable[str], folders: Iterable[str]) -> None:
    """Refuse to write where something would be lost that is no earlier result.

    Raises
    ------
    ArgumentError
        If `folder` or one above it is a file, a file's name belongs to a folder or the other way round, or a folder to be replaced holds
        something but no manifest.
    """
    nearest = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not nearest.is_dir():
        raise ArgumentError(f"{nearest} is a file; results go into a folder")
    for name in files:
        if (folder / name).is_dir():
            raise ArgumentError(f"{folder / name} is a folder where a file is to be written; move it, or give another folder")
    for name in folders:
        target = folder / name
        if target.is_file() or (target.is_dir() and any(target.iterdir()) and not (target / "manifest.json").is_file()):
            raise ArgumentError(f"{target} exists and is no earlier result; move it, or give another folder")


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside `folder`. On success its entries replace those of the same names; otherwise nothing has changed."""
    folder = folder.absolute()
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    stage, aside = (folder.parent / f".{folder.name}.{uuid4().hex}.{part}" for part in ("new", "old"))
    try:
        stage.mkdir(parents=True)
        yield stage
        entries = sorted(stage.iterdir())
        require_replaceable(
            folder,
            files=[entry.name for entry in entries if entry.is_file()],
            folders=[entry.name for entry in entries if entry.is_dir()],
        )
        folder.mkdir(exist_ok=True)
        aside.mkdir()
        _replace(entries, folder, aside)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        for parent in missing:
            if parent.is_dir() and not any(parent.iterdir()):
                parent.rmdir()
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    stage.rmdir()


def _replace(entries: list[Path], folder: Path, aside: Path) -> None:
    """Move entries into `folder` and what they replace into `aside`, or all of it back."""
    moves: list[tuple[Path, Path]] = []
    try:
        for entry in entries:
            target = folder / entry.name
            for source, destination in ((target, aside / entry.name), (entry, target)):
                if source.exists():
                    os.replace(source, destination)
                    moves.append((source, destination))
    except BaseException:
        for source, destination in reversed(moves):
            os.replace(destination, source)
        raise


def write_json(path: Path, content: Any) -> None:
    """Write JSON that a person can read, the same bytes for the same content."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")


def file_hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder, by its path there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
