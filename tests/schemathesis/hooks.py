"""What a schema cannot say, and a document must not be blamed for."""

import json
import os
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import schemathesis
from schemathesis.core.parameters import ParameterLocation

# Codes of wrong fields that follow from more than the shape of one value: rules over several fields, check characters,
# times that have passed, lists that other authorities keep.
BEYOND_SHAPE = {
    "blank",
    "check_character",
    "inconsistent",
    # Of a file that is carried in a text, or whose first bytes belie what it is said to be.
    "malformed",
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
    "country",
    "cursor",
    # Of papers that are entered as documents, and are no part of what is written into a card.
    "documents",
    "entity_id",
    "evidence_ref",
    # What an office has on paper; what a purpose may carry.
    "groups",
    "hash",
    "language",
    "languages",
    "mother_tongues",
    "organisation",
    "peer",
    "province",
    "recipient",
    "scopes",
}


@schemathesis.serializer("application/entity-statement+jwt")
def entity_statement(context, value):
    """A statement is text; whatever else is generated for it is sent as its JSON."""
    return (value if isinstance(value, str) else json.dumps(value)).encode()


@schemathesis.serializer("application/pdf", "image/jpeg", "image/png")
def file(context, value):
    """A file is bytes, and nothing that is generated is one: it is refused as what it is not."""
    return (value if isinstance(value, str) else json.dumps(value)).encode()


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


def is_id(value):
    """Whether this is an id as this node makes them."""
    try:
        return isinstance(value, str) and str(UUID(value)) == value.lower()
    except ValueError:
        return False


def is_rule(error, case):
    """Whether no schema of one value would have told that it is wrong."""
    if error["code"] in BEYOND_SHAPE or BEYOND_LIST & set(error["field"].split("/")):
        return True
    # A field of the card, in a section where it does not stand: the schema is that of the whole card.
    if error["code"] == "unknown_field" and error["field"].startswith("/fields/"):
        return True
    # Codes of a card that somebody carries: a country, a citizenship, a comune of the right shape that does not exist.
    if error["code"] == "not_in_list" and error["field"].startswith("/file/portability/card/"):
        return True
    # Of a union the place is told only down to the union itself.
    below = list(parts(at(case.body, error["field"])))
    if error["code"] == "not_in_list":
        # Or the id of something that this node did not make: the shape is right, and nothing has it.
        return any(name in BEYOND_LIST for name, _ in below) or is_id(at(case.body, error["field"]))
    # JSON Schema takes 2.0 for an integer; this node does not.
    return error["code"] == "wrong_type" and any(isinstance(v, float) and v.is_integer() for _, v in below)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Keeps every failure but one: a value of the right shape that a rule refuses, told in the right form."""
    if type(failure).__name__ != "RejectedPositiveData" or response.status_code not in (400, 422):
        return True
    if response.status_code == 400:
        # Any text is a text; whether it is a CV is told by whoever reads it.
        return at(case.body, "/file/europass") is None
    problem = response.json()
    if problem["code"] == "idempotency_key_reused":
        return False
    return not (problem.get("errors") and all(is_rule(error, case) for error in problem["errors"]))


# Ids that belong together: each entry has a person or a referral and what there is of her, by path parameter.
TOGETHER = json.loads(Path("together.json").read_text()) if Path("together.json").exists() else []


def is_meant(case, location):
    """Whether this part of a request was generated to be good."""
    return case.meta is not None and not case.meta.is_negative_at(location)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes a good request meet what is there: ids that belong together, and the version that an edit builds on."""
    wanted = set(case.path_parameters or ())
    if len(wanted) > 1 and is_meant(case, ParameterLocation.PATH):
        fitting = [ids for ids in TOGETHER if wanted & ids.keys() == wanted]
        # Now and then what was drawn stays, and is nowhere.
        draw = sum(str(case.path_parameters).encode())
        if fitting and draw % 5:
            case.path_parameters.update({name: fitting[draw % len(fitting)][name] for name in wanted})
    if "If-Match" in (case.headers or ()) and is_meant(case, ParameterLocation.HEADER):
        version = version_of(case)
        if version and sum(case.headers["If-Match"].encode()) % 5:
            case.headers["If-Match"] = version


def version_of(case):
    """The `ETag` of what stands at the request's path, or at the nearest above it that has one."""
    authorization = case.headers.get("Authorization") or "Bearer " + os.environ["STAFFETTA_OPERATOR"]
    parts = case.formatted_path.split("/")
    for end in range(len(parts), len(parts) - 2, -1):
        url = os.environ["STAFFETTA_DESK"].split("/rest/")[0] + "/".join(parts[:end])
        request = urllib.request.Request(url, headers={"Authorization": authorization})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                if answer.headers.get("ETag"):
                    return answer.headers["ETag"]
        except (urllib.error.HTTPError, ValueError, OSError):
            continue
    return None
