"""Names that something in front announces: a title, a label and a colon."""

import re
from typing import Final

from curation.text.eponyms import is_known_person
from curation.text.name_parts import (
    COMMA_NAME,
    EPONYM,
    NAME,
    is_given,
    is_plain,
    leading,
    name_after,
    whole,
)
from curation.text.plain import folded_word
from curation.text.report_words import is_term
from curation.text.rule import Rule, Span, any_of, span, words

# After these a name follows, with a point or a blank between.
_TITLES: Final = """
    Mr Mrs Ms Miss Mx Dr Drs Doctor Prof Professor Herr Herrn Frau Fräulein Mme Madame Mlle Mademoiselle
    Monsieur Señor Señora Srta Sra Sr Don Doña Dña Dra Doctora Signor Signora Sig Dott Dottor Dottoressa
    Docteur Docteure Professeur Pr DDr Dr.in OÄ Prim Doktor Oberarzt Oberärztin Chefarzt Chefärztin
    Assistenzarzt Assistenzärztin Stationsarzt Stationsärztin Hausarzt Hausärztin Schwester Pfleger Sister
    Nurse Rev Capt Sgt Dhr Mevr Mevrouw Meneer Mw Mej Mejuffrouw Zuster Pani Fru Sig.ra Sig.na Signorina
    Dott.ssa Prof.ssa Dr.ssa D.ssa Senhor Senhora Smt Shri Shrimati Kum Kumari Master Fr Frl Hr Hrn Fam
    Familie Famille MUDr Ing Mgr Sir MR MRS MS MISS DR PROF HERR FRAU SRA docteur docteure doctor doctora
    señor señora signor signora monsieur madame dottor dottoressa professeur profesor mr mrs ms mx dr drs prof
    mme mlle sr sra srta don doña sig sig.ra sig.na dott dott.ssa dhr mevr mevrouw meneer mw mej herr herrn
    frau smt shri kum miss
"""
_TITLE: Final = any_of(_TITLES)
_MORE_TITLES: Final = (
    r"(?:(?:med|dent|habil|phil|rer|nat|univ|univers|mult|scient|techn|oec|pol|vet|theol|h\.c|Dr|Prof"
    r"|Priv|Doz|PD|Dipl|Ing|Kollegin|Kollege|Kollegen|Oberarzt|Oberärztin|Chefarzt|Chefärztin|Doktor"
    r"|Professor|Doctor|Doctora"
    r"|OA|OÄ|MBA)(?!\w)\.?[ \t-]{0,2}){0,6}"
)
_GAP: Final = r"(?:[.:][ \t]{0,2}\n?[ \t]{0,2}|[ \t]{1,2}|[ \t]?\n)"
_TITLE_SIGNS: Final = tuple(
    f"{title}{end}" for title in dict.fromkeys(words(_TITLES.lower())) for end in (" ", ".", ":", "\n")
)
# Without a point these are something else: French (size), hours, molecular weight.
_POINTED: Final = frozenset(words("Fr Hr Hrn Mw Fam Ing Mgr Rev mw sig sr don"))
_MISSING: Final = re.compile(r"\b(?:we|will|not|to|you|may|can|never|hit|or)\s\Z")


_PATIENTS_TITLES: Final = frozenset(words("Mr Mrs Ms Miss Frau Herr Mme mr mrs ms miss frau herr mme"))


def _titled(found: re.Match[str]) -> Span | None:
    """The name after a title: MR, MS and DR name studies, too, to miss is a verb, a nodule has a Sister."""
    title, text, start = found["title"], found.string, found.start()
    kept = leading(text, *span(found), strong=True)
    if not kept or (title == "Miss" and _MISSING.search(text[max(0, start - 8) : start].lower())):
        return None
    named = [word for _, _, word in kept if word]
    first = named[0]
    if (title in _POINTED and not found["gap"].startswith(".")) or (
        title == "Fr" and text[max(0, start - 2) : start].strip().isdigit()
    ):
        return None
    if title not in _PATIENTS_TITLES and is_known_person(first, named[1:]):
        return None
    if title.upper() in {"MR", "MS", "DR"} and title.title() != title and not found["gap"].startswith("."):
        capitals = first.isupper() if title.isupper() else first.istitle() or "'" in first or "-" in first
        if is_plain(first) or not capitals or (len(kept) == 1 and len(first) < 4):
            return None
    elif title in {"Sister", "Sir", "Miss", "Master", "Kum", "Ing"} and EPONYM.match(text, kept[-1][1]):
        return None
    return whole(kept)


# +0,50 D. is a lens, and "vitamina D." ends a sentence.
_IN_FRONT_OF_DON: Final = re.compile(r"(?:^|[\n:;,(.]\s?|\b(?:a|de|por|con|que|y|para|al)\s)\Z")
_FRENCH: Final = tuple(
    f" {word} " for word in words("le la du une est pour chez avec au va par dans sans sur qui")
)
_SPANISH: Final = tuple(f" {word} " for word in words("el la del con por una se los fue de"))


def _is_abroad(found: re.Match[str]) -> bool:
    """Whether M. or D. is a title: the text is French or Spanish, and no options are listed."""
    text, start = found.string, found.start()
    signs = _FRENCH
    if found["title"] == "D":
        if not _IN_FRONT_OF_DON.search(text[max(0, start - 8) : start]):
            return False
        signs = _SPANISH
    low = text[max(0, start - 300) : start + 300].lower()
    said = sum(sign in low for sign in signs) + (found["title"] == "M" and low.count("é") >= 2)
    return said >= 2 and "c. " not in low


