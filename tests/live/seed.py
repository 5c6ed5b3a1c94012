"""People of the reception centre, with what there can be about them: cards, consents, referrals in several states and by
both ways, documents, assessments, notes, guardians; and the offices, notices and accounts that belong to it.

Writes into the folder STAFFETTA_SEED one file for each kind of id, named like the parameter of the paths, with an id in
quotation marks on each line; and `together.json`, a list of ids that belong together, by parameter.
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


def person(number, recipient="ipa:cpi"):
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
        "recipient": recipient,
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


def on_paper(who, office):
    """A referral to an office without a node, whose sheet was handed over there."""
    draft, _ = ask("POST", "/referrals", {"person": who, "office": office, "purpose": "P2"})
    id = draft["summary"]["id"]
    made, _ = ask("POST", f"/referrals/{id}/sheets", {"kind": "referral"})
    sheet = made["office"]["sheets"][0]["id"]
    ask("POST", f"/referrals/{id}/sheets/{sheet}/sending", {"channel": "in_person"})
    return {"referral": id, "sheet": sheet}


def record_of(who):
    """What a record has beside card and consents: documents, an assessment, counselling notes, drafts, a question."""
    path = "/people/" + who
    _, version = ask("GET", f"/cases/{who}/team")
    me, _ = ask("GET", "/session")
    functions = ["case_operator", "psychologist"]
    team = {"members": [{"staff": me["id"], "functions": functions}]}
    # One's own functions in a case are a colleague's to give.
    ask("PUT", f"/cases/{who}/team", team, "SUPERVISOR", **{"If-Match": version})
    document, _ = ask("POST", path + "/documents", {"type": "permit", "expires": "2027-03-31", "held_by": "person"})
    work = {"method": "operator", "summary": "So cucire e parlo con i clienti."}
    assessment, _ = ask("POST", path + "/assessments", work)
    note, _ = ask("POST", path + "/counselling-notes", {"text": "Colloquio di prova."})
    question = {"recipient": "ipa:altro", "questions": [{"purpose": "P2"}], "notice": notice()}
    asked, _ = ask("POST", path + "/consent-requests", question)
    section, version = ask("GET", path + "/card/sections/F")
    draft = {"fields": section["fields"], "draft": True, "said_by": "self", "means": "interview"}
    ask("PUT", path + "/card/sections/F", draft, **{"If-Match": version})
    ids = {"document": document["id"], "assessment": assessment["id"], "note": note["id"], "section": "F", "version": "1"}
    return [ids, {"record": asked["items"][0]["record"]}]


def accounts():
    """Accounts that the examination may do anything with: those that it uses itself are left alone."""
    prova = {"label": "Prova", "role": "operator"}
    people = [ask("POST", "/staff", prova | {"username": f"prova{n}"}, "ADMIN")[0]["id"] for n in range(3)]
    program = ask("POST", "/staff", prova | {"username": "programma", "kind": "service"}, "ADMIN")[0]["id"]
    scoped = {"label": "Prova", "scopes": ["people.read"]}
    secret, _ = ask("POST", f"/staff/{program}/client-secrets", scoped, "ADMIN")
    token, _ = ask("POST", f"/staff/{program}/tokens", scoped, "ADMIN")
    linked = {"issuer": "https://login.example", "sub": "prova"}
    identity, _ = ask("POST", f"/staff/{people[0]}/identities", linked, "ADMIN")
    return people + [program], [
        {"staff": program, "secret": secret["id"]},
        {"staff": program, "token": token["id"]},
        {"staff": people[0], "identity": identity["id"]},
    ]


def main():
    ask("POST", "/members/lookups", {"entity_id": CPI})
    place = {"label": "Sportello", "address": "Via Prova 1, Prato", "comune": "100005"}
    office, _ = ask("POST", "/offices", place, "SUPERVISOR")
    partner = {"organisation_name": "Comune di Prova", "organisation": "ipa:prova", "office": "Sportello lavoro"}
    partner, _ = ask("POST", "/partner-offices", partner | {"competence_comuni": ["100005"]})
    people = [person(number) for number in range(3)]
    ids = [who for who, _ in people]
    referrals = [referral(ids[0]), referral(ids[1], "sending"), referral(ids[2], "preview")]
    together = [{"person": who, "record": record} for who, records in people for record in records]
    for one in record_of(ids[0]):
        together.append(one | {"person": ids[0]})
    # On paper, and one of them taken back: the office is asked to give back what it has.
    papers = [person(number, "ipa:prova") for number in range(3, 5)]
    for who, records in papers:
        sheet = on_paper(who, partner["id"])
        together.append(sheet)
        referrals.append(sheet["referral"])
    ask("POST", f"/people/{papers[1][0]}/consents/{papers[1][1][1]}/withdrawals", {"by": "person", "channel": "in_person"})
    recalls, _ = ask("GET", "/paper-recalls")
    minor, _ = ask("POST", "/people", {"label": "Persona minore"})
    answers = {"kind": "msna_guardian", "since": "2026-01-01", "details": {"label": "Tutrice"}}
    guardian, _ = ask("POST", f"/people/{minor['id']}/guardians", answers)
    together.append({"person": minor["id"], "guardian": guardian["id"]})
    together.append({"person": ids[1], "other": ids[2]})
    notices, _ = ask("GET", "/notices")
    staff, belonging = accounts()
    together += belonging
    made = {
        "person": ids + [who for who, _ in papers],
        "case": ids,
        "record": [record for _, records in people for record in records],
        "referral": referrals,
        "staff": staff,
        # Of the address book's a few: what is asked of an own office and of a partner's has the same name.
        "office": [office["id"], partner["id"]],
        "recall": [recall["id"] for recall in recalls["items"]],
        "notice": [entry["id"] for entry in notices["items"]],
        "section": ["A", "F", "L", "skills"],
        "language": ["ita", "fra"],
        "activity": ["accoglienza"],
    }
    folder = Path(os.environ["STAFFETTA_SEED"])
    for kind, entries in made.items():
        (folder / kind).write_text("".join(f'"{entry}"\n' for entry in entries))
    (folder / "together.json").write_text(json.dumps(together))


main()
