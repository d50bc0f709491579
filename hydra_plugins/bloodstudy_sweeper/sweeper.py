"""Hydra's way into bloodstudy's plan: the jobs of the plan that was published last, one seed block a launch.

In: the overrides that all its jobs share. Out: what the jobs returned. What is in the plan is decided by
bloodstudy.execution.planner; how jobs run, by the launcher that was chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

SERIAL_PORTION = 10  # jobs
_NODE = {"_target_": "hydra_plugins.bloodstudy_sweeper.sweeper.BloodstudySweeper"}
ConfigStore.instance().store(group="hydra/sweeper", name="bloodstudy", node=_NODE, provider="bloodstudy")


class BloodstudySweeper(Sweeper):
    """Launches what the plan holds and has no result yet."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Make the launcher."""
        self._launcher: Launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> list[Any]:
        """Launch block after block; `arguments` are added to the overrides of every job."""
        from bloodstudy.execution import scheduler

        serving, returned, launched = scheduler.current(), [], 0
        for block in self._portion(serving.portions()):
            jobs = [[*serving.overrides(trial), *arguments] for trial in block]
            done = self._launcher.launch(jobs, initial_job_idx=launched)
            launched += len(jobs)
            returned.append([job.return_value for job in done])
            if not serving.collect(block, returned[-1]):
                break
        return returned

    def _portion(self, blocks: Iterable[list[Any]]) -> Iterator[list[Any]]:
        """Yield the blocks, in portions if the launcher runs one job after another anyway."""
        # A launch keeps the two configurations of each of its jobs, a tenth of a megabyte, until it ends.
        for block in blocks:
            most = SERIAL_PORTION if isinstance(self._launcher, BasicLauncher) else len(block)
            yield from (block[start : start + most] for start in range(0, len(block), most))
