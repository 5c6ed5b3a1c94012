"""What a schema cannot say, and a document must not be blamed for."""

from urllib.parse import urlsplit

import schemathesis

# Codes of wrong fields that follow from more than the shape of one value: rules over several fields, check characters,
# times that have passed, lists that other authorities keep.
BEYOND_SHAPE = {
    "blank",
    "check_character",
    "inconsistent",
    "not_askable",
    "not_for_purpose",
    "out_of_range",
    "repeated",
    "required",
    # Of a name that is searched for, what counts is left after it was folded.
    "too_short",
}
# Places whose values are of such a shape but of a closed list elsewhere, or made by this node alone.
BEYOND_LIST = ("/cursor", "/province", "/entity_id", "/recipient", "/peer")


@schemathesis.hook
def before_load_schema(context, schema):
    """Gives every path the base of its own server: schemathesis knows one server for the whole document."""
    everywhere = schema["servers"]
    whole = {}
    for path, item in schema["paths"].items():
        base = urlsplit(item.pop("servers", everywhere)[0]["url"]).path
        whole[base + path] = item
    schema["paths"] = whole
    schema["servers"] = [{"url": "/"}]


def is_rule(error):
    """Whether no schema of one value would have told that it is wrong."""
    return error["code"] in BEYOND_SHAPE or error["field"].endswith(BEYOND_LIST)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Keeps every failure but one: a value of the right shape that a rule refuses, told in the right form."""
    if type(failure).__name__ != "RejectedPositiveData" or response.status_code != 422:
        return True
    problem = response.json()
    if problem["code"] == "idempotency_key_reused":
        return False
    return not (problem.get("errors") and all(is_rule(error) for error in problem["errors"]))
