"""The visible checks as a student has them, read back from their file: right forms pass, and every known mistake is named."""

import json

import pytest

import grader_tests
from descentlab.checks import InPlace, Prepared, Question, assess

EXERCISES = [
    (section, name)
    for section, items in grader_tests.sections().items()
    for name, item in items.items()
    if not isinstance(item, Question)
]


@pytest.mark.parametrize(("section", "name"), EXERCISES)
def test_from_the_file_right_forms_pass_and_mistakes_are_named(section, name):
    # Written as the build writes it: keys sorted, so that nothing may hang on the order in a dict.
    text = json.dumps(grader_tests.prepared(name, grader_tests.PUBLIC_SEED).to_json(), sort_keys=True)
    recorded = Prepared.from_json(json.loads(text))
    # What an answer uses of other sections has been carried over.
    carried = {helper.__name__: helper for helper in grader_tests.exercise(name).uses}
    functions = carried | vars(__import__(f"reference_impl.{section}", fromlist=["reference"]))
    assert assess(recorded, InPlace(dict(functions)), 4).score == 4
    for answer in grader_tests.answers(name):
        namespace = dict(functions)
        exec(answer["source"], namespace)
        verdict = assess(recorded, InPlace(namespace), 4)
        assert verdict.mistake == answer["mistake"], f"{answer['id']}\n{verdict.text}"
        assert (verdict.score == 4) == (answer["kind"] == "right"), f"{answer['id']}\n{verdict.text}"
