"""The only readers of who the patient is: they turn it into keyed hashes and an age below ninety."""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator
from typing import Final

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from curation.imaging.fingerprints import code_tokens, date_tokens, fingerprints_of, name_tokens
from curation.imaging.vocabulary import allowed_words

_OLDEST_SHOWN: Final = 89
_MOST_FINGERPRINTS: Final = 2000
_NAME_KEYWORDS: Final = allowed_words(
    """
    InstitutionName InstitutionAddress InstitutionalDepartmentName PatientAddress PatientMotherBirthName
    ResponsibleOrganization ClinicalTrialSiteName ClinicalTrialSponsorName StationName
    PerformedStationName CountryOfResidence RegionOfResidence ReferringPhysicianAddress
    """
)
_CODE_KEYWORDS: Final = allowed_words(
    """
    PatientID OtherPatientIDs IssuerOfPatientID AccessionNumber StudyID AdmissionID ServiceEpisodeID
    MedicalRecordLocator MilitaryRank DeviceSerialNumber PatientTelephoneNumbers
    PlacerOrderNumberImagingServiceRequest FillerOrderNumberImagingServiceRequest RequestedProcedureID
    ScheduledProcedureStepID PerformedProcedureStepID ClinicalTrialSubjectID
    ClinicalTrialSubjectReadingID InsurancePlanIdentification StationName PerformedStationAETitle
    StudyInstanceUID SeriesInstanceUID SOPInstanceUID FrameOfReferenceUID
    """
)
_READERS: Final[dict[str, Callable[[str], set[str]]]] = {
    "PN": name_tokens,
    "AE": code_tokens,
    "DA": date_tokens,
    "DT": lambda text: date_tokens(text[:8]),
}
_AGE: Final = re.compile(r"(\d{3})([DWMY])")


def patient_key(dataset: Dataset, key: bytes) -> str | None:
    """Return the keyed hash of patient id and issuer, or None when the file names no patient."""
    patient = str(dataset.get("PatientID", "") or "").strip()
    issuer = str(dataset.get("IssuerOfPatientID", "") or "").strip()
    return _keyed(f"patient\0{issuer}\0{patient}", key) if patient else None


def series_key(dataset: Dataset, key: bytes) -> str | None:
    """Return the keyed hash of the series the file belongs to, or None when it names none."""
    series = str(dataset.get("SeriesInstanceUID", "") or "").strip()
    return _keyed(f"series\0{series}", key) if series else None


def age_years(dataset: Dataset) -> int | None:
    """Return the age in completed years when the file states it and it is below 90, else None."""
    match = _AGE.fullmatch(str(dataset.get("PatientAge", "") or "").strip())
    if match is None or match[1] == "000":  # zero is what anonymisers write for "unknown"
        return None
    years = int(int(match[1]) / {"D": 365.25, "W": 52.18, "M": 12, "Y": 1}[match[2]])
    return years if years <= _OLDEST_SHOWN else None


def fingerprints(dataset: Dataset, key: bytes) -> tuple[str, ...]:
    """Return the fingerprints of every identifier in the header, at any depth of nesting."""
    tokens: set[str] = set()
    for element in _elements(dataset):
        tokens |= _tokens(element)
        if len(tokens) >= _MOST_FINGERPRINTS:
            break
    return fingerprints_of(sorted(tokens)[:_MOST_FINGERPRINTS], key)


def _elements(dataset: Dataset) -> Iterator[DataElement]:
    """Yield elements depth first; one that cannot be read is passed over: nothing of it is kept either."""
    for tag in list(dataset.keys()):  # not the values: one that cannot be converted would end the walk
        try:
            element = dataset[tag]
        except Exception:  # noqa: S112
            continue
        if element.VR == "SQ":
            for item in element.value or ():
                yield from _elements(item)
        else:
            yield element


def _tokens(element: DataElement) -> set[str]:
    reader = _READERS.get(element.VR)
    if reader is None and element.keyword in _NAME_KEYWORDS:
        reader = name_tokens
    elif reader is None and element.keyword in _CODE_KEYWORDS:
        reader = code_tokens
    if reader is None or element.value is None:
        return set()
    values = list(element.value) if isinstance(element.value, MultiValue) else [element.value]
    return {token for value in values for token in reader(str(value))}


def _keyed(text: str, key: bytes) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:32]
