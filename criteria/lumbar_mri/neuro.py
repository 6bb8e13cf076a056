"""New neurologic deficits found on examination (criteria.md 3.1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from criteria.chart import Chart, names_any, number_of, says
from criteria.logic import (
    NOT_RAISED,
    Assessment,
    Requirement,
    any_of,
    as_requirement,
    best_of,
    contradicted,
    documented,
    judge,
    missing,
    shown_by,
)
from criteria.texts import texts
from nlp.facts import Fact

#: The examination findings, as section 3.2 lists them.
EXAMINATION = (
    "neuro.weakness",
    "neuro.reflexes",
    "neuro.sensory",
    "neuro.tone",
    "neuro.gait",
    "neuro.foot_drop",
)
ALL = (*EXAMINATION, "neuro.bowel_bladder", "neuro.cauda_equina")

EXAM_FACTS = (
    "motor_weakness", "abnormal_reflex", "pathologic_reflex", "sensory_deficit", "increased_tone",
    "foot_drop", "absent_achilles_bilateral",
)  # fmt: skip

_DERMATOME = re.compile(r"(?:L[1-5]|S1)\b")
_GRADE = re.compile(r"([0-5])\s*([+-]?)")


# --- what every finding needs ---------------------------------------------------------------------


def on_examination(fact: Fact) -> Requirement:
    """An examiner's finding is documented; one that is only suspected is not (G2, G4)."""
    return _as_found("on_examination", fact, fact.assertion == "present")


def _as_found(name: str, fact: Fact, is_found: bool) -> Requirement:
    return shown_by(name, [fact] if is_found else [], open_=[fact])


def new_onset(chart: Chart, fact: Fact) -> Requirement:
    """A deficit found on examination is new unless the notes call it old or it is a year old (G5)."""
    if is_old(chart, fact):
        return contradicted("new_onset", [fact])
    return documented("new_onset", [fact])


def is_old(chart: Chart, fact: Fact) -> bool:
    """Say whether the notes call a finding old, and not worse."""
    if says(fact, "old_or_new", "new", "worse"):
        return False
    if says(fact, "old_or_new", "old"):
        return True
    span = chart.began(fact) if "onset" in fact.attributes else None
    return span is not None and (chart.service_date - span.last).days >= chart.numbers["neuro.old_after_days"]


def not_attributed_elsewhere(fact: Fact) -> Requirement:
    """A deficit that the notes blame on a nerve, a plexus or a neuropathy does not count (G7)."""
    if says(fact, "attributed_elsewhere", True):
        return contradicted("not_attributed_elsewhere", [fact])
    return documented("not_attributed_elsewhere", [fact])


def judge_each(facts: Sequence[Fact], requirements: Callable[[Fact], list[Requirement]]) -> Assessment:
    """Judge every finding of one kind and keep the best."""
    return best_of([judge(requirements(fact), [fact]) for fact in facts])


# --- the indications ------------------------------------------------------------------------------


def weakness(chart: Chart) -> Assessment:
    """Neurologic deficits, bullet 1, first item: muscle weakness."""

    def requirements(fact: Fact) -> list[Requirement]:
        return [
            on_examination(fact),
            _not_pain_limited(fact),
            new_onset(chart, fact),
            not_attributed_elsewhere(fact),
        ]

    return judge_each([fact for fact in chart.found("motor_weakness") if not _is_full(fact)], requirements)


def _is_full(fact: Fact) -> bool:
    """5/5 is no weakness, whatever the fact is called; 4+/5 is one."""
    grade = grade_of(fact)
    return grade is not None and grade >= 5


def _not_pain_limited(fact: Fact) -> Requirement:
    if says(fact, "pain_limited", True):
        return contradicted("pain_limited", [fact])
    return documented("pain_limited", [fact])


def grade_of(fact: Fact) -> float | None:
    """Return a strength grade as a number: 4+/5 is 4.25, 4-/5 is 3.75."""
    text = str(fact.attributes.get("grade", ""))
    if text.lower().startswith("trace"):
        return 1.0
    match = _GRADE.match(text)
    if match is None:
        return None
    return int(match.group(1)) + {"+": 0.25, "-": -0.25, "": 0.0}[match.group(2)]


def reflexes(chart: Chart) -> Assessment:
    """Neurologic deficits, bullet 1, second item: abnormal or pathologic reflexes."""
    found = chart.found("abnormal_reflex", "pathologic_reflex", "absent_achilles_bilateral")
    arms = chart.words["neuro.arm_reflexes"]

    def requirements(fact: Fact) -> list[Requirement]:
        return [on_examination(fact), new_onset(chart, fact), not_attributed_elsewhere(fact)]

    # Hoffmann's sign and the jerks of the arm are upper-limb findings even where no region is given (G9).
    return judge_each([fact for fact in found if not names_any(fact, ("kind", "reflex"), arms)], requirements)


