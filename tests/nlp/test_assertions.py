"""How findings stand: sentences in the manner of the NegEx and ConText test kits, one span each."""

from __future__ import annotations

import pytest

from nlp.assertions import assess

# (text, the span to judge, the names of the booleans that hold, blank-separated; "" = plainly present)
CASES: list[tuple[str, str, str]] = [
    # denial before its finding, and its scope
    ("The patient denies chest pain.", "chest pain", "negated"),
    ("There is no evidence of pneumothorax.", "pneumothorax", "negated"),
    ("No fever, chills, or night sweats.", "night sweats", "negated"),
    ("No fever, chills, or weakness; numbness in the left foot.", "numbness", ""),
    ("No fever, chills, or weakness; numbness in the left foot.", "weakness", "negated"),
    ("Without nausea or vomiting.", "vomiting", "negated"),
    ("Chest x-ray negative for effusion.", "effusion", "negated"),
    ("He has never had a seizure.", "seizure", "negated"),
    ("She didn't notice any bleeding.", "bleeding", "negated"),
    ("Patient is free of symptoms of depression.", "depression", "negated"),
    ("Neither clonus nor spasticity was elicited.", "clonus", "negated"),
    ("Neither clonus nor spasticity was elicited.", "spasticity", "negated"),
    ("She does not have diabetes.", "diabetes", "negated"),
    ("Absence of deep tendon reflexes was not accompanied by pain.", "pain", "negated"),
    ("Patient doesn't complain of dizziness but has headaches.", "dizziness", "negated"),
    ("Patient doesn't complain of dizziness but has headaches.", "headaches", ""),
    ("No numbness, however he reports tingling in the toes.", "tingling", ""),
    ("Denies fever and chills; endorses weight loss.", "weight loss", ""),
    ("Denies trauma, reports sciatica since May.", "sciatica", ""),
    ("No complaints other than back pain.", "back pain", ""),
    ("No weakness except for mild foot drop.", "foot drop", ""),
    ("No history of cancer, presents with leg pain.", "leg pain", ""),
    ("He has no fever, and his pain is severe.", "pain", ""),
    ("She has no leg weakness, she has numbness in the foot.", "numbness", ""),
    ("He is not diabetic.", "diabetic", "negated"),
    ("Pt. w/o incontinence.", "incontinence", "negated"),
    ("Patient ruled out for myocardial infarction.", "myocardial infarction", "negated"),
    ("The CT rules out fracture.", "fracture", "negated"),
    ("Nothing to suggest infection.", "infection", "negated"),
    ("Not febrile, not tachycardic.", "tachycardic", "negated"),
    ("ROS: (-) fever, (-) chills, (+) back pain", "chills", "negated"),
    ("ROS: (-) fever, (-) chills, (+) back pain", "back pain", ""),
    ("She could not recall any trauma.", "trauma", "negated"),
    ("No known fractures.", "fractures", "negated"),
    ("Lungs are clear, no wheezing or rales, heart is regular with a murmur.", "murmur", ""),
    ("He has yet to develop any weakness.", "weakness", "negated"),
    # denial after its finding
    ("Saddle numbness is denied.", "Saddle numbness", "negated"),
    ("Pneumonia was ruled out.", "Pneumonia", "negated"),
    ("Clonus: absent.", "Clonus", "negated"),
    ("Fever: no. Chills: yes.", "Fever", "negated"),
    ("Fever: no. Chills: yes.", "Chills", ""),
    ("fevers no; numbness no; back pain yes", "fevers", "negated"),
    ("fevers no; numbness no; back pain yes", "numbness", "negated"),
    ("fevers no; numbness no; back pain yes", "back pain", ""),
    ("Fever, chills, night sweats: none.", "chills", "negated"),
    ("A fracture is not seen.", "fracture", "negated"),
    ("Deep venous thrombosis unlikely.", "Deep venous thrombosis", "negated"),
    ("Weight loss - denies.", "Weight loss", "negated"),
    ("Discitis has been excluded.", "Discitis", "negated"),
    ("Meningitis was considered but ruled out by lumbar puncture.", "Meningitis", "negated possible"),
    # words that only look like a denial
    ("No change in his foot drop since May.", "foot drop", ""),
    ("There is no increase in her pain.", "pain", ""),
    ("Not only does he have weakness, he also has numbness.", "weakness", ""),
    ("She did therapy without improvement of her sciatica.", "sciatica", ""),
    ("No relief of the radicular pain with prednisone.", "radicular pain", ""),
    ("MRI lumbar spine without contrast for radiculopathy.", "radiculopathy", ""),
    ("There is no doubt that she has stenosis.", "stenosis", ""),
    ("Gram negative bacteremia was treated.", "bacteremia", ""),
    ("Pain is not relieved by rest; sciatica continues.", "sciatica", ""),
    ("He cannot walk because of back pain.", "back pain", ""),
    ("He is unable to sleep due to leg pain.", "leg pain", ""),
    ("Numbness has not improved.", "Numbness", ""),
    ("The weakness did not resolve.", "weakness", ""),
    ("Pain that does not respond to ibuprofen.", "Pain", ""),
    ("No significant change in the weakness of the left leg.", "weakness", ""),
    ("Not certain if ibuprofen helps the back pain.", "back pain", ""),
    ("His leg weakness is no better.", "leg weakness", ""),
    ("The stenosis is no worse than in 2023.", "stenosis", ""),
    ("She has not had relief of back pain with tramadol.", "back pain", ""),
    # possible
    ("Possible L5 radiculopathy.", "L5 radiculopathy", "possible"),
    ("Rule out cauda equina syndrome.", "cauda equina syndrome", "possible"),
    ("R/O discitis.", "discitis", "possible"),
    ("Evaluate for spinal stenosis.", "spinal stenosis", "possible"),
    ("Concern for epidural abscess.", "epidural abscess", "possible"),
    ("Findings suspicious for metastasis.", "metastasis", "possible"),
    ("DDx: big central disc w/ CES, abscess", "abscess", "possible"),
    ("DDx: big central disc w/ CES, abscess", "CES", "possible"),
    ("Cauda equina syndrome has to be excluded.", "Cauda equina syndrome", "possible"),
    ("An abscess must be ruled out.", "abscess", "possible"),
    ("I believe that he is developing a disc herniation.", "disc herniation", "possible"),
    ("This could represent an early infection.", "infection", "possible"),
    ("She may have a herniated disc.", "herniated disc", "possible"),
    ("Likely L4-5 disc herniation.", "disc herniation", "possible"),
    ("Herniation cannot be excluded.", "Herniation", "possible"),
    ("We cannot rule out a fracture.", "fracture", "possible"),
    ("A compression fracture is suspected.", "compression fracture", "possible"),
    ("Radiculopathy vs peripheral neuropathy.", "Radiculopathy", "possible"),
    ("Radiculopathy vs peripheral neuropathy.", "peripheral neuropathy", "possible"),
    ("?discitis", "discitis", "possible"),
    ("Pneumonia is possible.", "Pneumonia", "possible"),
    ("Differential includes stenosis, tumor and infection.", "infection", "possible"),
    ("I am worried about a tumor.", "tumor", "possible"),
    ("Symptoms are suggestive of lumbar stenosis.", "lumbar stenosis", "possible"),
    ("Question of spondylolysis at L5.", "spondylolysis", "possible"),
    ("Fracture not excluded.", "Fracture", "possible"),
    ("Probable sacroiliitis.", "sacroiliitis", "possible"),
    ("MRI to look for an abscess.", "abscess", "possible"),
    ("In my view this is most likely a nerve root compression.", "nerve root compression", "possible"),
    # hypothetical
    ("Return if fever develops.", "fever", "hypothetical"),
    ("Call for fever, chills or new weakness.", "new weakness", "hypothetical"),
    (
        "Should he ever develop a floppy foot or lose bladder control, he goes to the ER.",
        "floppy foot",
        "hypothetical",
    ),
    (
        "Should he ever develop a floppy foot or lose bladder control, he goes to the ER.",
        "bladder control",
        "hypothetical",
    ),
    ("She knows to call about numbness in the saddle or fever.", "fever", "hypothetical"),
    ("Return precautions for saddle anesthesia were given.", "saddle anesthesia", "hypothetical"),
    ("Call if:\n- numb saddle\n- new weakness\n- fever over 101", "numb saddle", "hypothetical"),
    ("Call if:\n- numb saddle\n- new weakness\n- fever over 101", "fever", "hypothetical"),
    ("Go to the ER for:\n* loss of bladder control\n* leg weakness", "leg weakness", "hypothetical"),
    ("ER for: incontinence, saddle numbness, fever.", "saddle numbness", "hypothetical"),
    ("Risks of the injection include infection and bleeding.", "infection", "hypothetical"),
    ("Acetaminophen as needed for headache.", "headache", "hypothetical"),
    ("Take ibuprofen prn for fever.", "fever", "hypothetical"),
    ("In case of incontinence go to the emergency room.", "incontinence", "hypothetical"),
    ("He will return sooner for any weakness.", "weakness", "hypothetical"),
    ("If the pain becomes severe, go to the emergency department.", "pain", "hypothetical"),
    ("Instructed to seek care for urinary retention.", "urinary retention", "hypothetical"),
    ("Watch for fever.", "fever", "hypothetical"),
    ("Red flags reviewed: incontinence, fever, weight loss.", "weight loss", "hypothetical"),
    ("He was told to come back at once with any foot drop.", "foot drop", "hypothetical"),
    ("Emergency department at once for numbness between the legs.", "numbness", "hypothetical"),
    # historical
    ("History of pancreatitis.", "pancreatitis", "historical"),
    ("3-week history of back pain.", "back pain", ""),
    ("She has a two-year history of leg pain.", "leg pain", ""),
    ("He presents with a long history of low back pain.", "low back pain", ""),
    ("History of chronic back pain.", "chronic back pain", ""),
    ("Past medical history significant for stroke.", "stroke", "historical"),
    ("h/o DVT in 2014.", "DVT", "historical"),
    ("His sciatica has resolved.", "sciatica", "historical"),
    ("She previously had foot drop.", "foot drop", "historical"),
    ("Prior episode of sciatica in 2019, fully recovered.", "sciatica", "historical"),
    ("The fever is gone.", "fever", "historical"),
    ("Back pain as a teenager that went away.", "Back pain", "historical"),
    ("She used to have migraines.", "migraines", "historical"),
    ("His leg weakness cleared up after surgery.", "leg weakness", "historical"),
    ("No history of cancer.", "cancer", "negated"),
    ("History and physical: back pain for two weeks.", "back pain", ""),
    ("History of present illness: back pain for 2 weeks.", "back pain", ""),
    ("She is no longer suffering from back pain.", "back pain", "historical"),
    ("He no longer has leg pain.", "leg pain", "historical"),
    ("No recurrence of his sciatica since 2021.", "sciatica", "historical"),
    # family and others
    ("Family history of breast cancer.", "breast cancer", "family"),
    ("Mother had ankylosing spondylitis.", "ankylosing spondylitis", "family"),
    ("FH: diabetes, stroke.", "stroke", "family"),
    ("Her father died of a stroke.", "stroke", "family"),
    ("Mother reports that he has had a fever since Tuesday.", "fever", ""),
    ("He came with his father because of back pain.", "back pain", ""),
    ("A neighbor had a disc operation.", "disc operation", "family"),
    ("Her older brother had an emergency operation for cauda equina.", "cauda equina", "family"),
    ("Wife says he has numbness in the feet.", "numbness", ""),
    ("His mom noticed a limp.", "limp", ""),
    ("There is a family history of neurofibromatosis.", "neurofibromatosis", "family"),
    ("Lumbar stenosis in her mother.", "Lumbar stenosis", "family"),
    ("His brother has scoliosis; he himself has back pain.", "back pain", ""),
    ("Sister with lupus.", "lupus", "family"),
    ("According to his wife, he has leg weakness.", "leg weakness", ""),
    ("Per mother, fever of 102 last night.", "fever", ""),
    ("Daughter is concerned about his back pain.", "back pain", ""),
    ("No family history of osteoporosis.", "osteoporosis", "family negated"),
    ("She fell while lifting her daughter and has back pain.", "back pain", ""),
    ("Her husband drove her because of severe back pain.", "back pain", ""),
    # lists, boxes, sections
    ("[x] fever  [ ] weight loss", "fever", ""),
    ("Bladder symptoms: Y [ ]  N [x]", "Bladder symptoms", "negated"),
    (
        "REVIEW OF SYSTEMS\nConstitutional: Negative for fever, malaise.\nGU: Positive for urgency.",
        "malaise",
        "negated",
    ),
    (
        "REVIEW OF SYSTEMS\nConstitutional: Negative for fever, malaise.\nGU: Positive for urgency.",
        "urgency",
        "",
    ),
    ("FAMILY HISTORY\nMother: gout\nFather: stroke", "stroke", "family"),
    ("Family: father MI.\n\nSince May he has a limp.", "limp", ""),
    ("DIFFERENTIAL: disc herniation, abscess", "abscess", "possible"),
    ("38-year-old roofer with low back pain since May.", "low back pain", ""),
    ("Two years ago he had sciatica.", "sciatica", "historical"),
    ("The numbness began two years ago.", "numbness", ""),
    ("Low back pain, likely mechanical.", "Low back pain", ""),
    ("Denies any new numbness.", "numbness", "negated"),
    ("Denies experiencing any weakness.", "weakness", "negated"),
    ("Activities such as bending bring on the pain.", "pain", ""),
    ("Concerned about his back pain, the mother made the appointment.", "back pain", ""),
    ("Patient worried about cancer.", "cancer", "possible"),
    ("He was fine until the pain started.", "pain", ""),
    ("Feels as if the leg is weak.", "weak", ""),
    ("He has not seen any improvement of the numbness.", "numbness", ""),
]


