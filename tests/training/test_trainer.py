"""The training loop, in this process."""

import signal
import threading
from dataclasses import replace

import numpy as np
import pytest

from helpers.data import EOS, UNK, Corpus, Unigram, Vocabulary
from helpers.data.word_vectors import count_vectors
from helpers.nn import FAST, PLAIN, assemble, create_params
from helpers.training.checkpoints import Checkpoints
from helpers.training.experiment import add_regularisers, build_model
from helpers.training.interrupt import Interrupted, interruptible
from helpers.training.perplexity import evaluate
from helpers.training.presets import PRESETS, Settings, choose
from helpers.training.trainer import Trainer

V = 9
SETTINGS = Settings(hidden_size=8, depth=2, rate=0.2, epochs=3, recurrent_rate=0.1, batch_size=4, steps=6, shifted=True)
IDS = np.tile(np.arange(V), 40)
CORPUS = Corpus("small", IDS[:100], IDS, IDS, Vocabulary([EOS, UNK, *map(str, range(V - 2))]), citation="")


def trainer(settings=SETTINGS, layers=FAST, **options):
    rng = np.random.default_rng(0)
    params = create_params(V, settings.hidden_size, settings.depth, rng, dtype="float64")
    names = ("rate", "recurrent_rate", "activation_penalty", "change_penalty")
    rates = {name: getattr(settings, name) for name in names}
    layers = add_regularisers(layers, V, settings.word_rate, rng)
    return Trainer(assemble(layers, params, rng, **rates), settings, IDS, IDS[:50], eos=0, rng=rng, **options)


def assert_same(one, other):
    """Everything but the time it took is the same, bit for bit."""
    states = [one.state_dict(), other.state_dict()]
    for state in states:
        del state["cpu_before"]
        for entry in state["history"]:
            entry.pop("cpu_seconds", None)
    np.testing.assert_equal(*states)


class StopAfter(Checkpoints):
    """Checkpoints that press Ctrl-C once a number of them was written."""

    def __init__(self, folder, count):
        super().__init__(folder)
        self.count = count

    def save(self, tree, step):
        super().save(tree, step)
        self.count -= 1
        if self.count == 0:
            signal.raise_signal(signal.SIGINT)


def test_a_text_that_repeats_itself_is_learned():
    run = trainer(replace(SETTINGS, rate=0.0, recurrent_rate=0.0, epochs=30))
    run.train()
    assert run.history[0]["valid_perplexity"] > 5
    assert run.history[-1]["valid_perplexity"] < 1.5


def test_any_layer_classes_can_be_trained_and_take_the_same_course():
    fast, plain = trainer(), trainer(layers=PLAIN)
    for run in (fast, plain):
        run.train()
    np.testing.assert_allclose(fast.norms, plain.norms, rtol=1e-6)


def test_the_history_has_an_entry_per_epoch_and_a_norm_per_step():
    run = trainer()
    run.train()
    assert [entry["epoch"] for entry in run.history] == [1, 2, 3]
    assert len(run.norms) == run.total_steps == run.step == 3 * 15  # (360 - 1) // 4 = 89 words a row, 6 a window
    assert run.progress == 1


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"optimiser": "adam", "learning_rate": 0.01},
        {"decay": 2.0, "average_from": 1.0},
        {"shifted": False, "average_from": 0.0},
        {"word_rate": 0.1, "activation_penalty": 1.0, "change_penalty": 1.0},
    ],
)
@pytest.mark.parametrize("after", [1, 16, 44])
def test_a_run_stopped_by_ctrl_c_and_resumed_is_the_same_bit_for_bit(tmp_path, change, after):
    settings = replace(SETTINGS, **change)
    whole = trainer(settings)
    whole.train()
    with pytest.raises(Interrupted, match="all of it is saved"):
        trainer(settings, checkpoints=StopAfter(tmp_path, after), save_every=0).train()
    resumed = trainer(settings, checkpoints=Checkpoints(tmp_path))
    assert resumed.resume()
    assert 0 < resumed.step <= resumed.total_steps
    resumed.train()
    assert_same(whole, resumed)


def test_ctrl_c_during_the_evaluation_loses_nothing(tmp_path):
    whole = trainer()
    whole.train()
    stopped = trainer(checkpoints=Checkpoints(tmp_path))
    evaluate_forward, calls = stopped.model.forward, []

    def forward(xs, state=None, *, training=False):
        calls.append(training)
        if not training:
            signal.raise_signal(signal.SIGINT)
        return evaluate_forward(xs, state, training=training)

    stopped.model.forward = forward
    with pytest.raises(Interrupted):
        stopped.train()
    assert calls[-1] is False
    resumed = trainer(checkpoints=Checkpoints(tmp_path))
    assert resumed.resume()
    resumed.train()
    assert_same(whole, resumed)


def test_a_second_ctrl_c_stops_at_once():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a process in the background may ignore it
    try:
        with pytest.raises(KeyboardInterrupt) as stopped, interruptible():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            pytest.fail("the second one was ignored")
    finally:
        signal.signal(signal.SIGINT, before)
    assert not isinstance(stopped.value, Interrupted)


def test_a_resumed_run_goes_on_counting_its_cpu_time(tmp_path):
    first = trainer(checkpoints=Checkpoints(tmp_path))
    first.cpu_before = 1e6
    first.save()
    resumed = trainer(checkpoints=Checkpoints(tmp_path))
    resumed.resume()
    assert resumed.cpu_seconds >= 1e6


def test_without_a_checkpoint_there_is_nothing_to_resume(tmp_path):
    assert not trainer(checkpoints=Checkpoints(tmp_path)).resume()


