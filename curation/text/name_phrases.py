"""Names in phrases: seen by somebody, kind regards of somebody, her son, a man named so."""

import re
from typing import Final

from curation.text.eponyms import is_known_person
from curation.text.name_parts import COMMA_NAME, NAME, is_given, name_after, parts
from curation.text.plain import folded_word
from curation.text.rule import Rule, Span, any_of, before, words

# What somebody does to a patient or a report, in front of a name.
_BY: Final = re.compile(
    r"(?<![^\W_])(?:(?:seen|reviewed|reported|signed|dictated|read|referred|performed|examined|operated"
    r"|approved|verified|interpreted|transcribed|written|requested|ordered|contributed|provided|submitted"
    r"|uploaded|prepared|typed|sent|taken|implanted|placed|treated|accompanied|obtained|donated|shared"
    r"|annotated|labell?ed|drawn)"
    r"\s(?:by|from)|(?:discuss(?:ed)?|spoke|spoken|speak|reviewed|talked|talk|met"
    r"|agreed)\s(?:[^.;:\n]{1,32}\s)?(?:with|to)"
    r"|(?:view|opinion|advice|thoughts|update|news|consult\w{0,6}|letter|note|referral"
    r"|question|writing|worried|concerned"
    r"|calling|enquiry|inquiry)\s(?:on|about|regarding|for)|care[rs]?\s(?:of|for)"
    r"|(?:parent|relative|guardian|friend|daughter"
    r"|son|wife|husband|mother|father|child)\sof"
    r"|(?:communicated|copied|sent|referred|addressed|given)\sto|(?:befundet|untersucht|unterschrieben"
    r"|überwiesen|operiert|implantiert|erstellt|durchgeführt|besprochen)"
    r"\s(?:von|durch|mit)|(?:adressée?|vue?|rédigé|opérée?|examinée?|réalisé|validé|relu)\spar"
    r"|(?:vist[oa]|informad[oa]|operad[oa]|remitid[oa]|realizad[oa]|valorad[oa]|firmad[oa])\spor"
    r"|on\sbehalf\sof|a\snombre\sde|im\snamen\svon|au\snom\sde|(?:in\sthe\sname|in\sthe\scare"
    r"|under\sthe\scare|courtesy)\sof|attention|according\sto|(?:report|summary"
    r"|chart)\s(?:for|of)|letter\s(?:from|to)"
    r"|(?:name|patient)(?:\sis|'s)|called|i\sam|i'm|this\sis|je\ssuis|ich\sbin|ik\sben"
    r"|soy|sono|saw|seen|add|admit(?:ted)?"
    r"|review(?:ed)?|examined|visit(?:ed)?|discharged?|ring|phone|call|email"
    r"|text(?:ed)?|remind|phoned|rang|contacted|paged|informed|notified|emailed"
    r"|thanked)\s{1,2}\Z"
)
_LAST_WORD: Final = (
    r"(?:attention|by|from|with|to|of|for|is|von|durch|mit|par|por|de|called|phoned|rang|contacted|paged"
    r"|informed|notified|emailed|thanked|on|about|regarding|am|i'm|name's|suis|bin|ben"
    r"|soy|sono|[Ss]aw|[Ss]een|[Aa]dd"
    r"|[Aa]dmit(?:ted)?|[Rr]eview(?:ed)?|[Ee]xamined|[Vv]isit(?:ed)?|[Dd]ischarged?"
    r"|[Rr]ing|[Pp]hone|[Cc]all|[Ee]mail"
    r"|[Tt]ext(?:ed)?|[Rr]emind|I'm)"
)
_FULL_NAME: Final = name_after(2)


def _acted(found: re.Match[str]) -> Span | None:
    """The name of somebody by whom, with whom or to whom something was done."""
    where = _FULL_NAME(found)
    if not where or not _BY.search(before(found)):
        return None
    named = [word for _, _, word in parts(found.string, *where) if word]
    first, others = named[0], named[1:]
    # RCOG Green-top is a guideline
    is_abbreviation = first.isupper() and 3 <= len(first) <= 5 and not any(word.isupper() for word in others)
    return None if is_abbreviation or is_known_person(first, others) else where


