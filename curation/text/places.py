"""Where somebody lives: streets, towns with their codes, boxes of the post office."""

import re
from typing import Final

from curation.text.letters import UPPER
from curation.text.report_words import ALSO_NAMES, STOPS
from curation.text.rule import Rule, before, following, words

_PROPER: Final = rf"{UPPER}[\w'.-]{{0,30}}"
_STREET: Final = (
    r"(?:(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Boulevard|Blvd|Court|Place|Square|Terrace|Close"
    r"|Crescent|Parkway|Pkwy|Highway|Hwy|Gardens|Grove|Mews|Way|Circle|Trail|Route|Walk|Row|Hill|Rise|Green"
    r"|Turnpike|Alley|STREET|ROAD|AVENUE|AVE|LANE|DRIVE|BOULEVARD|BLVD|COURT|TERRACE)\b"
    r"|Dr\b(?!\.?\s[A-Z][a-z]))(?![\w'-])"
)
_STATES: Final = (
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC "
    "ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC"
).replace(" ", "|")
# What a number counts: "15000 Patienten" is no town.
_COUNTED: Final = frozenset(
    words("""
    euro units unit patients patient cells cell cases case copies einheiten patienten fälle personen years
    images leukozyten thrombozyten erythrozyten zellen kopien bilder aufnahmen augen eyes probanden teilnehmer
    jahre women men adults children subjects participants frauen männer kinder samples proben lesions steps
    schritte partikel stück pacientes casos células copias imágenes plaquettes leucocytes cellules femmes
    hommes
    """)
)
_CODED: Final = re.compile(
    r"(?:\b(?:cpt|loinc|snomed|ct|icd|pmid|ops|ebm|goä|seed|n|no|nr)[\s:=.-]{1,2}|[=<>±~#./]\s?)\Z"
)
_IN_FRONT: Final = ("\n", ", ", " in ", " aus ", " from ", " à ", " en ", " de ")
_NUMBER_IN_FRONT: Final = re.compile(r"(?:\d\s?[a-z]?(?:,\s|,?\n)| in | aus )\Z")
_LIVES: Final = re.compile(
    r"(?:wohnhaft\w*|wohnt|anschrift|adresse|rezept wurde an|praxis|strasse|straße|nach|an|zu|in der"
    r"|,)[\s:,]{1,3}\Z"
)
_TOWN: Final = re.compile(r"\s?(?:,|\n)\s?(?:[a-z]{1,2}-)?\d{4,5}\s[^\W\d_]")


def _is_town(found: re.Match[str]) -> bool:
    """Whether a code and a word are a town: no amount of anything, no code of another kind."""
    town, code, front = found["town"].lower(), found["code"], before(found)
    if (
        town in _COUNTED
        or town.endswith(("zyten", "zellen", "filos"))
        or (town in STOPS and town not in ALSO_NAMES)
    ):
        return False
    if found.string[max(0, found.start() - 4) : found.start()].strip() in {"EN", "ISO", "IEC", "DIN", "NF"}:
        return False
    if found["country"] or not front or front.endswith(_IN_FRONT):
        return len(code) == 5 or bool(found["country"]) or _NUMBER_IN_FRONT.search(front) is not None
    return len(code) == 5 and not code.endswith("00") and not _CODED.search(front)


def _is_home(found: re.Match[str]) -> bool:
    """Whether "Am Alten Markt 12" is a street: somebody is said to live there, or a town follows."""
    return _TOWN.match(following(found)) is not None or _LIVES.search(before(found)) is not None


def _is_box(found: re.Match[str]) -> bool:
    """Whether BP is a box of the post office and no blood pressure."""
    return len(found["box"]) >= 4 or _TOWN.match(following(found)) is not None