def test_the_handler_of_ctrl_c_is_put_back():
    before = signal.getsignal(signal.SIGINT)
    trainer().train()
    assert signal.getsignal(signal.SIGINT) is before


def test_training_runs_in_a_thread_too():
    run = trainer()
    thread = threading.Thread(target=run.train)
    thread.start()
    thread.join()
    assert run.progress == 1


def test_a_gradient_that_is_not_finite_stops_the_run_with_a_sentence():
    run = trainer()
    run.params[0].value[0, 0] = np.nan
    with pytest.raises(FloatingPointError, match="smaller learning rate"):
        run.train()


def test_a_text_too_short_for_its_batches_is_refused():
    run = trainer(replace(SETTINGS, batch_size=1000))
    with pytest.raises(ValueError, match="too few"):
        run.train()


def test_the_average_covers_the_last_part_of_the_run_only():
    run = trainer(replace(SETTINGS, average_from=0.5))
    run.train()
    assert run.average.count == sum(step % 4 == 0 and step > 45 / 2 for step in range(1, 46))


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_full_set_of_settings(name):
    settings = choose(name)
    assert settings.schedule().rate(0) == settings.learning_rate
    assert str(settings.hidden_size) in str(settings)


def test_the_default_is_the_full_model():
    for name in ("standard", "long"):
        settings = PRESETS[name]
        assert (settings.depth, settings.dropout, settings.tied) == (2, "variational", True)
        assert settings.rate > 0


@pytest.mark.parametrize("name", ["textbook-small", "textbook-large"])
def test_the_textbook_presets_train_on_a_small_text_of_the_same_form(name):
    rng, settings = np.random.default_rng(0), choose(name, epochs=1)
    ids = rng.integers(0, 50, size=201)
    vocabulary = Vocabulary([EOS, UNK, *map(str, range(48))])
    corpus = Corpus("small", ids, ids, ids, vocabulary, citation="")
    run = Trainer(build_model(settings, corpus, rng), settings, ids, ids, eos=vocabulary.eos, rng=rng)
    run.train()
    assert run.history[0]["learning_rate"] == 20
    assert np.isfinite(run.history[0]["valid_perplexity"])


def test_an_unknown_preset_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="Choose one of: standard, long"):
        choose("large")


def test_a_run_of_no_epochs_is_refused():
    with pytest.raises(ValueError, match="at least one epoch"):
        choose("tiny", epochs=0)


# --- what is measured and done at each step ---------------------------------------------------------------------------


def test_a_step_is_as_long_as_the_clipped_gradient():
    run = trainer(replace(SETTINGS, epochs=1, steps=100, max_norm=0.001))  # one step of 89 words
    before = [param.value.copy() for param in run.params]
    run.train()
    moved = np.sqrt(sum(((param.value - old) ** 2).sum() for param, old in zip(run.params, before)))
    assert len(run.norms) == 1 and run.norms[0] > 0.001
    assert moved == pytest.approx(run.history[0]["learning_rate"] * 0.001)


def test_a_model_that_has_learned_nothing_has_the_perplexity_of_guessing_on_both_splits():
    run = trainer(replace(SETTINGS, epochs=2, learning_rate=0.0, rate=0.0, recurrent_rate=0.0))
    run.params[0].value[...] = 0  # E, tied: every word gets the same score
    run.train()
    for entry in run.history:
        assert entry["train_perplexity"] == pytest.approx(V)
        assert entry["valid_perplexity"] == pytest.approx(V)


def test_an_epoch_has_the_mean_norm_of_its_own_steps():
    run = trainer()
    run.train()
    means = [np.mean(run.norms[start : start + 15]) for start in (0, 15, 30)]
    assert [entry["gradient_norm"] for entry in run.history] == pytest.approx(means)


def test_the_validation_perplexity_is_that_of_the_averaged_weights():
    run = trainer()
    run.train()
    last = evaluate(run.model, IDS[:50], 0, rows=10)
    with run.average.in_place():
        averaged = evaluate(run.model, IDS[:50], 0, rows=10)
    assert run.history[-1]["valid_perplexity"] == averaged != last


def test_each_epoch_starts_from_a_state_of_zeros():
    run, states = trainer(), []
    loss = run.model.loss

    def noting(xs, targets, state=None, *, training=False):
        states.append(state)
        return loss(xs, targets, state, training=training)

    run.model.loss = noting
    run.train()
    assert [number for number, state in enumerate(states) if state is None] == [0, 15, 30]


@pytest.mark.parametrize("unigram_bias", [False, True])
def test_the_bias_of_the_output_starts_with_the_frequencies_of_the_words_if_asked_for(unigram_bias):
    model = build_model(replace(SETTINGS, unigram_bias=unigram_bias), CORPUS, np.random.default_rng(0))
    expected = np.log(Unigram(CORPUS.train, V).next_word()) if unigram_bias else np.zeros(V)
    np.testing.assert_allclose(model.output.b.value, expected, rtol=1e-6)


def test_the_embedding_starts_with_vectors_from_counts_as_large_as_the_random_ones_if_asked_for():
    random, counted = (
        build_model(replace(SETTINGS, count_vectors=on), CORPUS, np.random.default_rng(0)).output.E.value
        for on in (False, True)
    )
    assert np.mean(counted**2) == pytest.approx(np.mean(random**2), rel=1e-5)
    expected = count_vectors(CORPUS.train, V, SETTINGS.hidden_size, np.random.default_rng(1))
    products, expected = counted @ counted.T, expected @ expected.T
    np.testing.assert_allclose(products / np.trace(products), expected / np.trace(expected), atol=1e-3)