_CLOSING: Final = (
    r"(?:regards|sincerely|faithfully|truly|yours|wishes|thanks|grüßen|grüssen|grüße|gruß|cordialement"
    r"|confraternellement|sentiments|salutations|atentamente|saludos?|saluti)"
)
_KIN: Final = any_of(
    """
    daughter wife husband mother father brother sister partner spouse fiancé fiancée aunt uncle niece nephew
    cousin grandson granddaughter grandmother grandfather girlfriend boyfriend carer caregiver neighbour
    neighbor fils fille épouse époux mère père frère sœur hijo hija esposa esposo marido madre padre hermano
    hermana figlio figlia moglie marito fratello sorella mum mom dad mam mammy daddy gran granny grandma
    grandpa grandad nan stepmother stepfather stepson stepdaughter son-in-law daughter-in-law mother-in-law
    father-in-law fiance fiancee girlfriend twin dochter zoon moeder vader broer zus oma opa tochter Tochter
    Sohn Mutter Vater Bruder Schwester Ehemann Ehefrau Oma Opa Tante Onkel nonna nonno zia zio abuela abuelo
    tía tío mamie papi
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
_GREETING: Final = (
    r"(?:Dear|Hi|Hey|Hello|Hallo|Hoi|Moin|Bonjour|Cher|Chère|Hola|Querid[oa]"
    r"|Estimad[oa]|Lieber?|Sehr[ ]geehrte[rs]?"
    r"|Ciao|Car[oa]|Gentile|Beste|Geachte|Salut|Olá|Good[ ](?:morning|afternoon"
    r"|evening)|Buongiorno|Guten[ ](?:Tag|Morgen|Abend))"
)
# Whom a letter greets without a name.
_ANYBODY: Final = frozenset(
    words("""
    editor editors sirs sir madam all team everybody everyone guys friend friends colleague colleagues folks
    parents readers doc docs doctors mum mom dad community group reddit forum committee members there again gp
    student students freunde eltern leute zusammen kollegen team amigo amigos amici dottore dottoressa docteur
    doktor doctor dokter mevrouw meneer siri alexa claude gpt chatgpt assistant
""")
)
_SIGNED: Final = (
    r"(?:[Tt]hank[ ]you(?:[ ]so[ ]much|[ ]very[ ]much)?|[Tt]hanks|[Cc]heers|[Bb]est"
    r"|[Ll]ove|LG|lg|VG|MfG|[Gg]roet(?:en|jes)?|[Dd]ank(?:[ ]u"
    r"|e)?|[Mm]erci|[Gg]racias|[Gg]razie|[Bb]ises|[Bb]isous|[Aa]braço|[Tt]ake[ ]care|[Bb]est[ ]wishes)"
)
_AFTER_GREETING: Final = name_after(strong=True, short=False)


def _greeted(found: re.Match[str]) -> Span | None:
    """The name that a letter greets: no team, no editor."""
    where = _AFTER_GREETING(found)
    return where if where and found.string[slice(*where)].split()[0].lower() not in _ANYBODY else None


_SAID_AGAIN: Final = re.compile(r"[ ](?:again|here|from|speaking|calling|writing)\b")


def _introduced(found: re.Match[str]) -> Span | None:
    """The name by which somebody presents himself; a word that may be none only where it is a given name."""
    where = _AFTER_GREETING(found)
    if not where or _SAID_AGAIN.match(found.string, where[1]):
        return where
    return where if is_given(folded_word(found.string[slice(*where)].split()[0])) else None


PHRASES: Final = (
    # The parents' letter of a child; whoever signs a message with the first name alone
    Rule(
        "name",
        re.compile(
            rf"(?:^|(?<=\n)|(?<=[\"(:.!?] )){_GREETING},?[ ](?=(?P<hit>{NAME})[ ]?(?:[,!.:;\n-]|[ ]-|$))"
        ),
        signs=(
            *(
                "dear ",
                "hi ",
                "hi, ",
                "hey ",
                "hello",
                "hallo",
                "hoi ",
                "ciao",
                "caro ",
                "cara ",
                "olá",
                "cher ",
            ),
            *words(
                "bonjour chère hola querid estimad liebe geehrte gentile beste geacht salut morning evening"
            ),
            *words("afternoon buongiorno guten moin"),
        ),
        digits=0,
        cut=_greeted,
    ),
    Rule(
        "name",
        re.compile(
            rf"(?<![^\W_]){_SIGNED}[,.!]?(?:[ ]"
            rf"|[ ]?\n[ ]?)(?=(?P<hit>{NAME})[.!]?(?:[ ]?\([^()]{{1,24}}\))?\s*(?:\Z|\n))"
        ),
        signs=words(
            "thank cheers best love lg vg mfg groet dank merci gracias grazie bises bisous abraço sent take"
        ),
        digits=0,
        cut=name_after(strong=True, short=False),
    ),
    Rule(
        "name",
        re.compile(
            rf"(?<![^\W_])(?:(?:[Bb]aby|[Ii]nfant|[Nn]ewborn|[Tt]win)[ ](?:boy|girl|of|Boy"
            rf"|Girl|male|female|[12AB])|[SDWBM]/[Oo]\.?"
            r"|[Nn]ame's|[Cc]all[ ]me|[Nn]ame[ ]is|[Gg]oes[ ]by|[Nn]icknamed|(?:[Ee]l"
            r"|[Ll]a)[ ](?:niñ[oa]|bebé|joven|señor"
            r"|señora|paciente|anciano|anciana)|(?:[Ll]e|[Ll]a)[ ](?:petite?|jeune"
            r"|jeune[ ]fille|bébé|garçon|patient|patiente)|(?:[Ii]l"
            r"|[Ll]a|[Ll]o)[ ](?:bambin[oa]|piccol[oa]|paziente|signor|signora|ragazz[oa])"
            r"|(?:[Dd]er|[Dd]ie|[Dd]as)[ ](?:kleine[nr]?|Kleine|Kind"
            r"|Säugling|Bub|Mädchen|Junge)|[Hh]eißt|[Mm]ijn[ ]naam[ ]is|[Mm]i[ ]chiamo"
            r"|[Mm]e[ ]llamo|[Mm]'appelle|[Pp]atiënte?|[Pp]aziente)"
            rf"[ ](?=(?P<hit>{COMMA_NAME}))"
        ),
        signs=words(
            "baby infant newborn twin s/o d/o w/o b/o m/o name call goes nick niñ bebé joven "
            "señor pacien ancian petit "
            "jeune bébé garçon pati bambin piccol pazien signor ragazz klein kind säugling bub "
            "mädchen junge heißt naam "
            "chiamo llamo appelle"
        ),
        digits=0,
        cut=name_after(strong=True, short=False),
    ),
    # hey doc its Selamawit again
    Rule(
        "name",
        re.compile(
            rf"(?<![^\W_])(?:[Ii]t'?s|[Tt]his[ ]is|I[ ]am|[Ii]'m|[Ii]ch[ ]bin|[Ss]ono|[Ss]oy"
            rf"|[Jj]e[ ]suis)[ ](?=(?P<hit>{NAME})"
            r"(?:[ ](?:again|here|from|speaking|calling|writing|and|y|und|et|e|ed|en)\b|[,.!]))"
        ),
        signs=(*words("it's its this i'm im bin sono soy suis"), "i am"),
        digits=0,
        cut=_introduced,
    ),
    # In brackets with an age: Mackenzie, 51, of Manchester
    Rule(
        "name",
        re.compile(rf"\((?=(?P<hit>{NAME}),[ ](?:aged?[ ])?\d\d(?:[,)]|[ ](?:years?|from|and|y)\b))"),
        signs=("(",),
        digits=2,
        cut=name_after(strong=True, short=False),
    ),
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
            "herman figli mogli marito mum mom dad mam gran nan step in-law twin dochter zoon "
            "moeder vader broer zus "
            "oma opa tochter sohn mutter bruder schwester ehe tante onkel nonn zia zio abuel tía tío papi "
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
