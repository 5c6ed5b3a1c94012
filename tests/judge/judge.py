#!/usr/bin/env python3
"""An independent judge of trust chains.

    judge.py FOLDER...

The trust chains that Staffetta issues are resolved here by an implementation that shares no line with it: the SPID/CIE
federation library `spid-cie-oidc`, whose HTTP client is replaced by a lookup among the statements of a case. A FOLDER is
a case, or holds cases in its sub-folders. A case is a folder with these files:

    anchor-configuration.jwt    the entity configuration of the network authority
    leaf-configuration.jwt      the entity configuration of the member
    subordinate-statement.jwt   what the authority's fetch endpoint answers; absent when it answers not_found
    expected.json               what we claim that a stranger must find (below)

expected.json:

    accept        true or false
    now           the instant of judgement in seconds since 1970; absent: the wall clock
    anchor        entity id of the authority
    leaf          entity id of the member
    pinned        key ids of the authority that the judge may believe; absent: any
    trust_path    the entity ids from the leaf up to the anchor; needed when accept is true
    metadata      entity type -> claim -> value, after the policy. Only the claims named here are compared;
                  lists of plain values are compared as sets, since the library keeps them in one
    trust_marks   trust mark types of which at least one must be valid; absent: none is demanded

The verdicts go to standard output as one JSON document. The exit status is 0 if every case came out as expected, 1 if
one did not, 2 if there was nothing to judge.

A case is accepted only if the library resolves it AND nothing of what the library leaves unchecked is wrong. `library`
in a verdict is the library's own opinion, `unchecked` the faults that only this file found.

What the library demands beyond the standard, or instead of it
--------------------------------------------------------------
 1. The header of every statement has `typ` = `entity-statement+jwt` and a `kid` that is not blank; the first key with
    that `kid` in the signer's `jwks` is used, so every key needs a `kid`, unique in its set.
 2. `alg` is one of RS256, RS384, RS512, ES256, ES384, ES512. PS256 is refused, though the SPID/CIE rules allow it.
 3. Every statement has `sub` and `iss`, configurations a `jwks` that is not empty, those of anchor and leaf an `exp`.
 4. The anchor's configuration has metadata.federation_entity.federation_fetch_endpoint. It is called as
    `<endpoint>?sub=<entity id>` with the entity id NOT percent-encoded: an authority that wants such callers must take it.
 5. The leaf names the anchor in `authority_hints`. In exactly the bytes of the anchor's `sub`: then the anchor's
    configuration is not fetched a second time. Configurations are at `<entity id>/.well-known/openid-federation`.
 6. The length of a path is bounded by constraints.max_path_length of the ANCHOR'S CONFIGURATION, where the standard has
    no `constraints`; absent means 0, no intermediate, and then the tree is walked one step. It ignores `constraints`
    of subordinate statements.
 7. A policy is applied only to an entity type whose metadata the leaf has and which is not empty. `value` replaces what
    the leaf said and never refuses. `subset_of` with an empty intersection is an error (the standard leaves an empty
    list). Lists come back without their order. Operators it does not know are ignored, whatever metadata_policy_crit
    says; `metadata` of a subordinate statement is ignored as well.
 8. An element of `trust_marks` has `trust_mark` and one of trust_mark_type, trust_mark_id, id; so has the mark itself.
    A mark is checked with the anchor's keys; or, when the anchor's configuration lists its type in `trust_mark_issuers`,
    with those of the configuration of the mark's `iss`, if that one is listed.

What it leaves unchecked, and is checked here
---------------------------------------------
 a. `iat` and `exp` of every statement and mark (no clock is read while a chain is resolved).
 b. That the subordinate statement is about the leaf and by the anchor, and that configurations are about their issuer.
 c. That the anchor signs with a pinned key: it believes whatever is served at the anchor's address.
 d. That a trust mark is about the leaf.
 e. That a hint is the anchor's entity id byte for byte: it follows whatever leads to the anchor's configuration.
 f. That `constraints` and `metadata_policy` stand in subordinate statements only.
 g. A member that the authority answers not_found for: `is_valid` stays true, only the path and the metadata are empty.
    Nothing here ever looks at `is_valid` alone.
"""

import json
import logging
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from django.conf import settings

settings.configure(USE_TZ=True, LOGGING_CONFIG=None)
logging.disable(logging.CRITICAL)

from spid_cie_oidc.entity import statements  # noqa: E402  (Django wants its settings first)
from spid_cie_oidc.entity.jwtse import unpad_jwt_head, unpad_jwt_payload  # noqa: E402
from spid_cie_oidc.entity.trust_chain import TrustChainBuilder  # noqa: E402

LEEWAY_SECONDS = 60
WELL_KNOWN = "/.well-known/openid-federation"


class Case:
    """The statements of one folder, served to the library as if they came from the network."""

    def __init__(self, folder: Path):
        self.expected = json.loads((folder / "expected.json").read_text("utf-8"))
        self.now = self.expected.get("now", int(time.time()))
        self.anchor = self.expected["anchor"]
        self.leaf = self.expected["leaf"]
        self.anchor_jwt = read(folder / "anchor-configuration.jwt")
        self.leaf_jwt = read(folder / "leaf-configuration.jwt")
        self.statement_jwt = read(folder / "subordinate-statement.jwt")
        self.asked = []

    def serve(self, urls, _httpc_params=None):
        """Stands in for the library's HTTP client, which answers "" to whatever is not 200."""
        return [self.answer(url) for url in urls]

    def answer(self, url: str) -> str:
        self.asked.append(url)
        if url == self.anchor + WELL_KNOWN:
            return self.anchor_jwt
        if url == self.leaf + WELL_KNOWN:
            return self.leaf_jwt
        endpoint = unpad_jwt_payload(self.anchor_jwt)["metadata"]["federation_entity"]["federation_fetch_endpoint"]
        if url.split("?")[0] == endpoint and parse_qs(urlsplit(url).query).get("sub") == [self.leaf]:
            return self.statement_jwt
        return ""


