"""Corpora, batches, n-gram baselines and synthetic tasks. All of it works offline, except `download_ptb`."""

from helpers.data.batching import cover_batches, stream_batches
from helpers.data.corpora import Corpus, load_corpus
from helpers.data.errors import CorpusError
from helpers.data.ngrams import KneserNeyTrigram, Unigram
from helpers.data.own_text import KOREAN_POEMS
from helpers.data.ptb import LICENCE_NOTICE, download_ptb
from helpers.data.tasks import adding, first_symbol_recall, tales, temporal_order
from helpers.data.tokens import join, tokenize, tokenize_characters
from helpers.data.vocabulary import EOS, UNK, Vocabulary
