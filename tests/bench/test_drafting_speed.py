"""How much of vLLM's own speed is left in the `draft` flow: claim, classify, prompt, restore and write back around it."""

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
# Models good enough to answer at the usual length; how good they are is not the question here.
QUICK = {
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
    yield environment(tmp_path, TICKETING_DATABASE_URL=server.uri(name), **QUICK), tmp_path
    server.drop(name)


def test_the_draft_flow_keeps_nine_tenths_of_raw_speed(home, record_property):
    env, folder = home
    settings = Settings(home=folder, database_url=env["TICKETING_DATABASE_URL"])
    database = Database.open(settings)
    load_sample(database, 0, HISTORY, INCOMING, settings)
    for command in (["prepare"], ["train"], ["evaluate", "--promote"]):
        done = ticketing(env, folder, *command, timeout=3000)
        assert done.returncode == 0, done.stderr[-4000:]

    said = ticketing(env, folder, "draft", timeout=3000).stdout
    drafted, seconds = re.search(r"(\d+) drafted, .* in ([\d.]+) s", said).groups()
    flow = int(drafted) / float(seconds)

    with database.begin() as conn:
        rows = conn.execute(DRAFTED).fetchall()
    conversations = [_conversation(row, settings) for row in rows]
    generator = champion(database, "generator", settings)
    adapter = Adapter(generator.version, generator.path)
    weights = read_manifest(generator.version, generator.path).base_weights
    base = served_base(generator.base_model, settings, weights)
    raw = raw_chat(base, settings, adapter, conversations)

    raw_speed = len(conversations) / raw.seconds
    record_property("draft flow, tickets/s", round(flow, 3))
    record_property("raw LLM.chat, tickets/s", round(raw_speed, 3))
    print(f"\n{said}raw LLM.chat {raw_speed:.2f}, draft flow {flow:.2f} drafts/s: ratio {flow / raw_speed:.3f}")
    assert len(conversations) == int(drafted) > 100
    assert flow >= 0.9 * raw_speed


def _conversation(row: dict, settings: Settings) -> list:
    ticket = CleanTicket(**{name: row[name] for name in CleanTicket.__dataclass_fields__})
    return messages(instruction(row["drafted_as"], ticket.language, settings), ticket_input(ticket))
