import numpy as np
import pytest

from models.classifier.scope import VOTERS, Scope


def directions(rng, centre, count, spread=0.1):
    rows = centre + rng.normal(0, spread, size=(count, len(centre)))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


HERE, THERE = np.eye(16)[0], np.eye(16)[1]


def fitted(rng, train, validation):
    return Scope.fit(directions(rng, HERE, train), [0] * train, directions(rng, HERE, validation))


def p_values(scope, vectors):
    return scope.neighbourhood(vectors, 2).p_values


def test_distant_vectors_are_out_of_scope_and_near_vectors_in_scope(rng):
    scope = fitted(rng, 500, 300)
    assert (p_values(scope, directions(rng, THERE, 50)) <= 0.01).all()
    assert (p_values(scope, directions(rng, HERE, 200)) <= 0.01).mean() < 0.05


def test_refused_share_of_in_scope_tickets_is_about_the_setting(rng):
    refused = []
    for _ in range(50):
        scope = fitted(rng, 200, 200)
        refused.append((p_values(scope, directions(rng, HERE, 200)) <= 0.05).mean())
    assert np.mean(refused) < 0.06


def test_with_too_few_validation_tickets_nothing_is_out_of_scope(rng):
    few = fitted(rng, 50, 20)
    assert p_values(few, directions(rng, THERE, 5)) == pytest.approx([1 / 21] * 5)
    assert not few.can_detect(0.01)
    assert few.can_detect(0.05)


def test_nearest_tickets_vote_for_their_category(rng):
    train = np.concatenate([directions(rng, HERE, 40), directions(rng, THERE, 40)])
    scope = Scope.fit(train, [0] * 40 + [1] * 40, directions(rng, HERE, 20))
    votes = scope.neighbourhood(np.stack([HERE, THERE, (HERE + THERE) / np.sqrt(2)]), 3).votes
    assert votes.sum(axis=1) == pytest.approx([1.0] * 3)
    assert (votes[0, 0], votes[1, 1]) == (1.0, 1.0)
    assert 0 < votes[2, 0] < 1
    assert (votes[:, 2] == 0).all()


def test_nearer_ticket_has_a_heavier_vote():
    near, far = np.eye(2)[0], np.asarray([0.6, 0.8])
    scope = Scope.fit(np.stack([near, far]), [0, 1], near[None])
    weight = np.exp(0.4 / 0.1)
    assert scope.neighbourhood(near[None], 2).votes[0] == pytest.approx(
        [weight / (1 + weight), 1 / (1 + weight)], rel=1e-2
    )


@pytest.mark.parametrize("train", [1, VOTERS - 1])
def test_a_few_training_tickets_are_enough(rng, train):
    near = fitted(rng, train, 3).neighbourhood(directions(rng, HERE, 4), 2)
    assert near.votes.tolist() == [[1.0, 0.0]] * 4
    assert ((near.p_values > 0) & (near.p_values <= 1)).all()


def test_loaded_scope_gives_the_same_results(rng, tmp_path):
    scope = Scope.fit(directions(rng, HERE, 100, 1.0), [0, 1] * 50, directions(rng, HERE, 100))
    scope.save(tmp_path / "scope.npz")
    asked = directions(rng, np.eye(16)[2], 20, 1.0)
    before, after = scope.neighbourhood(asked, 2), Scope.load(tmp_path / "scope.npz").neighbourhood(asked, 2)
    assert after.p_values == pytest.approx(before.p_values)
    assert after.votes == pytest.approx(before.votes)
