"""Compares the speed of the `draft` flow with the speed of vLLM alone.

The flow also claims and classifies tickets, builds prompts, restores personal data and writes the drafts back.
"""

import re

import pytest

from models.engine.process import Adapter
from models.generator.manifest import read_manifest
from models.generator.served_base import served_base
from models.registry.versions import champion
from tests.bench.raw_chat import raw_chat
from tests.commands import environment, ticketing
from ticketing.database import Database
from ticketing.importing.loading import load_sample
from ticketing.settings import Settings
from ticketing.stages.prompts import instruction, messages, ticket_input
from ticketing.tickets import CleanTicket

HISTORY, INCOMING = 600, 400
# Short training: the models only have to write replies of the usual length.
SHORT_TRAINING = {
    "TICKETING_CLASSIFIER__MIN_STEPS": "120",
    "TICKETING_GENERATOR__TRAIN_TOKENS": "30000",
    "TICKETING_GATE__ACCURACY": "0.5",
    "TICKETING_GATE__MAX_TEST_REPLIES": "4",
    "TICKETING_GATE__MIN_REPLIES": "4",
    "TICKETING_PREFECT__PORT": "4297",
}
DRAFTED = """
    SELECT t.*, d.category AS drafted_as FROM ticketing.draft d JOIN ticketing.clean_ticket t USING (ticket_id, revision)
    ORDER BY d.draft_id
"""

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]


@pytest.fixture
def home(server, tmp_path):
    name = server.create(server.template)
    yield environment(tmp_path, TICKETING_DATABASE_URL=server.uri(name), **SHORT_TRAINING), tmp_path
    server.drop(name)


def test_draft_flow_has_at_least_nine_tenths_of_the_speed_of_vllm_alone(home, record_property):
    env, folder = home
    settings = Settings(home=folder, database_url=env["TICKETING_DATABASE_URL"])
    database = Database.open(settings)
    load_sample(database, 0, HISTORY, INCOMING, settings)
    for command in (["prepare"], ["train"], ["evaluate", "--promote"]):
        finished = ticketing(env, folder, *command, timeout=3000)
        assert finished.returncode == 0, finished.stderr[-4000:]

    summary = ticketing(env, folder, "draft", timeout=3000).stdout
    drafted, seconds = re.search(r"(\d+) drafted, .* in ([\d.]+) s", summary).groups()
    flow_speed = int(drafted) / float(seconds)

    with database.begin() as conn:
        rows = conn.execute(DRAFTED).fetchall()
    conversations = [_conversation(row, settings) for row in rows]
    generator = champion(database, "generator", settings)
    adapter = Adapter(generator.version, generator.path)
    weights = read_manifest(generator.version, generator.path).base_weights
    base = served_base(generator.base_model, settings, weights)
    raw = raw_chat(base, settings, adapter, conversations)

    raw_speed = len(conversations) / raw.seconds
    record_property("draft flow, tickets/s", round(flow_speed, 3))
    record_property("raw LLM.chat, tickets/s", round(raw_speed, 3))
    print(
        f"\n{summary}raw LLM.chat {raw_speed:.2f}, draft flow {flow_speed:.2f} drafts/s: "
        f"ratio {flow_speed / raw_speed:.3f}"
    )
    assert len(conversations) == int(drafted) > 100
    assert flow_speed >= 0.9 * raw_speed


def _conversation(row: dict, settings: Settings) -> list:
    ticket = CleanTicket(**{name: row[name] for name in CleanTicket.__dataclass_fields__})
    return messages(instruction(row["drafted_as"], ticket.language, settings), ticket_input(ticket))
