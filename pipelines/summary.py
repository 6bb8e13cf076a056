"""What became of a batch, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from pipelines.check import Answer

_SHOWN = 10


@dataclass
class Summary:
    """Cases and what they ended in. `resumed` of them were decided by an earlier, broken-off run.

    `missing` counts the cases without met criteria that lack a requirement.
    """

    cases: int = 0
    failed: int = 0
    resumed: int = 0
    determinations: Counter[str] = field(default_factory=Counter)
    indications: Counter[tuple[str, str]] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def outcomes(self) -> Counter[str]:
        """How many cases ended in which determination or error."""
        return self.determinations + self.errors

    def add(self, answer: Answer) -> None:
        """Count one answer."""
        self.cases += 1
        self.failed += answer.failed
        (self.errors if answer.failed else self.determinations)[answer.outcome] += 1
        self.indications.update(answer.raised)
        self.missing.update(answer.missing)

    def merge(self, other: Summary) -> None:
        """Count what another summary counted."""
        self.cases += other.cases
        self.failed += other.failed
        self.determinations += other.determinations
        self.indications += other.indications
        self.missing += other.missing
        self.errors += other.errors

    def rate(self, seconds: float) -> float:
        """Cases a second that were decided in this run."""
        return (self.cases - self.resumed) / max(seconds, 1e-9)

    def counts(self) -> dict[str, Any]:
        """The counts as JSON, in alphabetical order: they depend on the cases alone."""
        indications: dict[str, dict[str, int]] = {}
        for (name, status), count in sorted(self.indications.items()):
            indications.setdefault(name, {})[status] = count
        return {
            "cases": self.cases,
            "failed": self.failed,
            "determinations": dict(sorted(self.determinations.items())),
            "indications": indications,
            "missing": dict(sorted(self.missing.items())),
            "errors": dict(sorted(self.errors.items())),
        }

    @classmethod
    def of_counts(cls, counts: dict[str, Any]) -> Summary:
        """The summary that `counts` gave."""
        return cls(
            cases=counts["cases"],
            failed=counts["failed"],
            determinations=Counter(counts["determinations"]),
            indications=Counter(
                {
                    (name, status): count
                    for name, statuses in counts["indications"].items()
                    for status, count in statuses.items()
                }
            ),
            missing=Counter(counts["missing"]),
            errors=Counter(counts["errors"]),
        )


def summary_lines(summary: Summary, seconds: float) -> list[str]:
    """The summary as lines of text: what most cases ended in stands first."""
    speed = f"{summary.cases:,} cases in {seconds:,.0f} s, {summary.rate(seconds):,.0f}/s"
    lines = [f"{speed} ({summary.resumed:,} of an earlier run)" if summary.resumed else speed]
    met = Counter({name: count for (name, status), count in summary.indications.items() if status == "met"})
    for title, counts in [
        ("determinations", summary.determinations),
        ("errors", summary.errors),
        ("indications met", met),
        ("missing requirements", summary.missing),
    ]:
        if counts:
            shown = counts.most_common(_SHOWN)
            lines += ["", title, *(f"{count:>11,}  {name}" for name, count in shown)]
            if len(counts) > _SHOWN:
                lines.append(f"{'':>11}  and {len(counts) - _SHOWN} more (--summary FILE has all)")
    return lines
