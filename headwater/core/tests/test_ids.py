import uuid

from headwater.core.ids import named_ids, random_ids


def test_random_ids_are_of_version_four_and_all_different() -> None:
    made = random_ids(2000)
    assert len(set(made)) == 2000
    assert {(i.version, i.variant) for i in made} == {(4, uuid.RFC_4122)}
    assert uuid.UUID(str(made[0])) == made[0]
    assert random_ids(0) == []


def test_named_ids_are_those_of_the_standard_library() -> None:
    space, names = uuid.NAMESPACE_URL, ["", "a", "journey:12.99:tag", "고객"]
    assert named_ids(space, names) == [uuid.uuid5(space, name) for name in names]
