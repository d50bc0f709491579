"""The parts of a plan: its trials, its questions and its arms, as they stand in its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bloodstudy.study.arms import Role


@dataclass(frozen=True)
class PlannedTrial:
    """A trial of the plan. Two of them share a key if one training is evaluated in two ways."""

    key: str
    arm: str
    seed: int
    levels: Mapping[str, Any]  # that it is shown by
    data: Mapping[str, Any]  # of a `DataIdentity`
    evaluated_on: str  # the split: official_clean shares its trial with official
    overrides: Sequence[str] = ()  # that lead to it

    def to_dict(self) -> dict[str, Any]:
        """Return what stands in the plan."""
        content = {"key": self.key, "arm": self.arm, "seed": self.seed, "levels": dict(self.levels)}
        return content | {"data": dict(self.data), "judged": self.evaluated_on, "overrides": list(self.overrides)}


@dataclass(frozen=True)
class PlannedQuestion:
    """A question of the plan: its arms, and what they are compared with."""

    name: str
    sentence: str
    factor: str | None
    reference: str  # an arm
    arms: Sequence[str]
    margin: float
    simplify: bool = False
    lr_grid: Sequence[float] = ()
    cells: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Any])  # levels of a product, by arm
    roles: Mapping[str, Role] = field(default_factory=dict[str, Role])  # of arms that have another one in the study

    def to_dict(self) -> dict[str, Any]:
        """Return what stands in the plan."""
        roles = {"roles": {arm: str(role) for arm, role in self.roles.items()}} if self.roles else {}
        names = ("name", "sentence", "factor", "reference")
        return roles | {name: getattr(self, name) for name in names} | {
            "arms": list(self.arms), "margin": self.margin, "simplify": self.simplify,
            "lr_strip": list(self.lr_grid), "cells": {arm: dict(levels) for arm, levels in self.cells.items()},
        }  # fmt: skip


@dataclass(frozen=True)
class PlannedResponse:
    """The metric of an extension that the verdicts are about."""

    name: str
    extension: str  # digest of its text


@dataclass(frozen=True)
class PlannedArm:
    """An arm of the plan."""

    role: Role
    levels: Mapping[str, Any]  # what sets it apart from the study's reference

    def to_dict(self) -> dict[str, Any]:
        """Return what stands in the plan."""
        return {"role": str(self.role), "levels": dict(self.levels)}
