"""Several tabs sign the same thing at once: each person's signature stands there once."""

from pathlib import Path

import pytest

from tests.harness.once import Put
from tests.harness.races import raced
from tests.harness.servers import new_database
from tests.signatures.race_sign import ROUNDS

ONCE = dict.fromkeys(("lena", "max", "used once", "reviews", "signed reviews"), 1)


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def test_tabs_that_sign_at_once_make_one_signature_each_person(
    database: str, request: pytest.FixtureRequest, tmp_path: Path, put_database: Put
) -> None:
    server = request.getfixturevalue("postgres_server") if database == "postgresql" else ""
    url = new_database(server, is_migrated=True) if server else ""
    report = raced("tests.signatures.race_sign", put_database(tmp_path), database=url)
    assert report == {"failures": [], "counts": [ONCE] * ROUNDS}
