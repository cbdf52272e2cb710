from dataclasses import replace

import pytest

from tests.models.small_corpus import answered_ticket, make_snapshot


@pytest.fixture
def snapshot(tmp_path):
    test = [replace(answered_ticket(i), language="zh" if i == 3 else "en") for i in range(4)]
    return make_snapshot(tmp_path / "snapshot", [answered_ticket(i + 10) for i in range(10)], test=test)
