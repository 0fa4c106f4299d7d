"""What a lead takes from a run as files: its card, its figures, its log, and its weights."""

import io
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from consilium.audit.record import audited_transaction, record
from consilium.hub.registry import Content
from consilium.people.models import Person
from curation.releases.zip_stream import zip_stream
from training.job.folders import files_to_pass_on
from training.model_card import CARD, model_card
from training.models import ProducedModel, Run, RunEvent
from training.publish import (
    CONFIG,
    check_names_no_folder,
    check_weights_may_leave,
    named_base,
    place_of_weights,
)
from training.run_card import run_card


def card_text_of(run: Run) -> str:
    """The run card as JSON."""
    return json.dumps(run_card(run), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def figures_lines(run: Run) -> Iterator[str]:
    """One JSON object per step that was told, with its figures and when it was told."""
    steps = RunEvent.objects.filter(run=run, kind="step").order_by("step")
    for step, data, at in steps.values_list("step", "data", "at").iterator():
        yield json.dumps({"step": step, **data, "at": at.isoformat(timespec="seconds")}) + "\n"


def weights_zip(*, content: Content, by: Person) -> Iterator[bytes]:
    """The pieces of a zip of model or adapter, with its card; who took it is on record.

    Raises NotAllowed, ModelNotPublishable and what forbids a release to be passed on.
    """
    check_weights_may_leave(content, by)
    produced = ProducedModel.objects.select_related("run__study", "run__base", "endpoint").get(pk=content.pk)
    place = place_of_weights(content)
    files = [(file.name, _opened(file, produced)) for file in files_to_pass_on(place) if file.name != CARD]
    files.append((CARD, partial(io.BytesIO, model_card(produced, content.kind).encode())))
    with audited_transaction():
        data = {"digest": content.digest, "part": content.kind}
        record(action="run.weights_downloaded", obj=produced.run, by=by, study=content.study, data=data)
    return zip_stream(files)


def _opened(file: Path, produced: ProducedModel) -> Callable[[], BinaryIO]:
    if file.suffix == ".safetensors":
        return lambda: file.open("rb")
    content = named_base(file, produced).encode() if file.name == CONFIG else file.read_bytes()
    check_names_no_folder(file.name, content)
    return partial(io.BytesIO, content)
