"""Numbers that name one person or thing: records, insurance, identity cards, specimens, devices."""

import re
from collections.abc import Callable
from typing import Final

from curation.text.rule import WINDOW, Rule, before, following, words

# What a code may hold behind its first digit: single digits, groups of digits (12 345 678), or parts without
# blanks (11-531934, 4-TE5-MK73).
_SPREAD: Final = r"(?: \d){4,14}(?![ ]?\d)"
_GROUPS: Final = r"\d{0,4}(?: \d{2,6}){1,7}(?: [a-z](?![^\W_]))?(?![^\W_:/%]|[:/%]|[.,-]\d)"
_TIGHT: Final = r"[\da-z]{0,24}(?:[-/._*~#](?:[a-z]{0,3}\d[\da-z]{0,24}|[a-z]{1,2}(?![a-z]))){0,8}"
_CODE: Final = rf"\d(?<!\d\d)(?<!\d[-/._*~ ]\d)(?=(?P<rest>{_SPREAD}|{_GROUPS}|{_TIGHT}))"
# The letters a code begins with: E1234567, RAD11-531934, AB 123 456, ABC # 123456.
_LETTERS: Final = re.compile(r"(?<![^\W_])(?P<tight>[a-z]{1,5}[-/_#.]?)\Z|(?<![^\W_])[a-z]{1,3}(?: | ?# ?)\Z")
_NAMED: Final = (
    r"(?:number|nummer|numéro|numero|número|num|no|nr|n°|nº|n\.º|n\.°|№|ids?|identifier|ident|code|\#)"
)
_BETWEEN: Final = r"(?:\s?(?:is|was|of|de|du|del)\b)?[\s.:=\#\[(\"'°º-]{0,5}"


def _joined(text: str) -> str:
    return re.sub(r"\s+", "", text).replace("~", r"\s")


