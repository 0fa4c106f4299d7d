"""Words that clinical texts write with a capital, or in capitals, and that are nobody's name."""

import re
from typing import Final

from curation.text.rule import words

# Function words, headings, parts of the body, studies, findings, roles, places of work: never a name.
STOPS: Final = frozenset(
    words("""
    va od os ou visus flat apt
    a an and or of on in at to by for from with without within into over under after before during since until
    the this that these those there here it its he she they we you i his her their our your my him them us me
    who whom whose which what where when why how is are was were be been being am has have had do does did not
    no nor none never if then than else so as but because while although though however also only just very
    more most less least all any both each either every few many much other others another same such some
    several one two three four five six seven eight nine ten once twice first second third last next prior
    previous new old can could may might must shall should will would let see seen look show shows shown given
    based using used per via versus vs etc ie eg please thank thanks dear hello best regards sincerely yes
    unknown other anonymous der die das den dem des ein eine einer eines einem einen und oder aber mit ohne
    von vom zu zum zur im ins am an auf aus bei beim bis durch für gegen nach seit über um unter vor während
    wegen wie wird wurde wurden werden ist sind war waren sein hat haben hatte kein keine keiner keinen nicht
    nur auch noch schon sehr als ob wenn dass daß weil er sie es wir ihr ihre ihrer ihren sein seine seiner
    bitte sehr geehrte geehrter damen herren jetzt heute gestern morgen dann dort hier so sowie bzw ca z.b ggf
    evtl le la les un une des du au aux et ou mais avec sans pour par sur sous dans en chez vers entre depuis
    pendant ce cet cette ces il elle ils elles nous vous je on qui que quoi dont où quand comment pourquoi est
    sont était a ont été pas ne ni plus moins très aussi cher chère monsieur madame merci copie el los las
    unos unas y o u pero con sin por para sobre bajo entre desde hasta hacia según durante del al ante se su
    sus lo que quien cuando donde como es son fue era está están ha han hay no ni más menos muy también ya
    estimado estimada gracias un una il gli lo di da dal nel per tra fra ed ma con senza sono era january
    february march april june july august september october november december januar februar märz april mai
    juni juli oktober dezember janvier février mars avril juin juillet août septembre octobre novembre
    décembre enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre monday
    tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag freitag samstag
    sonntag lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miércoles jueves viernes sábado
    domingo day days week weeks month months year years hour hours minute minutes today yesterday tomorrow
    morning name names surname forename vorname nachname nom prénom nombre apellido apellidos patient patients
    patientin patienten patiente paciente pacientes person persons subject subjects case cases age aged sex
    gender dob date dates time birth born id mrn number no nr ref re cc attn phone tel fax email mail address
    adresse anschrift female male man woman boy girl men women adult adults elderly child children infant
    infants newborn neonate baby gentleman lady male mann frau herr kind weiblich männlich homme femme enfant
    hombre mujer varón niño niña signor signora señor señora professor professeur sir african caucasian asian
    hispanic arabic indian chinese operateur zuweiser untersucher everyone angio carotid doctora grupo igg igm
    iga ige herrn correo electrónico clínica clinica servicio betrifft oa oä ass doz ltd lt cave konsil
    kontrolle tage hws bws lws isg osg cct tep mr mrs ms miss dr dra sra sr dña mme mlle pr prof doctor
    doctors doktor physician physicians surgeon surgeons nurse nurses consultant consultants resident
    residents fellow attending registrar radiologist radiologists pathologist pathologists dermatologist
    ophthalmologist oncologist cardiologist neurologist technologist technician sonographer therapist
    pharmacist student students expert experts observer observers reader readers rater raters reviewer
    reviewers author authors operator operators practitioner practitioners manager team teams staff service
    services kollege kollegin kollegen kolleginnen arzt ärztin ärzte oberarzt oberärztin chefarzt chefärztin
    assistenzarzt assistenzärztin hausarzt hausärztin facharzt fachärztin schwester pfleger confrère médecin
    docteur interne infirmière médico médica compañero compañera hospital hospitals clinic clinics department
    dept division unit ward ambulance emergency intensive care icu er ed ot theatre theater radiology
    pathology surgery oncology cardiology neurology dermatology ophthalmology medicine medical general
    internal family primary pediatrics paediatrics orthopedics urology gynecology anesthesia laboratory lab
    institute center centre university school college society association board committee conference office
    pharmacy klinik klinikum krankenhaus abteilung ambulanz praxis station zentrum institut universität
    universitätsklinikum radiologie pathologie chirurgie innere medizin augenklinik hautklinik notaufnahme
    hôpital clinique service urgences consultation centro consulta servicio tumor tumour tumorboard national
    international american european british german french world royal federal report reports reported
    reporting record records note notes letter history histories indication indications reason technique
    techniques comparison comparisons finding findings impression impressions conclusion conclusions summary
    recommendation recommendations diagnosis diagnoses differential discussion comment comments addendum
    procedure procedures protocol method methods results result assessment plan exam exams examination
    examinations study studies investigation investigations series sequence sequences image images imaging
    picture pictures photo photograph photographs figure figures table panel view views slice slices frame
    frames question questions answer answers option options choice choices step steps reasoning explanation
    correct incorrect true false final preliminary draft signed dictated transcribed verified approved page
    pages specimen specimens sample samples biopsy block blocks slide slides stain stains label labels text
    caption source status state stage stages grade grades type types class level score scores category size
    weight height volume length width depth thickness distance angle ratio rate mean median range total count
    value values normal abnormal unremarkable stable unchanged positive negative equivocal indeterminate
    benign malignant acute chronic subacute recurrent mild moderate severe minimal marked diffuse focal
    multifocal bilateral unilateral left right upper lower middle mid anterior posterior lateral medial
    superior inferior proximal distal central peripheral superficial deep dorsal ventral cranial caudal axial
    coronal sagittal oblique transverse longitudinal frontal parietal temporal occipital apical basal basilar
    hilar subpleural lobar large giant tiny multiple single solitary numerous complete partial total possible
    probable suspected consistent suspicious concerning suggestive compatible likely unlikely evident present
    absent increased decreased enlarged dilated thickened elevated reduced interval persistent residual
    history denies presents presented presenting complains complaint underwent received treated admitted
    discharged referred known status post repeat follow followup routine screening baseline postoperative
    preoperative intraoperative clinical physical visual mental social family past current initial head skull
    brain face facial orbit orbits eye eyes lid lids ear ears nose nasal sinus sinuses mouth oral jaw mandible
    maxilla tongue throat neck thyroid parathyroid larynx pharynx trachea chest thorax thoracic breast breasts
    lung lungs pulmonary pleura pleural mediastinum mediastinal heart cardiac coronary aorta aortic aortal
    valve mitral tricuspid vein veins venous artery arteries arterial vessel vessels vascular esophagus
    oesophagus stomach gastric duodenum bowel colon colonic rectum rectal anal appendix liver hepatic
    gallbladder biliary bile duct ducts pancreas pancreatic spleen splenic kidney kidneys renal ureter ureters
    bladder urinary urethra adrenal adrenals prostate testis testes testicular scrotum penis uterus uterine
    ovary ovaries ovarian cervix cervical vagina vulva placenta fetal fetus abdomen abdominal pelvis pelvic
    groin inguinal peritoneum peritoneal retroperitoneum spine spinal lumbar sacral sacrum coccyx disc discs
    disk vertebra vertebrae vertebral rib ribs sternum clavicle scapula shoulder shoulders arm arms humerus
    elbow elbows forearm radius ulna wrist wrists hand hands finger fingers thumb hip hips femur femoral thigh
    knee knees patella tibia tibial fibula leg legs ankle ankles foot feet toe toes heel calcaneus joint
    joints muscle muscles tendon tendons ligament ligaments meniscus cartilage bone bones bony osseous marrow
    skin cutaneous subcutaneous dermal epidermal dermis epidermis scalp hair nail nails cornea corneal iris
    lens retina retinal macula macular optic nerve nerves choroid choroidal sclera vitreous fovea foveal
    fundus conjunctiva pupil pupils eyelid lacrimal cerebral cerebellar cerebellum brainstem pons medulla
    thalamus ventricle ventricles ventricular white matter gray grey cortex cortical meninges dura dural
    pituitary sella turcica lymph node nodes lymphatic blood bone soft tissue tissues fat fluid air gas water
    body bodies trunk back flank axilla axillary extremity extremities limb limbs temple cheek forehead lip
    lips chin leber milz niere nieren galle gallenblase magen darm lunge lungen herz hirn schädel kopf hals
    thorax abdomen becken wirbel wirbelsäule knie hüfte schulter hand fuß arm bein auge augen netzhaut
    hornhaut haut pankreas bauchspeicheldrüse schilddrüse harnblase prostata gebärmutter brust mamma foie rein
    reins poumon poumons cœur cerveau crâne thorax ventre abdomen bassin rachis genou hanche épaule main pied
    œil yeux rétine peau sein seins prostate vessie rate pancréas hígado riñón riñones pulmón pulmones corazón
    cerebro cráneo tórax pelvis columna rodilla cadera hombro mano pie ojo ojos retina piel mama vejiga bazo
    páncreas ct cta ctv mri mra mrv mrcp mr pet spect us usg oct octa xr cxr kub ekg ecg eeg emg fmri dwi adc
    swi flair stir dixon haste fiesta space propeller gre tse fse t1 t2 pd tof dsa ercp dexa dxa iv po ap pa
    dicom pacs ris x xray x-ray radiograph radiographs radiography ultrasound sonography doppler duplex
    tomography magnetic resonance computed positron emission mammogram mammography angiogram angiography
    echocardiogram scan scans fluoroscopy endoscopy colonoscopy bronchoscopy dermoscopy dermatoscopy
    ophthalmoscopy photography contrast gadolinium iodinated enhanced unenhanced noncontrast weighted fat
    saturated suppressed portable bedside supine prone upright erect decubitus röntgen sonographie mrt pet-ct
    aufnahme befund befunde beurteilung diagnose diagnosen anamnese verlauf therapie untersuchung
    fragestellung indikation technik zustand verdacht ausschluss hinweis nachweis klinischer klinische compte
    rendu constat résultat résultats conclusion indication examen scanner irm tdm échographie radiographie
    informe hallazgos hallazgo conclusión indicación técnica ecografía radiografía tac rm diagnóstico motivo
    mass masses lesion lesions nodule nodules cyst cysts cystic solid tumor tumors tumour cancer carcinoma
    sarcoma lymphoma melanoma adenoma metastasis metastases metastatic infarct infarction hemorrhage
    haemorrhage hematoma haematoma edema oedema effusion effusions consolidation opacity opacities atelectasis
    pneumonia pneumothorax emphysema fibrosis embolism embolus thrombus thrombosis stenosis occlusion aneurysm
    dissection abscess infection infectious inflammation inflammatory ulcer ulcers erosion fracture fractures
    dislocation tear tears rupture hernia obstruction perforation stone stones calculus calculi calcification
    calcifications calcified necrosis ischemia ischemic stroke shock sepsis trauma injury injuries wound
    wounds burn burns rash plaque plaques papule papules macule macules pustule vesicle blister scale scales
    crust nevus naevus keratosis wart eczema psoriasis dermatitis cellulitis acne rosacea vitiligo scar keloid
    drusen glaucoma cataract uveitis retinopathy detachment neovascularization exudate exudates hemorrhages
    microaneurysms cotton wool spots spot health questionnaire asa ii iii iv vi vii viii ix evidence sign
    signs signe signes signo signos zeichen syndrom symptom symptoms syndrome disease diseases disorder
    disorders palsy pain fever cough dyspnea nausea vomiting diarrhea bleeding swelling weakness numbness
    headache dizziness fatigue weight loss gain hypertension diabetes asthma copd anemia obesity cirrhosis
    hepatitis colitis arthritis arthrosis degenerative disc degeneration spondylosis scoliosis osteoporosis
    osteophyte osteophytes catheter catheters tube tubes line lines lead leads stent stents graft grafts
    filter clip clips coil coils wire wires screw screws plate plates rod rods prosthesis implant implants
    pacemaker drain drains pump device devices suture sutures mesh hardware drug drugs medication medications
    dose doses tablet tablets injection injections therapy treatment treatments chemotherapy radiotherapy
    radiation immunotherapy vaccine antibiotic antibiotics steroid steroids insulin aspirin heparin oxygen
    bacteria bacterial virus viral fungal fungus parasite candida staphylococcus streptococcus mycobacterium
    escherichia aspergillus toxoplasma borrelia treponema dna rna gene genes mutation mutations protein
    proteins cell cells immunohistochemistry histology cytology microscopy microscopic macroscopic gross gram
    siemens philips canon toshiba hitachi fujifilm zeiss heidelberg topcon nikon hologic samsung nvidia google
    microsoft apple amazon openai medtronic abbott boston scientific pfizer roche novartis bayer merck step
    model models training dataset data image-net imagenet resnet network networks accuracy sensitivity
    specificity python pytorch tensorflow github kaggle street road avenue lane drive suite apartment floor
    room building city town county country america europe africa asia australia england scotland wales ireland
    germany france spain italy london berlin paris madrid rome vienna new york boston chicago los angeles san
    north south east west northern southern eastern western united states kingdom
    """)
)
# These are names of many people, too; they say nothing beside a title, a label or a known given name.
ALSO_NAMES: Final = frozenset(
    words("""
    small young day rose grace white black brown gray grey green blue red long short rich best head hand foot
    bone hall hill wood woods stone field lake rivers bush price may march august klein gross groß jung lang
    kurz weiß weiss schwarz roth rot braun koch fuchs vogel wolf baum berg stein burg kaiser könig bauer
    winter sommer sharp strong hardy noble good love joy hope faith summer spring power banks bishop king
    prince knight page parsons church major minor little bright fair wise moody savage swift blank cross ring
    bell ball case cash chance gold silver diamond pearl ruby star sunny golden singer fisher hunter miller
    baker cook carter porter mason taylor smith cooper butler parker walker marshall low high main mayor vale
    rey rubio blanco bueno delgado leroux le lo vo petit grand leblanc lenoir lebrun roy leclerc rossi bianchi
    neri verdi kim park song chan lane weeks temple england ireland scotland wales london york boston paris
    west east north south berlin milan post wall heel leber weil finger fuß hals herz iris madrid rome vienna
    chicago sun sung yang kang choi moon lee ho ma he hu mei ming lin
    """)
)
_ENDS: Final = re.compile(
    r".{2,}(?:itis|iasis|osis|oses|graphy|graphie|grafía|graphic|scopy|skopie|scopic|tomy|tomie|pathy"
    r"|pathie|plasty|plastik|logy|logie|logía|logist|logisch\w*|tion|tions|sion|ción|ogram|ogramm|ograms"
    r"|emia|ämie|uria|urie"
    r"|ular|trophy|plegia|plasia|plasie|algia|genic|gener|logical|ical|ung|ungen|heit|keit|schaft|klinik"
    r"|praxis|abteilung|aufnahme|befund|zentrum|station|krankheit|karzinom|carcinoma|sarkom|lymphom"
    r"|blastom\w?|ektasie"
    r"|zyste|syndrom|wert|werte|bild|schmerz\w*|ödem|infarkt|blutung|verkalkung\w*|insuffizienz|stenose"
    r"|fraktur\w*|ness|ities|ous|eous|oid|oidal|ency|ancy|ectasia|malacia|edema|megaly|cytes?|cytic"
    r"|blastic|plastic|philic"
    r"|ated|ised|ized)"
)


def is_term(folded: str) -> bool:
    """Whether a word in lower case ends like a term of medicine."""
    return len(folded) >= 7 and _ENDS.fullmatch(folded) is not None
