"""The layers of a language model in NumPy: one-step functions, layers over time, their fast versions, the model."""

from typing import Any

from helpers.nn.analysis import (
    backprop_norms,
    count_parameters,
    gradient_bounds,
    memory_gradient,
    predict_gradient,
    surviving_fraction,
)
from helpers.nn.base import GRU_ORDER, LSTM_ORDER, Layer, Param
from helpers.nn.fast import (
    FastAffine,
    FastEmbedding,
    FastGRU,
    FastLSTM,
    FastSoftmaxCrossEntropy,
    FastStepDropoutLSTM,
    FastTiedAffine,
    FastVariationalLSTM,
)
from helpers.nn.feedforward import Tanh, WordWindow
from helpers.nn.functional import dropout_mask, log_softmax, sample_next, sigmoid, softmax, tanh_backward
from helpers.nn.layers import (
    ActivationPenalty,
    Affine,
    ChangePenalty,
    Dropout,
    Embedding,
    SoftmaxCrossEntropy,
    Stacked,
    TiedAffine,
    VariationalDropout,
    WordDropout,
)
from helpers.nn.model import LanguageModel, assemble, build_language_model, create_params
from helpers.nn.numerical import numerical_gradient
from helpers.nn.recurrent import GRU, LSTM, RNN, StepDropoutLSTM, VariationalLSTM
from helpers.nn.steps import (
    forget_gate,
    gates_backward,
    gru_step_backward,
    gru_step_forward,
    input_gate,
    lstm_step_backward,
    lstm_step_forward,
    memory_backward,
    new_memory,
    output_gate,
    rnn_step_backward,
    rnn_step_forward,
)

#: Class name to class, for `assemble`: the layers that are written to be read.
PLAIN: dict[str, type[Any]] = {
    layer.__name__: layer
    for layer in (
        Stacked,
        Embedding,
        LSTM,
        GRU,
        VariationalLSTM,
        StepDropoutLSTM,
        Affine,
        TiedAffine,
        SoftmaxCrossEntropy,
        Dropout,
        VariationalDropout,
        ActivationPenalty,
        ChangePenalty,
    )
}

#: The same names, with the fast version where there is one.
FAST = PLAIN | {
    "Embedding": FastEmbedding,
    "LSTM": FastLSTM,
    "GRU": FastGRU,
    "VariationalLSTM": FastVariationalLSTM,
    "StepDropoutLSTM": FastStepDropoutLSTM,
    "Affine": FastAffine,
    "TiedAffine": FastTiedAffine,
    "SoftmaxCrossEntropy": FastSoftmaxCrossEntropy,
}