_SURE: Final = _joined(r"""
    mrn|mr\#|uhid|pid|urn|ssn|ipp|nhc|kvnr|patient_?id|aadhaa?r|uidai|abha|voter~id|epic~no|ration~card|cpf
    |curp|cédula|cedula|codice~fiscale|tessera~sanitaria|personnummer|cpr|ahv|ppsn|(?:medical|hospital|patient|clinic|chart|health)~record
    |social~security|sécurité~sociale|seguridad~social|tarjeta~sanitaria|vers\.?-?~?nr
""")
_LIKELY: Final = _joined(r"""
    nip|hc|nhs|chi|nass|cipa|dni|nie|nif|nir|nss|cip|hn|mpi|empi|ni|nino|bsn|pesel|acc|acct|accession|fall|aufn
    |visit|path|biops[a-zí]{1,4}|specimens?|slides?|blocks?|objektträger|prélèvement|échantillon|beneficiary|subscriber|claim|policy|member|medicare|medicaid|passport|passeport|pasaporte|dossier
    |historia|expediente|episodio|cartella|requisition|encounter|patient|account|chart|case|referral|order|insurance
""")
_LABELLED: Final = re.compile(
    rf"(?<![^\W_])(?:(?P<sure>{_SURE})|{_LIKELY})(?P<named>{_BETWEEN}{_NAMED})?{_BETWEEN}\Z"
)
# Whatever calls itself a number.
_NUMBERED: Final = re.compile(
    rf"(?P<word>[^\W\d_]*)[\s.-]{{0,2}}(?<![^\W_])(?P<named>{_NAMED}|ref|réf|referen[cz]\w{{0,3}}|référence"
    r"|[^\W\d_]{1,24}-?\s?(?:nummer|nr))(?P<between>\s?(?:is|was|col\w{0,9}\.?|(?:de\s)?(?:registro"
    r"|identificaci[oó]n|afiliaci[oó]n|cuenta|p[oó]liza|muestra|folio|adhérent|matricule|suivi"
    r"|dossier))?[\s.:=\#\[(°º-]{0,4})\Z"
)
# What has numbers that name nobody: pictures, steps, papers, genes, counts.
_PLAIN: Final = frozenset(
    words("""
    image images slice slices series frame frames figure fig table step steps version epoch epochs seed
    question bild abbildung serie schicht tabelle frage coupe figura tabla imagen corte pregunta chapter
    section grade level pmid pmc doi snomed loinc cpt icd omim isrctn nct trial cas gene exon chromosome chr
    inr catalog catalogue software patients cells cell copies subjects eyes cases count total sample size the
    of in a there with mean case_id
    """)
)
_PUBLIC: Final = re.compile(
    r"(?<![^\W_])(?:pmid|pmcid|pmc|doi|snomed(?:[\s-]ct)?|loinc|cpt|icd|omim|mim|isrctn|nct|cas|umls"
    r"|orpha|hgnc|ensg|rs|chebi|gse|dbsnp|clinvar|mesh|arxiv|isbn|issn|eudract|rrid|nm|np"
    r"|seed)[\s:#./_-]{0,3}\Z"
)
_PUBLIC_CODE: Final = re.compile(
    r"(?:NCT|PMID|PMC|ISRCTN|ENS[GTP]|OMIM|MIM|DOI|CHEBI|ICD|HGNC|RS|GSE|GSM|SRR|NM|NP|XM|RRID|SCR|CAS)\W?\d"
)
# Large numbers that are amounts.
_AMOUNT: Final = re.compile(
    r"\s*(?:/[a-zµ]|/\s?(?:mm|ml|µl|ul|l\b)|%|\u00d7|x\s?\d|cells|copies|units|iu\b|u\b|mg|ml|µ"
    r"|platelets|per\b|people|patients|parameters|images|steps|einheiten|kopien|copias|tokens|bases?\b"
    r"|bp\b|kb\b|pixels|voxels|cases|reads)"
)
_DEVICE: Final = _joined(r"""
    serial|s/n|sn|udi|imei|gtin|lot|batch|charge|chargen?-?nr|lote|serie|série|serien-?~?(?:nr|nummer)
    |geräte-?~?(?:nr|nummer|id)|(?:device|implant|pacemaker|generator|stent|scanner|pump|valve|lead|model|prosthesis
    |station|machine|dispositivo|dispositif|gerät)(?:\W{1,2}(?:id|identifier|no|nr|number|serial|\#))
""")
_IS_DEVICE: Final = re.compile(
    rf"(?<![^\W_])(?:{_DEVICE})(?:{_BETWEEN}{_NAMED})?{_BETWEEN}(?:de\sla\s\w{{3,12}}"
    rf"|of\sthe\s\w{{3,12}})?[\s.:]{{0,3}}\Z"
)
_DEVICE_SIGNS: Final = words(
    "serial s/n sn udi imei gtin lot batch charg serie série ger device implant maker generator stent "
    "scanner pump valve lead model prosthesis station machine disposit"
)
_UNITS: Final = frozenset("UKMLGXC")


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def _is_year(code: str) -> bool:
    """Whether digits are a year, two years, or the number of a published case in its year (12-2019)."""
    return re.fullmatch(r"(?:1[89]|20)\d\d(?:[-/](?:1[89]|20)?\d\d)?|\d{1,2}-20\d\d", code) is not None


def _code(found: re.Match[str], is_called: Callable[[str, str], bool]) -> tuple[int, int] | None:
    """Where the code stands, if what is in front of it, or of its letters, calls it one."""
    text, start, end = found.string, found.start(), found.end("rest")
    code = text[start:end]
    if sum(map(str.isdigit, code)) < 3 or _is_year(code) or _PUBLIC.search(text[max(0, start - 16) : start]):
        return None
    if is_called(text[max(0, start - WINDOW) : start], code):
        return start, end
    letters = _LETTERS.search(text, max(0, start - 8), start)
    if letters and is_called(text[max(0, letters.start() - WINDOW) : letters.start()], code):
        return letters.start(), end
    return None


def _is_record(front: str, code: str) -> bool:
    """Whether something in front calls the code a record's, or any number that is long enough."""
    length = len(_digits(code))
    if label := _LABELLED.search(front):
        return length >= (5 if not (label["sure"] or label["named"]) else 3 if label["sure"] else 4)
    if (
        length < 4
        or not (label := _NUMBERED.search(front))
        or label["word"] in _PLAIN
        or label["named"] == "inr"
        or _PUBLIC.search(front)
    ):
        return False
    if label["named"] == "code" or (
        label["named"].startswith(("ref", "réf", "#")) and re.fullmatch(r"[\d.]+-[\d.]+", code)
    ):
        return False
    return label["named"] not in {"no", "num"} or length >= 6 or label["between"].strip() != ""


def _record(found: re.Match[str]) -> tuple[int, int] | None:
    return _code(found, _is_record)


def _device(found: re.Match[str]) -> tuple[int, int] | None:
    return _code(found, lambda front, code: len(_digits(code)) >= 4 and _IS_DEVICE.search(front) is not None)