def sensory(chart: Chart) -> Assessment:
    """Neurologic deficits, bullet 1, third item: sensory loss along one lumbosacral dermatome."""

    def requirements(fact: Fact) -> list[Requirement]:
        return [
            on_examination(fact),
            _dermatome(fact),
            new_onset(chart, fact),
            not_attributed_elsewhere(fact),
        ]

    return judge_each(chart.found("sensory_deficit"), requirements)


def _dermatome(fact: Fact) -> Requirement:
    named = _DERMATOME.search(str(fact.attributes.get("dermatome", "")).upper()) is not None
    return _as_found("dermatome", fact, named)


def tone(chart: Chart) -> Assessment:
    """Neurologic deficits, bullet 2: increased tone of the legs."""

    def requirements(fact: Fact) -> list[Requirement]:
        return [on_examination(fact), new_onset(chart, fact)]

    return judge_each(chart.found("increased_tone"), requirements)


def bowel_bladder(chart: Chart) -> Assessment:
    """Neurologic deficits, bullet 3: new bladder or bowel dysfunction; history is enough."""
    found = chart.found("bladder_dysfunction", "bowel_dysfunction")
    return judge_each(found, lambda fact: _new_dysfunction(chart, fact))


def _new_dysfunction(chart: Chart, fact: Fact) -> list[Requirement]:
    return [
        _as_found("bowel_bladder_dysfunction", fact, fact.assertion == "present"),
        said_to_be_new(chart, fact),
        not_attributed_elsewhere(fact),
    ]


def said_to_be_new(chart: Chart, fact: Fact) -> Requirement:
    """A complaint, unlike an examiner's finding (G5), is new only where something says since when."""
    if is_old(chart, fact):
        return contradicted("new_onset", [fact])
    is_new = (
        says(fact, "old_or_new", "new", "worse")
        or says(fact, "recent", True)
        or says(fact, "new_or_increasing", True)
        or chart.began(fact) is not None
    )
    return _as_found("new_onset", fact, is_new)


def foot_drop(chart: Chart) -> Assessment:
    """Neurologic deficits, bullet 5: foot drop, also where dorsiflexion of 3/5 or less shows it."""

    def requirements(fact: Fact) -> list[Requirement]:
        return [on_examination(fact), new_onset(chart, fact), not_attributed_elsewhere(fact)]

    return judge_each([*chart.found("foot_drop"), *_dropped_by_grade(chart)], requirements)


def _dropped_by_grade(chart: Chart) -> list[Fact]:
    limit = chart.numbers["neuro.foot_drop_at_most_grade"]
    dorsiflexors = chart.words["neuro.dorsiflexors"]
    dropped = []
    for fact in chart.present("motor_weakness"):
        grade = grade_of(fact)
        is_dropped = grade is not None and grade <= limit and not says(fact, "pain_limited", True)
        if is_dropped and names_any(fact, ("muscle",), dorsiflexors):
            dropped.append(fact)
    return dropped


# --- gait (Table 1) -------------------------------------------------------------------------------


def gait_kind(fact: Fact) -> str:
    """Return the Table 1 name of a gait, "antalgic" for one that pain explains, "unspecified" otherwise.

    >>> gait_kind(Fact("gait_abnormality", "present", {"kind": "neurogenic (steppage)"}))
    'neurogenic'
    """
    kind = str(fact.attributes.get("kind", "")).lower().replace("_", " ")
    for name in texts().table1:
        if name.replace("_", " ") in kind:
            return name
    if any(word in kind for word in ("steppage", "toe-drag", "toe drag")):
        return "neurogenic"
    return "antalgic" if any(word in kind for word in ("antalgic", "limp", "slow")) else "unspecified"


def gait(chart: Chart) -> Assessment:
    """Neurologic deficits, bullet 4, with Table 1."""
    found = [(fact, gait_kind(fact)) for fact in chart.found("gait_abnormality")]
    # Pain, not a nerve, makes an antalgic gait: it raises nothing.
    return best_of([_judge_gait(chart, fact, kind) for fact, kind in found if kind != "antalgic"])


def _judge_gait(chart: Chart, fact: Fact, kind: str) -> Assessment:
    if kind == "unspecified":
        return judge([missing("gait_type", [fact]), new_onset(chart, fact)])
    if kind != "neurogenic":
        # Table 1 sends every other gait to another region or another test.
        return judge([contradicted("gait_type", [fact])], notes=(texts().table1[kind],))
    return judge(
        [
            on_examination(fact),
            new_onset(chart, fact),
            not_attributed_elsewhere(fact),
            *_foot_drop_or_emg(chart),
        ]
    )


def _foot_drop_or_emg(chart: Chart) -> list[Requirement]:
    """Table 1, neurogenic gait: EMG comes first, unless there is a foot drop."""
    drop = chart.result("neuro.foot_drop")
    if drop.is_met:
        return [documented("emg", drop.facts)]
    if drop.status == "not_met":
        # The step that a peroneal palsy or an old foot drop explains is explained.
        return [contradicted(name, drop.facts) for name in drop.contradicted]
    done = leg_emg(chart)
    abnormal = [fact for fact in done if not says(fact, "result", "normal", "pending", "unknown")]
    return [shown_by("emg", abnormal, [fact for fact in done if says(fact, "result", "normal")])]


