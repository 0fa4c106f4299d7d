"""Closed vocabularies: nothing that is not listed here leaves the source file as text."""

from enum import StrEnum
from typing import Final


def allowed_words(text: str) -> frozenset[str]:
    """Return the words of a closed list written as one text."""
    return frozenset(text.split())


class PixelKind(StrEnum):
    """What one sample of the image is."""

    GREY = "grey"
    COLOUR = "colour"


class SpacingMeaning(StrEnum):
    """What a pixel spacing measures: the patient, the detector plate, or nothing."""

    MM = "mm"
    DETECTOR = "at_detector"
    NONE = "none"


class ReviewReason(StrEnum):
    """Why a person must look at the pixels before the image is released; empty when nobody has to."""

    NONE = ""
    MODALITY = "modality_often_burned_in"
    NOT_DECLARED = "not_declared_free_of_text"
    PHOTO = "photograph_or_picture_file"


class RefusalCode(StrEnum):
    """Why a file was not rebuilt."""

    NOT_AN_IMAGE = "not_an_image"
    NOT_ACCEPTED = "not_accepted"
    UNSUPPORTED_SYNTAX = "unsupported_syntax"
    NO_PIXELS = "no_pixels"
    TOO_LARGE = "too_large"
    DAMAGED = "damaged"
    ANIMATED = "animated"
    OUT_OF_MEMORY = "out_of_memory"
    OUT_OF_TIME = "out_of_time"
    CRASHED = "crashed"
    BAD_ANSWER = "bad_answer"


# Storage classes of SAFETY accept list v1, by UID, with the modality used when the file names none we know.
ACCEPTED_CLASSES: Final[dict[str, str]] = {
    "1.2.840.10008.5.1.4.1.1.1": "CR",
    "1.2.840.10008.5.1.4.1.1.1.1": "DX",
    "1.2.840.10008.5.1.4.1.1.1.1.1": "DX",
    "1.2.840.10008.5.1.4.1.1.1.2": "MG",
    "1.2.840.10008.5.1.4.1.1.1.2.1": "MG",
    "1.2.840.10008.5.1.4.1.1.2": "CT",
    "1.2.840.10008.5.1.4.1.1.2.1": "CT",
    "1.2.840.10008.5.1.4.1.1.4": "MR",
    "1.2.840.10008.5.1.4.1.1.4.1": "MR",
    "1.2.840.10008.5.1.4.1.1.3.1": "US",
    "1.2.840.10008.5.1.4.1.1.6.1": "US",
    "1.2.840.10008.5.1.4.1.1.7": "OT",
    "1.2.840.10008.5.1.4.1.1.7.1": "OT",
    "1.2.840.10008.5.1.4.1.1.7.2": "OT",
    "1.2.840.10008.5.1.4.1.1.7.3": "OT",
    "1.2.840.10008.5.1.4.1.1.7.4": "OT",
    "1.2.840.10008.5.1.4.1.1.12.1": "XA",
    "1.2.840.10008.5.1.4.1.1.12.2": "RF",
    "1.2.840.10008.5.1.4.1.1.20": "NM",
    "1.2.840.10008.5.1.4.1.1.128": "PT",
    "1.2.840.10008.5.1.4.1.1.77.1.1": "ES",
    "1.2.840.10008.5.1.4.1.1.77.1.4": "XC",
    "1.2.840.10008.5.1.4.1.1.77.1.5.1": "OP",
    "1.2.840.10008.5.1.4.1.1.77.1.5.2": "OP",
}

MODALITIES: Final = allowed_words("CR DX MG CT MR US XA RF NM PT OT ES XC OP OPT IO PX GM SM SC DG TG BI")
# Modalities whose pixels often carry the patient's name: they are looked at whatever the header claims.
BURNED_IN_MODALITIES: Final = allowed_words("US XA SC OT ES XC OP OPT GM SM DG RF")
PROJECTION_MODALITIES: Final = allowed_words("CR DX MG XA RF IO PX")

