"""Where somebody lives: streets, towns with their codes, boxes of the post office."""

# ruff: noqa: RUF001 - the dotless i is a letter of Turkish

import re
from typing import Final

from curation.text.letters import UPPER
from curation.text.place_tails import STATES, has_code, whole_address
from curation.text.report_words import ALSO_NAMES, STOPS
from curation.text.rule import Rule, Span, before, following, words

_PROPER: Final = rf"{UPPER}[\w'.-]{{0,30}}"
_STREET: Final = (
    r"(?:(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Boulevard|Blvd|Court|Place|Square|Terrace|Close"
    r"|Crescent|Parkway|Pkwy|Highway|Hwy|Gardens|Grove|Mews|Way|Circle|Trail|Route|Walk|Row|Hill|Rise|Green"
    r"|Turnpike|Alley|STREET|ROAD|AVENUE|AVE|LANE|DRIVE|BOULEVARD|BLVD|COURT|TERRACE)\b"
    r"|Dr\b(?!\.?\s[A-Z][a-z]))(?![\w'-])"
)
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


_LOW_STREETS: Final = tuple(
    f" {street}"
    for street in words(
        "street st road rd ave lane ln drive dr boulevard blvd court ct place square "
        "terrace close crescent parkway "
        "pkwy highway hwy gardens grove mews way circle trail walk row hill rise green turnpike alley"
    )
)
_SURE_STREET: Final = re.compile(
    r"(?:street|road|rd|avenue|ave|lane|boulevard|blvd|terrace|crescent|parkway|mews|drive)\.?\Z"
)
_LIVES_AT: Final = re.compile(
    r"(?:liv(?:e|es|ed|ing)|resid\w{1,5}|address|home|house|flat|moved|staying|stays)\b[^.;\n]{0,24}\Z"
)
_AT: Final = re.compile(
    r"(?<![^\W_])(?:lives?|living|lived|resid(?:es?|ing)|address(?:\sis)?)\s?(?:at|in|on|:)?\s\Z"
)
_TOWN_IN_FRONT: Final = re.compile(
    rf"(?<![\w.-])(?P<town>(?:{UPPER}[\w'-]{{1,24}}[ ]){{0,2}}{UPPER}[\w'-]{{1,24}}),?(?:[ ]-)?[ ]\Z"
)


def _is_low_street(found: re.Match[str]) -> bool:
    """Whether "81 heathfield crescent" is an address: a code follows, or somebody lives there."""
    if has_code(found):
        return True
    front = before(found)
    return _AT.search(front) is not None or (
        _SURE_STREET.search(found.group()) is not None and _LIVES_AT.search(front) is not None
    )


def _is_northern(found: re.Match[str]) -> bool:
    """Whether what ends like a street is one: a word like "Friedhof 3" needs a town behind it."""
    return not found["rare"] or has_code(found)


def _town_in_front(found: re.Match[str]) -> Span:
    """The postcode and the town in front of it."""
    start, end = found.span()
    town = _TOWN_IN_FRONT.search(found.string, max(0, start - 48), start)
    if town and town["town"].split()[0].lower() not in STOPS:
        start = town.start()
    return start, end


_STREET_IN_FRONT: Final = re.compile(r"(?<![\w.-])(?:[^\W\d_][\w'./-]{0,24}[ ]){1,4}\Z")


def _street_in_front(found: re.Match[str]) -> Span | None:
    """House number, code and town with the words of the street in front, back to the last word of speech."""
    if found["town"] in _COUNTED or found["town"] in STOPS:
        return None
    start, end = found.span()
    front = _STREET_IN_FRONT.search(found.string, max(0, start - 64), start)
    if not front:
        return None
    for word in reversed(list(re.finditer(r"\S+", front.group()))):
        if word.group() in _SPEECH:
            break
        start = front.start() + word.start()
    return start, end


