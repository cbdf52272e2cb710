import numpy as np
import pytest

from models.scope import Scope


def directions(rng, centre, count, spread=0.1):
    rows = centre + rng.normal(0, spread, size=(count, len(centre)))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_what_lies_elsewhere_is_out_of_scope_and_what_does_not_is_in_it(rng):
    here, there = np.eye(16)[0], np.eye(16)[1]
    scope = Scope.fit(directions(rng, here, 500), directions(rng, here, 300))
    assert (scope.likeness(directions(rng, there, 50)) <= 0.01).all()
    assert (scope.likeness(directions(rng, here, 200)) <= 0.01).mean() < 0.05


def test_of_tickets_in_scope_no_larger_share_is_refused_than_was_asked_for(rng):
    here = np.eye(16)[0]
    refused = []
    for _ in range(50):
        scope = Scope.fit(directions(rng, here, 200), directions(rng, here, 200))
        refused.append((scope.likeness(directions(rng, here, 200)) <= 0.05).mean())
    assert np.mean(refused) < 0.06


def test_with_too_few_validation_tickets_nothing_is_out_of_scope(rng):
    scope = Scope.fit(directions(rng, np.eye(16)[0], 50), directions(rng, np.eye(16)[0], 20))
    assert (scope.likeness(directions(rng, np.eye(16)[1], 5)) > 0.01).all()


def test_what_was_saved_says_the_same(rng, tmp_path):
    scope = Scope.fit(directions(rng, np.eye(16)[0], 100), directions(rng, np.eye(16)[0], 100))
    scope.save(tmp_path / "scope.npz")
    asked = directions(rng, np.eye(16)[2], 20, 1.0)
    assert Scope.load(tmp_path / "scope.npz").likeness(asked) == pytest.approx(scope.likeness(asked))
