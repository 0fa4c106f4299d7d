"""Identifiers planted everywhere a DICOM file can hold one: none is in any produced byte."""

import gzip
import io
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom._dicom_dict import DicomDictionary
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import JPEGBaseline8Bit

from curation.imaging import fingerprints
from curation.imaging.protocol import Rebuilt
from tests.curation.imaging.conftest import Rebuild
from tests.factories import dicom as makers

TEXT_VRS = {"LO", "LT", "PN", "SH", "ST", "UC", "UT", "CS", "AE", "UR"}
UID = "1.2.276.0.7230010.3.1.2.8323329.20611"
KEPT = {"SOPClassUID", "PhotometricInterpretation", "PixelData"}


class Planter:
    """Hands out identifiers that occur nowhere else."""

    def __init__(self) -> None:
        self.planted: list[str] = []
        self._random = random.Random(20)

    def token(self) -> str:
        self.planted.append("ZQ" + "".join(self._random.choices("BCDFGHJKLMNPQRSTVWXZ", k=10)))
        return self.planted[-1]


def fill(ds: Dataset, planter: Planter) -> None:
    """Put a token into every textual attribute of the dictionary, a telling UID or date into the others."""
    for tag, (vr, _, _, retired, keyword) in DicomDictionary.items():
        if not keyword or keyword in KEPT or keyword in ds or tag >> 16 in (0x0000, 0x0002, 0xFFFE):
            continue
        if vr in TEXT_VRS:
            ds.add_new(tag, vr, planter.token())
        elif vr == "UI" and not retired:
            ds.add_new(tag, vr, "1.2.3.4.987654321")
        elif vr in {"DA", "DT"}:
            ds.add_new(tag, vr, "19610411")


def hidden_everywhere(planter: Planter, path: Path) -> Path:
    pixels = makers.ramp(64, 64).astype(np.uint16)
    ds = makers.data_set(pixels)
    fill(ds, planter)
    inner, middle, outer = Dataset(), Dataset(), Dataset()
    fill(inner, planter)
    middle.add_new(0x00081140, "SQ", Sequence([inner]))
    outer.add_new(0x00081115, "SQ", Sequence([middle]))
    ds.add_new(0x00082112, "SQ", Sequence([outer]))
    block = ds.private_block(0x0009, planter.token(), create=True)
    block.add_new(1, "LO", planter.token())
    block.add_new(2, "UN", planter.token().encode())
    private = Dataset()
    private.PatientName = planter.token()
    block.add_new(3, "SQ", Sequence([private]))
    ds.add_new(0x60000010, "US", 64)
    ds.add_new(0x60000011, "US", 64)
    ds.add_new(0x60000040, "CS", "G")
    ds.add_new(0x60000050, "SS", [1, 1])
    ds.add_new(0x60000100, "US", 1)
    ds.add_new(0x60000102, "US", 0)
    ds.add_new(0x60003000, "OW", planter.token().encode().ljust(512, b"\0"))
    ds.add_new(0x60000022, "LO", planter.token())
    ds.add_new(0x00880200, "SQ", Sequence([makers.data_set(PixelData=planter.token().encode())]))
    ds.BitsStored, ds.HighBit = 12, 11
    for element in ("Modality", "BodyPartExamined", "PatientAge", "ImageLaterality", "ViewPosition"):
        setattr(ds, element, planter.token()[:16])
    ds.add_new(0xFFFCFFFC, "OB", planter.token().encode())
    makers.save(ds, path, preamble=planter.token().encode().ljust(128, b"\0"))
    path.write_bytes(path.read_bytes() + planter.token().encode())
    return path


def every_byte(image: Rebuilt) -> Iterator[bytes]:
    for path in image.folder.iterdir():
        yield path.name.encode()
        raw = path.read_bytes()
        yield raw
        if path.suffix == ".bin":
            yield gzip.decompress(raw)
        if path.suffix == ".png":
            with Image.open(io.BytesIO(raw)) as picture:
                yield picture.tobytes()
                yield repr(picture.info).encode()
    yield repr(image).encode()


def survivors(image: Rebuilt, tokens: list[str]) -> list[str]:
    content = b"\0".join(every_byte(image))
    folded = content.lower() + content.replace(b"\0", b"").lower()
    return [token for token in tokens if token.lower().encode() in folded]


@pytest.mark.filterwarnings("ignore")
def test_no_identifier_survives(tmp_path: Path, run: Rebuild) -> None:
    planter = Planter()
    (image,) = run(hidden_everywhere(planter, tmp_path / "SMITH_JOHN_1961.dcm"))
    assert isinstance(image, Rebuilt), image
    assert len(planter.planted) > 3000
    assert survivors(image, planter.planted) == []
    assert survivors(image, ["19610411", "1.2.3.4.987654321", "SMITH_JOHN", str(tmp_path / "S")]) == []
    assert (image.facts.modality, image.facts.body_part, image.facts.laterality) == ("CT", "", "")
    assert image.facts.age_years is None


