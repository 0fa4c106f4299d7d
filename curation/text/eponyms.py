"""People of medicine's history whom texts name in full, and other full names that are no patient's."""

from typing import Final

from curation.text.plain import folded_word
from curation.text.rule import words

# Given name and surname; any surname that follows counts: Friedrich Daniel von Recklinghausen.
PERSONS: Final = frozenset(
    tuple(folded_word(name) for name in pair.split("_"))
    for pair in words("""
    Charles_Bonnet Austin_Flint Graham_Steell James_Paget John_Cunningham Marie_Curie Pierre_Marie
    Pierre_Robin Maria_Callas Johns_Hopkins John_Hopkins Paul_Bunnell Henry_Schein Karl_Storz Carl_Zeiss
    Charles_River Robert_Koch Mary_Joseph Ann_Arbor Marcus_Gunn Alice_in Christian_Science John_Hunter
    Thomas_Splint Jean_Marie Peter_Pan Martin_Luther Max_Planck Louis_Pasteur Victor_Hugo San_Diego
    Santa_Maria St_Thomas Austin_Texas Santiago_Chile Monte_Carlo Rosa_Bengala Santiago_Compostela Sri_Lanka
    James_Parkinson Alois_Alzheimer Jean-Martin_Charcot Jean_Charcot Martin_Charcot Georges_Tourette
    Gilles_Tourette George_Huntington Thomas_Addison Thomas_Hodgkin Richard_Bright Robert_Graves James_Syme
    Joseph_Lister Ignaz_Semmelweis Ignác_Semmelweis Florence_Nightingale Edward_Jenner Alexander_Fleming
    John_Snow William_Harvey William_Osler Harvey_Cushing Rudolf_Virchow Paul_Ehrlich Emil_Behring
    Emil_Kraepelin Emil_Theodor Theodor_Billroth Theodor_Kocher Theodor_Schwann Hermann_Oppenheim
    Hermann_Rorschach Hermann_Helmholtz Hermann_Ebbinghaus Carl_Wernicke Carl_Rokitansky Carl_Landsteiner
    Karl_Landsteiner Karl_Rokitansky Karl_Jaspers Karl_Popper Karl_Wernicke Sigmund_Freud Carl_Jung
    Alfred_Adler Alfred_Nobel Alfred_Binet Alfred_Kinsey Anna_Freud Sergei_Korsakoff Sergei_Korsakov
    Sergej_Korsakow Ivan_Pavlov Paul_Broca Paul_Langerhans Pierre_Paul Pierre_Louis Joseph_Babinski
    Józef_Babiński Joseph_Bell Charles_Bell Hans_Asperger Leo_Kanner Hans_Berger Hans_Selye Hans_Chiari
    Hans_Creutzfeldt Alfons_Jakob Hans-Gerhard_Creutzfeldt Otto_Warburg Otto_Loewi Otto_Kahler Adolf_Kussmaul
    Adolf_Wallenberg Adolf_Meyer Friedrich_Löffler Friedrich_Recklinghausen Friedrich_Lewy Fritz_Lewy
    Fritz_Roeder Nikolaus_Friedreich Wilhelm_Röntgen Wilhelm_Roentgen Wilhelm_Conrad Wilhelm_Erb Wilhelm_Wundt
    Wilhelm_Baum Max_Wilms Max_Pettenkofer Max_Delbrück Moritz_Kaposi Moritz_Romberg Ferdinand_Hebra
    Ferdinand_Sauerbruch Werner_Forssmann Werner_Heisenberg Ernst_Laqueur Ernst_Haeckel Ernst_Chain
    Ernst_Ruska Albert_Schweitzer Albert_Einstein Albert_Sabin Albert_Calmette Camille_Guérin Antoine_Marfan
    Antoine_Lavoisier Antonie_Leeuwenhoek Antoni_Leeuwenhoek Burrill_Crohn Dana_Crohn Hakaru_Hashimoto
    Tomisaku_Kawasaki Mikito_Takayasu Fuller_Albright Fuller_Conn Jerome_Conn Henry_Turner Harry_Klinefelter
    Harold_Klinefelter John_Down John_Langdon Langdon_Down William_Withering William_Stokes William_Heberden
    William_Beaumont William_Halsted William_Mayo William_Gull William_Bowman William_Röntgen William_Bradford
    Bradford_Hill Austin_Hill Thomas_Bayes Thomas_Willis Thomas_Sydenham Thomas_Young Thomas_Barlow
    Thomas_Fogarty Robert_Hooke Robert_Wartenberg Robert_Foster Robert_Adams John_Cheyne John_Hughlings
    Hughlings_Jackson John_Charnley John_Gibbon John_Bardeen John_Cade John_Collins John_Enders James_Watson
    James_Simpson James_Lind James_Marion Marion_Sims James_Young James_Ewing James_Braid James_Black
    Francis_Crick Francis_Galton Francis_Bacon Frederick_Banting Frederick_Treves Frederick_Sanger
    Frederick_Griffith Charles_Best Charles_Darwin Charles_Drew Charles_Richet Charles_Sherrington
    Charles_Mantoux Charles_Nicolle Charles_Scott George_Papanicolaou Georgios_Papanikolaou George_Miller
    George_Engel George_Whipple Gerhard_Domagk Gerhard_Hansen Armauer_Hansen Gregor_Mendel Gustav_Fechner
    Guido_Fanconi Guido_Banti Camillo_Golgi Santiago_Ramón Santiago_Cajal Bartolomeo_Eustachi
    Gabriele_Falloppio Andreas_Vesalius Giovanni_Morgagni Giovanni_Battista Marcello_Malpighi Leonardo_Vinci
    Luigi_Galvani Antonio_Scarpa Antonio_Valsalva Antonio_Pacchioni Domenico_Cotugno Carlo_Forlanini
    Augusto_Murri Guillaume_Dupuytren Guillaume_Duchenne Guillaume_Amand René_Laennec René_Laënnec
    René_Descartes René_Leriche Étienne-Louis_Fallot Étienne_Fallot Arthur_Fallot Georges_Guillain
    Jean-Alexandre_Barré Alexandre_Barré André_Strohl Octave_Landry Jules_Dejerine Jules_Cotard Joseph_Capgras
    Philippe_Pinel Xavier_Bichat Claude_Bernard Maurice_Raynaud Henri_Becquerel Henri_Vaquez Henri_Mondor
    Alfred_Fournier Armand_Trousseau Ambroise_Paré Louis_Wolff Ludwig_Rehn Ludwig_Aschoff Ludwig_Wittgenstein
    Lou_Gehrig Virginia_Apgar Helen_Taussig Alfred_Blalock Vivien_Thomas Christiaan_Barnard Christiaan_Eijkman
    Willem_Einthoven Willem_Kolff Willem_Vrolik Niels_Bohr Niels_Finsen Niels_Stensen Ole_Ottesen
    Harald_Hirschsprung Henrik_Sjögren Henrik_Dam Gunnar_Nordenstam Allvar_Gullstrand Anders_Celsius
    Carl_Linnaeus Carl_Linné Ruth_Jackson Dorothea_Dix Dorothy_Reed Rosalind_Franklin Barbara_McClintock
    Elizabeth_Blackwell Elizabeth_Kübler Elisabeth_Kübler Cicely_Saunders Marie_Krogh Maria_Montessori
    Lise_Meitner Henrietta_Lacks Phineas_Gage Mary_Mallon Typhoid_Mary Anna_O Will_Rogers David_Hume
    David_Sackett Archie_Cochrane Archibald_Cochrane Jonas_Salk Walter_Reed Walter_Dandy Walter_Freeman
    Walter_Cannon Walter_Rudolf Wilder_Penfield Egas_Moniz António_Moniz Oliver_Sacks Oliver_Holmes
    Oliver_Wendell Stephen_Hawking Stephen_Hales Henry_Head Henry_Gray Henry_Plummer Henry_Dale Henry_Heimlich
    Ernest_Starling Ernest_Rutherford Edward_Hughes Edward_Trudeau Edward_Kendall Otto_Frank Howard_Florey
    Howard_Kelly Howard_Hughes Percivall_Pott Astley_Cooper Abraham_Colles Abraham_Maslow Abraham_Flexner
    Dominic_Corrigan Paul_Dudley Paul_Wood Paul_Zoll Bernard_Sachs Warren_Tay Waren_Tay Carlos_Chagas
    Oswaldo_Cruz Osvaldo_Cruz Carlos_Finlay Adolfo_Lutz Adolpho_Lutz Emil_Fischer Patrick_Manson Ronald_Ross
    Ronald_Fisher Karl_Pearson Alphonse_Laveran Alexandre_Yersin Kiyoshi_Shiga Shibasaburo_Kitasato
    Hideyo_Noguchi Susumu_Tonegawa Ernst_Moro Peter_Medawar Peter_Safar Peter_Higgs Philip_Levine Hans_Eysenck
    Jean_Piaget Erik_Erikson Burrhus_Skinner Elisabeth_Ross Aaron_Beck Kurt_Schneider Kurt_Goldstein
    Eugen_Bleuler Manfred_Bleuler Viktor_Frankl Ludwig_Binswanger Otto_Binswanger Arnold_Pick Arnold_Chiari
    Arnold_Adolf Samuel_Wilson Kinnier_Wilson Samuel_Gross Samuel_Hahnemann Samuel_Gee Benjamin_Rush
    Benjamin_Franklin Benjamin_Spock Barry_Marshall Robin_Warren Andrew_Wiles Andrew_Wakefield Anthony_Fauci
    Sarah_Gilbert Katalin_Karikó Drew_Weissman Ugur_Sahin Özlem_Türeci Emmanuelle_Charpentier Jennifer_Doudna
    Luc_Montagnier Françoise_Barré Robert_Gallo Harold_Varmus Michael_Bishop Stanley_Prusiner Michael_DeBakey
    Denton_Cooley Andreas_Grüntzig Julio_Palmaz Godfrey_Hounsfield Allan_Cormack Peter_Mansfield
    Paul_Lauterbur Raymond_Damadian Felix_Bloch Isidor_Rabi Georg_Hevesy Ian_Donald Inge_Edler Norman_Holter
    Bruce_Protocol Robert_Bruce Nicolae_Paulescu Ana_Aslan Victor_Babeș Victor_Babes Ioan_Cantacuzino
    Ludwik_Hirszfeld Kazimierz_Funk Casimir_Funk Rudolf_Weigl Jan_Purkinje Jan_Purkyně Jan_Swammerdam
    Franz_Mesmer Franz_Gall Franz_Nissl Franz_König Franz_Volhard Hugo_Schiff Franz_Ziehl Friedrich_Neelsen
    Hans_Gram Christian_Gram Gram_Stain Julius_Wagner Julius_Cohnheim Julius_Petri Richard_Petri Robert_Remak
    Robert_Bárány Róbert_Bárány Heinrich_Quincke Heinrich_Hoffmann Heinrich_Quinke August_Krogh August_Bier
    August_Weismann Augustus_Desiré Augustus_Waller Erasmus_Darwin
    """)
)
# What stands behind "Ann" in the name of a journal: Ann Intern Med.
JOURNALS: Final = frozenset(
    words("""
    intern surg rheum oncol neurol emerg thorac hematol haematol allergy clin fam nutr dermatol plast
    pharmacother vasc otol transl hum epidemiol biomed saudi palliat coloproctol diagn nucl cardiothorac
    gastroenterol med ophthalmol hepatol hepatobiliary biochem genet pathol psychiatry vasc endocrinol pediatr
    am rev
    """)
)


def is_known_person(given: str, surnames: list[str]) -> bool:
    """Whether the given name and one of the surnames are a person of medicine's history, or a journal."""
    folded = folded_word(given)
    names = [folded_word(name) for name in surnames if name]
    if folded == "ann" and names and names[0] in JOURNALS:
        return True
    return any((folded, name) in PERSONS for name in names)
