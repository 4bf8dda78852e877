"""``python -m helpers train`` as it is used: real processes, real signals, a Korean text of one's own."""

import csv
import json
import os
import random
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from helpers.language.translation import EDITION
from helpers.training.checkpoints import Checkpoints
from helpers.training.presets import PRESETS, PURPOSES

EPOCHS = 20
SETTINGS = ["--preset", "tiny", "--epochs", str(EPOCHS), "--save-every", "0.05"]


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """A Korean text that repeats itself enough to be learned from."""
    draw = random.Random(0)
    parts = (
        ["나는", "너는", "우리는", "학생은"],
        ["학교에", "집에", "시장에", "바다에"],
        ["간다", "온다", "갔다", "왔다"],
    )
    sentences = [" ".join(map(draw.choice, parts)) + "." for _ in range(3000)]
    path = tmp_path_factory.mktemp("text") / "글.txt"
    path.write_text("\n".join(sentences), encoding="utf-8")
    return path


def command(*arguments):
    return [sys.executable, "-m", "helpers", "train", *map(str, arguments)]


def run(*arguments, **options):
    return subprocess.run(command(*arguments), capture_output=True, text=True, **options)


def start(*arguments):
    return subprocess.Popen(command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_epoch(process, number):
    """Read what the process prints until an epoch has ended, then a random moment longer."""
    for line in process.stdout:
        if line.startswith(f"epoch {number:>2}/"):
            time.sleep(random.random() * 0.1)
            return
    raise AssertionError(process.stderr.read())


def assert_refused(finished, sentence, code=1):
    assert finished.returncode == code
    assert re.search(sentence, finished.stderr)
    assert "Traceback" not in finished.stderr
    assert len(finished.stderr.splitlines()) == 1


def outcome(folder):
    """The last checkpoint, the results and the metrics of a run, without the time it took."""
    state = Checkpoints(folder / "checkpoints").load()
    results = json.loads((folder / "results.json").read_text())
    metrics = json.loads((folder / "metrics.json").read_text())
    del state["cpu_before"], results["cpu_seconds"]
    for entry in state["history"] + metrics["epochs"]:
        del entry["cpu_seconds"]
    return state, results, metrics, (folder / "samples.txt").read_text()


@pytest.fixture(scope="module")
def whole(text, tmp_path_factory):
    """The folder and the process of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    return folder, run(*SETTINGS, "--corpus", text, "--out", folder)


def test_a_korean_text_of_ones_own_is_trained_on_from_end_to_end(whole):
    folder, finished = whole
    assert finished.returncode == 0, finished.stderr
    results = json.loads((folder / "results.json").read_text())
    assert results["test_perplexity"] < results["baselines"]["unigram"]["test_perplexity"] / 2
    sentences = (folder / "samples.txt").read_text().splitlines()
    assert len(sentences) == 3
    assert all(re.search("[가-힣]", sentence) for sentence in sentences)


def test_the_output_has_the_progress_the_table_with_the_baselines_and_ends_with_three_sentences(whole):
    folder, finished = whole
    assert f"{EPOCHS}/{EPOCHS}" in finished.stdout
    assert "step" in finished.stderr  # the progress bar
    for row in ("unigram", "Kneser-Ney trigram", "2 × LSTM 16, tied, variational"):
        assert row in finished.stdout
    assert "BLAS threads: 1." in finished.stdout
    last = [line.strip() for line in finished.stdout.splitlines()[-3:]]
    assert last == (folder / "samples.txt").read_text().splitlines()


def test_the_run_folder_is_well_formed(whole):
    folder, _ = whole
    with open(folder / "metrics.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    metrics = json.loads((folder / "metrics.json").read_text(), parse_constant=pytest.fail)
    assert [float(row["valid_perplexity"]) for row in rows] == [e["valid_perplexity"] for e in metrics["epochs"]]
    assert [int(row["epoch"]) for row in rows] == list(range(1, EPOCHS + 1))
    assert len(metrics["gradient_norms"]) == metrics["epochs"][-1]["step"]
    assert json.loads((folder / "config.json").read_text())["hidden_size"] == 16
    for name in ("perplexity.png", "gradient_norms.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
    assert len(list((folder / "checkpoints").iterdir())) == 2


def test_a_finished_run_prints_its_result_again_and_says_how_to_train_anew(whole, text):
    folder, first = whole
    before = outcome(folder)
    again = run(*SETTINGS, "--corpus", text, "--out", folder)
    assert again.returncode == 0
    assert "is finished" in again.stdout and "--fresh" in again.stdout
    assert again.stdout.splitlines()[-10:] == first.stdout.splitlines()[-10:]
    np.testing.assert_equal(outcome(folder), before)


def test_another_config_in_the_folder_is_refused(whole, text):
    folder, _ = whole
    refused = run(*SETTINGS, "--corpus", text, "--out", folder, "--seed", 1)
    assert_refused(refused, "another seed: 0 there, 1 here.*--out.*--fresh")


def test_fresh_puts_the_old_run_aside_and_begins_anew(text, tmp_path):
    short = ["--preset", "tiny", "--epochs", 1, "--corpus", text, "--out", tmp_path / "run"]
    assert run(*short).returncode == 0
    assert run(*short, "--seed", 1, "--fresh").returncode == 0
    seeds = [json.loads((tmp_path / name / "config.json").read_text())["seed"] for name in ("run.1", "run")]
    assert seeds == [0, 1]


@pytest.mark.slow
def test_with_v_the_log_has_what_was_done_above_the_progress_bar(text, tmp_path):
    run("--preset", "tiny", "--epochs", 1, "--corpus", text, "--out", tmp_path / "run")
    finished = run("--preset", "tiny", "--epochs", 1, "--corpus", text, "--out", tmp_path / "run", "--fresh", "-v")
    logged = [line for line in re.split("[\r\n]", finished.stderr) if " INFO helpers." in line]
    said = [line.split(" INFO helpers.")[1] for line in logged]
    assert [name for line in said if not (name := line.split(":")[0]).startswith("data.")] == [
        *2 * ["command_line"],
        *("training.command", "training.runs", "training.trainer", "training.trainer", "training.command"),
        *("plots.picture", "plots.picture", "training.runs", "command_line"),
    ]
    assert all(re.match(r"\d{4}-", line) for line in logged)
    assert " INFO " not in finished.stdout


def test_a_folder_without_a_run_is_left_alone(text, tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    for fresh in ([], ["--fresh"]):
        assert_refused(run(*SETTINGS, "--corpus", text, "--out", tmp_path, *fresh), "not the folder of a run")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_run_interrupted_by_ctrl_c_goes_on_bit_for_bit(whole, text, tmp_path):
    arguments = [*SETTINGS, "--corpus", text, "--out", tmp_path / "run"]
    for epoch in (2, 7):
        process = start(*arguments)
        wait_for_epoch(process, epoch)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 130
        assert re.search(r"Stopped after step [\d,]+ of .*the same command again", errors)
        assert "Traceback" not in errors
    finished = run(*arguments)
    assert "Resuming the run" in finished.stdout
    np.testing.assert_equal(outcome(tmp_path / "run"), outcome(whole[0]))


def test_a_run_killed_at_random_moments_goes_on_bit_for_bit_and_loses_at_most_an_interval(whole, text, tmp_path):
    arguments = [*SETTINGS, "--corpus", text, "--out", tmp_path / "run"]
    steps = json.loads((whole[0] / "metrics.json").read_text())["epochs"][0]["step"]
    for epoch in (3, 6, 10):
        process = start(*arguments)
        wait_for_epoch(process, epoch)
        process.kill()
        process.communicate(timeout=120)
        assert process.returncode == -signal.SIGKILL
        assert Checkpoints(tmp_path / "run" / "checkpoints").load()["epoch"] >= epoch - 1
    finished = run(*arguments)
    resumed_at = int(re.search(r"run: ([\d,]+) of", finished.stdout)[1].replace(",", ""))
    assert resumed_at >= 9 * steps
    np.testing.assert_equal(outcome(tmp_path / "run"), outcome(whole[0]))


def copy_unfinished(folder, to):
    """Copy a run as it was before its last measurements, with both its checkpoints."""
    to.mkdir()
    for name in ("config.json", "checkpoints"):
        subprocess.run(["cp", "-r", folder / name, to], check=True)
    return sorted((to / "checkpoints").iterdir())


def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before(whole, text, tmp_path):
    newest = copy_unfinished(whole[0], tmp_path / "run")[-1]
    data = bytearray(newest.read_bytes())
    data[len(data) // 2] ^= 1
    newest.write_bytes(data)
    finished = run(*SETTINGS, "--corpus", text, "--out", tmp_path / "run")
    assert finished.returncode == 0, finished.stderr
    np.testing.assert_equal(outcome(tmp_path / "run"), outcome(whole[0]))


def test_with_both_checkpoints_damaged_it_says_so(whole, text, tmp_path):
    for path in copy_unfinished(whole[0], tmp_path / "run"):
        path.write_bytes(path.read_bytes()[:-100])
    assert_refused(run(*SETTINGS, "--corpus", text, "--out", tmp_path / "run"), "checkpoint.*damaged.*--fresh")


@pytest.mark.skipif(os.name != "posix", reason="limits on the size of files are a matter of POSIX")
def test_a_full_disk_ends_the_run_with_a_sentence_and_the_run_goes_on_when_there_is_room(whole, text, tmp_path):
    arguments = [*SETTINGS, "--corpus", text, "--out", tmp_path / "run"]
    process = start(*arguments)
    wait_for_epoch(process, 5)
    process.kill()
    process.communicate(timeout=120)
    before = Checkpoints(tmp_path / "run" / "checkpoints").load()
    limited = f"ulimit -f 8; exec {' '.join(command(*arguments))}"
    full = subprocess.run(["sh", "-c", limited], capture_output=True, text=True)
    assert full.returncode == 1
    assert "could not be written" in full.stderr.splitlines()[-1]
    assert "Traceback" not in full.stderr
    np.testing.assert_equal(Checkpoints(tmp_path / "run" / "checkpoints").load(), before)
    assert run(*arguments).returncode == 0
    np.testing.assert_equal(outcome(tmp_path / "run"), outcome(whole[0]))


def test_a_missing_penn_treebank_is_answered_with_a_sentence(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "PTB_DIR"}
    refused = run("--preset", "textbook-small", "--corpus", "ptb", "--out", tmp_path / "run", env=environment)
    assert_refused(refused, "PTB_DIR")


@pytest.mark.parametrize(
    "arguments, sentence, korean",
    [
        (["--preset", "huge"], "There is no preset 'huge'. Choose one of", "설정 'huge'는 없습니다"),
        (["--corpus", "missing.txt"], "There is no file missing.txt", "missing.txt 파일이 없습니다"),
        (["--corpus", os.devnull], "is empty", f"{os.devnull}은 비어 있습니다"),
        (["--epochs", "0"], "at least one epoch", "에폭은 하나 이상"),
        (["--device", "tpu"], "The device is cpu or cuda: got 'tpu'", "장치는 cpu 또는 cuda입니다"),
    ],
)
def test_bad_input_is_answered_with_one_sentence_in_the_language_of_the_edition(arguments, sentence, korean, tmp_path):
    arguments = ["--preset", "tiny", "--out", tmp_path / "run", *arguments]
    assert_refused(run(*arguments), sentence)
    assert_refused(run(*arguments, env=os.environ | {EDITION: "ko"}), korean)
    assert not (tmp_path / "run").exists()


def test_the_help_and_make_help_say_of_every_preset_what_it_is_for():
    helped = run("--help", env=os.environ | {"COLUMNS": "200"}).stdout
    made = subprocess.run(["make", "help"], capture_output=True, text=True, check=True).stdout
    assert PURPOSES.keys() == PRESETS.keys()
    for preset, purpose in PURPOSES.items():
        assert f"{preset}: {purpose}." in re.sub(r"\s+", " ", helped)
        assert re.search(rf"PRESET={preset} +{re.escape(purpose)}$", made, re.MULTILINE)


def test_what_does_not_beat_the_trigram_is_told_what_to_try(text, whole, tmp_path):
    finished = run("--preset", "tiny", "--epochs", 1, "--corpus", text, "--out", tmp_path / "run")
    assert "That does not beat the trigram, which only counts words. tiny only rehearses" in finished.stdout
    results = json.loads((whole[0] / "results.json").read_text())
    assert results["test_perplexity"] < results["baselines"]["Kneser-Ney trigram"]["test_perplexity"]
    assert "trigram, which only" not in whole[1].stdout


def test_several_texts_of_ones_own_are_one_corpus_and_the_model_continues_a_prompt(text, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("우리는 바다에 간다.\n" * 300, encoding="utf-8")
    arguments = ["--preset", "tiny", "--epochs", 1, "--corpus", f"{text} {other}", "--out", tmp_path / "run"]
    finished = run(*arguments, "--prompt", "우리는 바다에")
    assert finished.returncode == 0, finished.stderr
    assert "글+other: " in finished.stdout
    assert len(re.findall(r"^  우리는 바다에", finished.stdout, re.MULTILINE)) >= 3
    again = run(*arguments, "--prompt", "우리는 바다에")
    assert again.stdout.splitlines()[-3:] == finished.stdout.splitlines()[-3:]


def test_an_invalid_number_is_a_usage_error():
    assert run("--seed", "x").returncode == 2