BODY_PARTS: Final = allowed_words(
    """
    ABDOMEN ABDOMENPELVIS ADRENAL ANKLE AORTA ARM AXILLA BACK BILEDUCT BLADDER BRAIN BREAST BRONCHUS
    BUTTOCK CALCANEUS CALF CAROTID CEREBELLUM CERVIX CHEEK CHEST CHESTABDOMEN CHESTABDPELVIS CLAVICLE
    COCCYX COLON CORNEA CORONARYARTERY CSPINE CTSPINE DUODENUM EAR ELBOW ESOPHAGUS EXTREMITY EYE FACE
    FEMUR FINGER FOOT FOREARM GALLBLADDER HAND HEAD HEADNECK HEART HIP HUMERUS ILEUM ILIUM JAW JEJUNUM
    JOINT KIDNEY KNEE LARYNX LEG LIVER LSPINE LSSPINE LUNG MAXILLA MEDIASTINUM MOUTH NECK NECKCHEST NOSE
    ORBIT OVARY PANCREAS PAROTID PATELLA PELVIS PENIS PHARYNX PROSTATE RECTUM RIB SACRUM SCALP SCAPULA
    SCROTUM SHOULDER SINUS SKIN SKULL SPINE SPLEEN SSPINE STERNUM STOMACH TESTIS THIGH THORAX THUMB
    THYMUS THYROID TIBIA TLSPINE TMJ TOE TONGUE TRACHEA TSPINE ULNA URETER URETHRA UTERUS VAGINA VULVA
    WHOLEBODY WRIST ZYGOMA
    """
)
LATERALITIES: Final = frozenset("LRBU")
VIEWS: Final = allowed_words("AP PA LL RL LLD RLD RLO LLO CC MLO ML LM LMO XCCL XCCM FB SIO AT CV")

# Named windows a reader may call up, (name, centre, width) in the modality's own unit (Hounsfield for CT).
CT_PRESETS: Final = (
    ("Soft tissue", 40.0, 400.0),
    ("Lung", -600.0, 1500.0),
    ("Bone", 400.0, 1800.0),
    ("Brain", 40.0, 80.0),
)
PRESET_NAMES: Final = frozenset(
    {"Default", "Second", "Third", "Auto contrast", "Full range", *(name for name, _, _ in CT_PRESETS)}
)

# One pinned decoder per transfer syntax, so that pixel hashes agree on every
# machine: (plugin, distribution). The plugin "consilium" is codecs.py, an empty one is pydicom itself.
DECODERS: Final[dict[str, tuple[str, str]]] = {
    "1.2.840.10008.1.2": ("", "pydicom"),
    "1.2.840.10008.1.2.1": ("", "pydicom"),
    "1.2.840.10008.1.2.2": ("", "pydicom"),
    "1.2.840.10008.1.2.5": ("consilium", "pylibjpeg-rle"),
    "1.2.840.10008.1.2.4.50": ("pillow", "pillow"),
    "1.2.840.10008.1.2.4.51": ("consilium", "imagecodecs"),
    "1.2.840.10008.1.2.4.57": ("consilium", "imagecodecs"),
    "1.2.840.10008.1.2.4.70": ("consilium", "imagecodecs"),
    "1.2.840.10008.1.2.4.80": ("pyjpegls", "pyjpegls"),
    "1.2.840.10008.1.2.4.81": ("pyjpegls", "pyjpegls"),
    "1.2.840.10008.1.2.4.90": ("consilium", "pylibjpeg-openjpeg"),
    "1.2.840.10008.1.2.4.91": ("consilium", "pylibjpeg-openjpeg"),
    "1.2.840.10008.1.2.4.201": ("consilium", "pylibjpeg-openjpeg"),
    "1.2.840.10008.1.2.4.202": ("consilium", "pylibjpeg-openjpeg"),
    "1.2.840.10008.1.2.4.203": ("consilium", "pylibjpeg-openjpeg"),
}
RAW_SYNTAXES: Final = frozenset({"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"})
DECODER_NAMES: Final = frozenset(distribution for _, distribution in DECODERS.values())