def _is_private(found: re.Match[str]) -> bool:
    """Whether a code is none of a paper, a trial or a gene, and no amount."""
    return not (
        _PUBLIC_CODE.match(found.group().upper())
        or _PUBLIC.search(before(found))
        or _AMOUNT.match(following(found))
    )


def _is_lettered(found: re.Match[str]) -> bool:
    return found.group()[-1] not in _UNITS and _is_private(found)


def _is_nhs_number(found: re.Match[str]) -> bool:
    """Whether the tenth digit is the check digit of the other nine (modulus 11)."""
    digits = [int(digit) for digit in _digits(found.group())]
    total = sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False))
    return (11 - total % 11) % 11 == digits[9]


def _is_dni(found: re.Match[str]) -> bool:
    """Whether the letter is the check letter of a Spanish identity number."""
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(_digits(found.group())) % 23] == found.group()[-1]


def _is_parted(found: re.Match[str]) -> bool:
    """Whether parts of digits are no rising steps, no round amounts and no size of a picture."""
    parts = [int(part) for part in re.findall(r"\d+", found.group())]
    if len(_digits(found.group())) < 7 or all(part % 8 == 0 or part % 10 == 0 for part in parts):
        return False
    return (len(parts) == 2 or parts != sorted(parts)) and not _AMOUNT.match(following(found))


def _is_uneven(found: re.Match[str]) -> bool:
    """Whether three groups of four digits are no years and no round amounts."""
    parts = [int(part) for part in re.findall(r"\d+", found.group())]
    return not all(part % 10 == 0 or 1800 <= part <= 2100 for part in parts)


def _is_barred(found: re.Match[str]) -> bool:
    """Whether what stands between bars is a number of somebody: digits enough, and no span of years."""
    return sum(map(str.isdigit, found["hit"])) >= 4 and not _is_year(found["hit"])


def _is_spread(found: re.Match[str]) -> bool:
    return len(set(_digits(found.group()))) >= 4


def _is_no_picture(found: re.Match[str]) -> bool:
    front = before(found).split()
    return not front or front[-1] not in _PLAIN


