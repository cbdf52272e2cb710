import pytest

from tests.finders import JOHN
from ticketing.privacy.scrubber import Scrubber
from ticketing.settings import PrivacySettings


@pytest.fixture(scope="session")
def scrubber():
    return Scrubber(PrivacySettings(), JOHN)
