"""The Penn Treebank, tested with small files of the same form: the original ones are not free."""

import hashlib
import http.server
import shutil
import ssl
import subprocess
import threading

import pytest

from helpers.data import CorpusError, download_ptb, load_corpus, ptb

TEXTS = {
    "train": b" the company said <unk> rose N N \n shares fell \n" * 40,
    "valid": b" the company fell \n" * 5,
    "test": b" shares rose N \n" * 5,
}
ORIGINALS = {
    split: ptb.Original(hashlib.sha256(text).hexdigest(), len(text.split()) + text.count(b"\n"))
    for split, text in TEXTS.items()
}


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch, tmp_path):
    monkeypatch.delenv("PTB_DIR", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(ptb, "DEFAULT_FOLDER", tmp_path / "default")


@pytest.fixture
def folder(tmp_path):
    """A folder with the three small files."""
    folder = tmp_path / "ptb"
    folder.mkdir()
    for split, text in TEXTS.items():
        (folder / f"ptb.{split}.txt").write_bytes(text)
    return folder


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A self-signed certificate for 127.0.0.1, with its key."""
    if not shutil.which("openssl"):
        pytest.skip("the openssl program, which makes the test's certificate, is not installed")
    path = tmp_path_factory.mktemp("certificate") / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path, "-out", path.with_suffix(".crt")],
        check=True, capture_output=True,
    )  # fmt: skip
    path.write_bytes(path.read_bytes() + path.with_suffix(".crt").read_bytes())
    return path


@pytest.fixture
def serve(certificate):
    """Start an HTTPS server on this machine: `serve(files, promised)` returns its address and the list of requests."""
    servers = []

    def start(files, promised=None):
        requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                requests.append(self.path)
                body = files.get(self.path.lstrip("/"))
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Length", str(promised or len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.handle_error = lambda *_: None  # a refused handshake is what some tests want
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        servers.append((server, thread))
        return f"https://127.0.0.1:{server.server_port}", requests

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def trusted(monkeypatch, certificate):
    """Make this process trust the test's certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


def files_of(texts=TEXTS):
    return {f"ptb.{split}.txt": text for split, text in texts.items()}


def test_the_original_files_are_identified_by_their_published_hashes_and_sizes():
    assert {split: original.tokens for split, original in ptb.ORIGINALS.items()} == {
        "train": 929_589, "valid": 73_760, "test": 82_430,
    }  # fmt: skip
    assert all(len(original.sha256) == 64 for original in ptb.ORIGINALS.values())


def test_every_line_ends_with_eos(folder):
    splits = ptb.read_splits(folder, ORIGINALS)
    assert splits["test"][:8] == ["shares", "rose", "N", "<eos>"] * 2
    assert {split: len(tokens) for split, tokens in splits.items()} == {
        split: original.tokens for split, original in ORIGINALS.items()
    }


def test_the_folder_may_be_named_by_ptb_dir(folder, monkeypatch):
    monkeypatch.setenv("PTB_DIR", str(folder))
    assert len(ptb.read_splits(originals=ORIGINALS)["valid"]) == ORIGINALS["valid"].tokens


def test_a_folder_that_is_given_comes_before_ptb_dir(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("PTB_DIR", str(tmp_path / "elsewhere"))
    assert len(ptb.read_splits(folder, ORIGINALS)["valid"]) == ORIGINALS["valid"].tokens


@pytest.mark.parametrize("named_by", ["argument", "PTB_DIR"])
def test_the_folder_may_begin_with_a_tilde(folder, monkeypatch, named_by):
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.setenv("USERPROFILE", str(folder.parent))
    if named_by == "PTB_DIR":
        monkeypatch.setenv("PTB_DIR", "~/ptb")
    splits = ptb.read_splits(None if named_by == "PTB_DIR" else "~/ptb", ORIGINALS)
    assert len(splits["valid"]) == ORIGINALS["valid"].tokens


def test_all_words_are_in_the_vocabulary(folder, monkeypatch):
    monkeypatch.setattr(ptb.read_splits, "__defaults__", (None, ORIGINALS))
    corpus = load_corpus("ptb", folder=folder)
    assert corpus.name == "ptb"
    assert set(corpus.vocabulary.words) == {"<eos>", *TEXTS["train"].decode().split()}
    assert "LDC99T42" in corpus.citation


def test_without_the_files_the_message_says_what_to_do(tmp_path):
    with pytest.raises(CorpusError, match=r"does not come with this course.*default.*PTB_DIR.*not free.*download_ptb"):
        load_corpus("ptb")


@pytest.mark.parametrize("split", TEXTS)
def test_a_truncated_file_is_refused(folder, split):
    path = folder / f"ptb.{split}.txt"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(CorpusError, match=f"ptb.{split}.txt is truncated.* of {ORIGINALS[split].tokens} tokens"):
        ptb.read_splits(folder, ORIGINALS)


def test_an_altered_file_is_refused(folder):
    path = folder / "ptb.valid.txt"
    path.write_bytes(path.read_bytes().replace(b"fell", b"rose", 1))
    with pytest.raises(CorpusError, match=r"ptb.valid.txt is altered: its sha256 is .* of the original"):
        ptb.read_splits(folder, ORIGINALS)


def test_a_file_that_is_not_utf8_is_altered(folder):
    path = folder / "ptb.valid.txt"
    path.write_bytes(path.read_bytes().replace(b"fell", b"f\xe9ll", 1))
    with pytest.raises(CorpusError, match=r"ptb.valid.txt is altered: its sha256 is .* of the original"):
        ptb.read_splits(folder, ORIGINALS)


def test_a_file_with_windows_line_endings_is_rejected_with_that_reason(folder):
    path = folder / "ptb.train.txt"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    with pytest.raises(CorpusError, match="line endings were changed"):
        ptb.read_splits(folder, ORIGINALS)


def test_a_missing_file_is_named(folder):
    (folder / "ptb.test.txt").unlink()
    with pytest.raises(CorpusError, match=r"ptb.test.txt cannot be read \(No such file"):
        ptb.read_splits(folder, ORIGINALS)


@pytest.mark.parametrize("answer", [False, None, "no", 1])
def test_nothing_is_fetched_before_the_licence_is_accepted(tmp_path, serve, trusted, answer):
    address, requests = serve(files_of())
    with pytest.raises(CorpusError, match="not free"):
        download_ptb(tmp_path / "new", accept_licence=answer, address=address, originals=ORIGINALS)
    assert requests == [] and not (tmp_path / "new").exists()


def test_loading_never_downloads(tmp_path, monkeypatch, serve, trusted):
    address, requests = serve(files_of())
    monkeypatch.setattr(ptb, "ADDRESS", address)
    with pytest.raises(CorpusError):
        load_corpus("ptb", folder=tmp_path)
    assert requests == []


def test_a_download_over_a_trusted_connection_can_be_loaded(tmp_path, serve, trusted):
    address, requests = serve(files_of())
    folder = download_ptb(tmp_path / "a" / "new", accept_licence=True, address=address, originals=ORIGINALS)
    assert sorted(path.name for path in folder.iterdir()) == sorted(files_of())
    assert len(ptb.read_splits(folder, ORIGINALS)["train"]) == ORIGINALS["train"].tokens
    assert len(requests) == 3


def test_a_download_goes_where_loading_looks(serve, trusted):
    address, _ = serve(files_of())
    download_ptb(accept_licence=True, address=address, originals=ORIGINALS)
    assert len(ptb.read_splits(originals=ORIGINALS)["test"]) == ORIGINALS["test"].tokens


def test_files_that_are_there_already_are_kept_and_not_fetched_again(folder, serve, trusted):
    (folder / "ptb.test.txt").unlink()
    address, requests = serve(files_of())
    download_ptb(folder, accept_licence=True, address=address, originals=ORIGINALS)
    assert requests == ["/ptb.test.txt"]


def test_an_altered_file_that_is_there_already_is_not_written_over(folder, serve, trusted):
    (folder / "ptb.test.txt").write_bytes(b"my own notes\n" * 200)
    address, _ = serve(files_of())
    with pytest.raises(CorpusError, match="altered"):
        download_ptb(folder, accept_licence=True, address=address, originals=ORIGINALS)
    assert (folder / "ptb.test.txt").read_bytes().startswith(b"my own notes")


def test_a_certificate_that_no_one_vouches_for_is_refused(tmp_path, serve):
    address, requests = serve(files_of())
    with pytest.raises(CorpusError, match=r"CERTIFICATE_VERIFY_FAILED.*Nothing was written"):
        download_ptb(tmp_path / "new", accept_licence=True, address=address, originals=ORIGINALS)
    assert requests == [] and not (tmp_path / "new").exists()


def test_a_certificate_for_another_host_is_refused(tmp_path, serve, trusted):
    address, requests = serve(files_of())
    with pytest.raises(CorpusError, match=r"(?i)hostname mismatch"):
        download_ptb(
            tmp_path, accept_licence=True, address=address.replace("127.0.0.1", "localhost"), originals=ORIGINALS
        )
    assert requests == []


def test_a_body_that_breaks_off_is_refused(tmp_path, serve, trusted):
    address, _ = serve(files_of(), promised=1_000_000)
    with pytest.raises(CorpusError, match=r"could not be downloaded: IncompleteRead"):
        download_ptb(tmp_path / "new", accept_licence=True, address=address, originals=ORIGINALS)
    assert not (tmp_path / "new").exists()


def test_a_body_that_is_shorter_than_the_original_is_refused(tmp_path, serve, trusted):
    address, _ = serve(files_of({**TEXTS, "test": TEXTS["test"][:20]}))
    with pytest.raises(CorpusError, match=r"ptb.test.txt is truncated"):
        download_ptb(tmp_path / "new", accept_licence=True, address=address, originals=ORIGINALS)
    assert not (tmp_path / "new").exists()


def test_an_altered_body_is_refused(tmp_path, serve, trusted):
    address, _ = serve(files_of({**TEXTS, "valid": TEXTS["valid"].replace(b"fell", b"rose")}))
    with pytest.raises(CorpusError, match=r"ptb.valid.txt is altered"):
        download_ptb(tmp_path / "new", accept_licence=True, address=address, originals=ORIGINALS)
    assert not (tmp_path / "new").exists()


def test_a_file_that_the_server_does_not_have_is_reported(tmp_path, serve, trusted):
    address, _ = serve({})
    with pytest.raises(CorpusError, match=r"ptb.train.txt could not be downloaded: Not Found"):
        download_ptb(tmp_path / "new", accept_licence=True, address=address, originals=ORIGINALS)


def test_a_server_that_says_nothing_is_given_up_after_a_minute(tmp_path, monkeypatch):
    def silent(url, *, timeout=None, **_):
        assert timeout is not None and timeout <= 60
        raise TimeoutError("timed out")

    monkeypatch.setattr(ptb.urllib.request, "urlopen", silent)
    with pytest.raises(CorpusError, match=r"ptb.train.txt could not be downloaded: timed out\. Nothing was written"):
        download_ptb(tmp_path / "new", accept_licence=True, originals=ORIGINALS)


def test_a_write_that_fails_leaves_no_half_file(folder, serve, trusted, monkeypatch):
    (folder / "ptb.test.txt").unlink()
    address, _ = serve(files_of())

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ptb.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        download_ptb(folder, accept_licence=True, address=address, originals=ORIGINALS)
    assert sorted(path.name for path in folder.iterdir()) == ["ptb.train.txt", "ptb.valid.txt"]
