"""People of the reception centre, with what there can be about them: cards, consents, referrals in several states.

Writes the ids into the folder STAFFETTA_SEED, one file for each kind, named like the parameter of the paths, with an id in
quotation marks on each line.
"""

import json
import os
import urllib.request
from pathlib import Path

DESK = os.environ["STAFFETTA_DESK"]
CPI = os.environ["STAFFETTA_CPI"]


def ask(method, path, body=None, account="OPERATOR", **headers):
    """The answer's body and its ETag; whatever is refused ends the seeding."""
    headers["Authorization"] = "Bearer " + os.environ["STAFFETTA_" + account]
    data = None
    if body is not None:
        headers["Content-Type"] = "application/json"
        data = json.dumps(body).encode()
    request = urllib.request.Request(DESK + path, data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null"), answer.headers.get("ETag")
    except urllib.error.HTTPError as refused:
        raise SystemExit(f"seed.py: {method} {path}: {refused.code} {refused.read().decode()}") from refused


def notice():
    """The notice of a first interview in French, as an answer names it; without a text in French the Italian one."""
    listed, _ = ask("GET", "/notices")
    first = next(entry for entry in listed["items"] if entry["notice_id"] == "first-interview")
    texts = {text["language"]: text for text in first["texts"]}
    text = texts.get("fra") or texts["ita"]
    return {"notice_id": first["notice_id"], "version": first["version"], "language": text["language"], "hash": text["hash"]}


def person(number):
    """Somebody with a card that is complete enough for a referral, and a yes to both steps."""
    taken_up, _ = ask("POST", "/people", {"label": f"Persona {number}"})
    path = "/people/" + taken_up["id"]
    quick = {
        "interview_language": {"language": "fra"},
        "interpreter": False,
        "province": "PO",
        "right_to_work": "yes",
        "italian": "a2",
        "target_occupations": {"kind": "any"},
        "skills": [{"skill": {"kind": "free", "text": "sartoria"}, "source": "self"}],
        "known_at_recipient": "no",
    }
    ask("POST", path + "/card", quick)
    held, version = ask("GET", path + "/card")
    card = held["card"] | {
        "given_names": "Awa",
        "family_names": "Prova",
        "birth_date": {"value": "1990-01-01"},
        "is_minor": "no",
        "residence_comune": "100005",
        "phone": [{"number": "+390574000000", "type": "mobile", "safe_to_call": "yes"}],
    }
    ask("PUT", path + "/card", card, **{"If-Match": version})
    groups = ["g.preview", "g.identity", "g.status", "g.skills_full", "g.contact"]
    act = {
        "recipient": "ipa:cpi",
        "answers": [{"purpose": "P1", "answer": "yes"}, {"purpose": "P2", "answer": "yes", "groups": groups}],
        "expressed": {
            "by": "person",
            "indication_method": "spoken_with_second_adult",
            "notice": notice(),
            "read_aloud": True,
            "mediator_label": "Mediatrice di lingua",
        },
    }
    records, _ = ask("POST", path + "/consents", act)
    return taken_up["id"], [record["record"] for record in records["items"]]


def referral(who, *steps):
    """A draft to the job centre, and what is done with it."""
    draft, _ = ask("POST", "/referrals", {"person": who, "recipient": CPI, "purpose": "P2", "confirm_duplicate": True})
    id = draft["summary"]["id"]
    for step in steps:
        ask("POST", f"/referrals/{id}/{step}", {} if step == "sending" else None)
    return id


def main():
    ask("POST", "/members/lookups", {"entity_id": CPI})
    people = [person(number) for number in range(3)]
    ids = [who for who, _ in people]
    referrals = [referral(ids[0]), referral(ids[1], "sending"), referral(ids[2], "preview")]
    made = {
        "person": ids,
        "record": [record for _, records in people for record in records],
        "referral": referrals,
        # The accounts that the examination itself uses are left alone.
        "staff": [ask("POST", "/staff", {"username": f"prova{n}", "label": "Prova", "role": "operator"}, "ADMIN")[0]["id"]
                  for n in range(3)],
    }
    for kind, entries in made.items():
        Path(os.environ["STAFFETTA_SEED"], kind).write_text("".join(f'"{entry}"\n' for entry in entries))


main()
