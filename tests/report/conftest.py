"""Made-up evidence by the name of its base, made once."""

from collections.abc import Callable

import pytest
from made_up_base import BASES, make_evidence

from clvbayes.report import Evidence


@pytest.fixture(scope="session")
def evidence_of() -> Callable[[str], Evidence]:
    made: dict[str, Evidence] = {}

    def find(name: str) -> Evidence:
        if name not in made:
            made[name] = make_evidence(BASES[name])
        return made[name]

    return find
