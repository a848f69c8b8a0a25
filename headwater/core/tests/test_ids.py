import uuid

from headwater.core.ids import id_of, named_ids, random_ids


def test_random_ids_are_of_version_four_and_all_different() -> None:
    made = random_ids(2000)
    assert len(set(made)) == 2000
    assert {(i.version, i.variant) for i in made} == {(4, uuid.RFC_4122)}
    assert uuid.UUID(str(made[0])) == made[0]
    assert random_ids(0) == []


def test_named_ids_are_those_of_the_standard_library() -> None:
    space, names = uuid.NAMESPACE_URL, ["", "a", "journey:12.99:tag", "고객"]
    assert named_ids(space, names) == [uuid.uuid5(space, name) for name in names]


def test_a_text_names_an_id_or_none() -> None:
    texts = ("17", "0017", 5, "", None, "²", "٣", "-1", "1.0", str(2**63 - 1), str(2**63), "9" * 5000)
    assert [id_of(text) for text in texts] == [17, 17, 5, *[None] * 6, 2**63 - 1, None, None]
