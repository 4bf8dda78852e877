"""Training: optimisers, schedules, perplexity, and runs that survive an interruption."""

from helpers.training.averaging import RunningAverage
from helpers.training.checkpoints import Checkpoints, DamagedCheckpointError
from helpers.training.clipping import clip_gradients, global_norm
from helpers.training.diagnosis import diagnose
from helpers.training.echo import EchoSettings
from helpers.training.experiment import build_model, measure, measure_baselines, name_unknown_words, write_sentence
from helpers.training.interrupt import Interrupted
from helpers.training.masks import MASK_ROWS, MaskedRNN, masked_accuracy
from helpers.training.optimisers import SGD, Adam, add_weight_decay, sgd_step
from helpers.training.overfitting import FitSettings, build_small_model, small_text
from helpers.training.perplexity import evaluate, perplexity, perplexity_with_context
from helpers.training.placements import DROPOUT_RATES
from helpers.training.plateau import plateau_corpus
from helpers.training.presets import PRESETS, Settings
from helpers.training.recall import recall_accuracy, recall_curve
from helpers.training.schedules import DecayOnPlateau, HoldThenFall, train_with_decay
from helpers.training.stored_runs import (
    load_echo,
    load_enough_words,
    load_masks,
    load_order,
    load_overfit,
    load_plateau,
    load_recall,
    load_tales,
)
from helpers.training.sweep import SWEEPS, load_sweep, run_sweep
from helpers.training.tales import TALES_ROWS, recall_keys
from helpers.training.temporal_order import ORDER_ROWS, start_layer
from helpers.training.trainer import Trainer
