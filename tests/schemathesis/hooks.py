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
# Members whose values are of a closed list that stands elsewhere (a standard's, this node's own), or were made by this
# node alone.
BEYOND_LIST = {
    "cursor",
    "entity_id",
    "evidence_ref",
    "hash",
    "language",
    "organisation",
    "peer",
    "province",
    "recipient",
    "scopes",
}


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


def at(body, pointer):
    """What stands at a JSON pointer of a body; nothing where there is no such place."""
    for part in pointer.split("/")[1:]:
        try:
            body = body[int(part)] if isinstance(body, list) else body[part]
        except (KeyError, IndexError, ValueError, TypeError):
            return None
    return body


def parts(value):
    """Every value in a value, with the name of the member that it is, if it is one."""
    yield None, value
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inside:
        yield name, part
        yield from parts(part)


def is_rule(error, case):
    """Whether no schema of one value would have told that it is wrong."""
    if error["code"] in BEYOND_SHAPE or BEYOND_LIST & set(error["field"].split("/")):
        return True
    # Of a union the place is told only down to the union itself.
    below = list(parts(at(case.body, error["field"])))
    if error["code"] == "not_in_list":
        return any(name in BEYOND_LIST for name, _ in below)
    # JSON Schema takes 2.0 for an integer; this node does not.
    return error["code"] == "wrong_type" and any(isinstance(v, float) and v.is_integer() for _, v in below)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Keeps every failure but one: a value of the right shape that a rule refuses, told in the right form."""
    if type(failure).__name__ != "RejectedPositiveData" or response.status_code != 422:
        return True
    problem = response.json()
    if problem["code"] == "idempotency_key_reused":
        return False
    return not (problem.get("errors") and all(is_rule(error, case) for error in problem["errors"]))
