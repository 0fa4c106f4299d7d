"""Names in phrases: seen by somebody, kind regards of somebody, her son, a man named so."""

import re
from typing import Final

from curation.text.name_parts import COMMA_NAME, NAME, Span, name_after
from curation.text.rule import Rule, any_of, before, words

# What somebody does to a patient or a report, in front of a name.
_BY: Final = re.compile(
    r"(?<![^\W_])(?:(?:seen|reviewed|reported|signed|dictated|read|referred|performed|examined|operated"
    r"|approved|verified|interpreted|transcribed|written|requested|ordered|contributed|provided|submitted"
    r"|uploaded|prepared|typed|sent|taken|implanted|placed|treated|accompanied|obtained|donated|shared"
    r"|annotated|labell?ed|drawn)"
    r"\s(?:by|from)|(?:discussed|spoke|spoken|reviewed|talked|met|agreed)\s(?:with|to)"
    r"|(?:communicated|copied|sent|referred|addressed|given)\sto|(?:befundet|untersucht|unterschrieben"
    r"|überwiesen|operiert|implantiert|erstellt|durchgeführt|besprochen)"
    r"\s(?:von|durch|mit)|(?:adressée?|vue?|rédigé|opérée?|examinée?|réalisé|validé|relu)\spar"
    r"|(?:vist[oa]|informad[oa]|operad[oa]|remitid[oa]|realizad[oa]|valorad[oa]|firmad[oa])\spor"
    r"|on\sbehalf\sof|a\snombre\sde|im\snamen\svon|au\snom\sde|(?:in\sthe\sname|in\sthe\scare"
    r"|under\sthe\scare|courtesy)\sof|attention|(?:report|summary|chart)\s(?:for|of)|letter\s(?:from|to)"
    r"|(?:name|patient)\sis|called|phoned|rang|contacted|paged|informed|notified|emailed|thanked)\s{1,2}\Z"
)
_LAST_WORD: Final = (
    r"(?:attention|by|from|with|to|of|for|is|von|durch|mit|par|por|de|called|phoned|rang|contacted|paged"
    r"|informed|notified|emailed|thanked)"
)
_FULL_NAME: Final = name_after(2)


def _acted(found: re.Match[str]) -> Span | None:
    """The name of somebody by whom, with whom or to whom something was done."""
    return _FULL_NAME(found) if _BY.search(before(found)) else None