_SPEECH: Final = frozenset(
    words("in at to from und wohnt wohnhaft habite demeurant vive residente reside lives of is")
)
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
        cut=whole_address,
    ),
    # The same in lower case, where a town with its code follows or somebody lives there.
    Rule(
        "address",
        re.compile(
            r"\d(?<![\w.,/-]\d)\d{0,4}[a-z]?,?\s(?:[a-z][a-z'.-]{1,24}\s){1,3}(?:street|st"
            r"|road|rd|avenue|ave|lane|ln"
            r"|drive|dr|boulevard|blvd|court|ct|place|square|terrace|close|crescent|parkway"
            r"|pkwy|highway|hwy|gardens"
            r"|grove|mews|way|circle|trail|walk|row|hill|rise|green|turnpike|alley)\b\.?"
        ),
        signs=_LOW_STREETS,
        low=True,
        check=_is_low_street,
        cut=whole_address,
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
        cut=whole_address,
    ),
    # The Netherlands, Sweden, Norway, Denmark, Finland; Poland, Turkey, Portugal
    Rule(
        "address",
        re.compile(
            r"(?<![^\W_])[^\W\d_][\w'-]{2,30}(?:straat|laan|gracht|plein|kade|singel|dijk"
            r"|gatan|gaten|vägen|veien|vej"
            r"|katu|(?P<rare>steeg|dreef|hof|park|pad|gade|ring))\s\d{1,4}(?:\s?[a-z]\b"
            r"|-\d{1,4}|\s(?:hs|bis|i{1,3})\b)?(?!\w)"
            r"|(?<!\w)(?:ul|(?<!et )al|pl"
            r"|os)\.\s(?:[^\W\d_][\w'.-]{1,24}\s){1,3}\d{1,4}[a-z]?(?:/\d{1,4})?(?!\w|[.,]\d)"
            r"|(?<!\w)[^\W\d_][\w'-]{1,24}\s(?:cad|caddesi|sok|sokak|sokağı|mah"
            r"|mahallesi)\.?,?\s(?:no\.?\s?:?\s?)?\d{1,4}(?!\w)"
            r"|(?<!\w)(?:rua|travessa"
            r"|r\.)\s(?:d[aeo]s?\s)?(?:[^\W\d_][\w'.-]{1,24}\s?){1,3},?\s(?:n[.º°]{1,2}\s?)?\d{1,4}(?!\w)"
        ),
        signs=words(
            "straat laan gracht plein kade singel dijk gatan gaten vägen veien vej katu steeg "
            "dreef hof park pad gade "
            "ring ul. al. pl. os. cad sok mah rua travessa r."
        ),
        low=True,
        check=_is_northern,
        cut=whole_address,
    ),
    # India: Flat 4B, Sai Krupa Apts, Sector 14, Bengaluru 560011
    Rule(
        "address",
        re.compile(
            r"(?<![\w-])(?:(?:plot|flat|house|door|shop|villa|quarter|qtr|qr|block|bldg"
            r"|[hds])\.?[ ]?(?:nos?|number)?\.?[ #:-]{0,2}"
            r"|nos?\.[ ]?|#[ ]?)(?:\d[\w/-]{0,10}"
            r"|[a-z]-?\d{1,4}),[^\n;:]{3,90}?(?<!\d)[1-9]\d\d[ ]?\d{3}(?![\w/%]|[.,]\d)"
            r"|(?<![\w-])(?:r/o|resident\sof"
            r"|residing\sat)\s[^\n;:]{3,90}?(?:(?<!\d)[1-9]\d\d[ ]?\d{3}(?!\w)"
            r"|(?=,\s[a-z]{2,9}ed\s|,\s(?:came|with|c/o)\b))"
        ),
        signs=words("plot flat house door shop villa q block bldg h. d. s. no # r/o resid"),
        digits=6,
        low=True,
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
        cut=whole_address,
    ),
    Rule(
        "address",
        re.compile(
            r"\d(?<!\w\d)\d{0,3},?\s{1,2}(?:(?:bis|ter|quater|[a-c]),?\s)?(?:(?:rue|chemin|impasse"
            r"|quai)\s(?:d[eu]s?\s|la\s|le\s)?(?:la\s|l'|d')?|(?:avenue|av\.|boulevard|bd)\s"
            r"|(?:avenue|av\.|boulevard|bd|place|allées?"
            r"|cours|route|square|passage|résidence|villa|faubourg)\s(?:d[eu]s?\s(?:la\s|l')?"
            r"|d'))[\w'-]{2,30}(?:[\s-][\w'-]{2,30})?"
        ),
        signs=words(
            "rue avenue av. boulevard bd place chemin impasse quai allée cours route square "
            "passage résidence villa faubourg"
        ),
        low=True,
        cut=whole_address,
    ),
    Rule(
        "address",
        re.compile(
            r"(?<!\w)(?:C/|(?:(?<=in )|(?<=al )|(?<=, )|(?<=: ))(?:via|viale|piazza|corso"
            r"|largo|vicolo|calle|plaza)|Calle|Avda\.?|Avenida|Av\.|Plaza|Pza\.|Paseo|Travesía"
            r"|Camino|Ronda|Carretera"
            r"|Ctra\.|Glorieta|Via|Viale|Piazza|Corso|Largo)\s?"
            rf"(?:de\s(?:la\s|los\s|las\s|el\s)?|del\s|della\s|dei\s"
            rf"|delle\s)?{_PROPER}(?:\s(?:de\s(?:la\s)?|del\s)?{_PROPER}){{0,3}},?\s"
            r"(?:(?:n[º°.o]{1,2}\s?)?\d{1,4}(?:,\s?\d{1,2}\s?[ºª]\s?(?:izq\.|izda\.|dcha\."
            r"|[A-Z]\b)?)?(?![\w%])|[sS]/[nN]\b|km\s\d+)"
        ),
        signs=words(
            "c/ calle avda avenida av. plaza pza paseo travesía camino ronda carretera ctra "
            "glorieta via piazza corso largo"
        ),
        cut=whole_address,
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
    # c/ mayor 42, 46002 valencia
    Rule(
        "address",
        re.compile(
            r"\d(?<![\w.,/-]\d)\d{0,3}[a-z]?,\s(?:\d{1,2}\s?[ºª]\s?\w{0,4}\.?,\s)?\d{5}\s(?P<town>[^\W\d_]{3,24})\b"
        ),
        digits=6,
        low=True,
        cut=_street_in_front,
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
    # A town with its state: Dayton, OH 45402; Carlton VIC 3053; 1016 HK Amsterdam; Hyderabad - 500029
    Rule(
        "address",
        re.compile(
            rf"(?<!\w)(?:(?:{STATES})[ ]{{1,2}}\d{{5}}(?:-\d{{4}})?|(?:NSW|VIC|QLD|TAS)[ ]\d{{4}}"
            r"|(?:AB|BC|MB|NB|NS|ON|QC|SK)[ ][A-Z]\d[A-Z][ ]?\d[A-Z]\d)(?!\w|[.,]\d)"
        ),
        digits=3,
        cut=_town_in_front,
    ),
    Rule(
        "address",
        re.compile(
            rf"[1-9](?<!\w\d)\d{{3}}[ ][A-Z]{{2}}[ ]{UPPER}[a-z][\w-]{{1,24}}"
            rf"|(?<=[a-z] - )[1-8]\d{{5}}(?!\w)"
        ),
        digits=6,
        cut=_town_in_front,
    ),
    Rule(
        "address",
        re.compile(rf"(?<![\w-])(?:D-\d{{5}}|(?:A|CH)-\d{{4}})(?=[ -]{UPPER}[^\W\d_.])"),
        signs=("d-", "a-", "ch-"),
        digits=4,
    ),
    Rule("address", re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}\b"), digits=2, cut=_town_in_front),
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