ADDRESSES: Final = (
    Rule(
        "address",
        re.compile(
            rf"\d(?<![\w.,/-]\d)\d{{0,4}}[A-Za-z]?,?[ ]{{1,2}}(?:(?:{_PROPER}|\d{{1,3}}(?:st|nd|rd|th|ST"
            rf"|ND|RD|TH))[ ]{{1,2}}){{1,3}}{_STREET}(?:[ ]\d{{1,5}})?(?:,?[ ](?:Apt|Suite|Ste|Unit|Flat"
            rf"|#)\.?[ ]?\w{{1,6}})?"
        ),
        signs=words(
            "street st road rd ave lane ln dr boulevard blvd court place square terrace close crescent "
            "parkway pkwy highway hwy gardens grove mews way circle trail route walk row hill rise green "
            "turnpike alley"
        ),
    ),
    Rule(
        "address",
        re.compile(
            r"(?<!\w)[^\W\d_][\w-]{2,30}(?:straße|strasse|str\.|weg|allee|platz|gasse|ufer|damm|chaussee"
            r"|steig|markt)\s?\d{1,4}(?:\s?[a-z]\b|-\d{1,4})?(?!\w)"
            rf"|(?<!\w){_PROPER}[\s-](?:Straße|Strasse|Str\.|Weg|Allee|Platz|Gasse|Ufer|Damm"
            rf"|Chaussee)\s?\d{{1,4}}(?:\s?[a-z]\b|-\d{{1,4}})?(?!\w)"
        ),
        signs=words("straße strasse str. weg allee platz gasse ufer damm chaussee steig markt"),
    ),
    Rule(
        "address",
        re.compile(
            r"(?<!\w)(?:Am|An der|An den|An dem|Auf der|Auf dem|Auf den|Im|In der|In den|Unter den|Zum"
            r"|Zur|Hinter der|Hinter dem"
            rf"|Vor dem|Bei der|Beim)\s(?:{_PROPER}\s){{1,3}}\d{{1,4}}(?:\s?[a-z])?(?![\w%.])"
        ),
        signs=(
            "am ",
            "an d",
            "auf d",
            "im ",
            "in d",
            "unter den",
            "zum ",
            "zur ",
            "hinter d",
            "vor dem",
            "bei",
        ),
        check=_is_home,
    ),
    Rule(
        "address",
        re.compile(
            r"\d(?<!\w\d)\d{0,3},?\s{1,2}(?:(?:bis|ter|quater|[a-c]),?\s)?(?:(?:rue|chemin|impasse"
            r"|quai)\s(?:d[eu]s?\s|la\s|le\s)?(?:la\s|l'|d')?|(?:avenue|av\.|boulevard|bd|place|allées?"
            r"|cours|route|square|passage|résidence|villa|faubourg)\s(?:d[eu]s?\s(?:la\s|l')?"
            r"|d'))[\w'-]{2,30}(?:[\s-][\w'-]{2,30})?"
        ),
        signs=words(
            "rue avenue av. boulevard bd place chemin impasse quai allée cours route square "
            "passage résidence villa faubourg"
        ),
        low=True,
    ),
    Rule(
        "address",
        re.compile(
            r"(?<!\w)(?:C/|Calle|Avda\.?|Avenida|Av\.|Plaza|Pza\.|Paseo|Travesía|Camino|Ronda|Carretera"
            r"|Ctra\.|Glorieta|Via|Viale|Piazza|Corso|Largo)\s?"
            rf"(?:de\s(?:la\s|los\s|las\s|el\s)?|del\s|della\s|dei\s"
            rf"|delle\s)?{_PROPER}(?:\s(?:de\s(?:la\s)?|del\s)?{_PROPER}){{0,3}},?\s"
            r"(?:(?:n[º°.o]{1,2}\s?)?\d{1,4}(?:,\s?\d{1,2}\s?º\s?[A-Z]?)?(?![\w%])|[sS]/[nN]\b|km\s\d+)"
        ),
        signs=words(
            "c/ calle avda avenida av. plaza pza paseo travesía camino ronda carretera ctra "
            "glorieta via piazza corso largo"
        ),
    ),
    Rule(
        "address",
        re.compile(
            rf"(?:(?P<country>(?<!\w)(?:D|A|CH|F|E|I|NL|B)-)"
            rf"|(?<![\w.,/-]))(?P<code>\d{{4,5}})[ ](?P<town>{UPPER}[a-zäöüßáéíóúñèêç]{{2,20}})\b"
            rf"(?:[- ](?:{UPPER}[a-zß-ÿ]+|a\.\s?[A-Z]\w*|am\s\w+|im\s\w+))?"
        ),
        digits=4,
        check=_is_town,
    ),
    # What a line calls an address, if it holds a number.
    Rule(
        "address",
        re.compile(
            r"(?<![\w-])(?:domicilio|direcci[oó]n|address|anschrift|adresse|indirizzo|wohnhaft|straße"
            r"|street)\s?:\s{0,3}(?P<hit>(?!none|not\b|unknown|n/a|withheld|nicht|unbekannt"
            r"|no\b)(?=[^\n]{0,60}\d)[^\W\d_][^\n;:@]{3,60})(?<![\s.,])"
        ),
        signs=words("domicilio direcci address anschrift adresse indirizzo wohnhaft straße street"),
        low=True,
    ),
    Rule(
        "address",
        re.compile(
            rf"(?<!\w)(?:(?:{_PROPER}[ ]){{0,2}}{_PROPER},?[ ])?"
            rf"(?:{_STATES})[ ]{{1,2}}\d{{5}}(?:-\d{{4}})?(?!\w|[.,]\d)"
        ),
        digits=5,
    ),
    Rule(
        "address",
        re.compile(rf"(?<![\w-])(?:D-\d{{5}}|(?:A|CH)-\d{{4}})(?=[ -]{UPPER}[^\W\d_.])"),
        signs=("d-", "a-", "ch-"),
        digits=4,
    ),
    Rule("address", re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}\b"), digits=2),
    Rule(
        "address",
        re.compile(
            r"\b(?:p\.?\s?o\.?\s?box|post\soffice\sbox|postfach|apartado(?:\sde\scorreos)?|apdo\.?"
            r"|boîte\spostale|casella\spostale)\s\d[\d ]{0,10}\d|\b(?:p\.?\s?o\.?\s?box"
            r"|post\soffice\sbox|postfach|apartado(?:\sde\scorreos)?|apdo\.?)\s\d"
        ),
        signs=("box", "postfach", "apartado", "apdo", "postal"),
        low=True,
    ),
    Rule(
        "address",
        re.compile(r"(?<!\w)(?:BP|B\.\s?P\.|CS|C\.\s?S\.)\s(?P<box>\d{1,6})(?![\w/%]|[.,]\d|\s?mm)"),
        signs=("bp", "b.", "cs", "c."),
        check=_is_box,
    ),
)
