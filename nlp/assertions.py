"""How a finding stands: absent, possible, hypothetical, historical, someone else's.

ConText (Harkema et al. 2009) over the cues of lexicons/shared/cues.toml: a cue governs the findings of its
clause in its direction until a word that ends its scope. Parts of the note, ticked boxes and plus or minus
signs count as cues.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from nlp.layout import NO, UNTICKED, YES, Layout, read_layout
from nlp.lexicon import Trie, lexicon
from nlp.mentions import Atom, find_atoms
from nlp.tokens import Words

_FAMILY_SECTION = frozenset(("family",))
_HYPOTHETICAL_SECTION = frozenset(("instructions",))
_HAS = frozenset(
    (
        "has",
        "had",
        "with",
        "died",
        "was",
        "also",
        "diagnosed",
        "got",
        "suffers",
        "suffered",
        "who",
        "operated",
        "underwent",
        "needed",
        "required",
        "developed",
    )
)
_PRONOUNS = frozenset(
    [
        "he",
        "she",
        "it",
        "they",
        "patient",
        "pt",
        "there",
        "this",
        "that",
        "who",
        "i",
        "we",
        "symptoms",
        "pain",
    ]
)
_VERBS = frozenset(
    [
        "has",
        "have",
        "had",
        "is",
        "are",
        "was",
        "were",
        "reports",
        "states",
        "complains",
        "endorses",
        "describes",
        "notes",
        "presents",
        "continues",
        "admits",
        "started",
        "began",
        "developed",
        "feels",
        "radiates",
        "remains",
        "shows",
        "showed",
        "reveals",
        "does",
        "did",
        "gets",
        "got",
        "rates",
        "takes",
        "took",
        "tried",
        "uses",
        "went",
        "can",
        "will",
        "would",
        "walks",
        "works",
        "lives",
        "shoots",
        "goes",
        "runs",
        "travels",
        "hurts",
        "burns",
        "sits",
        "stays",
        "wakes",
        "worsens",
    ]
)
_UNITS = frozenset(
    [
        "day",
        "days",
        "week",
        "weeks",
        "wk",
        "wks",
        "month",
        "months",
        "mo",
        "mos",
        "year",
        "years",
        "yr",
        "yrs",
        "long",
        "hour",
        "hours",
        "significant",
        "decade",
    ]
)
_CHRONIC = frozenset(
    [
        "chronic",
        "longstanding",
        "recurrent",
        "ongoing",
        "persistent",
        "intermittent",
        "lifelong",
        "current",
        "worsening",
        "progressive",
    ]
)
_RELATIVES_DISEASE = frozenset(
    ("breast", "colon", "lung", "ovarian", "prostate", "thyroid", "kidney", "melanoma", "leukemia", "lymphoma", "brain", "stomach", "pancreas", "pancreatic",
     "uterine", "age", "passed", "deceased", "dx", "cancer", "ca")
)  # fmt: skip
_UNDER_CARE = frozenset(("under", "followed", "treated", "seen", "on", "known", "being"))
_TOLD_TO = frozenset(
    (
        "counseled",
        "counselled",
        "instructed",
        "told",
        "asked",
        "advised",
        "taught",
        "reminded",
        "knows",
        "understands",
    )
)
_REPORTING = frozenset(
    (
        "tell",
        "report",
        "call",
        "let",
        "alert",
        "notify",
        "inform",
        "phone",
        "ring",
        "come",
        "return",
        "seek",
        "contact",
        "present",
    )
)
_DENIALS = frozenset(("no", "without", "denies", "denied", "not", "never"))
_MOVING = frozenset(
    ("shoots", "shooting", "radiates", "radiating", "goes", "going", "travels", "travelling", "runs", "running", "down", "into", "to",
     "that", "suspicious", "suggestive", "concerning", "in")
)  # fmt: skip
_TALK = frozenset(
    (
        "talked",
        "discussed",
        "discussing",
        "counseled",
        "counselled",
        "explained",
        "reviewed",
        "would",
        "aware",
        "knows",
        "told",
        "given",
        "went",
        "understands",
    )
)
_CONTRAST = re.compile(r"\bw(?:ith)?/?\s*(?:&|and|/|\+|or)\s*(?:w/?o|without)$", re.IGNORECASE)
_STUDIES = frozenset(
    ("films", "film", "xray", "xrays", "x-ray", "x-rays", "radiographs", "mri", "ct", "scan", "labs", "cultures", "tests", "test", "workup", "screen", "node",
     "nodes", "margins", "ua", "ultrasound", "emg", "biopsy")
)  # fmt: skip
_GOES_ON = frozenset(
    ("bilaterally", "bilat", "both", "right", "left", "today", "throughout", "for", "and", "but", "with", "since", "then", "now", "previously", "again",
     "except", "other", "otherwise", "per", "the", "from", "this", "that", "when", "while", "also", "only", "sitting", "supine", "seated", "crossed",
     "slump", "slr", "babinski", "clonus", "faber", "gait", "hoffman", "hoffmann", "fabere", "tinel", "ros", "reverse", "femoral", "kemp", "patrick")
)  # fmt: skip
_TROUBLES = frozenset(
    (
        "trouble",
        "troubles",
        "problem",
        "problems",
        "difficulty",
        "difficulties",
        "issue",
        "issues",
        "complaint",
        "complaints",
    )
)
# Precautions: when to go or call, and the words of being told to.
_WHEN_TO_GO = frozenset(
    (
        "if",
        "for",
        "should",
        "must",
        "straight",
        "go",
        "sooner",
        "with",
        "about",
        "means",
        "mean",
        "->",
        "=",
        "any",
    )
)
_WHEN_TO_CALL = frozenset(
    ("if", "for", "should", "about", "any", "new", "sooner", "->", ">", "loss", "numbness")
)
_CALLING = frozenset(
    (
        "call", "calling", "returning", "phone", "telephone", "ring", "precautions", "warned", "knows", "sooner"
    )
)  # fmt: skip
_CALLING_OR_TOLD = _CALLING | {"return", "reach", "advised"}
_DESTINATIONS = frozenset(("er", "ed", "911", "hospital", "a&e"))
_EMERGENCY = frozenset(
    [
        "room",
        "department",
        "dept",
        "if",
        "for",
        "care",
        "services",
        "at",
        "immediately",
        "-",
        ">",
        ":",
        "right",
        "straight",
        "or",
    ]
)
_WENT = frozenset(
    [
        "went",
        "seen",
        "visited",
        "presented",
        "was",
        "admitted",
        "discharged",
        "had",
        "taken",
        "came",
        "yesterday",
        "ago",
        "gave",
        "home",
        "from",
    ]
)
_ONSET = frozenset(
    [
        "began",
        "started",
        "onset",
        "start",
        "begin",
        "since",
        "first",
        "developed",
        "still",
        "ever",
        "persists",
        "persistent",
        "continues",
        "ongoing",
        "intermittently",
    ]
)
_POSSESSIVES = frozenset(
    ["his", "her", "my", "their", "your", "this", "these", "ongoing", "worsening", "persistent", "increasing"]
)
_DETERMINERS = frozenset(["his", "her", "the", "their", "my", "this", "that", "these", "those", "its"])
_FINITE = frozenset(["is", "are", "was", "were", "has", "have", "had", "shows", "showed", "remains", "feels"])
_SAID_ABSENT = frozenset(
    [
        "denied",
        "absent",
        "negative",
        "not",
        "noted",
        "present",
        "seen",
        "reported",
        "elicited",
        "appreciated",
        "found",
        "identified",
        "excluded",
        "ruled",
        "detected",
        "evident",
        "observed",
        "demonstrated",
        "unremarkable",
        "all",
        "neg",
        "none",
        "also",
    ]
)
_SUBORDINATE = tuple(
    [w]
    for w in [
        "ago",
        "that",
        "denies",
        "denied",
        "if",
        "when",
        "which",
        "where",
        "because",
        "says",
        "states",
        "feels",
        "reports",
        "thinks",
        "than",
        "as",
        "whether",
        "while",
        "who",
        "until",
        "unless",
        "since",
        "the",
        "her",
        "his",
        "like",
        "is",
        "was",
        "not",
    ]
)
_DEGREES = frozenset(
    [
        "bad",
        "chronic",
        "severe",
        "also",
        "early",
        "some",
        "similar",
        "same",
        "recurrent",
        "young",
        "breast",
        "colon",
        "lung",
        "prostate",
    ]
)
_UNSURE = frozenset(
    ["possible", "suspected", "likely", "probable", "presumed", "questionable", "considered", "favored"]
)
_NO_CLAIM = frozenset(
    [
        "due",
        "from",
        "secondary",
        "related",
        "caused",
        "attributable",
        "multifactorial",
        "mechanical",
        "muscular",
        "musculoskeletal",
        "discogenic",
        "myofascial",
        "a",
        "an",
        "the",
        "of",
        "to",
        "because",
    ]
)
_CLAIMANTS = frozenset(
    [
        "by",
        "from",
        "on",
        "at",
        "in",
        "given",
        "clinically",
        "per",
        "based",
        "despite",
        "and",
        "or",
        "because",
        "for",
        "since",
    ]
)
_ANSWERS = frozenset(("no", "denies", "none", "nil", "n"))
_PAINS = frozenset(
    [
        "pain",
        "pains",
        "ache",
        "aches",
        "spasm",
        "spasms",
        "sciatica",
        "soreness",
        "backache",
        "lbp",
        "discomfort",
        "radiculopathy",
        "neuropathy",
        "flare",
        "flares",
    ]
)
_ASIDES = frozenset(
    [
        "rare",
        "rarely",
        "occasional",
        "occasionally",
        "baseline",
        "chronic",
        "except",
        "only",
        "has",
        "stable",
        "longstanding",
        "old",
    ]
)
_LIST_MARKS = frozenset(("-", "*", "\u2022", ">", "o", "\u25aa", "\u00b7"))
_NEGATED, _POSSIBLE, _HYPO, _HIST, _FAMILY = "negated", "possible", "hypothetical", "historical", "family"


@dataclass(frozen=True)
class Assertion:
    """How a span stands, and the words that say so (`cues`: start, end offsets and the kind of each)."""

    negated: bool = False
    possible: bool = False
    hypothetical: bool = False
    historical: bool = False
    family: bool = False
    cues: tuple[tuple[int, int, str], ...] = ()

    @property
    def label(self) -> str:
        """The one assertion of facts.md that this comes to."""
        if self.family:
            return "family"
        if self.hypothetical:
            return "hypothetical"
        if self.negated:
            return "absent"
        if self.possible:
            return "possible"
        return "historical" if self.historical else "present"


def _is_span(norms: Sequence[str], i: int) -> bool:
    """Do the words before `i` end in a written length: "6/52 hx of", "x5d history of"?"""
    return norms[i - 2 : i] in (["/", "52"], ["/", "12"], ["/", "7"]) or bool(
        i and re.fullmatch(r"x?\d+(?:/52|/12|/7|d|w|wk|wks|mo|m|y|yr)", norms[i - 1])
    )


class Cue:
    __slots__ = ("both", "end", "forward", "kind", "reach", "start")

    def __init__(self, start: int, end: int, kind: str, forward: bool, reach: int) -> None:
        self.start, self.end, self.kind, self.forward, self.reach = start, end, kind, forward, reach


class Scopes:
    """The cues of a note by sentence, and the places where scopes end."""

    def __init__(self, words: Words, layout: Layout, atoms: Sequence[Atom]) -> None:
        self.words, self.layout = words, layout
        self.precautions: dict[int, bool] = {}
        self.copied = _copied_words(words)
        self.fact_starts = {atom.start for atom in atoms if any(entry.is_fact for entry in atom.entries)}
        self.cues: dict[int, list[Cue]] = {}
        self.stops: dict[int, list[int]] = {}
        norms, gaps = words.norms, words.gaps
        sentence = layout.sentence
        denied = -1  # where the last denial ends
        for atom in atoms:
            if norms[atom.start] in _DENIALS and self._denies_on(atom):
                self.cues.setdefault(sentence[atom.start], []).append(
                    Cue(atom.start, atom.end, _NEGATED, True, 60)
                )
                denied = atom.end
            for entry in atom.entries:
                if entry.label != "cue":
                    continue
                kind = entry.attributes["kind"]
                number = sentence[atom.start]
                if kind == "pseudo":
                    continue
                if kind in ("stop", "affirmed"):
                    if kind == "stop" or not self._goes_on(denied, atom.start):
                        self.stops.setdefault(number, []).append(atom.start)
                    continue
                if kind == _FAMILY and not self._is_relative_patient(atom):
                    continue
                forward = entry.attributes.get("dir") != "backward"
                if (
                    kind == _HIST
                    and forward
                    and (
                        _UNITS & set(norms[max(0, atom.start - 2) : atom.start])
                        or _is_span(norms, atom.start)
                    )
                ):
                    continue  # "a 3-week history of", "a 38-year-old"
                if not self._is_cue(atom, kind, forward, number):
                    continue
                if kind == _NEGATED and forward:
                    denied = atom.end
                cue = Cue(atom.start, atom.end, kind, forward, entry.attributes.get("reach", 60))
                self.cues.setdefault(number, []).append(cue)
        for i, norm in enumerate(norms):
            if norm in (";", "|"):
                self.stops.setdefault(sentence[i], []).append(i)
            elif (
                norm == "?"
                and i + 1 < len(norms)
                and (
                    not gaps[i + 1]
                    or (gaps[i] and norms[i - 1] in ",:-(/" and sentence[i + 1] == sentence[i])
                )
                and (gaps[i] or i == 0 or norms[i - 1] in "(,/")
            ):
                self.cues.setdefault(sentence[i], []).append(Cue(i, i + 1, _POSSIBLE, True, 8))
            elif norm in ("+", "-"):
                self._sign(i, norm)
            elif norm == "never" and i and (i + 1 == len(norms) or norms[i + 1] in (".", ";")):
                self.cues.setdefault(sentence[i], []).append(
                    Cue(i, i + 1, _NEGATED, False, 6)
                )  # "Back surgery never."
            elif norm in _ANSWERS and self._is_answer(i):
                self.cues.setdefault(sentence[i], []).append(Cue(i, i + 1, _NEGATED, False, 6))
            elif norm == "(" and norms[i + 1 : i + 2] and norms[i + 1] in _ASIDES:
                self.stops.setdefault(sentence[i], []).append(
                    i
                )  # "denies new trouble (rare stress leak as ever)"
            elif norm == "," and i + 1 < len(norms) and self._begins_anew(i):
                self.stops.setdefault(sentence[i], []).append(i)  # "with no injury, a burning pain set in"
            elif norm in _VERBS and i > 0 and self._opens_clause(i):
                self.stops.setdefault(sentence[i], []).append(i - 1)
            elif norm in _FINITE and i > 1 and (opening := self._new_subject(i)) is not None:
                self.stops.setdefault(sentence[i], []).append(opening)
        for places in self.stops.values():
            places.sort()

    def _denies_on(self, atom: Atom) -> bool:
        """A phrase that holds its own denial and goes on to more: "no wetting or soiling", "no trouble with legs, bladder"."""
        norms = self.words.norms
        if atom.end >= len(norms) or any(entry.label == "cue" for entry in atom.entries):
            return False
        if any(entry.attributes.get("assertion") == "absent" for entry in atom.entries):
            return norms[atom.end] in ("or", ",", "nor", "/", "and")
        if norms[atom.end - 1] in ("felt", "noticed", "feeling") and "not" in norms[atom.start : atom.end]:
            return True  # "has not felt feverish"
        return norms[atom.end - 1] in _TROUBLES and norms[atom.end] in ("with", "w", "w/", "of", "in")

    def _begins_anew(self, comma: int) -> bool:
        """ "with no injury, a burning pain set in", "no fall, now 9/10": the sentence turns after its
        aside.
        """
        norms = self.words.norms
        if norms[comma + 1] == "now":
            return True
        if norms[comma + 1] not in ("a", "an"):
            return False
        before = norms[self.layout.sentences[self.layout.sentence[comma]][0] : comma]
        aside = "without" in before or any(a == "with" and b == "no" for a, b in pairwise(before))
        return aside and not {"denies", "denied"} & set(before)

    def _goes_on(self, denied: int, start: int) -> bool:
        """Does the denial carry on: "denies experiencing", "has not reported", "denies that she has had"?"""
        return 0 <= start - denied <= 2 and not set(self.words.norms[denied:start]) - {
            "that",
            "he",
            "she",
            "they",
            "pt",
            "patient",
        }

    def _is_cue(self, atom: Atom, kind: str, forward: bool, number: int) -> bool:
        """False for words that are a cue elsewhere: "likely mechanical", "began years ago", "denies any
        new".
        """
        norms = self.words.norms
        after = norms[atom.end] if atom.end < len(norms) else ""
        first, last = self.layout.sentences[number]
        if (
            kind == _NEGATED
            and norms[atom.start] in ("negative", "neg")
            and (
                (norms[atom.start - 1] == "-" and not self.words.gaps[atom.start])
                or norms[atom.start - 1]
                in ("triple", "node", "receptor", "culture", "margin", "her2", "er", "pr")
            )
        ):
            return False  # "ER/PR-negative carcinoma"
        if kind == _NEGATED and not forward and self._said_of_study(atom, after, last):
            return False
        if (
            kind == _NEGATED
            and forward
            and _CONTRAST.search(
                self.words.text, max(0, self.words.starts[atom.start] - 12), self.words.ends[atom.end - 1]
            )
        ):
            return False  # "MRI w/ & w/o"
        if kind == _NEGATED and norms[atom.start] == "nothing" and atom.end - atom.start == 1:
            return after in _MOVING  # "nothing shoots down the leg", but "nothing helps the pain"
        if kind == _POSSIBLE and not forward:
            goes_on = atom.end < last and after.isalpha()
            if norms[atom.end - 1] == "suspected":
                return not goes_on or after in _CLAIMANTS or atom.end - atom.start > 1
            if norms[atom.start] in _UNSURE and atom.end - atom.start == 1 and goes_on:
                return False
            return after not in _NO_CLAIM
        if kind == _POSSIBLE and norms[atom.start] in ("concern", "concerned", "worried", "worry"):
            return (
                after not in _POSSESSIVES
                and self.words.norms[atom.end - 1] not in _POSSESSIVES
                and not self._has_possessive(atom)
            )
        if kind == _HIST and norms[atom.end - 1] == "ago":
            if _ONSET & set(norms[first:last]):
                return False
            return not forward or atom.start - first <= 4
        if kind == _HYPO and norms[atom.start] in ("any", "new"):
            return not any(c.kind == _NEGATED and c.forward for c in self.cues.get(number, ()))
        return True

    def _said_of_study(self, atom: Atom, after: str, last: int) -> bool:
        """ "Films negative" is said of the films; "neg sentinel node" of what follows."""
        norms = self.words.norms
        if atom.end - atom.start != 1 or norms[atom.start] not in ("neg", "negative", "absent"):
            return False
        if norms[atom.start - 1] in _STUDIES:
            return True
        goes_on = (
            atom.end < last
            and after.isalpha()
            and len(after) > 2
            and not self.words.gaps[atom.end].count("  ")
        )
        return goes_on and after not in _GOES_ON

    def _has_possessive(self, atom: Atom) -> bool:
        """The phrase took in a weightless word at its end ("concerned about his")."""
        return bool(_POSSESSIVES & set(self.words.norms[atom.end - 1 : atom.end + 1]))

    def _new_subject(self, i: int) -> int | None:
        """Where a new clause with its own subject begins: ", heart is regular", "and his pain is severe"."""
        norms, first = self.words.norms, self.layout.sentences[self.layout.sentence[i]][0]
        if i + 1 < len(norms) and norms[i + 1] in _SAID_ABSENT:
            return None
        for k in range(i - 2, max(first, i - 5) - 1, -1):
            if norms[k] == ",":
                return k if norms[k + 1] not in ("or", "and", "nor") or norms[k + 2] in _DETERMINERS else None
            if norms[k] in ("and", "but") and norms[k + 1] in _DETERMINERS:
                return k
        return None

    def _opens_clause(self, i: int) -> bool:
        norms = self.words.norms
        before = norms[i - 1]
        if before in _PRONOUNS:
            if i >= 2 and norms[i - 2] in (",", "and", "but", ")", ":", "-"):
                return True
            return (
                before in ("he", "she", "patient", "pt")
                and norms[i] in _FINITE
                and norms[i - 2 : i - 1] not in _SUBORDINATE
            )
        return before in (",", "but") or (before == "and" and norms[i] not in ("is", "are", "was", "were"))

    def _sign(self, i: int, sign: str) -> None:
        """ "-fever", "(-) SLR", "[-] cough": a minus that sticks to its finding or stands in brackets."""
        words = self.words
        if i + 1 >= len(words):
            return
        bracketed = i > 0 and words.norms[i - 1] in ("[", "(") and words.norms[i + 1] in ("]", ")")
        sticks = not words.gaps[i + 1] and words.gaps[i] and words.raws[i + 1][0].isalpha()
        if not (bracketed or sticks):
            return
        number = self.layout.sentence[i]
        if sign == "+":
            self.stops.setdefault(number, []).append(i)
        elif bracketed:
            self.cues.setdefault(number, []).append(Cue(i - 1, i + 2, _NEGATED, True, 60))
            self.cues.setdefault(number, []).append(Cue(i - 1, i + 2, _NEGATED, False, 3))
        elif words.gaps[i].count(" ") and i > 0:
            self.cues.setdefault(number, []).append(Cue(i, i + 1, _NEGATED, True, 4))

    def _is_answer(self, i: int) -> bool:
        """ "Fever: no   Weight loss: no", "fevers no;": a "no" with nothing after it."""
        norms, gaps = self.words.norms, self.words.gaps
        if norms[i] == "n" and i and norms[i - 1] not in (":", "-", "="):
            return False
        if i == 0 or (
            i + 1 < len(norms)
            and self.layout.sentence[i + 1] == self.layout.sentence[i]
            and norms[i + 1] not in (";", ",", ".", "|", ")")
            and len(gaps[i + 1]) < 2
        ):
            return False
        return norms[i - 1] not in (".", ";", ",", "and", "or")

    def _is_relative_patient(self, atom: Atom) -> bool:
        """False where the relative only reports, drives or worries."""
        norms = self.words.norms
        if norms[atom.start] in ("family", "fh", "fhx", "famhx", "familial", "runs", "in"):
            return True
        end = atom.end
        if end >= len(norms):
            return False
        if norms[end] == "on" and norms[end + 2 : end + 3] == ["side"] and end + 3 < len(norms):
            end += 3  # "a cousin on Mom's side had"
        following = norms[end]
        if self.words.raws[end - 1].endswith(("'s", "s'", "\u2019s")) and self.fact_starts & {
            end,
            end + 1,
            end + 2,
            end + 3,
        }:
            return True  # "her cousin's Chiari"
        if following == "is" and norms[end + 1 : end + 2] and norms[end + 1] in _UNDER_CARE:
            return True
        if following == "," and norms[end + 2 : end + 3] == [","] and end + 3 < len(norms):
            end += 3  # "her sister, incidentally, had"
            following = norms[end]
        if following in ("just", "recently", "also", "once", "actually", "apparently") and end + 1 < len(
            norms
        ):
            end += 1  # "her sister just had"
            following = norms[end]
        if (
            following == "of"
            and norms[end + 1 : end + 2] in (["his"], ["hers"], ["mine"], ["theirs"])
            and norms[end + 2 : end + 3] != []
        ):
            return norms[end + 2] in _HAS
        if following in _DEGREES and end + 1 in self.fact_starts:
            return True
        facts_next = end in self.fact_starts or (
            end + 1 in self.fact_starts
            and following in ("'s", ":", "-", "(", "died", "had", "has", "of", "w/", "w")
        )
        if following in _RELATIVES_DISEASE or norms[end : end + 3] == ["ended", "up", "with"]:
            return True  # "sister breast at 38 currently on chemo"
        if following in _HAS:
            after = norms[end + 1] if end + 1 < len(norms) else ""
            if after in (
                "noticed",
                "seen",
                "not",
                "noted",
                "brought",
                "concerns",
                "questions",
                "been",
                "heard",
                "told",
                "here",
            ):
                return following == "had" and after == "been"
            return True
        if following == "," and norms[end + 1 : end + 2] in (["who"], ["whose"], ["deceased"]):
            return True
        return (
            facts_next
            or following in (":", "(", "with", "w", "-", "d")
            or self.layout.parts[self.layout.part[atom.start]].category == "family"
        )

    def assess(self, start: int, end: int, *, as_event: bool = False) -> Assertion:
        """Return how words `start` to `end` stand. `as_event`: "history of" makes no history of lasting
        things.
        """
        layout, words = self.layout, self.words
        number = layout.sentence[start]
        negated = possible = hypothetical = historical = family = False
        cues: list[tuple[int, int, str]] = []
        category = layout.parts[layout.part[start]].category
        if category in _FAMILY_SECTION and self._in_family_paragraph(start):
            family = True
        elif category in _HYPOTHETICAL_SECTION:
            hypothetical = words.norms[start - 1] not in ("his", "her")  # "yoga for her back pain"
        elif self._is_precaution(number, start):
            hypothetical = True
        elif category == "assessment" and self._is_differential(start):
            possible = True
        mark = layout.marks[start] if layout.marks else 0
        if mark == NO:
            negated = True
        elif mark == YES:
            return Assertion(family=family)
        stops = self.stops.get(number, ())
        for cue in self.cues.get(number, ()):
            if cue.start < end and cue.end > start:
                continue
            if cue.forward:
                if cue.end > start or start - cue.end > cue.reach:
                    continue
                if cue.kind != _HYPO and cue.kind != _FAMILY and _between(stops, cue.end, start):
                    continue
                if (
                    cue.kind == _FAMILY
                    and _between(stops, cue.end, start)
                    and self._back_to_patient(cue.end, start)
                ):
                    continue
            else:
                if end > cue.start or cue.start - end > (cue.reach if cue.reach > 60 else min(cue.reach, 14)):
                    continue
                if cue.reach <= 60 and (_between(stops, end, cue.start) or self._out_of_reach(end, cue)):
                    continue
            if cue.kind == _NEGATED:
                negated = True
            elif cue.kind == _POSSIBLE:
                possible = True
            elif cue.kind == _HYPO:
                if words.norms[cue.start] in ("prn", "as") and _PAINS & set(words.norms[start:end]):
                    continue
                hypothetical = True
            elif cue.kind == _HIST:
                historical = True
            else:
                family = True
            cues.append((words.starts[cue.start], words.ends[cue.end - 1], cue.kind))
        lasting = _CHRONIC & set(words.norms[max(0, start - 1) : end]) or words.norms[end : end + 1] in (
            ["x"],
            ["for"],
            ["since"],
        )
        if historical and lasting:
            historical = any(
                k == _HIST and words.norms[bisect_right(words.starts, s) - 1] not in _PAST for s, _, k in cues
            )
        if historical and as_event:
            historical = any(
                k == _HIST and words.norms[bisect_right(words.starts, s) - 1] not in _PAST for s, _, k in cues
            )
        return Assertion(negated, possible, hypothetical, historical, family, tuple(cues))

    def _is_precaution(self, number: int, start: int) -> bool:
        """ "ER for numb saddle", "would change the pace: ...", and the bullets under "Call if:"."""
        known = self.precautions.get(number)
        if known is None:
            known = self.precautions[number] = self._precaution(number)
        return known

    def _precaution(self, number: int) -> bool:
        first, last = self.layout.sentences[number]
        norms = self.words.norms
        category = self.layout.parts[self.layout.part[first]].category
        if category in (
            "hpi",
            "ros",
            "exam",
            "pmh",
            "complaint",
            "family",
            "results",
            "medications",
            "interval",
        ):
            return False
        words = set(norms[first:last])
        if words & {"denies", "denied", "denying", "sildenafil", "tadalafil", "viagra", "cialis", "erectile"}:
            return False
        if any(norms[i] == "=" and norms[min(i + 1, last - 1)] in _DESTINATIONS for i in range(first, last)):
            return True  # "fever or floppy legs = ER"
        there = bool(words & _DESTINATIONS) or any(
            norms[i] == "emergency" and norms[min(i + 1, last - 1)] in _EMERGENCY for i in range(first, last)
        )
        if there and words & _WHEN_TO_GO and not words & _WENT:
            return True
        if (
            words & _CALLING_OR_TOLD
            and words & _WHEN_TO_CALL
            and category in ("plan", "assessment_plan", "instructions", "", "assessment", "other")
        ):
            return "if" in words or bool(words & _CALLING)
        if words & {"emergency", "emergent", "emergently"} and words & _TALK:
            return True  # "what would make this an emergency, such as ..."
        if (
            words & {"warning", "alarm", "danger", "precautions"}
            and words & _TALK
            and not words & {"no", "without", "none", "negative"}
        ):
            return True
        if norms[first] == "watch" and norms[first + 1] in (":", "for", "out", "-"):
            return True
        told = next((i for i in range(first, min(last, first + 8)) if norms[i] in _TOLD_TO), None)
        if (
            told is not None
            and norms[told + 1 : told + 2] == ["to"]
            and norms[told + 2 : told + 3]
            and (norms[told + 2] in _REPORTING)
        ):
            return True
        if number and norms[first] in _LIST_MARKS:
            before, end = self.layout.sentences[number - 1]
            if norms[end - 1] == ":" and {
                "if",
                "call",
                "return",
                "notice",
                "come",
                "for",
                "when",
                "precautions",
                "er",
                "ed",
                "emergency",
            } & set(norms[before:end]):
                return True
            if norms[before] in _LIST_MARKS and self.precautions.get(number - 1):
                return True
            return (
                norms[before] in _LIST_MARKS
                and self._is_precaution(number - 1, before)
                and not {"mri", "refer", "start", "continue", "follow"} & set(norms[first + 1 : first + 3])
            )
        return "what would change the pace" in " ".join(norms[first:last]) or (
            "not to wait" in " ".join(norms[first:last])
        )

    def _in_family_paragraph(self, start: int) -> bool:
        """A family history written behind its title ends with its paragraph."""
        part, gaps = self.layout.parts[self.layout.part[start]], self.words.gaps
        first = part.title_end
        return (
            first >= len(gaps)
            or "\n" in gaps[first]
            or all(gaps[i].count("\n") < 2 for i in range(first, start + 1))
        )

    def _is_differential(self, start: int) -> bool:
        """Everything under "DDx:" is only possible."""
        part = self.layout.parts[self.layout.part[start]]
        return bool({"ddx", "differential"} & set(self.words.norms[part.start : part.title_end]))

    def _back_to_patient(self, a: int, b: int) -> bool:
        return any(w in ("he", "she", "patient", "pt", "but", ";") for w in self.words.norms[a:b])

    def _out_of_reach(self, end: int, cue: Cue) -> bool:
        """A denial after its subject reaches back over a list ("fever, chills: none"), else over three
        words.
        """
        between = self.words.norms[end : cue.start]
        if cue.kind != _NEGATED or len(between) <= 3:
            return any(word in ("+", "positive", "pos") for word in between)
        return "," not in between and "or" not in between and "and" not in between


_COPY_MARK = re.compile(
    r"(?:copied|brought|carried|pulled|imported|pasted)\s+(?:forward\s+)?(?:from|text)?[^\n]{0,40}?(\d{1,2})/(?:\d{1,2}/)?(\d{4}|\d{2})\b",
    re.IGNORECASE,
)
_ADMITTED = re.compile(
    r"(?:admitted|hospitalized|hospitalised)\s+(?:in\s+|on\s+)?(\d{1,2})/(?:\d{1,2}/)?(\d{4}|\d{2})\b",
    re.IGNORECASE,
)
_COPY_HINTS = frozenset(
    (
        "copied",
        "brought",
        "carried",
        "pulled",
        "imported",
        "pasted",
        "admitted",
        "hospitalized",
        "hospitalised",
    )
)
_ANY_DATE = re.compile(r"\b(\d{1,2})/(?:\d{1,2}/)?(20\d\d|\d{2})\b")
_BLOCK_END = re.compile(
    r"\n[ \t]*\n|\[|<<<(?=[^\n]*\n[ \t]*\n)|\n(?=[^\n]{0,30}\b(?:today|interval)\b)", re.IGNORECASE
)
_STALE_MONTHS = 6
#: What passes: complaints, findings and injuries of a copied old note are past; malformations and diseases
#: stay.
PASSING = frozenset(
    [
        "low_back_pain",
        "radicular_pain",
        "neurogenic_claudication",
        "night_pain",
        "constant_pain",
        "morning_stiffness",
        "saddle_anesthesia",
        "bladder_dysfunction",
        "bowel_dysfunction",
        "sexual_dysfunction",
        "reported_weakness",
        "reported_numbness",
        "fever",
        "weight_loss",
        "malaise",
        "limp",
        "trauma",
        "motor_weakness",
        "abnormal_reflex",
        "sensory_deficit",
        "gait_abnormality",
        "straight_leg_raise",
        "foot_drop",
        "spinal_tenderness",
        "unevaluable",
    ]
)


def _copied_words(words: Words) -> frozenset[int]:
    """The words of paragraphs that their mark calls copied from an old note, and of old admissions: past
    and over.

    Only where the text holds a date half a year younger: a note may bring forward last month's findings as
    its own.
    """
    if _COPY_HINTS.isdisjoint(words.norms):
        return frozenset()
    text = words.text
    marks = [(m, True) for m in _COPY_MARK.finditer(text)] + [(m, False) for m in _ADMITTED.finditer(text)]
    if not marks:
        return frozenset()
    newest = max((_month(m[1], m[2]) for m in _ANY_DATE.finditer(text)), default=0)
    found: set[int] = set()
    for mark, is_block in marks:
        if newest - _month(mark[1], mark[2]) < _STALE_MONTHS:
            continue
        end = (
            _BLOCK_END.search(text, mark.end())
            if is_block
            else re.compile(r"[.;]\s").search(text, mark.end())
        )
        stop = end.start() if end else len(text)
        first, last = bisect_right(words.ends, mark.start()), bisect_right(words.starts, stop)
        found.update(range(first, last))
    return frozenset(found)


def _month(month: str, year: str) -> int:
    """Months since the year 0; a two-digit year is of this century, an impossible month counts as January."""
    number = int(month) if 1 <= int(month) <= 12 else 1
    return (int(year) if len(year) == 4 else 2000 + int(year)) * 12 + number


_PAST = frozenset(("h/o", "history", "hx", "prior", "previous", "past", "remote", "s", "status"))


def _between(places: Sequence[int], a: int, b: int) -> bool:
    return any(a <= place < b for place in places)


@cache
def _cue_trie() -> Trie:
    """Only the cues: `assess` works on any text, whatever the other lexicons know."""
    trie, everything = Trie(), lexicon().trie

    def copy(node: dict[str, Any], path: tuple[str, ...]) -> None:
        for word, value in node.items():
            if word:
                copy(value, (*path, word))
            else:
                for entry in everything.found[value]:
                    if entry.label == "cue":
                        trie.add(path, entry)

    copy(everything.root, ())
    return trie


@cache
def _over_trie() -> Trie:
    """Only the cues that say, behind a finding, that it is over."""
    trie, cues = Trie(), _cue_trie()

    def copy(node: dict[str, Any], path: tuple[str, ...]) -> None:
        for word, value in node.items():
            if word:
                copy(value, (*path, word))
            else:
                for entry in cues.found[value]:
                    if entry.attributes["kind"] == _HIST and entry.attributes.get("dir") == "backward":
                        trie.add(path, entry)

    copy(cues.root, ())
    return trie


@cache
def _over_words() -> frozenset[str]:
    """A word of every cue of `_over_trie`, the longest: without any of them none of the cues is there."""
    found: set[str] = set()

    def collect(node: dict[str, Any], path: tuple[str, ...]) -> None:
        for word, value in node.items():
            if word:
                collect(value, (*path, word))
            else:
                found.add(max(path, key=len))

    collect(_over_trie().root, ())
    return frozenset(found)


def with_lost_cues(words: Words, layout: Layout, atoms: Sequence[Atom]) -> list[Atom]:
    """The atoms, and the words for "over" that longer phrases took in ("completely resolved" as an answer
    to therapy).
    """
    if _over_words().isdisjoint(words.norms):
        return list(atoms)
    taken = {atom.start for atom in atoms if "cue" in atom.labels}
    lost = [atom for atom in find_atoms(words, layout, _over_trie()) if atom.start not in taken]
    return [*atoms, *lost]


def assess(text: str, spans: Sequence[tuple[int, int]]) -> list[Assertion]:
    """Return how each span of `text` stands, whatever the lexicons know of its words.

    `spans` are half open character offsets. Raises ValueError for a span outside of the text or without
    words.
    """
    known = lexicon()
    words = Words(text, known.speller)
    layout = read_layout(words, known.headings)
    scopes = Scopes(words, layout, find_atoms(words, layout, _cue_trie()))
    answers = []
    for start, end in spans:
        if not 0 <= start < end <= len(text):
            raise ValueError("a span must lie inside of the text: 0 <= start < end <= len(text)")
        first = bisect_right(words.ends, start)
        last = bisect_right(words.starts, end - 1)
        if first >= last:
            raise ValueError("a span must hold a word")
        if layout.marks and layout.marks[first] == UNTICKED:
            answers.append(Assertion(hypothetical=True))
            continue
        answers.append(scopes.assess(first, last))
    return answers