_ALONE: Final = r"(?!\w|[.,]\d|-\d)"
RECORDS: Final = (Rule("record", re.compile(_CODE), digits=3, low=True, cut=_record),)
CODES: Final = (
    Rule("record", re.compile(rf"\d(?<![\w-]\d)\d\d-\d\d-\d{{4}}{_ALONE}"), digits=9),
    Rule(
        "record",
        re.compile(rf"\d(?<![\w.,]\d)\d\d[ -]\d{{3}}[ -]\d{{4}}{_ALONE}"),
        digits=10,
        check=_is_nhs_number,
    ),
    Rule(
        "record",
        re.compile(rf"\d(?<![\w.,]\d)(?:\d{{7}}|\d\.\d{{3}}\.\d{{3}})-?[A-Z]{_ALONE}"),
        digits=8,
        check=_is_dni,
    ),
    # France: 1 85 05 78 006 084 36; Great Britain: QQ 12 34 56 C; Medicare: 1EG4-TE5-MK73
    Rule(
        "record",
        re.compile(
            r"[12](?<![\w.,-]\d) ?\d\d ?(?:0[1-9]|1[0-2]) ?\d[\dAB] ?\d{3} ?\d{3}(?: ?\d\d)?(?![\w.,]\d|\w)"
        ),
        digits=12,
    ),
    Rule("record", re.compile(rf"(?<!\w)[A-Z]{{2}} ?\d\d ?\d\d ?\d\d ?[A-D]{_ALONE}"), digits=6),
    Rule(
        "record",
        re.compile(rf"\d(?<!\w\d)[A-Z][A-Z\d]\d-?[A-Z][A-Z\d]\d-?[A-Z]{{2}}\d\d{_ALONE}"),
        digits=5,
    ),
    # Italy: RSSMRA85T10A562S; Mexico: GOMC850312HDFRRL09; India: ABCDE1234F, 6753 2133 9714;
    # Brazil, Switzerland, Belgium: 123.456.789-09, 756.1234.5678.97, 85.07.30-033.28
    Rule(
        "record",
        re.compile(
            r"(?<!\w)(?:[a-z]{6}\d\d[a-z]\d\d[a-z]\d{3}[a-z]"
            r"|[a-z]{4}\d{6}[hm][a-z]{5}[a-z\d]\d|[a-z]{5}\d{4}[a-z]"
            r"|[xyz]\d{7}[a-z])(?!\w)"
        ),
        digits=4,
        low=True,
    ),
    Rule(
        "record",
        re.compile(
            r"(?<![\w.,/-])(?:\d{3}\.\d{3}\.\d{3}-\d\d|756\.\d{4}\.\d{4}\.\d\d"
            r"|\d\d\.\d\d\.\d\d-\d{3}\.\d\d)(?![\w.-]\d|\w)"
        ),
        digits=11,
    ),
    Rule(
        "record",
        re.compile(r"(?<![\w.,/-])(?<!\d )[1-9]\d{3}(?P<parted>[ -])\d{4}(?P=parted)\d{4}(?![\w/]|[ .,-]\d)"),
        digits=12,
        check=_is_uneven,
    ),
    # HL7 and other lines with bars: |44/93521^^^HOSP, | 82/02392|
    Rule(
        "record",
        re.compile(
            r"(?<=[|~])[ ]{0,3}(?P<hit>[A-Za-z\d](?:[A-Za-z\d/.-]{2,24}(?=\^\^)"
            r"|\d{0,3}[/.-]\d{4,8}(?=[\^|~])))"
        ),
        signs=("|", "~"),
        digits=4,
        check=_is_barred,
    ),
    # S10-45446, RAD11-531934, CT-11-53193, 11-S-12345, H11/12345, E/2011/123456, 2021HD405230
    Rule(
        "record",
        re.compile(
            rf"(?<![\w.,/-])(?:[A-Z]{{1,4}}-?\d\d[-/]\d{{4,6}}|\d\d-[A-Z]{{1,2}}-\d{{4,6}}"
            rf"|[A-Z]{{1,3}}/\d{{3,4}}/\d{{4,6}}|\d{{4}}[A-Z]{{1,3}}\d{{4,}}){_ALONE}"
        ),
        digits=6,
        check=_is_private,
    ),
    Rule(
        "record",
        re.compile(r"(?<![\w.,])(?:[A-Z]{1,4}|[a-z]{1,2})-?\d{6,20}[A-Z]?(?!\w|\.\w)"),
        digits=6,
        check=_is_private,
    ),
    Rule("record", re.compile(rf"\d(?<![\w.,-]\d)\d{{5,20}}-?[A-Z]{_ALONE}"), digits=6, check=_is_lettered),
    # 387-92-29, 983_12_76, 1634*2544, 98107/11, 0012-3456.7
    Rule(
        "record",
        re.compile(
            rf"\d(?<![\w.,:/*-]\d)(?:\d{{1,5}}(?P<parted>[-_])\d{{2,6}}(?:(?P=parted)\d{{2,6}}){{1,4}}"
            rf"|\d{{1,4}}[*~]\d{{3,6}}|\d{{4,6}}/\d\d|\d{{6,}}-\d){_ALONE}"
            rf"|0(?<![\w.,:+/-]0)\d{{2,6}}[-.]\d{{3,6}}(?:[.-]\d{{1,4}})?{_ALONE}"
        ),
        digits=7,
        check=_is_parted,
    ),
    Rule("record", re.compile(r"\d(?<![\w.,/+-]\d)\d{6,}(?!\w|[.,]\d)"), digits=7, check=_is_private),
    Rule("record", re.compile(r"\d(?<![\w.,/-]\d)(?: \d){6,15}(?! ?\d|[.,]\d)"), digits=7, check=_is_spread),
    Rule("record", re.compile(r"(?<![\w&])#\s?\d{5,}\b"), signs=("#",), digits=5, check=_is_no_picture),
)
DEVICES: Final = (
    Rule("device", re.compile(_CODE), signs=_DEVICE_SIGNS, digits=4, low=True, cut=_device),
    Rule("device", re.compile(r"\(01\)\d{14}(?:\(\d{2,3}\)[\w/-]{1,20}){0,6}"), signs=("(01)",), digits=14),
    Rule("device", re.compile(r"\+[A-Z]\d{3}[A-Z\d]{4,14}\d/\S{4,40}"), signs=("+",), digits=8),
    Rule("device", re.compile(r"[0-2](?<![\w.]\d)(?:\.25\.\d{8,}|(?:\.\d+){5,})(?!\w)"), digits=7),
    Rule(
        "device",
        re.compile(r"(?<![\w:])(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}(?![\w:])"),
        digits=0,
        signs=(":", "-"),
    ),
)
