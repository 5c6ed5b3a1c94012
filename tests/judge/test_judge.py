"""The judge is judged: chains made here with another library, each wrong in one way that it must notice.

Run with the judge's own environment: `python -m unittest discover -s tests/judge`.
"""

import json
import tempfile
import unittest
from pathlib import Path

from cryptojwt.jwk.ec import new_ec_key
from cryptojwt.jws.jws import JWS

import judge

NOW = 1_800_000_000
HOUR = 3600
ANCHOR = "https://rete.example"
LEAF = "https://nodo.cpi-prato.example"
MARK = f"{ANCHOR}/trust_marks/registration-entity/oauth_resource"


def key():
    made = new_ec_key(crv="P-256")
    made.kid = made.thumbprint("SHA-256").decode()
    return made


def public(*keys):
    return {"keys": [{**one.serialize(), "kid": one.kid} for one in keys]}


def sign(claims, signer, typ="entity-statement+jwt", kid=None, alg="ES256"):
    headers = {"typ": typ, "kid": kid or signer.kid}
    return JWS(json.dumps(claims), alg=alg).sign_compact([signer], protected=headers)


class Chain:
    """A chain in which nothing is wrong. A test spoils one thing and signs."""

    def __init__(self):
        self.anchor_key, self.leaf_key, self.stranger = key(), key(), key()
        self.anchor_signer, self.statement_signer, self.leaf_signer = self.anchor_key, self.anchor_key, self.leaf_key
        life = {"iat": NOW - HOUR, "exp": NOW + 24 * HOUR}
        self.mark = {"iss": ANCHOR, "sub": LEAF, "trust_mark_type": MARK, "roles": ["cpi"], **life}
        self.mark_signer = self.anchor_key
        self.anchor = {
            "iss": ANCHOR, "sub": ANCHOR, **life, "jwks": public(self.anchor_key),
            "metadata": {"federation_entity": {"federation_fetch_endpoint": f"{ANCHOR}/fetch"}},
        }
        self.leaf = {
            "iss": LEAF, "sub": LEAF, **life, "jwks": public(self.leaf_key), "authority_hints": [ANCHOR],
            "metadata": {
                "federation_entity": {"organization_name": "Anyone"},
                "oauth_resource": {"resource": f"{LEAF}/rest/staffetta/v1", "roles": ["cpi", "municipality"]},
            },
        }
        self.statement = {
            "iss": ANCHOR, "sub": LEAF, **life, "jwks": public(self.leaf_key), "constraints": {"max_path_length": 1},
            "metadata_policy": {
                "federation_entity": {"organization_name": {"value": "CPI Prato"}},
                "oauth_resource": {"roles": {"subset_of": ["cpi", "training_body"]}},
            },
        }
        self.expected = {
            "accept": True, "now": NOW, "anchor": ANCHOR, "leaf": LEAF, "pinned": [self.anchor_key.kid],
            "trust_path": [LEAF, ANCHOR], "trust_marks": [MARK],
            "metadata": {
                "federation_entity": {"organization_name": "CPI Prato"},
                "oauth_resource": {"resource": f"{LEAF}/rest/staffetta/v1", "roles": ["cpi"]},
            },
        }

    def write(self, folder):
        mark = sign(self.mark, self.mark_signer, typ="trust-mark+jwt")
        leaf = {**self.leaf, "trust_marks": [{"trust_mark_type": MARK, "trust_mark": mark}]}
        files = {
            "anchor-configuration.jwt": sign(self.anchor, self.anchor_signer),
            "leaf-configuration.jwt": sign(leaf, self.leaf_signer),
            "expected.json": json.dumps(self.expected),
        }
        if self.statement:
            files["subordinate-statement.jwt"] = sign(self.statement, self.statement_signer)
        for name, text in files.items():
            (folder / name).write_text(text)