# A word and a colon: a name of one word is enough.
LABEL: Final = re.compile(
    r"(?<![^\W_])(?:(?:pati[eë]nt(?:in|en|'?s)?|pt|pat|full|first|last|given|family"
    r"|sur|fore|middle|christian|nick|preferred|legal"
    r"|birth|maiden|vor|nach|familien|ruf|geburts|user|voor|achter|roep|meisjes)?[\s_-]?na(?:me(?:n|s)?|am)"
    r"|name\s(?:des|der|of|du|de\sla|del|des)\s(?:the\s)?(?:pat\w{3,8}|versicherten"
    r"|kindes|child|baby|client)|naam\spati[eë]nt|nom(?:\sde\s(?:famille|naissance))?"
    r"|pr[ée]nom"
    r"|nombre(?:\sy\sapellidos)?|apellidos?|cognome|nome|nominativo|née?|geborene?|aka"
    r"|alias|pati[eë]nt(?:in|e)?|paciente"
    r"|paziente|utente|client|resident|pt|pat|baby|huisarts|behandelaar|contactpersoon"
    r"|medico\scurante|curante"
    r"|(?:referring|reporting|attending|treating|ordering|requesting|primary|family|consulting|implanting"
    r"|performing|responsible|admitting|interpreting|reading)\s?(?:physician|doctor|clinician"
    r"|radiologist|surgeon|provider|gp|md|consultant|dr)?|physician|doctor|surgeon|radiologist"
    r"|consultant|operator|technologist|technician|tech|sonographer|provider|pcp|gp|ana?esthetist"
    r"|ana?esthesiologist|pathologist|author|contributor"
    r"|signed|signature|unterschrift|gez|befunder|arzt|ärztin|[a-zäöü]{4,14}istin|\w{4,12}(?:arzt|ärztin)"
    r"|zuweiser|überweiser|operateur|untersucher|assistenz|m[ée]decin|m[ée]dico|radiologue"
    r"|responsable\s[a-zí]{4,12}|patólog[oa]|radiólog[oa]|cirujan[oa]|anatomopathologiste|chirurgien"
    r"|firmado|firma|signé|subscriber|insured|guarantor|beneficiary|policy\s?holder|next\sof\skin"
    r"|emergency\scontact|guardian"
    r"|mother|father|wife|husband|spouse|son|daughter|sister|brother|parent|partner"
    r"|carer|caregiver|tochter|sohn|mutter|vater"
    r"|ehemann|ehefrau|fils|fille|épouse|époux|mère|père|conjoint|hijo|hija|esposa"
    r"|esposo|madre|padre|figlio|figlia"
    r"|moglie|marito|dochter|zoon|moeder|vader|echtgenote?|angehörige[r]?|informant|interpreter"
    r"|kontaktperson|(?:[a-z]{2,12}(?:ed|en)|read|sent|photo|image|case)\sby|(?:erstellt|befundet"
    r"|untersucht|freigegeben|geschrieben)\svon|(?:réalisé|rédigé|validé|signé|prescrit|adressé)\spar"
    r"|[a-z]{3,12}[ai]d[oa]\spor)(?:\s?[/&]\s?[^\W\d_.]{1,10}){0,2}(?:\s?\([^()]{1,20}\))?[\s.\"']{0,2}\Z"
)
# After these a name has two parts at least: "CC: Headache", "Re: Knee".
_WEAK_LABEL: Final = re.compile(
    r"(?<![^\W_])(?:re|cc|contact|attn|attention|copie|copy|copia|kopie|to|from|an|von|betreff|betrifft|betr"
    r"|concerne|asunto|regarding|subject|ref)\s?\Z"
)
_LOW_WORD: Final = re.compile(r"[ \t]+[^\W\d_]")


def _labelled(found: re.Match[str]) -> Span | None:
    """The name after a label and a colon."""
    text, colon = found.string, found.start()
    front = text[max(0, colon - 40) : colon].lower()
    strong = LABEL.search(front) is not None
    if not strong and not _WEAK_LABEL.search(front):
        return None
    kept = leading(text, *span(found), strong=strong)
    if len(kept) < 2 and not strong:
        return None
    if len(kept) == 1:
        folded, rest = folded_word(kept[0][2]), _LOW_WORD.match(text, kept[0][1])
        if is_term(folded) or (rest and text[rest.end() - 1].islower() and not is_given(folded)):
            return None
    return whole(kept)


LABELLED_NAMES: Final = (
    Rule(
        "name",
        re.compile(rf"(?<![\w-])(?P<title>{_TITLE})(?P<gap>{_GAP}){_MORE_TITLES}(?=(?P<hit>{NAME}))"),
        signs=_TITLE_SIGNS,
        digits=0,
        cut=_titled,
    ),
    Rule(
        "name",
        re.compile(rf"(?<![\w.-])(?P<title>M|D)\.[ ](?=(?P<hit>{NAME}))"),
        signs=("m. ", "d. "),
        digits=0,
        check=_is_abroad,
        cut=name_after(),
    ),
    Rule(
        "name",
        re.compile(rf"[:=](?=[ \t]{{0,8}}\n?[ \t]{{0,8}}(?P<hit>{COMMA_NAME}))"),
        signs=(":", "="),
        digits=0,
        cut=_labelled,
    ),
    Rule(
        "name",
        re.compile(
            rf"(?:^|(?<=\n)|(?<=[Pp]atient )|(?<=PATIENT ))(?:Name|NAME)[ \t]{{1,8}}(?=(?P<hit>{COMMA_NAME}))"
        ),
        signs=("name",),
        digits=0,
        cut=name_after(2, strong=True),
    ),
)