def test_comment_inside_an_encapsulated_frame(tmp_path: Path, run: Rebuild) -> None:
    buffer = io.BytesIO()
    Image.fromarray(makers.ramp(high=255).astype(np.uint8)).save(buffer, "JPEG", comment=b"ZQPATIENTJPEG")
    path = makers.encapsulated(
        tmp_path / "x.dcm", [buffer.getvalue()], JPEGBaseline8Bit, BitsAllocated=8, BitsStored=8
    )
    assert b"ZQPATIENTJPEG" in path.read_bytes()
    (image,) = run(path)
    assert isinstance(image, Rebuilt), image
    assert survivors(image, ["ZQPATIENTJPEG"]) == []


def test_text_in_the_unused_bits_of_the_pixels(tmp_path: Path, run: Rebuild) -> None:
    """Sixteen bytes spread over bits 12 to 15, one half byte per pixel."""
    secret = b"ZQ^SECRET^PERSON"
    pixels = makers.ramp(64, 64).astype(np.uint16)
    halves = np.array([half for byte in secret for half in (byte >> 4, byte & 15)], np.uint16)
    carrying = pixels.copy()
    carrying.reshape(-1)[: len(halves)] |= halves * np.uint16(4096)
    clean, image = run(makers.dicom(tmp_path / "a.dcm", pixels), makers.dicom(tmp_path / "b.dcm", carrying))
    assert image.pixel_sha256 == clean.pixel_sha256


def test_age_is_kept_below_ninety_only(tmp_path: Path, run: Rebuild) -> None:
    ages = {
        "045Y": 45,
        "089Y": 89,
        "090Y": None,
        "101Y": None,
        "018M": 1,
        "003D": 0,
        "000Y": None,
        "old": None,
    }
    with pytest.warns(UserWarning, match="Invalid value"):
        files = [makers.dicom(tmp_path / f"{i}.dcm", PatientAge=age) for i, age in enumerate(ages)]
    images = run(*files)
    assert [image.facts.age_years for image in images] == list(ages.values())


def test_keys_group_the_files_of_a_patient(tmp_path: Path, run: Rebuild) -> None:
    people = [("1234567", "north"), ("1234567", "north"), ("1234567", "south"), ("7654321", "north")]
    files = [
        makers.dicom(tmp_path / f"{i}.dcm", PatientID=number, IssuerOfPatientID=issuer)
        for i, (number, issuer) in enumerate(people)
    ]
    keys = [image.facts.patient_key for image in run(*files, makers.dicom(tmp_path / "n.dcm"))]
    assert keys[0] == keys[1]
    assert len(set(keys[:4])) == 3
    assert keys[4] is None


def test_fingerprints_find_the_patient_in_later_text(tmp_path: Path, run: Rebuild) -> None:
    referrer = Dataset()
    referrer.PersonName = "Okonkwo^Adaeze"
    path = makers.dicom(
        tmp_path / "x.dcm",
        PatientName="Müller^Hans-Jörg",
        SpecificCharacterSet="ISO_IR 100",
        PatientID="MRN-0045871",
        PatientBirthDate="19610411",
        AccessionNumber="ACC2024117",
        InstitutionName="St. Florian Hospital",
        ReferringPhysicianIdentificationSequence=[referrer],
        StudyInstanceUID=UID,
    )
    (image,) = run(path)
    found = set(image.facts.fingerprints)
    telling = [
        "seen with Mr Muller today",
        "MUELLER, H.",
        "born 11.04.1961",
        "DOB 1961-04-11",
        "11 April 1961",
        "April 11, 1961",
        "4/11/1961",
        "file 0045871.png",
        "mrn0045871",
        "MRN-0045871",
        "study ACC2024117",
        "transferred from Florian",
        "referred by Dr Okonkwo",
    ]
    harmless = [
        "A 63-year-old man with chest pain.",
        "The lesion measures 11 x 4 mm.",
        "Compared with the study of 2019-02-03 there is no change.",
        "Admitted to hospital from the general ward.",
        "T2-weighted axial image, slice 45.",
        "",
    ]
    assert [text for text in telling if not fingerprints.mentions(text, makers.KEY, found)] == []
    assert [text for text in harmless if fingerprints.mentions(text, makers.KEY, found)] == []
    assert fingerprints.mentions(f"see {UID}.", makers.KEY, found)
    assert not fingerprints.mentions(telling[0], b"another key of 16+ bytes", found)


def test_names_that_are_ordinary_words() -> None:
    found = fingerprints.fingerprints_of(fingerprints.name_tokens("Small^Rose^Q"), makers.KEY)
    for text in ("Small, Rose", "Mrs Rose Q. Small was seen", "ROSE SMALL"):
        assert fingerprints.mentions(text, makers.KEY, found)
    for text in ("A small nodule.", "The pressure rose.", "small; then the pressure rose"):
        assert not fingerprints.mentions(text, makers.KEY, found)