_CLOSING: Final = (
    r"(?:regards|sincerely|faithfully|truly|yours|wishes|thanks|grüßen|grüssen|grüße|gruß|cordialement"
    r"|confraternellement|sentiments|salutations|atentamente|saludos?|saluti)"
)
_KIN: Final = any_of(
    """
    daughter wife husband mother father brother sister partner spouse fiancé fiancée aunt uncle niece nephew
    cousin grandson granddaughter grandmother grandfather girlfriend boyfriend carer caregiver neighbour
    neighbor fils fille épouse époux mère père frère sœur hijo hija esposa esposo marido madre padre hermano
    hermana figlio figlia moglie marito fratello sorella
    """
)
# In Spanish "son" is a verb.
_SON: Final = r"(?:[Hh]is|[Hh]er|[Tt]heir|[Tt]he|and|[Mm]y|our)[ ]son"
_ROLE: Final = any_of(
    """
    optometrist physiotherapist ophthalmologist nurse registrar colleague radiologist pathologist surgeon
    dermatologist cardiologist neurologist oncologist physician technologist technician operator resident
    intern photographer secretary optician midwife dentist pharmacist sonographer anaesthetist
    anesthesiologist optométriste infirmière ophtalmologiste radiologue confrère consœur oftalmólogo
    oftalmóloga radiólogo radióloga cirujano cirujana
    """
)
_PERSON: Final = (
    r"(?:patient|man|woman|boy|girl|lady|gentleman|male|female|child|infant|teacher|farmer|carpenter|retiree"
    r"|pensioner|year-old|[\s-]old|patiente|paciente|patientin)"
)
# One word after these is a name if a clause of a person follows.
_CLAUSE: Final = (
    r"(?=[,.;:(]|[ ](?:wurde|wird|ist|war|hat|hatte|klagt|stellt|kommt|presents|presented|was|is|has|had"
    r"|fue|es|tiene|acude|refiere|ingres|geb|de[ ]\d|né|\*|\()|$|\n)"
)
_SHORT_ROLE: Final = (
    r"(?:Pt|Pts|Pat|Operateur|Operateurin|Operateurs|Assistenz|Tech|MTRA|attn|Attn|ATTN|Avisad[oa]|avisad[oa]"
    r"|Appelée?|Prévenue?|Called[ ]to|[Rr]pt[ ]to|[Tt]el\.?[ ]an|d/w|D/w|[Aa]visar[ ]a|[Ll]lamar[ ]a"
    r"|[Rr]appeler|(?:[Rr]ückruf|[Rr]ückfragen|[Kk]opie|[Rr]echnung|[Bb]rief)[ ](?:bitte[ ])?an"
    r"|[Kk]ollegin|[Cc]opie[ ]à|[Cc]opia[ ]a)"
)
_NAMED: Final = (
    r"(?:(?:man|woman|patient|boy|girl|person|male|female|infant|child|lady|gentleman|homme|femme)"
    r"[ ](?:named|called|nommée?)|initials[ ]of|namens|llamad[oa])"
)
PHRASES: Final = (
    Rule("name", re.compile(rf"{_LAST_WORD}[ ]{{1,2}}(?=(?P<hit>{NAME}))"), digits=0, cut=_acted),
    Rule(
        "name",
        re.compile(
            rf"(?<![^\W_])(?i:{_CLOSING})[,.]?\s{{1,4}}(?:Ihre?r?,?\s|Deine?,?\s)?(?=(?P<hit>{NAME}))"
        ),
        signs=words(
            "regards sincer faithf truly yours wishes thanks grü gruß cordial confrat sentim salut "
            "atenta salud"
        ),
        digits=0,
        cut=name_after(strong=True, short=False),
    ),
    Rule(
        "name",
        re.compile(rf"(?<![^\W_])(?:{_KIN}|{_SON}),?[ ](?:named[ ]|called[ ])?(?=(?P<hit>{NAME}))"),
        signs=words(
            "son daughter wife husband other father sister partner spouse fianc aunt uncle niece nephew "
            "cousin friend carer giver neighbo fils fille épou ère sœur hij espos marido madre padre "
            "herman figli mogli marito "
            "fratell sorell"
        ),
        digits=0,
        cut=name_after(strong=True, short=False),
    ),
    Rule(
        "name",
        re.compile(rf"(?<![^\W_]){_PERSON},[ ](?=(?P<hit>{NAME})(?:,|[ ]and\b))"),
        signs=(", ",),
        digits=0,
        cut=name_after(strong=True, short=False),
    ),
    Rule(
        "name",
        re.compile(rf"(?<![^\W_]){_ROLE}[ ](?=(?P<hit>{NAME}))"),
        signs=tuple(
            f"{sign} "
            for sign in words(
                "ist nurse ian registrar colleague surgeon operator resident intern grapher "
                "secretary midwife iste ière logue frère sœur ólogo óloga cirujano cirujana"
            )
        ),
        digits=0,
        cut=name_after(2),
    ),
    Rule(
        "name",
        re.compile(
            rf"(?<![\w-])(?:{_PERSON}|[Pp]atienten|Patientin|Patiente?"
            rf"|Paciente)[ ](?=(?P<hit>{COMMA_NAME}){_CLAUSE})"
        ),
        signs=("patient", "paciente"),
        digits=0,
        cut=name_after(strong=True),
    ),
    Rule(
        "name",
        re.compile(rf"(?<![\w-]){_SHORT_ROLE}[.:]?[ ]{{1,2}}(?=(?P<hit>{COMMA_NAME}))"),
        signs=words(
            "pt pat operat assist tech mtra attn avis appel préven called tel d/w rück kopie rechn brief "
            "llamar copi kolleg"
        ),
        digits=0,
        cut=name_after(strong=True),
    ),
    Rule(
        "name",
        re.compile(rf"(?<![\w-]){_NAMED}[ ](?=(?P<hit>{NAME}))"),
        signs=("name", "called", "initials", "nomm", "llamad"),
        digits=0,
        cut=name_after(strong=True),
    ),
)
