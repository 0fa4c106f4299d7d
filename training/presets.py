"""Settings that teach a tiny model on two cores in a minute; a real model keeps METHOD's defaults."""

from typing import Any

SMALL_LORA = {"lora_r": 16, "lora_alpha": 32, "lora_dropout": 0.0, "checkpoint_every": 5}


def teaching_settings() -> dict[str, dict[str, Any]]:
    """Stage to settings for the synthetic teaching set."""
    return {
        "dsa": {**SMALL_LORA, "learning_rate": 5e-3, "epochs": 6, "batch": 8, "micro_batch": 8},
        "gba": {
            **SMALL_LORA,
            "learning_rate": 1e-4,
            "max_steps": 6,
            "rollouts": 2,
            "samples_per_step": 2,
            "micro_batch": 8,
            "max_new_tokens": 96,
        },
        "merge": {"density": 0.5, "scale": 1.0},
    }
