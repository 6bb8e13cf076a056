"""Everything that a phrase alone says: diseases, events, findings, symptoms, words of the request."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from nlp.assertions import Assertion
from nlp.course import injury_date
from nlp.exam_base import nearest_side
from nlp.facts import FACT_TYPES, span_of
from nlp.mentions import Atom
from nlp.note import Mention, Note
from nlp.studies import IMAGING, is_new_finding
from nlp.treatments import TREATMENTS

_ELSEWHERE = frozenset(
    (*TREATMENTS, *IMAGING, "emg_ncs", "lab", "low_back_pain", "radicular_pain", "motor_weakness",
     "sensory_deficit", "abnormal_reflex", "pathologic_reflex", "straight_leg_raise", "increased_tone",
     "reported_weakness", "reported_numbness", "bladder_dysfunction", "bowel_dysfunction")
)  # fmt: skip
HANDLED = frozenset(FACT_TYPES) - _ELSEWHERE
_LEVEL = re.compile(
    r"\b([CTLScts])\s?(\d{1,2})(?:\s?(?:[-/\u2013]|on|over)\s?([CTLScts])?\s?(\d{1,2}))?(?!\d)"
)
#: Past and done, but true of the patient for good: "history of" leaves them present.
_LASTING = frozenset(
    ("cancer", "spine_surgery", "peripheral_neuropathy", "osteoporosis", "neurofibromatosis_1",
     "neurofibromatosis_2", "von_hippel_lindau", "tuberous_sclerosis", "sturge_weber", "scoliosis",
     "chiari", "tethered_cord", "spinal_dysraphism", "anorectal_malformation", "vertebral_anomaly",
     "dish", "spondyloarthropathy", "immunosuppression", "pacemaker", "spondylolisthesis", "pars_defect",
     "spinal_stenosis", "trauma", "peripheral_nerve_injury", "compression_fracture", "disc_herniation",
     "neuroinflammatory_disease", "primary_spinal_tumor", "spine_metastasis", "spinal_infection")
)  # fmt: skip
_PLACED = frozenset(
    (
        "spine_surgery",
        "spinal_stenosis",
        "disc_herniation",
        "trauma",
        "compression_fracture",
        "spinal_infection",
    )
)
_BACK = frozenset(
    ("back", "buttock", "buttocks", "tailbone", "spine", "lumbar", "sacrum", "coccyx", "bottom", "butt",
     "backside")
)  # fmt: skip
_OTHER_BONES = frozenset(
    ("ankle", "wrist", "hip", "femur", "femoral", "tibia", "tibial", "fibula", "fibular", "foot", "toe",
     "finger", "hand", "rib", "ribs", "clavicle", "arm", "humerus", "elbow", "knee", "skull", "nasal",
     "facial", "pelvic", "pelvis", "sacral", "sacrum", "coccyx", "pars", "stress", "metatarsal",
     "metacarpal", "radius", "ulna", "shoulder", "leg", "scaphoid", "patella", "jaw", "tooth",
     "malleolus", "calcaneus", "heel", "thumb", "forearm", "plate", "orif", "cast", "risk", "frax")
)  # fmt: skip
_VERTEBRAL = frozenset(
    ("vertebra", "vertebrae", "vertebral", "spine", "spinal", "lumbar", "endplate", "kyphoplasty",
     "vertebroplasty")
)  # fmt: skip
_CHANGED = frozenset(
    ("new", "worse", "worsened", "worsening", "now", "changed", "fell", "fall", "surgery", "deficit",
     "weakness", "progressed", "motion", "nondiagnostic", "limited", "cannot", "not", "needed",
     "because", "developed")
)  # fmt: skip
_YET = frozenset(
    ("begin", "start", "discuss", "discussion", "starting", "once", "whether", "planned", "proposed",
     "considering", "considered", "candidate")
)  # fmt: skip
_AFTER = frozenset(("after", "following", "since", "s/p", "status", "post", "previous", "prior"))
_NO = frozenset(("n", "no", "none", "neg", "negative", "never", "denied", "denies", "nil", "n/a"))
#: Words behind a diagnosis that leave it open, and words before it that make it a guess.
_OPEN = (
    "has to be excluded", "have to be excluded", "needs excluding", "until proven", "until shown",
    "to be excluded",
    "does not fit", "less likely", "not excluded", "in question",
)  # fmt: skip
_GUESSES = frozenset(
    ("believe", "believes", "think", "thinks", "sounds", "suspicion", "wonder", "wonders", "mean")
)
_GUESSED = frozenset(
    ("disc_herniation", "tethered_cord", "csf_leak", "spinal_infection", "spine_metastasis",
     "cauda_equina_syndrome", "spinal_stenosis", "pars_defect")
)  # fmt: skip
_SKIN = frozenset(("sacral_dimple", "cutaneous_stigma", "gluteal_cleft_abnormal"))
_SIZED = re.compile(r"(\d+(?:\.\d+)?)\s?(mm|cm)\b", re.IGNORECASE)
_PLANNED = frozenset(
    ("scheduled", "booked", "planned", "planning", "plan", "will", "upcoming", "proposed", "schedule",
     "pending", "recommended", "recommending", "awaiting", "set")
)  # fmt: skip
_THOUGHT = frozenset(
    ("candidate", "discuss", "discussed", "discussing", "consider", "considering", "considered",
     "referral", "refer", "may", "might", "possible", "possibly", "option", "options", "evaluation",
     "consult", "consultation", "opinion", "if", "could", "would", "eventually")
)  # fmt: skip
_CALLED_OFF = frozenset(("cancelled", "canceled", "declined", "declines", "refuses", "refused", "neither"))
_DONE = frozenset(
    ("underwent", "had", "performed", "s/p", "status", "after", "since", "following", "years", "ago",
     "previous", "prior", "history", "hx", "h/o", "past", "old")
)  # fmt: skip
_CARE = frozenset(
    ("chemo", "chemotherapy", "radiation", "xrt", "rt", "treatment", "therapy", "tamoxifen",
     "anastrozole", "letrozole", "lumpectomy", "mastectomy", "surgery", "resected", "remission", "ned",
     "oncology")
)  # fmt: skip
_OVER_WITH = frozenset(("completed", "finished", "stopped", "ended", "through", "until"))
_ANTIBIOTICS = (
    "cefazolin", "vancomycin", "ceftriaxone", "nafcillin", "oxacillin", "daptomycin", "rifampin", "cefepime", "ertapenem", "antibiotics", "abx", "opat", "picc",
)  # fmt: skip
_HAD = frozenset(
    (
        "had",
        "s/p",
        "after",
        "post",
        "underwent",
        "prior",
        "previous",
        "history",
        "hx",
        "no",
        "denies",
        "since",
        "following",
    )
)
_OTHER_PEOPLE = frozenset(("people", "patients", "children", "adults", "percent", "thirds"))
_RAYS = frozenset(("xrt", "radiation", "radiotherapy", "chemo", "chemotherapy"))
_OVER = frozenset(
    ("remission", "ned", "cured", "survivor", "resected", "lumpectomy", "mastectomy", "disease-free",
     "prostatectomy", "nephrectomy", "treated", "completed", "finished", "excised", "remote",
     "hysterectomy", "colectomy", "lobectomy")
)  # fmt: skip
_RUNNING = frozenset(
    ("undergoing", "cycle", "cycles", "immunotherapy", "pembrolizumab", "pembro", "maintenance", "palbociclib", "receiving",
     "enzalutamide", "capecitabine")
)  # fmt: skip
_HORMONES = frozenset(
    ("leuprolide", "lupron", "eligard", "degarelix", "relugolix", "abiraterone", "apalutamide",
     "darolutamide", "adt", "trastuzumab", "nivolumab", "osimertinib", "ribociclib", "abemaciclib",
     "fulvestrant", "ipilimumab", "atezolizumab", "durvalumab", "sunitinib", "cabozantinib",
     "lenvatinib", "olaparib", "goserelin")
)  # fmt: skip
_UNDER_CARE = (
    "under active treatment", "on active treatment", "under treatment", "on treatment", "on active therapy",
    "active chemotherapy", "being treated", "androgen deprivation", "continues on", "continues treatment",
)  # fmt: skip
_ENDS = frozenset(
    ("done", "completed", "finished", "last", "ended", "through", "until", "final", "since", "resected",
     "lumpectomy", "mastectomy", "prostatectomy", "nephrectomy", "hysterectomy", "colectomy",
     "lobectomy", "out", "treated")
)  # fmt: skip
_RETURNED = frozenset(
    ("done", "normal", "negative", "elevated", "completed", "unremarkable", "results", "showed",
     "returned")
)  # fmt: skip
_WOUND = frozenset(
    ("drainage", "draining", "drains", "pus", "purulent", "purulence", "erythema", "erythematous",
     "redness", "red", "dehiscence", "fluctuance", "oozing")
)  # fmt: skip
#: What a service does, as against an operation: "spine surgery aware", "seen by spine surgery".
_SERVICE_ACTS = frozenset(
    ("asks", "asked", "aware", "informed", "notified", "recommends", "recommended", "wants", "wanted",
     "requests", "requested", "requesting", "saw", "sees", "seen", "following", "follows", "paged",
     "called", "calling", "consulted", "consult", "consults", "team", "service", "clinic", "resident",
     "attending", "appointment", "office", "says", "said", "agrees", "agreed", "advised", "advises",
     "feels", "felt", "evaluated", "evaluates", "evaluating", "department", "fellow", "input",
     "contacted", "involved", "thinks", "eval", "evaluation", "notes", "f/u", "visit", "practice",
     "group", "center", "program", "on-call", "updated", "suggests", "suggested", "pa", "np",
     "colleague", "colleagues")
)  # fmt: skip
_SERVICE_BEFORE = frozenset(
    ("by", "per", "with", "from", "see", "sees", "seeing", "call", "called", "consult", "page",
     "paged", "under", "notify", "notified", "inform", "informed", "w/", "via", "contact", "contacted",
     "alert", "ask", "asked")
)  # fmt: skip
_SERVICE_WILL = frozenset(("see", "call", "evaluate", "review", "follow", "come", "consult", "weigh"))
_SCANNED = frozenset(("mri", "mr", "scan", "scanner", "imaging", "study", "magnet"))
_CUTTING = frozenset(
    ("surgery", "operation", "discectomy", "fusion", "laminectomy", "procedure", "arthroplasty",
     "colonoscopy", "injection", "hernia", "kyphoplasty", "preop", "pre-op", "postop", "complications",
     "history")
)  # fmt: skip
#: The posture of a headache that is worse upright and better lying, described without its name.
_HEADACHE = frozenset(("headache", "headaches", "ha", "h/a", "cephalgia", "head-pain"))
_UPRIGHT = frozenset(
    (
        "upright",
        "standing",
        "stand",
        "stands",
        "stood",
        "sitting",
        "sits",
        "sit",
        "vertical",
        "getting-up",
        "on-feet",
    )
)
_LYING = frozenset(
    ("lying", "lies", "lie", "flat", "supine", "recumbent", "laying", "lay", "lays", "recumbency",
     "reclining", "horizontal")
)  # fmt: skip
_STARTS = frozenset(
    ("worse", "worsens", "worst", "worsened", "comes", "begins", "starts", "returns", "appears",
     "unbearable", "severe", "builds", "back", "recurs", "brings", "triggers", "pounds", "pounding",
     "throbs", "onset", "provoked", "brought", "came", "started", "returned", "present", "intense",
     "only")
)  # fmt: skip
_STOPS = frozenset(
    ("better", "gone", "goes", "relieved", "relieves", "resolves", "resolved", "disappears", "absent",
     "eases", "improves", "improved", "vanishes", "relief", "settles", "clears", "fades", "free",
     "subsides", "abates", "lets", "stops", "helps", "helped", "less", "none", "melts", "easier",
     "comfortable", "went", "remits")
)  # fmt: skip
#: What a suspicion stands on is itself no suspicion: "leak suspected on a typical orthostatic headache".
_GROUNDS = frozenset(("on", "given", "because", "based", "view"))
_SIGNS = frozenset(("orthostatic_headache", "csf_rhinorrhea_otorrhea", "fever", "night_pain", "weight_loss"))
#: Drugs and diseases that weaken the immune system only while they last.
_PASSING = frozenset(
    ("chemotherapy", "leukemia or lymphoma", "biologic", "methotrexate", "long-term steroids")
)
_NOW = frozenset(
    ("current", "currently", "ongoing", "undergoing", "receiving", "receives", "cycle", "cycles",
     "active", "continues", "continue", "started", "starting", "now", "relapsed", "weekly", "today",
     "still", "remains", "taking", "takes")
)  # fmt: skip
_CEASED = frozenset(
    ("completed", "finished", "lumpectomy", "mastectomy", "remission", "ned", "stopped",
     "discontinued", "former", "formerly", "previously", "past", "cured", "survivor", "ended", "until",
     "prior", "previous", "followed", "then", "adjuvant", "neoadjuvant", "disease-free", "treated",
     "underwent", "remote", "s/p")
)  # fmt: skip
_PLANS = frozenset(("plan", "assessment_plan", "assessment", "", "other", "hpi"))
_ACTIONS = frozenset(
    ("brace", "bracing", "surgery", "operate", "fusion", "kyphoplasty", "cancel", "inject",
     "injection", "treat", "therapy", "rehab", "rest", "start", "starts", "stop", "return",
     "radiation", "antibiotics", "decompression", "repair", "cast")
)  # fmt: skip
_OUTCOMES = frozenset(
    ("positive", "negative", "clean", "clear", "normal", "edema", "shows", "confirms", "active",
     "stress", "lesion", "fracture", "healed", "levels", "acute", "confirmed", "defect", "present",
     "reaction", "not")
)  # fmt: skip
_DEFORMITY = frozenset(
    ("contracture", "contractures", "equinus", "cavus", "deformity", "deformities", "cavovarus",
     "clubfoot")
)  # fmt: skip


def read_conditions(note: Note) -> None:
    """Add the mentions of every concept whose words stand for themselves."""
    for start, end, atoms in note.sentences():
        for atom in atoms:
            seen: set[str] = set()  # a phrase that two entries of one concept hold is one mention
            for entry in atom.entries:
                if (
                    entry.is_fact
                    and entry.label in HANDLED
                    and not entry.attributes.get("ignore")
                    and entry.label not in seen
                ):
                    seen.add(entry.label)
                    _mention(note, start, end, atoms, atom, entry.label, dict(entry.attributes))
    _posture(note)
    _purpose(note)
    _branches(note)


def _mention(
    note: Note,
    start: int,
    end: int,
    atoms: Sequence[Atom],
    atom: Atom,
    type_: str,
    attributes: dict[str, Any],
) -> None:
    scope = note.assess(atom.start, atom.end)
    label = _label(note, start, end, atom, type_, scope)
    if attributes.pop("near_scan", None) and not _is_near_scan(note, start, end):
        return
    if type_ == "spine_surgery" and note.norms(atom.end, atom.end + 1) in (
        ["registry"],
        ["protocol"],
        ["database"],
    ):
        return
    if type_ == "spine_surgery" and _is_other_surgery(note, start, end, atom, attributes, label):
        return
    if (
        type_ == "trauma"
        and note.norms(atom.start, atom.end) == ["fall"]
        and note.norms(atom.start - 1, atom.start)
        in (["since"], ["this"], ["last"], ["early"], ["late"], ["next"], ["every"])
    ):
        return  # the season: "up 1 kg since fall"
    if type_ == "trauma" and {"nearly", "almost"} & set(note.norms(max(start, atom.start - 2), atom.start)):
        return  # "has nearly fallen twice"
    if type_ == "primary_spinal_tumor" and _OTHER_PEOPLE & set(
        note.norms(max(start, atom.start - 7), atom.start)
    ):
        return  # "two thirds of people like her grow spinal tumors"
    if attributes.pop("of_spine", None) and not note.tells_of_spine:
        return
    stated = attributes.pop("assertion", None)  # a phrase that holds its own negation: "no injury"
    if stated is not None and label in ("present", "absent"):
        label = str(stated)
    part = note.layout.parts[note.layout.part[atom.start]]
    if label is None or (part.category == "allergies" and atom.start - part.title_end <= 15):
        return
    bare = attributes.pop("bare", None)  # a word that means the spine only where pictures are told
    if bare and not _is_pictured(note, start, end, atom, told=label not in ("present", "absent")):
        return
    if attributes.pop("denied_only", None) and (
        label != "absent" or not any("cancer" in a.labels for a in note.atoms)
    ):
        return
    if type_ == "cutaneous_stigma" and (
        note.kind == "imaging_report"
        or {"marrow", "vertebral", "vertebra", "intraosseous", "conus", "filum"} & set(note.norms(start, end))
    ):
        return  # in the bone or the canal, not on the skin
    if (
        label == "hypothetical"
        and type_ == "trauma"
        and {"prevent", "avoid", "risk"} & set(note.norms(max(start, atom.start - 4), atom.start))
    ):
        return
    if label == "present" and _is_unsaid(note, start, end, atom, type_):
        return
    mention = note.add(type_, atom.start, atom.end, label, **attributes)
    if mention is None:
        return
    side = nearest_side(note, atoms, atom, 4)
    if side and "side" not in mention.attributes:
        mention.attributes["side"] = side
    _place(note, start, end, atoms, atom, mention)
    _when(note, start, end, atom, mention)
    if type_ == "trauma" and mention.date is None and label == "present" and note.holds("doi", "d.o.i"):
        mention.date = injury_date(note) or None  # the form's own date of injury
    if type_ == "rheumatology_workup" and label == "hypothetical":
        mention.attributes["planned"] = True
    detail = _DETAILS.get(type_)
    if detail is not None:
        detail(note, start, end, atom, mention)


def _place(note: Note, start: int, end: int, atoms: Sequence[Atom], atom: Atom, mention: Mention) -> None:
    """Level and region of the spine."""
    type_ = mention.type
    level = _level(note, start, end, atom)
    if level:
        mention.attributes.setdefault("level", level)
        if (
            level[0] in "CT"
            and "L" not in level
            and "region" not in mention.attributes
            and type_ not in ("compression_fracture",)
        ):
            mention.attributes["region"] = "cervical" if level[0] == "C" else "thoracic"
        elif level[0] == "C":
            mention.attributes["region"] = "cervical"
    if "region" in mention.attributes or type_ not in _PLACED:
        return
    if type_ == "trauma":
        region = _hurt(note, start, end, atoms, atom)
        if region:
            mention.attributes["region"] = region
        return
    near = [
        a
        for a in atoms
        if a.attribute("region") and -5 <= a.start - atom.end <= 6 and "muscle" not in a.labels
    ]
    for other in sorted(near, key=lambda a: abs(a.start - atom.start)):
        if other.attribute("region") in ("cervical", "thoracic", "lumbar"):
            mention.attributes["region"] = str(other.attribute("region"))
            return


def _hurt(note: Note, start: int, end: int, atoms: Sequence[Atom], atom: Atom) -> str | None:
    """Where a blow fell: the back where the sentence names it, else the part next to the words."""
    if _BACK & set(note.norms(start, end)):
        return "lumbar"
    near = [
        a
        for a in atoms
        if a.attribute("region") and -2 <= a.start - atom.end <= 5 and "muscle" not in a.labels
    ]
    return str(near[0].attribute("region")) if near else None


def _is_pictured(note: Note, start: int, end: int, atom: Atom, told: bool) -> bool:
    """Does the sentence, or what leads to it, tell what pictures of the spine show?"""
    around = set(note.norms(max(start, atom.start - 5), min(end, atom.end + 5)))
    if around & _OTHER_BONES:
        return False
    if told or note.kind == "imaging_report" or note.category(start) == "results":
        return True
    number = note.layout.sentence[start]
    first = note.layout.sentences[max(0, number - 2)][0]
    if any(IMAGING & set(a.labels) for a in note.atoms_in(first, end)):
        return True
    return bool(_LEVEL.search(note.words.text, note.words.starts[start], note.words.ends[end - 1])) or bool(
        _VERTEBRAL & set(note.norms(start, end))
    )


def _is_near_scan(note: Note, start: int, end: int) -> bool:
    """Is the anesthesia for a scan that this sentence or one beside it names, and for no operation?"""
    if _CUTTING & set(note.norms(start, end)):
        return False
    number = note.layout.sentence[start]
    sentences = note.layout.sentences
    first = sentences[max(0, number - 2)][0]
    last = sentences[min(number + 1, len(sentences) - 1)][1]
    return bool(_SCANNED & set(note.norms(first, last)))


def _is_other_surgery(
    note: Note, start: int, end: int, atom: Atom, attributes: dict[str, Any], label: str | None
) -> bool:
    """The service called spine surgery, or a decompression of the skull base, is no lumbar operation."""
    words = note.norms(atom.start, atom.end)
    asked = note.norms(max(start, atom.start - 6), atom.start)
    if "asked" in asked and {"re", "about", "regarding"} & set(asked):
        return True  # "wife asked re laser spine surgery"
    if attributes.get("procedure") == "decompression":
        around = set(note.norms(start, end))
        chiari = any("chiari" in a.labels for a in note.atoms)
        return chiari and not around & {"lumbar", "laminectomy", "stenosis", "back", "l4-5", "l3-4", "l5-s1"}
    if (
        label == "absent"
        or words[-1] not in ("surgery", "surg")
        or words[0] not in ("spine", "spinal", "orthopedic")
    ):
        return False
    if atom.start < 25 and not _HAD & set(note.norms(start, end)):
        return True  # the letterhead: "HARBORVIEW SPINE SURGERY"
    after = note.norms(atom.end, min(end, atom.end + 3))
    if after[:1] == ["is"] or after[:1] == ["was"] or after[:1] == ["has"] or after[:1] == ["have"]:
        after = after[1:]
    if after and (
        after[0] in _SERVICE_ACTS or (after[0] in ("will", "to", "would") and set(after[1:]) & _SERVICE_WILL)
    ):
        return True
    before = note.norms(max(start, atom.start - 2), atom.start)
    return bool(before) and before[-1] in _SERVICE_BEFORE


def _is_unsaid(note: Note, start: int, end: int, atom: Atom, type_: str) -> bool:
    """A word that names the concept and does not say that the patient has it."""
    norms = note.norms(start, end)
    if type_ == "peripheral_nerve_injury":  # an operation of the past for it
        return bool(
            {"release", "decompression", "transposition", "surgery", "relese"}
            & set(note.norms(atom.start, atom.end + 2))
        )
    if type_ == "overlap_reason":
        denied = {"denies", "denied", "no", "without"} & set(note.norms(start, atom.start))
        return bool(denied) or not _CHANGED & set(norms)
    if type_ == "follow_up_reason":
        return bool(
            {"duty", "work", "school", "practice", "play", "sport", "home", "normal"}
            & set(note.norms(atom.end, atom.end + 5))
        )
    if type_ == "trauma":
        return bool({"prevent", "preventing", "potty", "toilet", "underwear"} & set(norms))
    return False


def _label(note: Note, start: int, end: int, atom: Atom, type_: str, scope: Assertion) -> str | None:
    label = scope.label
    if scope.family and scope.negated:
        return None  # what the family does not have is no fact
    if (
        type_ == "immunosuppression"
        and label in ("present", "possible")
        and _YET & set(note.norms(max(start, atom.start - 4), min(end, atom.end + 6)))
    ):
        return "hypothetical"
    if (
        type_ == "cancer"
        and note.norms(atom.start, atom.end) == ["ca"]
        and note.norms(atom.end, atom.end + 1)[0:1]
        and note.words.norms[atom.end][0].isdigit()
    ):
        return None  # calcium
    if (
        type_ in ("mri_changes_management", "follow_up_reason")
        and label == "absent"
        and (
            not {"not", "no", "never"} & set(note.norms(atom.start - 2, atom.start))
            or note.norms(atom.start - 2, atom.start) == ["or", "not"]
        )
    ):
        label = "present"
    if type_ in ("rheumatology_workup", "neurologic_exam_detailed"):
        if any(word.startswith("refer") for word in note.norms(max(start, atom.start - 4), atom.start)):
            return "hypothetical"
        before_it = any(
            kind == "negated" and at < note.words.starts[atom.start] for at, _, kind in scope.cues
        )
        if label == "possible" or (label == "absent" and not before_it):
            return "present"
    if (
        type_ == "trauma"
        and label == "present"
        and {"recall", "remember", "think", "identify", "describe"}
        & set(note.norms(atom.start - 5, atom.start))
    ) and {"cannot", "not", "unable", "can't", "doesn't"} & set(note.norms(atom.start - 7, atom.start)):
        return "absent"
    if (
        label == "possible"
        and type_ in _SIGNS
        and _GROUNDS & set(note.norms(max(start, atom.start - 5), atom.start))
    ):
        label = "present"
    eased = type_ == "orthostatic_headache" and label in ("absent", "historical")
    behind = all(at > note.words.starts[atom.start] for at, _, _ in scope.cues)
    if eased and scope.cues and behind and _LYING & set(note.norms(atom.end, end)):
        label = "present"  # "worse upright and gone when flat"
    if label == "absent" and is_new_finding(note, atom.start, atom.end, scope):
        label = "possible" if scope.possible else "present"
    elif label == "absent" and _is_unrelated(note, atom, scope):
        label = "present"
    if label in ("present", "historical", "possible") and _answered_no(note, end, atom):
        label = "absent"
    if label == "present" and _is_differential(note, start, end, atom, type_):
        label = "possible"
    before = note.norms(max(start, atom.start - 6), atom.start)
    if label == "historical" and type_ in _LASTING:
        resolved = any(
            kind == "historical" and start_ > note.words.starts[atom.start] for start_, _, kind in scope.cues
        )
        if (
            type_
            in (
                "disc_herniation",
                "spinal_stenosis",
                "spinal_infection",
                "compression_fracture",
                "peripheral_nerve_injury",
                "trauma",
            )
            and not resolved
            and type_ not in ("trauma",)
        ):
            return (
                "historical"
                if {"history", "hx", "h/o"} & set(before) and type_ in ("disc_herniation", "spinal_infection")
                else "present"
            )
        if type_ == "cancer" or type_ == "spine_surgery":
            return "present"
        if type_ == "immunosuppression" and _cause(atom) in _PASSING:
            return "historical"
        return "historical" if resolved else "present"
    if type_ == "spine_surgery" and label == "possible":
        return (
            "present" if _AFTER & set(note.norms(max(start, atom.start - 5), atom.start)) else "hypothetical"
        )
    if type_ in (
        "mri_changes_management",
        "follow_up_reason",
        "overlap_reason",
        "anesthesia_needed",
        "symptom_progression_on_treatment",
    ) and label in ("hypothetical", "possible", "historical"):
        return "present"
    if (
        type_ == "pregnancy"
        and label == "present"
        and {"partner", "wife", "girlfriend", "daughter", "sister"} & set(before)
    ):
        return "family"
    if (
        type_ == "unevaluable"
        and label == "present"
        and {"was", "were", "night", "initially", "arrival"} & set(before)
    ):
        return "historical"
    if (
        type_ == "peripheral_nerve_injury"
        and label == "present"
        and {"resolved", "recovered", "100%"} & set(note.norms(atom.end, min(end, atom.end + 12)))
    ):
        return "historical"
    if (
        type_ == "disc_herniation"
        and label == "present"
        and {"preoperative", "preop", "pre-op"} & set(note.norms(start, end))
    ):
        return "historical"
    return label


def _cause(atom: Atom) -> str:
    entry = atom.get("immunosuppression")
    return "" if entry is None else str(entry.attributes.get("cause", ""))


def _is_unrelated(note: Note, atom: Atom, scope: Assertion) -> bool:
    """As in "not related to his previous discectomy": what is denied is the link."""
    words = note.norms(atom.start - 7, atom.start)
    return bool({"related", "due", "because", "explained", "attributable", "from"} & set(words)) and bool(
        {"previous", "prior", "old", "his", "her", "known"} & set(words[-3:])
    )


def _answered_no(note: Note, end: int, atom: Atom) -> bool:
    """A form that answers no: "Pacemaker: N    Pregnant: N", "| Lumbar surgery | - | never |"."""
    norms = note.words.norms
    following = norms[atom.end : min(end, atom.end + 8)]
    if following[:1] == [":"] and len(following) > 1 and following[1] in _NO:
        after = atom.end + 2
        return (
            after >= len(norms)
            or after >= end
            or bool(note.words.gaps[after])
            or norms[after] in ("|", ";", ",", ".")
        )
    if (
        following
        and following[0] in _NO
        and len(note.words.gaps[atom.end]) > 1
        and (len(following) == 1 or len(note.words.gaps[atom.end + 1]) > 1)
    ):
        return True  # "Recent trauma       N"
    if "|" in following:
        cells = set(following) - {"|", "-"}
        return bool(cells) and cells <= _NO
    return False


def _is_differential(note: Note, start: int, end: int, atom: Atom, type_: str) -> bool:
    """A thing on a list of what may be the cause: under "DDx:", "On the list:", or before a question mark."""
    part = note.layout.parts[note.layout.part[atom.start]]
    title = set(note.norms(part.start, part.title_end))
    if (
        title & {"ddx", "differential"}
        and note.layout.sentence[atom.start] <= note.layout.sentence[part.start] + 2
    ):
        return True
    before = note.norms(start, atom.start)
    if ":" in before and {"differential", "ddx", "list", "possibilities"} & set(before[: before.index(":")]):
        return True
    lead = note.layout.sentence[start] - 1
    if lead >= 0:
        first, last = note.layout.sentences[lead]
        words = note.norms(first, last)
        if (
            words[-1:] == [":"]
            and {"differential", "ddx", "possibilities"} & set(words)
            and note.layout.part[first] == note.layout.part[start]
        ):
            return True
    following = note.norms(atom.end, min(end, atom.end + 8))
    if following[:1] == ["?"] and atom.end < end:
        return True
    if following[:1] == ["workup"] or (following[:1] == ["work"] and "up" in following[1:3]):
        return True
    text = " ".join(following)
    if any(phrase in text for phrase in _OPEN):
        return True
    if {"indeterminate", "equivocal", "inconclusive", "nondiagnostic"} & set(
        note.norms(max(start, atom.start - 3), atom.start)
    ):
        return True
    guess = set(note.norms(max(start, atom.start - 9), atom.start))
    return type_ in _GUESSED and bool(guess & _GUESSES) and "not" not in guess


def _level(note: Note, start: int, end: int, atom: Atom) -> str | None:
    """The spinal level nearest to the words: "L4-5 disc herniation", "fracture of L1"."""
    words = note.words
    low, high = max(start, atom.start - 5), min(end, atom.end + 5)
    text = words.text[words.starts[low] : words.ends[high - 1]]
    best: tuple[int, str] | None = None
    middle = words.starts[atom.start] - words.starts[low]
    for match in _LEVEL.finditer(text):
        letter, number = match[1].upper(), int(match[2])
        if number > {"C": 8, "T": 12, "L": 6, "S": 5}[letter] or number == 0:
            continue
        level = f"{letter}{number}"
        if match[4]:
            level += f"-{(match[3] or '').upper()}{match[4]}"
        distance = abs(match.start() - middle)
        if best is None or distance < best[0]:
            best = (distance, level)
    return best[1] if best else None


def _when(note: Note, start: int, end: int, atom: Atom, mention: Mention) -> None:
    """The day of an event or picture, or of the words that stand beside it."""
    if mention.type in ("spine_surgery", "trauma") and note.anchor is not None:
        for time in note.times_in(max(start, atom.start - 8), atom.start):
            between = set(note.norms(time.end, atom.start))
            if (
                time.kind == "duration"
                and time.low
                and time.end >= atom.start - 5
                and between & {"after", "post", "s/p", "following", "since", "out"}
            ):
                mention.date = (note.anchor - timedelta(days=int(time.low))).isoformat()[
                    : 10 if time.low < 60 else 7
                ]
                return  # "8 weeks after laminectomy"
    if mention.attributes.get("procedure") == "instrumentation":
        return  # "hardware intact" on films of a day dates the films
    dates = [t for t in note.times_in(start, end) if t.kind == "date"]
    if mention.type != "spine_surgery":  # "TSC: brain MRI due February 2027" dates no disease
        dates = [t for t in dates if note.has_come(t.iso)]
    if not dates:
        if mention.type == "trauma":
            for time in note.times_in(start, end):
                if (
                    time.kind == "duration"
                    and time.high is not None
                    and {"ago", "since", "after", "post", "s/p"}
                    & set(note.norms(time.start - 2, time.end + 2))
                ):
                    mention.attributes["duration_days"] = int(time.low)
        if mention.type == "trauma":
            number = note.layout.sentence[start]
            if number + 1 < len(note.layout.sentences):
                first, last = note.layout.sentences[number + 1]
                later = [t for t in note.times_in(first, last) if t.kind == "date" and t.ago]
                if later and {"happened", "occurred", "this", "it"} & set(note.norms(first, first + 4)):
                    mention.date = later[0].iso
        return
    nearest = min(
        dates,
        key=lambda t: (
            (t.start - atom.end if t.start >= atom.end else (atom.start - t.end) + 1)
            + 4 * note.norms(min(t.end, atom.end), max(t.start, atom.start)).count(",")
        ),
    )
    distance = min(abs(nearest.start - atom.end), abs(atom.start - nearest.end))
    if distance <= 14:
        mention.date = nearest.iso


def _surgery(note: Note, start: int, end: int, atom: Atom, mention: Mention) -> None:
    """Done, planned, or only thought of."""
    norms = set(note.norms(max(start, atom.start - 8), min(end, atom.end + 9)))
    future = mention.date is not None and not note.has_come(mention.date)
    category = note.category(start)
    if mention.assertion in ("absent", "family", "historical"):
        if mention.assertion == "absent" and norms & _CALLED_OFF:
            mention.attributes["planned"] = True
        return
    done = bool(norms & _DONE) or (
        mention.assertion == "present"
        and bool(_AFTER & set(note.norms(max(start, atom.start - 5), atom.start)))
    )
    thought = bool(norms & _THOUGHT) or any(word.startswith(("refer", "reffer")) for word in norms)
    agreed = bool(norms & {"scheduled", "booked", "proceed", "proceeding"}) or future
    if norms & _CALLED_OFF and not done and mention.assertion == "hypothetical":
        mention.assertion = "absent"
        mention.attributes["planned"] = True
        return
    told = category in (
        "plan",
        "assessment_plan",
        "assessment",
        "hpi",
        "interval",
        "indication",
        "",
        "complaint",
        "other",
    )
    # In a plan a day without a year lies ahead: "proceed with laminectomy 11/18".
    going = bool(norms & {"scheduled", "booked", "schedule", "set"}) and (
        category in ("plan", "assessment_plan") or not norms & {"was", "were"}
    )
    ahead = (going or bool(norms & {"proceed", "proceeding"})) and not done
    planned = bool(norms & _PLANNED) and not done and told and (mention.date is None or ahead)
    if thought and not agreed and not done and mention.date is None and told:
        mention.assertion = "hypothetical"
        mention.attributes["considered"] = True
        mention.attributes.pop("planned", None)
    elif future or planned or ahead:
        mention.assertion = "hypothetical"
        mention.attributes["planned"] = True
    elif mention.assertion == "hypothetical" and (thought or "procedure" in mention.attributes):
        mention.attributes["considered"] = True
    elif mention.assertion == "hypothetical":
        note.mentions.remove(
            mention
        )  # "scan it before surgery?": nothing is said of an operation on the spine
    if mention.assertion == "present" and norms & {"recent", "recently"}:
        mention.attributes["recent"] = True


def _cancer(note: Note, start: int, end: int, atom: Atom, mention: Mention) -> None:
    """Active or over, and when its treatment ended."""
    if mention.assertion not in ("present", "possible"):
        return
    number = note.layout.sentence[start]
    last = end
    for following in range(number + 1, min(number + 4, len(note.layout.sentences))):
        first, stop = note.layout.sentences[following]
        apart = note.layout.part[first] != note.layout.part[start] and not _RAYS & set(
            note.norms(first, stop)
        )
        if apart or note.words.gaps[first].count("\n") >= 2:
            break
        if _CARE & set(note.norms(first, stop)) or any(
            entry.attributes.get("cause") == "chemotherapy"
            for other in note.atoms_in(first, stop)
            for entry in other.entries
            if entry.label == "immunosuppression"
        ):
            last = stop
    norms = set(note.norms(start, last))
    text = " ".join(note.norms(start, last))
    over = norms & _OVER or "no evidence of" in text or "years out" in text or "in remission" in text
    stopped = norms & {"until", "through", "completed", "finished", "stopped", "ended", "declined", "no"}
    running = (
        (norms & _RUNNING and not (norms & _OVER_WITH and not norms & {"now", "currently", "maintenance"}))
        or ("currently" in norms and bool(norms & _CARE))
        or (
            norms & _HORMONES
            and not stopped
            and not norms & {"plan", "planned", "discuss", "start", "consider"}
        )
        or (any(phrase in text for phrase in _UNDER_CARE) and not stopped)
    )
    untreated = (
        "naive" in norms
        or "no chemotherapy" in text
        or "before treatment" in text
        or "newly diagnosed" in text
        or "new diagnosis" in text
    )
    if untreated:
        mention.attributes.setdefault("on_treatment", False)
        mention.attributes.setdefault("status", "active")
    elif over and not running:
        mention.attributes.setdefault("status", "remission")
    elif running or norms & {"active", "metastatic", "recurrent", "progressive"}:
        mention.attributes.setdefault("status", "active")
        if running:
            mention.attributes.setdefault("on_treatment", True)
    if norms & {"metastatic", "metastases", "mets", "metastasized"}:
        mention.attributes.setdefault("metastatic", True)
    treated = [t for t in note.times_in(start, last) if t.kind == "date" and note.has_come(t.iso)]
    if treated and norms & _ENDS and not running:
        mention.attributes.setdefault("treatment_end", treated[-1].iso)


def _immune(note: Note, start: int, end: int, atom: Atom, mention: Mention) -> None:
    """A treatment of years ago, or a lymphoma in remission, weakens nobody today."""
    cause = mention.attributes.get("cause")
    if mention.assertion != "present" or cause not in _PASSING:
        return
    before = set(note.norms(max(start, atom.start - 5), atom.start))
    if before & {"previously", "former", "formerly", "stopped", "discontinued", "off"}:
        mention.assertion = "historical"
        return
    if cause not in ("chemotherapy", "leukemia or lymphoma"):
        return
    norms = set(note.norms(start, end))
    if norms & _NOW or set(note.norms(atom.start - 1, atom.start)) == {"on"}:
        return
    today = note.anchor
    dates = [t for t in note.times_in(start, end) if t.kind == "date"]
    long_ago = (
        today is not None
        and bool(dates)
        and all(span_of(t.iso)[1] < today - timedelta(days=183) for t in dates)
    )
    if cause == "chemotherapy":
        over = bool(norms & _CEASED) or long_ago
    else:
        over = bool(norms & {"remission", "cured", "ned", "survivor"})
    if over:
        mention.assertion = "historical"


def _posture(note: Note) -> None:
    """A headache told to be worse upright and better lying, in whatever words."""
    if not note.holds(*_HEADACHE):
        return
    norms = note.words.norms
    is_headache = bool(_HEADACHE & set(norms[:60]))
    for start, end in note.layout.sentences:
        aches = [i for i in range(start, end) if norms[i] in _HEADACHE]
        if not aches and is_headache and {*norms[start:end]} & _LYING and note.category(start) != "exam":
            aches = [
                next(i for i in range(start, end) if norms[i] in _LYING)
            ]  # the complaint of the note goes on
        if not aches or any("orthostatic_headache" in a.labels for a in note.atoms_in(start, end)):
            continue
        last = end
        number = note.layout.sentence[start]
        if number + 1 < len(note.layout.sentences):
            first, stop = note.layout.sentences[number + 1]
            if norms[first] in (
                "it",
                "this",
                "she",
                "he",
                "pain",
                "lying",
                "standing",
                "relieved",
                "worse",
                "better",
            ):
                last = stop
        if not _is_postural(norms[start:last]):
            continue
        # "a headache that is absent while lying" is not denied.
        denied = {"no", "not", "neither", "regardless", "denies", "without", "denied"} & set(
            norms[start : aches[0]]
        )
        scope = note.assess(aches[0], aches[0] + 1)
        if not (denied or scope.family or scope.hypothetical or scope.historical):
            note.add("orthostatic_headache", aches[0], aches[0] + 1, "present")


def _is_postural(words: Sequence[str]) -> bool:
    """Does what lies nearest to "lying" ease the headache, or what lies nearest to "upright" bring it?"""
    words = [
        "getting-up"
        if words[max(0, i - 1)] in ("getting", "gets", "got") and w == "up"
        else "on-feet"
        if (w == "feet" and "on" in words[max(0, i - 3) : i])
        or (w == "up" and words[max(0, i - 1)] in ("being", "stood"))
        else w
        for i, w in enumerate(words)
    ]
    changes = [
        (i, w in _STARTS)
        for i, w in enumerate(words)
        if w in _STARTS or w in _STOPS or w in ("nothing", "zero")
    ]
    changes += [  # "1/10 lying flat, 8/10 within ten minutes of standing"
        (i + 2, float(w) >= 4)
        for i, w in enumerate(words)
        if w.isdigit() and list(words[i + 1 : i + 3]) == ["/", "10"]
    ]
    upright = [i for i, w in enumerate(words) if w in _UPRIGHT]
    lying = [i for i, w in enumerate(words) if w in _LYING]
    if not upright or not lying or len({worse for _, worse in changes}) < 2:
        return False
    return not any(min(changes, key=lambda c: abs(c[0] - i))[1] for i in lying)


def _purpose(note: Note) -> None:
    """What the MRI is for in a patient with a tumor: a word of the request, anywhere in the note."""
    known = [
        m
        for m in note.mentions
        if (m.type in ("cancer", "primary_spinal_tumor") and m.assertion in ("present", "possible"))
        or (m.type == "primary_spinal_tumor" and m.assertion == "historical")
    ]
    if not known:
        return
    for atom in note.atoms:
        entry = atom.get("purpose")
        if entry is None:
            continue
        start, end = note.sentence_of(atom.start)
        stands = note.assess(atom.start, atom.end)
        around = set(note.norms(atom.start - 6, atom.end + 6))
        if (
            stands.negated
            or stands.family
            or stands.historical
            or around
            & {
                "colonoscopy",
                "mammogram",
                "mammography",
                "completed",
                "done",
                "no",
                "derm",
                "dermatology",
                "skin",
                "psa",
                "cystoscopy",
                "endoscopy",
                "clinical",
                "dermatologic",
                "urology",
                "egd",
            }
        ):
            continue
        purpose = str(entry.attributes["purpose"])
        told = note.norms(start, end)
        if purpose == "surveillance" and not _SCANNED & set(told) and note.kind != "order":
            continue  # "continue surveillance" with the dermatologist asks for no picture
        if purpose == "initial_staging" and {
            "completed",
            "complete",
            "done",
            "negative",
            "was",
            "were",
        } & set(told):
            continue
        asked = note.category(atom.start) in (
            "plan",
            "assessment_plan",
            "indication",
            "assessment",
            "complaint",
        ) or note.kind in ("order", "letter")
        if not asked and not {"mri", "mr"} & set(note.norms(start, end)):
            continue
        for mention in known:
            mention.attributes.setdefault("purpose", purpose)
        return


def _branches(note: Note) -> None:
    """Two ways that the care goes on, by what the scan shows: "if active, a brace; if clean, therapy"."""
    if not note.holds("if"):
        return
    norms = note.words.norms
    sentences = note.layout.sentences
    for number, (start, end) in enumerate(sentences):
        ifs = [i for i in range(start, end) if norms[i] == "if"]
        words = set(norms[start:end])
        if not ifs or not words & _ACTIONS or note.category(start) not in _PLANS:
            continue
        if _turns_on_picture(norms[ifs[0] : end]) and not note.assess(ifs[0], ifs[0] + 1).negated:
            note.add("mri_changes_management", ifs[0], ifs[0] + 1, "present")
            continue
        first = max(0, number - 1)
        if not {"mri", "mr"} & set(norms[sentences[first][0] : end]):
            continue
        two = len(ifs) > 1 or bool(words & {"otherwise", "else"})
        if two and words & _OUTCOMES and not note.assess(ifs[0], ifs[0] + 1).negated:
            note.add("mri_changes_management", ifs[0], ifs[0] + 1, "present")


_PICTURED = frozenset(
    ("mri", "scan", "marrow", "edema", "edematous", "oedema", "enhance", "enhances", "enhancing", "enhancement", "bright", "collection", "abscess", "picture",
     "imaging", "pars", "cracked", "images", "stir", "signal", "acute", "unhealed", "tethered", "residual", "leak")
)  # fmt: skip
_CARE_WORDS = frozenset(
    ("cement", "kyphoplasty", "vertebroplasty", "augmentation", "augment", "drain", "drains", "drainage", "debride", "debrides", "washout", "infliximab", "steroids",
     "brace", "bracing", "surgery", "operate", "operation", "radiation", "radiate", "antibiotics", "switch", "inject", "injection", "esi", "biologic", "chemo",
     "fuse", "fusion", "decompress", "decompression", "detether", "untether", "release", "patch", "rituximab", "train", "competes", "compete", "excise", "resect")
)  # fmt: skip


def _turns_on_picture(clause: Sequence[str]) -> bool:
    """ "If the marrow is still bright he will put cement in": a treatment that hangs on what the picture shows."""
    cause = next((i for i, word in enumerate(clause[:12]) if word in _PICTURED), None)
    return cause is not None and bool(_CARE_WORDS & set(clause[cause + 1 :]))


def _scoliosis(note: Note, start: int, end: int, atom: Atom, mention: Mention) -> None:
    norms = set(note.norms(start, end))
    if (
        norms
        & {
            "progression",
            "progressing",
            "progressed",
            "progressive",
            "worsening",
            "worsened",
        }
        or "increased from" in " ".join(note.norms(start, end))
    ) and not norms & {"no", "not", "without"}:
        mention.attributes["worsening"] = True
    if "atypical" in norms or ({"left", "thoracic"} <= norms and norms & {"curve", "convex", "apex"}):
        mention.attributes["atypical"] = True


def _infection(note: Note, start: int, end: int, atom: Atom, mention: Mention) -> None:
    """Signs at the wound, and the course of a known infection."""
    norms = set(note.norms(start, end))
    draining = [i for i in range(start, end) if note.words.norms[i] in _WOUND]
    if any(not note.assess(i, i + 1).negated for i in draining):
        mention.attributes["signs"] = True
    if (
        norms & {"worsening", "worse", "worsened", "rising", "progression", "progressing", "enlarging"}
        and mention.assertion == "present"
    ):
        mention.attributes["worsening"] = True
    elif (
        norms & {"improving", "improved", "resolving", "stable", "healing"} and mention.assertion == "present"
    ):
        mention.attributes["worsening"] = False
    if mention.assertion == "present" and note.holds(*_ANTIBIOTICS):
        mention.attributes["treated"] = True


def _toe_walking(note: Note, start: int, end: int, atom: Atom, mention: Mention) -> None:
    """A deformity beside the gait, anywhere in the note: tight cords, high arches; or feet found straight."""
    for first, last in note.layout.sentences:
        words = set(note.norms(first, last))
        if words & {"arch", "arches", "feet"} and words & {"normal", "straight"} and note.is_exam(first):
            mention.attributes["orthopedic_deformity"] = False
            break
    for i, norm in enumerate(note.words.norms):
        if norm in _DEFORMITY:
            stands = note.assess(i, i + 1)
            if stands.label in ("present", "absent"):
                mention.attributes["orthopedic_deformity"] = stands.label == "present"
                if stands.label == "present":
                    return


def _neuroinflammatory(note: Note, start: int, end: int, atom: Atom, mention: Mention) -> None:
    """Whether the first tests have come back."""
    if mention.assertion not in ("present", "possible"):
        return
    tests = {"ACE", "CSF", "AQP4", "MOG", "ANA"}
    if any(
        m.type == "lab" and str(m.attributes.get("test", "")).split(" ")[0] in tests for m in note.mentions
    ):
        mention.attributes["workup"] = "done"
        return
    norms = note.words.norms
    for first, last in note.layout.sentences:
        words = set(norms[first:last])
        if (
            words & {"ace", "csf", "lp"}
            and words & _RETURNED
            and not words & {"ordered", "pending", "order"}
            and note.category(first) != "plan"
        ):
            mention.attributes["workup"] = "done"
            return
    for i, norm in enumerate(norms):
        if norm in ("workup", "work-up") or (norm == "work" and "up" in norms[i + 1 : i + 3]):
            around = set(norms[max(0, i - 6) : i + 9])
            if around & {"done", "completed", "complete", "negative", "unrevealing", "finished", "normal"}:
                mention.attributes["workup"] = "done"
                return
            if around & {"ordered", "pending", "planned", "start", "order"}:
                mention.attributes["workup"] = "ordered"


def _recent(note: Note, start: int, end: int, atom: Atom, mention: Mention) -> None:
    """An injury of long ago is over; one called recent needs no date."""
    dated = mention.assertion == "present" and mention.date is not None and note.anchor is not None
    if dated and span_of(str(mention.date))[1] < (note.anchor or date.max) - timedelta(days=183):
        mention.assertion = "historical"
    if (
        mention.assertion == "present"
        and mention.date is None
        and {"recent", "recently", "acute"} & set(note.norms(max(start, atom.start - 4), atom.end))
    ):
        mention.attributes["recent"] = True


def _fracture(note: Note, start: int, end: int, atom: Atom, mention: Mention) -> None:
    """As in "painful L2 compression fracture, worsening despite brace": what grows worse is the pain."""
    tail = note.norms(atom.end, min(end, atom.end + 5))
    if mention.assertion != "present" or {"no", "not", "without", "if", "stable"} & set(tail):
        return
    if {"worsening", "progressing", "deteriorating"} & set(tail) and "deformity" not in tail:
        mention.attributes["worsening"] = True


def _skin(note: Note, start: int, end: int, atom: Atom, mention: Mention) -> None:
    if mention.type != "sacral_dimple" or mention.assertion not in ("present", "possible"):
        return
    number = note.layout.sentence[start]
    last = (
        note.layout.sentences[min(number + 1, len(note.layout.sentences) - 1)][1]
        if number + 1 < len(note.layout.sentences)
        and note.layout.part[note.layout.sentences[number + 1][0]] == note.layout.part[start]
        else end
    )
    text = note.words.text[note.words.starts[start] : note.words.ends[last - 1]]
    for match in _SIZED.finditer(text):
        millimetres = float(match[1]) * (10 if match[2].lower() == "cm" else 1)
        tail = text[match.end() : match.end() + 30].lower()
        if re.match(r"\s*(?:from|above|superior|cephalad|to the an)", tail) and (
            "anus" in tail or "anal" in tail or "verge" in tail
        ):
            mention.attributes["distance_from_anus_mm"] = millimetres
        elif (
            re.match(r"\s*(?:across|wide|in diameter|diameter|deep|dimple|pit|in size|$|,|\.|\()", tail)
            or "size_mm" not in mention.attributes
        ):
            mention.attributes.setdefault("size_mm", millimetres)


_DETAILS: dict[str, Callable[[Note, int, int, Atom, Mention], None]] = {
    "spine_surgery": _surgery, "cancer": _cancer, "primary_spinal_tumor": _cancer, "scoliosis": _scoliosis,
    "spinal_infection": _infection, "toe_walking": _toe_walking, "compression_fracture": _fracture,
    "neuroinflammatory_disease": _neuroinflammatory,
    "trauma": _recent, "immunosuppression": _immune, **dict.fromkeys(_SKIN, _skin),
}  # fmt: skip