class Judged(unittest.TestCase):
    def verdict(self, chain):
        with tempfile.TemporaryDirectory() as folder:
            chain.write(Path(folder))
            return judge.judge(Path(folder))

    def refused(self, chain, word):
        chain.expected["accept"] = False
        verdict = self.verdict(chain)
        self.assertFalse(verdict["accepted"], verdict)
        self.assertTrue(verdict["as_expected"])
        self.assertIn(word, json.dumps([verdict["library"], verdict["unchecked"]]))

    def test_a_good_chain_is_accepted(self):
        verdict = self.verdict(Chain())
        self.assertTrue(verdict["as_expected"], verdict)
        self.assertEqual(verdict["trust_path"], [LEAF, ANCHOR])
        self.assertEqual(verdict["asked"][-1], f"{ANCHOR}/fetch?sub={LEAF}")

    def test_a_good_chain_that_we_call_bad_is_a_failure(self):
        chain = Chain()
        chain.expected["accept"] = False
        self.assertFalse(self.verdict(chain)["as_expected"])

    def test_metadata_that_the_policy_does_not_give_is_a_failure(self):
        chain = Chain()
        chain.expected["metadata"]["oauth_resource"]["roles"] = ["cpi", "municipality"]
        self.assertEqual(self.verdict(chain)["differences"], ["oauth_resource.roles: ['cpi']"])

    def test_leaf_signed_with_a_key_that_the_authority_did_not_vouch_for(self):
        chain = Chain()
        chain.leaf["jwks"], chain.leaf_signer = public(chain.stranger), chain.stranger
        self.refused(chain, "no trust path")

    def test_statement_not_signed_by_the_authority(self):
        chain = Chain()
        chain.statement_signer = chain.stranger
        self.refused(chain, "no trust path")

    def test_statement_signed_by_a_stranger_under_the_authoritys_key_id(self):
        chain = Chain()
        chain.stranger.kid = chain.anchor_key.kid
        chain.statement_signer = chain.stranger
        self.refused(chain, "no trust path")

    def test_anchor_with_a_key_that_is_not_pinned(self):
        chain = Chain()
        chain.expected["pinned"] = [chain.stranger.kid]
        self.refused(chain, "not pinned")

    def test_a_member_that_the_authority_no_longer_knows(self):
        chain = Chain()
        chain.statement = None
        self.refused(chain, "no trust path")

    def test_no_hint_at_the_anchor(self):
        chain = Chain()
        chain.leaf["authority_hints"] = ["https://altra.example"]
        self.refused(chain, "no trust path")

    def test_a_hint_that_is_not_the_anchors_id(self):
        chain = Chain()
        chain.leaf["authority_hints"] = [f"{ANCHOR}/"]
        self.refused(chain, "byte for byte")

    def test_constraints_in_a_configuration(self):
        for part in ("anchor", "leaf"):
            with self.subTest(part):
                chain = Chain()
                getattr(chain, part)["constraints"] = {"max_path_length": 1}
                self.refused(chain, "subordinate statement only")

    def test_expired_parts(self):
        for part in ("anchor", "leaf", "statement", "mark"):
            with self.subTest(part):
                chain = Chain()
                getattr(chain, part)["exp"] = NOW - HOUR
                self.refused(chain, "expired")

    def test_parts_from_the_future(self):
        for part in ("anchor", "leaf", "statement", "mark"):
            with self.subTest(part):
                chain = Chain()
                getattr(chain, part)["iat"] = NOW + HOUR
                self.refused(chain, "future")

    def test_statement_about_somebody_else(self):
        chain = Chain()
        chain.statement["sub"] = "https://nodo.altri.example"
        self.refused(chain, "sub is")

    def test_roles_outside_the_policy(self):
        chain = Chain()
        chain.leaf["metadata"]["oauth_resource"]["roles"] = ["municipality"]
        self.refused(chain, "PolicyError")

    def test_wrong_typ(self):
        chain = Chain()
        with tempfile.TemporaryDirectory() as folder:
            chain.expected["accept"] = False
            chain.write(Path(folder))
            (Path(folder) / "leaf-configuration.jwt").write_text(sign(chain.leaf, chain.leaf_key, typ="JWT"))
            self.assertIn("typ", judge.judge(Path(folder))["library"])

    def test_mark_of_a_stranger(self):
        chain = Chain()
        chain.mark_signer = chain.stranger
        self.refused(chain, "UnknownKid")

    def test_mark_of_another_member(self):
        chain = Chain()
        chain.mark["sub"] = "https://nodo.altri.example"
        self.refused(chain, "sub is")

    def test_an_empty_folder_is_an_error(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(judge.cases([folder]), [])


if __name__ == "__main__":
    unittest.main()
