"""Real pictures for the browser: files of pydicom, rebuilt as an import does it."""

import shutil
import tempfile
from pathlib import Path

from pydicom.data import get_testdata_file

from annotation.models import Case
from curation.imports.deidentify import RebuiltImage, rebuild_all
from curation.imports.uploads import Received
from curation.models import Image
from tests.factories import annotation as making
from tests.factories.cast import Cast

LONG = (
    "The axial slice shows the lower thorax with the vertebral body in the upper middle of the picture. The "
    "{side} lung is well aerated without a focal consolidation, and no pleural effusion is seen.\n\nThe soft "
    "tissues are symmetrical. {extra}The density of the structure in question is that of bone, with a "
    "cortical rim and a trabecular centre, which excludes a parenchymal organ such as the spleen and a "
    "fluid-filled organ such as the urinary bladder.\n\nAnswer: {answer}"
)


def rebuilt(file: str) -> RebuiltImage:
    source = Path(str(get_testdata_file(file)))
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copy(source, Path(scratch) / "00000")
        received = [Received(name=file, stored="00000", size=source.stat().st_size)]
        outcomes = rebuild_all(received, Path(scratch), key=b"k" * 32, done=lambda n: None)
        outcome = next(outcomes)
        assert isinstance(outcome, RebuiltImage), outcome
        outcome.keep_files()  # while its scratch folder is there
    return outcome


def show(picture: RebuiltImage) -> None:
    """Give all images the pixels of a real file."""
    facts = picture.facts
    Image.objects.update(
        kind=facts.kind,
        modality=facts.modality,
        body_part=facts.body_part.lower(),
        rows=facts.rows,
        columns=facts.columns,
        frames=facts.frames,
        facts=picture.stored_facts(),
        frame_blobs=list(picture.frame_blobs),
        model_blobs=list(picture.model_blobs),
        thumbnail_blob=picture.thumbnail_blob,
    )


def opened_with_pictures(cast: Cast, questions: int = 1) -> None:
    """Cases about a real CT slice with answers of a real length."""
    making.opened(cast, questions)
    show(rebuilt("CT_small.dcm"))
    for case in Case.objects.select_related("question", "response_a", "response_b"):
        question = case.question
        question.text = "Which structure lies in the upper middle of this axial CT slice?"
        question.options = {
            "A": "Vertebral body",
            "B": "Urinary bladder",
            "C": "Spleen",
            "D": "Pituitary gland",
        }
        question.save()
        for response, side, extra, answer in (
            (case.response_a, "left", "", "A"),
            (
                case.response_b,
                "right",
                "There is no fracture and no destructive lesion of the vertebra. ",
                "C",
            ),
        ):
            response.text = LONG.format(side=side, extra=extra, answer=answer)
            response.save()
