"""Table of contents: the editions of the guideline, and which criteria each holds from when.

Add to the past, never edit it: a new edition is a line in EDITIONS, a new criterion a line in CONTENTS with
the day from which it holds; a criterion that is dropped gets the day on which it ended.

Readings taken. The text of the edition in force says its own dates (revised December 2023, implemented July
2024). Of the editions before it only the policy history is known: what each revision added, removed or
clarified, and its month. They are taken to begin with that month, to hold what the edition in force holds but
for what the history says came later, and a clarification is taken to change no decision. What was removed
without a trace of its words (syringomyelia and pediatric back pain in the combination section) cannot be
decided. The first edition here stands for all before March 2022; it is not stretched further back than 2020.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from criteria.chart import Chart
from criteria.logic import Assessment
from criteria.lumbar_mri import (
    back_pain,
    combination,
    congenital,
    fracture,
    immune,
    indeterminate,
    infection,
    inflammatory,
    neuro,
    neurocutaneous,
    neuroinflammatory,
    pars,
    periop,
    trauma,
    tumor,
)

POLICY_ID = "NIA_CG_044"

Question = Callable[[Chart], Assessment]


@dataclass(frozen=True)
class Edition:
    """One edition of the guideline, and the day from which requests are judged by it."""

    version: str
    effective_from: date
    note: str


FIRST = date(2020, 1, 1)
MARCH_2022 = date(2022, 3, 1)
MAY_2023 = date(2023, 5, 1)
JULY_2024 = date(2024, 7, 1)

EDITIONS = (
    Edition("before-2022-03", FIRST, "What the policy history lets be said of the time before March 2022."),
    Edition("2022-03", MARCH_2022, "Adds the overlap statement and neuroinflammatory disease."),
    Edition(
        "2023-05",
        MAY_2023,
        "Adds indeterminate findings of earlier imaging; takes radicular pain and malaise out of the "
        "pediatric red flags, as its history says.",
    ),
    Edition(
        "2023-12",
        JULY_2024,
        "In force. Its list of pediatric red flags has radicular pain and malaise, so they count again.",
    ),
)


@dataclass(frozen=True)
class Entry:
    """A criterion, the rule that decides it, and the days from and before which editions hold it."""

    id: str
    question: Question
    since: date = FIRST
    until: date = date.max


#: In the order of the guideline; a criterion may use what those before it have said.
CONTENTS = (
    Entry("neuro.weakness", neuro.weakness),
    Entry("neuro.reflexes", neuro.reflexes),
    Entry("neuro.sensory", neuro.sensory),
    Entry("neuro.tone", neuro.tone),
    Entry("neuro.bowel_bladder", neuro.bowel_bladder),
    Entry("neuro.foot_drop", neuro.foot_drop),
    Entry("neuro.gait", neuro.gait),
    Entry("neuro.cauda_equina", neuro.cauda_equina),
    Entry("back_pain.neuro_deficit", back_pain.neuro_deficit),
    Entry("back_pain.failed_conservative", back_pain.failed_conservative),
    Entry("back_pain.progression", back_pain.progression),
    Entry("back_pain.emg", back_pain.emg),
    Entry("back_pain.pediatric", back_pain.pediatric),
    Entry("periop.preop", periop.preop),
    Entry("periop.csf_leak", periop.csf_leak),
    Entry("periop.followup", periop.followup),
    Entry("periop.infection", periop.infection),
    Entry("periop.new_deficit", periop.new_deficit),
    Entry("trauma.neuro_deficit", trauma.neuro_deficit),
    Entry("trauma.progression", trauma.progression),
    Entry("trauma.ankylosed_spine", trauma.ankylosed_spine),
    Entry("trauma.unevaluable", trauma.unevaluable),
    Entry("pars.adult_instability", pars.adult_instability),
    Entry("pars.pediatric", pars.pediatric),
    Entry("fracture.malignancy", fracture.malignancy),
    Entry("fracture.neuro_deficit", fracture.neuro_deficit),
    Entry("fracture.management", fracture.management),
    Entry("tumor.primary_staging", tumor.primary_staging),
    Entry("tumor.primary_followup", tumor.primary_followup),
    Entry("tumor.primary_new_symptoms", tumor.primary_new_symptoms),
    Entry("tumor.metastasis_clarification", tumor.metastasis_clarification),
    Entry("tumor.metastasis_neuro_deficit", tumor.metastasis_neuro_deficit),
    Entry("tumor.known_malignancy_symptoms", tumor.known_malignancy_symptoms),
    # Policy history, May 2023: statement on indeterminate findings of prior imaging added.
    Entry("indeterminate.initial", indeterminate.initial, since=MAY_2023),
    Entry("indeterminate.followup", indeterminate.followup, since=MAY_2023),
    Entry("cancer.concurrent_staging", tumor.concurrent_staging),
    Entry("infection.suspected", infection.suspected),
    Entry("infection.followup", infection.followup),
    Entry("inflammatory.spondyloarthropathy", inflammatory.spondyloarthropathy),
    Entry("immune.suppressed", immune.suppressed),
    Entry("congenital.tethered_cord", congenital.tethered_cord),
    Entry("congenital.anorectal", congenital.anorectal),
    Entry("congenital.sacral_dimple", congenital.sacral_dimple),
    Entry("congenital.toe_walking", congenital.toe_walking),
    Entry("congenital.chiari_complex", congenital.chiari_complex),
    Entry("congenital.chiari1_followup", congenital.chiari1_followup),
    # Policy history, March 2022: section on neuroinflammatory conditions added.
    Entry("neuroinflammatory", neuroinflammatory.suspected, since=MARCH_2022),
    Entry("combination.scoliosis", combination.scoliosis),
    Entry("combination.vertebral_anomaly", combination.vertebral_anomaly),
    Entry("combination.chiari", combination.chiari),
    Entry("combination.tethered_cord", combination.tethered_cord),
    Entry("combination.oncologic", combination.oncologic),
    Entry("combination.csf_leak", combination.csf_leak),
    Entry("neurocutaneous.nf1", neurocutaneous.nf1),
    Entry("neurocutaneous.nf2", neurocutaneous.nf2),
    Entry("neurocutaneous.vhl", neurocutaneous.vhl),
    # Last: it is met by nothing and raised only where nothing else is.
    Entry("neurocutaneous.brain_only", neurocutaneous.brain_only),
)

#: Policy history, March 2022: statement on combination requests for an overlapping body part added.
OVERLAP_GATE_SINCE = MARCH_2022


def contents_of(edition: Edition) -> tuple[Entry, ...]:
    """Return the criteria that an edition holds, in order."""
    return tuple(entry for entry in CONTENTS if entry.since <= edition.effective_from < entry.until)


def has_overlap_gate(edition: Edition) -> bool:
    return edition.effective_from >= OVERLAP_GATE_SINCE


def edition_named(version: str) -> Edition:
    """Return the edition of a version; an unknown one is a KeyError whose words list the known."""
    for edition in EDITIONS:
        if edition.version == version:
            return edition
    known = ", ".join(edition.version for edition in EDITIONS)
    raise KeyError(f"no edition {version!r} of {POLICY_ID}; known editions: {known}")
