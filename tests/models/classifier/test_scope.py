import numpy as np
import pytest

from models.classifier.scope import VOTERS, Scope


def unit_vectors(rng, centre, count, spread=0.1):
    rows = centre + rng.normal(0, spread, size=(count, len(centre)))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


HERE, THERE = np.eye(16)[0], np.eye(16)[1]


def fitted_scope(rng, train, validation):
    """A scope with `train` training vectors and `validation` validation vectors, which are all close to HERE."""
    return Scope.fit(unit_vectors(rng, HERE, train), [0] * train, unit_vectors(rng, HERE, validation))


def p_values(scope, vectors):
    return scope.neighbourhood(vectors, 2).p_values


def test_distant_vectors_are_out_of_scope_and_similar_vectors_in_scope(rng):
    scope = fitted_scope(rng, 500, 300)
    assert (p_values(scope, unit_vectors(rng, THERE, 50)) <= 0.01).all()
    assert (p_values(scope, unit_vectors(rng, HERE, 200)) <= 0.01).mean() < 0.05


def test_at_most_the_configured_share_of_in_scope_tickets_is_refused(rng):
    refused_shares = []
    for _ in range(50):
        scope = fitted_scope(rng, 200, 200)
        refused_shares.append((p_values(scope, unit_vectors(rng, HERE, 200)) <= 0.05).mean())
    assert np.mean(refused_shares) < 0.06


def test_number_of_validation_tickets_limits_how_low_a_p_value_can_be(rng):
    scope = fitted_scope(rng, 50, 20)
    assert p_values(scope, unit_vectors(rng, THERE, 5)) == pytest.approx([1 / 21] * 5)
    assert not scope.can_detect(0.01)
    assert scope.can_detect(0.05)


def test_nearest_tickets_vote_for_their_category(rng):
    train = np.concatenate([unit_vectors(rng, HERE, 40), unit_vectors(rng, THERE, 40)])
    scope = Scope.fit(train, [0] * 40 + [1] * 40, unit_vectors(rng, HERE, 20))
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
def test_votes_and_p_values_are_defined_with_fewer_training_tickets_than_voters(rng, train):
    neighbourhood = fitted_scope(rng, train, 3).neighbourhood(unit_vectors(rng, HERE, 4), 2)
    assert neighbourhood.votes.tolist() == [[1.0, 0.0]] * 4
    assert ((neighbourhood.p_values > 0) & (neighbourhood.p_values <= 1)).all()


def test_loaded_scope_gives_the_same_results(rng, tmp_path):
    scope = Scope.fit(unit_vectors(rng, HERE, 100, 1.0), [0, 1] * 50, unit_vectors(rng, HERE, 100))
    scope.save(tmp_path / "scope.npz")
    vectors = unit_vectors(rng, np.eye(16)[2], 20, 1.0)
    expected, loaded = scope.neighbourhood(vectors, 2), Scope.load(tmp_path / "scope.npz").neighbourhood(vectors, 2)
    assert loaded.p_values == pytest.approx(expected.p_values)
    assert loaded.votes == pytest.approx(expected.votes)
