"""Twenty trainings whose F and T are pinned for ever: `name` to spec, all over one project's data.

A line here is only ever added. Changing one, or the golden file, makes every user pay again for what they have.
"""

from __future__ import annotations

DATASETS = """\
datasets:
  t: {file: ../data/t.jsonl}
  v: {file: ../data/v.jsonl}
"""

TRAININGS: dict[str, str] = {
    "plain": "{model: gpt-4o-mini-2024-07-18, training: t}",
    "validated": "{model: gpt-4o-mini-2024-07-18, training: t, validation: v}",
    "other-data": "{model: gpt-4o-mini-2024-07-18, training: v}",
    "other-model": "{model: gpt-4.1-nano-2025-04-14, training: t}",
    "undated-model": "{model: babbage-002, training: t}",
    "open-model": "{model: Ministral-3B-2411, training: t, training_tier: GlobalStandard}",
    "suffix": "{model: gpt-4o-mini-2024-07-18, training: t, suffix: support}",
    "suffix-in-capitals": "{model: gpt-4o-mini-2024-07-18, training: t, suffix: Support}",
    "longest-suffix": "{model: gpt-4o-mini-2024-07-18, training: t, suffix: abcdefghijklmnopqrstuvwxyz-_0}",
    "epochs": "{model: gpt-4o-mini-2024-07-18, training: t, hyperparameters: {n_epochs: 3}}",
    "whole-rate": "{model: gpt-4o-mini-2024-07-18, training: t, hyperparameters: {learning_rate_multiplier: 2.0}}",
    "small-rate": "{model: gpt-4o-mini-2024-07-18, training: t, hyperparameters: {learning_rate_multiplier: 0.1}}",
    "everything": (
        "{model: gpt-4o-mini-2024-07-18, training: t, validation: v, suffix: all, seed: 7, rerun: 2, training_tier:"
        " GlobalStandard, hyperparameters: {n_epochs: 4, batch_size: 8, learning_rate_multiplier: 1.8,"
        " prompt_loss_weight: 0.01}}"
    ),
    "seed": "{model: gpt-4o-mini-2024-07-18, training: t, seed: 0}",
    "rerun": "{model: gpt-4o-mini-2024-07-18, training: t, rerun: 1}",
    "tier": "{model: gpt-4o-mini-2024-07-18, training: t, training_tier: DeveloperTier}",
    "second-link": "{continues: plain, training: v, suffix: second}",
    "third-link": "{continues: second-link, training: t, suffix: third}",
    "after-a-job": "{continues: bought, training: t}",
    "after-a-model": "{continues: copied, training: t}",
}

EXISTING = """\
  bought: {existing: {job: ftjob-0123456789abcdef0123456789abcdef}}
  copied: {existing: {model: "gpt-4o-mini-2024-07-18.ft-fedcba9876543210fedcba9876543210:ckpt-step-90"}}
"""


def spec_text() -> str:
    entries = "".join(f"  {name}: {body}\n" for name, body in TRAININGS.items())
    return f"{DATASETS}finetunes:\n{entries}{EXISTING}"