def read(path: Path) -> str:
    return path.read_text("ascii").strip() if path.exists() else ""


def resolve(case: Case):
    """The library's opinion: the resolved chain, or the sentence that says why there is none."""
    statements.get_http_url = case.serve
    builder = TrustChainBuilder(
        subject=case.leaf,
        trust_anchor=case.anchor,
        required_trust_marks=case.expected.get("trust_marks", []),
    )
    try:
        builder.start()
    except Exception as error:  # the library raises whatever its parts raise
        return None, f"{type(error).__name__}: {error}"
    if not builder.trust_path:
        return None, "no trust path"
    if not builder.final_metadata:
        return None, "no metadata"
    return builder, None


def unchecked(case: Case, builder) -> list:
    """Faults of a chain that the library has resolved, in the order of the list above."""
    faults = []
    parts = {
        "anchor configuration": (case.anchor_jwt, case.anchor, case.anchor),
        "leaf configuration": (case.leaf_jwt, case.leaf, case.leaf),
        "subordinate statement": (case.statement_jwt, case.anchor, case.leaf),
    }
    for mark in builder.verified_trust_marks:
        parts[f"trust mark {mark.id}"] = (mark.jwt, mark.iss, case.leaf)
    for name, (jwt, issuer, subject) in parts.items():
        claims = unpad_jwt_payload(jwt)
        faults += times(name, claims, case.now)
        if claims["iss"] != issuer:
            faults.append(f"{name}: iss is {claims['iss']}")
        if claims["sub"] != subject:
            faults.append(f"{name}: sub is {claims['sub']}")
    for jwt, name in ((case.anchor_jwt, "anchor configuration"), (case.leaf_jwt, "leaf configuration")):
        misplaced = {"constraints", "metadata_policy"} & set(unpad_jwt_payload(jwt))
        faults += [f"{name}: {claim} is legal in a subordinate statement only" for claim in sorted(misplaced)]
    if case.anchor not in unpad_jwt_payload(case.leaf_jwt)["authority_hints"]:
        faults.append("authority_hints does not name the anchor byte for byte")
    pinned = case.expected.get("pinned")
    signers = {unpad_jwt_head(jwt)["kid"] for jwt in (case.anchor_jwt, case.statement_jwt)}
    if pinned is not None and not signers <= set(pinned):
        faults.append("the authority signs with a key that is not pinned")
    return faults


def times(name: str, claims: dict, now: int) -> list:
    faults = []
    for claim in ("iat", "exp"):
        if not isinstance(claims.get(claim), int) or isinstance(claims.get(claim), bool):
            faults.append(f"{name}: {claim} is not a whole number of seconds")
    if not faults and claims["iat"] > now + LEEWAY_SECONDS:
        faults.append(f"{name}: issued in the future")
    if not faults and claims["exp"] <= now - LEEWAY_SECONDS:
        faults.append(f"{name}: expired")
    return faults


def differences(case: Case, builder) -> list:
    """Where a chain that was rightly accepted does not say what we claimed that it says."""
    found = []
    path = [configuration.sub for configuration in builder.trust_path]
    if path != case.expected.get("trust_path"):
        found.append(f"trust_path: {path}")
    for entity_type, claims in case.expected.get("metadata", {}).items():
        after = builder.final_metadata.get(entity_type, {})
        for claim, value in claims.items():
            if comparable(after.get(claim)) != comparable(value):
                found.append(f"{entity_type}.{claim}: {after.get(claim)!r}")
    return found


def comparable(value):
    if isinstance(value, list) and all(isinstance(element, (str, int)) for element in value):
        return sorted(value, key=str)
    return value


def judge(folder: Path) -> dict:
    case = Case(folder)
    builder, refusal = resolve(case)
    faults = unchecked(case, builder) if builder else []
    accepted = builder is not None and not faults
    found = differences(case, builder) if accepted and case.expected["accept"] else []
    return {
        "case": folder.name,
        "expected": case.expected["accept"],
        "accepted": accepted,
        "as_expected": accepted == case.expected["accept"] and not found,
        "library": refusal or "resolved",
        "unchecked": faults,
        "differences": found,
        "trust_path": [configuration.sub for configuration in builder.trust_path] if builder else [],
        "metadata": builder.final_metadata if builder else {},
        "asked": case.asked,
    }


def cases(folders: list) -> list:
    found = []
    for folder in map(Path, folders):
        found += sorted(path.parent for path in folder.glob("**/expected.json"))
    return found


def main(folders: list) -> int:
    verdicts = [judge(folder) for folder in cases(folders)]
    print(json.dumps({"verdicts": verdicts}, indent=2, ensure_ascii=False))
    if not verdicts:
        print("judge: no case found", file=sys.stderr)
        return 2
    return 0 if all(verdict["as_expected"] for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
