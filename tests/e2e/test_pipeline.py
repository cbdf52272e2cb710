"""The whole pipeline on a slice of the sample shop: the real flows, a Prefect server, Postgres, Presidio and both models."""

import json
import os
import subprocess
import sys

import pytest

HISTORY, INCOMING = 400, 24
SMALL = {
    # A few steps: enough to see that everything is wired, far too few to pass the gate.
    "TICKETING_CLASSIFIER__EPOCHS": "1",
    "TICKETING_GENERATOR__TRAIN_TOKENS": "4000",
    "TICKETING_GATE__MAX_TEST_REPLIES": "4",
    "TICKETING_ENGINE__MAX_REPLY_TOKENS": "24",
    "TICKETING_ENGINE__KV_CACHE_GIB": "1",
    "TICKETING_DRAFT__CHUNK_SIZE": "10",
}
