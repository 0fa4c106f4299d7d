"""Words in lower case that stand where a name could: behind a title, a label or "my mother"."""

from typing import Final

from curation.text.report_words import STOPS, is_term
from curation.text.rule import words

_ENGLISH: Final = """
    said says say told tells tell asked asks ask called calls call wants wanted want needs need thinks thought
    think feels felt feel fell falls fall gets got get goes went go comes came come takes took take gave gives
    give keeps kept lives lived live likes liked loved knows knew know found finds makes made make let lets
    leaves lost loses died dies die dead stopped stops stop starts start began begins broke breaks broken cut
    drinks drank drink eats ate eat sleeps slept smokes smoke uses use works work weighs looks seems sounds
    stays stands stood sits sat runs ran walks reads refuses complains notes mentions states suffers vomits
    coughs cries bleeds hurts hurt aches itches swells swelled speaks spoke drives brings brought sees saw
    heard hears writes wrote sent sends put puts turned turns moves moved tries try hopes helps help cares
    care wakes woke wonders worries explains advises suggests recommends prescribes orders refers gone done
    been being become becomes became born taken given forgot forgets remembers understands agrees declines
    declined still always never now then again too often sometimes already just even ever soon maybe perhaps
    almost quite rather really well back away home here there today yesterday tomorrow tonight later early
    late recently apparently also only currently usually suddenly instead otherwise meanwhile therefore
    however due like unlike about around across against because whether until unless whenever whatever whoever
    anyone anybody someone somebody everyone nobody none something anything everything nothing yes yeah okay
    ok please thanks sorry hello sick ill fine better worse good bad great nice old older oldest young younger
    youngest elderly little big bigger small tall deaf blind pregnant alive alone awake asleep alert angry
    afraid scared anxious worried sad happy tired weak strong pale hot cold warm sore stiff numb dizzy fat
    thin overweight obese healthy unwell unable able sure ready busy free late wet dry clean dirty red yellow
    blue visit visits appointment appointments office letter letters advice opinion order orders referral
    referrals prescription prescriptions list round rounds shift who severity safe conditional guided
    progression prevalence regurgitant jet spectrum spectra scans scanner safety relapse relapses relapsing
    severe mild moderate grade grading driver friend friends neighbour neighbor carer caregiver partner job
    house car phone number smoker drinker diabetic asthmatic epileptic hypertensive alcoholic heart kidney
    liver lung bowel cancer stroke attack surgery operation fall condition treatment therapy tablets pills
    meds medicine medicines drug drugs dose pain fever weight height blood bp question questions concern
    concerns issue issues problem problems help information info diet food water sugar salt something anyone
    thing things people person persons guy lady man woman kid kids baby child children family parents unknown
    unclear unavailable withheld redacted anonymous none nil na tbc tbd required optional missing blank
    removed first last middle full given maiden short long same different new next previous other another
    second third and or but nor so yet if when while since once after before until though than that this these
    those which what why how from with without into onto over under above below between among during through
    toward towards near next upon within medical clinical general emergency urgent acute chronic common rare
    normal abnormal stable unstable positive negative allergic intolerant compliant independent mobile
    immobile bedbound wheelchair oriented confused drowsy lethargic febrile afebrile tachycardic hypotensive
    hypoxic septic symptomatic asymptomatic immunosuppressed euthyroid conscious treated untreated eligible
    suitable candidate aware certain likely unlikely under-weight half quarter left right signal signals user
    users assay assays image sequence sequences field fields coil interested curious concerned supposed able
    having using taking doing going getting trying looking hoping wondering pt pts pat dr mr mrs ms re vs dx
    rx tx hx fx sx pmh nkda bid tid qid prn stat yo yrs yr mo wk hrs mins kg mg ml
"""
_OTHERS: Final = """
    kommt klagt sagt nimmt bekommt leidet möchte hatte fühlt braucht stellt berichtet lebt wohnt geht kann
    muss soll will wollte konnte musste sollte habe bin bitte danke ja nein immer nie oft manchmal bereits
    gestern heute morgen jetzt dann zuerst wieder noch viel wenig mehr gut schlecht alt jung groß klein krank
    gesund müde schwanger tot dass denn doch mal prend souffre présente vit demande vient dit fait peut doit
    veut voit sait était avait aura toujours jamais souvent hier demain déjà encore très trop bien mal peu
    beaucoup bonjour merci oui non malade fatigué enceinte âgé âgée refiere acude presenta tiene toma vive
    dice hace puede debe quiere viene está estaba tenía siempre nunca ayer hoy mañana bien mal mucho poco
    enfermo enferma cansado embarazada mayor gracias hola viuda viudo jubilado alérgico alérgica prende
    riferisce lamenta dice viene può deve vuole sta stava aveva sempre mai ieri oggi domani già ancora molto
    poco bene male malato malata stanca incinta anziano anziana grazie buongiorno ciao vedova pensionato heeft
    komt krijgt slikt woont neemt zegt klaagt voelt wil kan moet mag gaat doet was had werd wordt altijd nooit
    vaak gisteren vandaag morgen nu dan al nog weer veel weinig goed slecht ziek moe zwanger oud jong graag
    dank bedankt hallo garde guardia turno guard service cabecera selbst auch noch nur aber und oder weil wenn
    nach wegen seit niet geen wel ook maar want omdat toen een het de van voor met bij naar uit over onder
"""
_WORDS: Final = frozenset(words(_ENGLISH + _OTHERS)) | STOPS
_ENDS: Final = words("""
    ing ed ly ment ness able ible ful ous ive tion sion ical ology ists ism ity ance ence ward wise less 's
    ises izes ates ally tomy gram aemia emia
""")


def is_low_word(word: str) -> bool:
    """Whether a word in lower case is no name: a word of speech, or one that ends like a term."""
    return word in _WORDS or (len(word) > 4 and word.endswith(_ENDS)) or is_term(word)