def _flags(text: str, span: str) -> str:
    start = text.index(span)
    [found] = assess(text, [(start, start + len(span))])
    names = ("family", "historical", "hypothetical", "negated", "possible")
    return " ".join(name for name in names if getattr(found, name))


@pytest.mark.parametrize(("text", "span", "expected"), CASES)
def test_assess(text: str, span: str, expected: str) -> None:
    assert _flags(text, span) == expected


def test_assess_answers_in_the_order_of_the_spans() -> None:
    text = "No fever; has sciatica."
    found = assess(text, [(text.index("sciatica"), len(text) - 1), (3, 8)])
    assert [answer.label for answer in found] == ["present", "absent"]


def test_cues_give_offsets_of_their_words() -> None:
    text = "She denies any numbness."
    [found] = assess(text, [(text.index("numbness"), text.index("numbness") + 8)])
    assert next(text[start:end] for start, end, _ in found.cues) == "denies"


@pytest.mark.parametrize("span", [(-1, 3), (2, 2), (0, 99)])
def test_a_span_outside_of_the_text_is_refused(span: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="span"):
        assess("No fever.", [span])


def test_a_span_without_a_word_is_refused() -> None:
    with pytest.raises(ValueError, match="word"):
        assess("No   fever.", [(2, 4)])