def leg_emg(chart: Chart) -> list[Fact]:
    """Return the EMG and nerve conduction studies of the legs that have been done."""
    return [
        fact
        for fact in chart.present("emg_ncs")
        if not says(fact, "limb", "upper") and not says(fact, "planned", True) and "result" in fact.attributes
    ]


# --- cauda equina ---------------------------------------------------------------------------------


def cauda_equina(chart: Chart) -> Assessment:
    """Neurologic deficits, last bullet, with the Overview's list of symptoms."""
    named = [*chart.suspected("cauda_equina_syndrome"), *chart.suspected("saddle_anesthesia")]
    has_pain = bool(chart.present("low_back_pain", "radicular_pain"))
    if not named and not has_pain:
        return NOT_RAISED
    symptom = _cauda_equina_symptom(chart)
    # A symptom of the list raises it without the name: saddle anesthesia always, the others beside pain.
    if not named and not symptom.is_documented:
        return NOT_RAISED
    return judge([_severe_pain_or_sciatica(chart), symptom], named)


def _severe_pain_or_sciatica(chart: Chart) -> Requirement:
    limit = chart.numbers["neuro.severe_pain_at_least"]
    severe, mild = [], []
    for fact in chart.present("low_back_pain"):
        score = number_of(fact, "severity_0_10")
        if says(fact, "severe", True) or (score is not None and score >= limit):
            severe.append(fact)
        elif says(fact, "severe", False) or score is not None:
            mild.append(fact)
    no_back_pain = mild or (chart.absent("low_back_pain") if not chart.present("low_back_pain") else [])
    return any_of(
        "severe_pain_or_sciatica",
        [
            shown_by("severe_pain", severe, no_back_pain),
            shown_by("sciatica", chart.present("radicular_pain"), chart.absent("radicular_pain")),
        ],
    )


def _cauda_equina_symptom(chart: Chart) -> Requirement:
    """At least one symptom of the Overview's list, recent and not explained otherwise."""
    return any_of(
        "cauda_equina_symptom",
        [
            shown_by(
                "saddle_anesthesia",
                [f for f in chart.present("saddle_anesthesia") if not is_old(chart, f)],
                chart.absent("saddle_anesthesia"),
            ),
            _recent_dysfunction(chart),
            shown_by(
                "absent_achilles_bilateral",
                [f for f in chart.present("absent_achilles_bilateral") if _counts_as_new(chart, f)],
                chart.absent("absent_achilles_bilateral", "abnormal_reflex"),
            ),
            _sexual_dysfunction(chart),
            _absent_sacral_reflexes(chart),
        ],
    )


def _counts_as_new(chart: Chart, fact: Fact) -> bool:
    return not is_old(chart, fact) and not says(fact, "attributed_elsewhere", True)


def _recent_dysfunction(chart: Chart) -> Requirement:
    """Judged as `bowel_bladder`, with the same exclusions."""
    result = chart.result("neuro.bowel_bladder")
    if result.is_raised:
        return as_requirement("bowel_bladder", result)
    bladder, bowel = chart.absent("bladder_dysfunction"), chart.absent("bowel_dysfunction")
    return shown_by("bowel_bladder", [], [*bladder, *bowel] if bladder and bowel else [])


def _sexual_dysfunction(chart: Chart) -> Requirement:
    recent = [f for f in chart.present("sexual_dysfunction") if said_to_be_new(chart, f).is_documented]
    old = [f for f in chart.present("sexual_dysfunction") if is_old(chart, f)]
    return shown_by("sexual_dysfunction", recent, [*chart.absent("sexual_dysfunction"), *old])


def _absent_sacral_reflexes(chart: Chart) -> Requirement:
    """Both the anal and the bulbocavernosus reflex must be gone."""
    anal, cavernous = chart.present("absent_anal_reflex"), chart.present("absent_bulbocavernosus")
    kept = chart.absent("absent_anal_reflex", "absent_bulbocavernosus")
    return shown_by("sacral_reflexes", [*anal, *cavernous] if anal and cavernous else [], kept)


# --- for the other sections -----------------------------------------------------------------------


def any_deficit(chart: Chart, name: str, among: tuple[str, ...] = ALL) -> Requirement | None:
    """Return the requirement "with a new deficit" of other sections; None where no deficit is raised."""
    results = [result for result in map(chart.result, among) if result.is_raised]
    # A bladder that leaks for reasons of its own is no deficit to ask about.
    bladder = chart.result("neuro.bowel_bladder")
    if len(results) == 1 and results[0] is bladder and bladder.status == "not_met":
        results = []
    if not results:
        return None
    return as_requirement(name, best_of(results))


def examined_normal(chart: Chart) -> list[Fact]:
    """Return the normal findings of an examination of the legs that found nothing abnormal, old or new."""
    if chart.suspected(*EXAM_FACTS):
        return []
    return chart.absent("motor_weakness", "abnormal_reflex", "sensory_deficit")
