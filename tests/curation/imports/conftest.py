"""An import of files made in the test."""

from collections.abc import Callable

import pytest

from consilium.jobs.run import run_now
from curation.imports.run import start_import
from curation.models import Import
from tests.curation.imports.small_sets import Files, uploads
from tests.factories import curation as making
from tests.factories.cast import Cast


@pytest.fixture
def brought(cast: Cast) -> Callable[..., Import]:
    """An import of files by its lead, with its folders as the command has them."""
    source = making.source(cast.study, "Published", is_synthetic=True)

    def bring(files: Files, wanted: str, *, folders: bool = True) -> Import:
        batch = start_import(
            study=cast.study,
            source=source,
            files=uploads(files),
            by=cast.lena,
            folders=folders,
            wanted=wanted,
        )
        run_now(batch.job)
        batch.refresh_from_db()
        return batch

    return bring
