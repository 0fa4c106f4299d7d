"""Questions about the real images that ship inside pydicom; each can be answered by looking."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

LICENCE = "MIT (test files of pydicom)"
CITATION = "Images from the test files of pydicom, which are shipped for testing."


@dataclass(frozen=True, slots=True)
class PictureQuestion:
    """One question about one file of pydicom's own folder of test files."""

    file: str
    question: str
    options: tuple[str, str, str, str]
    answer: str
    specialty: str
    organ_system: str
    department: str = "radiology"

    def line(self) -> dict[str, Any]:
        """The row of the import file."""
        name = upload_name(self.file)
        return {
            "id": f"pydicom-{name.rsplit('.', 1)[0]}",
            "question": self.question,
            "options": dict(zip("ABCD", self.options, strict=True)),
            "answer": self.answer,
            "images": [name],
            "specialty": self.specialty,
            "organ_system": self.organ_system,
            "department": self.department,
        }


QUESTIONS = (
    PictureQuestion(
        "CT_small.dcm",
        "Which structure lies in the upper middle of this axial CT slice?",
        ("Vertebral body", "Urinary bladder", "Spleen", "Pituitary gland"),
        "A",
        "adult_medicine",
        "chest",
    ),
    PictureQuestion(
        "J2K_pixelrep_mismatch.dcm",
        "Which air-filled spaces are seen at the very front of this axial CT slice of the head?",
        ("Mastoid cells", "Frontal sinuses", "Lateral ventricles", "Maxillary teeth"),
        "B",
        "brain_senses",
        "brain",
        "otolaryngology",
    ),
    PictureQuestion(
        "693_J2KI.dcm",
        "What limits the reading of the brain on this CT slice?",
        ("Motion of the patient", "Contrast medium", "Damage from image compression", "A metal implant"),
        "C",
        "brain_senses",
        "brain",
        "neurology",
    ),
    PictureQuestion(
        "MR_small.dcm",
        "Which technique gives this picture, with bright fat and dark vessels and no view of bone density?",
        ("Radiography", "Computed tomography", "Ultrasound", "Magnetic resonance"),
        "D",
        "adult_medicine",
        "pelvic_cavity",
    ),
    PictureQuestion(
        "examples_overlay.dcm",
        "Which paired organs lie on both sides of the spine and enhance brightly on this MR slice?",
        ("Kidneys", "Lungs", "Ovaries", "Parotid glands"),
        "A",
        "oncology_surgery",
        "abdomen",
        "general_surgery",
    ),
    PictureQuestion(
        "examples_ybr_color.dcm",
        "Which organ moves in this ultrasound clip?",
        ("Liver", "Heart", "Kidney", "Thyroid"),
        "B",
        "adult_medicine",
        "heart",
        "cardiology",
    ),
    PictureQuestion(
        "JPEG-lossy.dcm",
        "Where is the brightest spot of the pelvis on this whole-body bone scan, and what explains it?",
        (
            "Left hip, a fracture",
            "Sacrum, a metastasis",
            "Bladder, excretion of the tracer",
            "Right knee, arthrosis",
        ),
        "C",
        "oncology_surgery",
        "pelvic_cavity",
    ),
    PictureQuestion(
        "examples_palette.dcm",
        "What do the two crosses joined by a dotted line on this ultrasound picture mark?",
        ("A biopsy needle", "A measured distance", "A blood vessel", "A rib"),
        "B",
        "adult_medicine",
        "abdomen",
    ),
    PictureQuestion(
        "examples_jpeg2k.dcm",
        "What do the orange and yellow areas inside the box show?",
        ("Calcification", "Bone", "Air", "Blood flow"),
        "D",
        "oncology_surgery",
        "oral_cavity",
        "general_surgery",
    ),
    PictureQuestion(
        "dicomdirtests/77654033/CR1/6154",
        "Can a fracture be excluded on this strongly reduced radiograph?",
        (
            "Yes, the cortex is smooth",
            "No, the resolution is far too low",
            "Yes, in two views",
            "No, there is a cast",
        ),
        "B",
        "pediatrics",
        "upper_limb",
    ),
)


def pictures_folder() -> Path:
    """Where pydicom keeps the files that it ships."""
    import pydicom

    return Path(pydicom.__file__).parent / "data" / "test_files"


def upload_name(file: str) -> str:
    """The name under which a file is uploaded: DICOM files without an ending get one."""
    flat = file.replace("/", "-")
    return flat if flat.endswith(".dcm") else f"{flat}.dcm"
