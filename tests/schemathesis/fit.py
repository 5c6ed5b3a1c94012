"""Fits the settings for the desk to the network that was started: which account may ask what, and which ids there are.

    fit.py DOCUMENT SETTINGS SEED

Nothing here names a route. Every operation is asked once about things that nobody has, by one account after the other,
the least powerful first; the first that its role does not turn away asks the rest. Every file of the seed is a list of ids
for the path parameter of its name.
"""

import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from uuid import UUID

import yaml

ACCOUNTS = ["OPERATOR", "SUPERVISOR", "DPO", "ADMIN"]
# What signs out, or ends what is asked with, has an account of its own in the settings.
OWN = {"session"}
METHODS = {"get", "put", "post", "delete"}
NOBODY = str(UUID(int=0))


def status(method, path, account):
    """What an account is told of a thing that is not there; the body says why it was turned away."""
    headers = {"Authorization": "Bearer " + os.environ["STAFFETTA_" + account], "If-Match": '"0"'}
    url = os.environ["STAFFETTA_DESK"] + path
    request = urllib.request.Request(url, method=method.upper(), headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, b""
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


def account(method, path):
    filled = "/".join(NOBODY if part.startswith("{") else part for part in path.split("/"))
    for name in ACCOUNTS:
        code, why = status(method, filled, name)
        if code != 403 or b'"not_entitled"' not in why:
            return name
    return ACCOUNTS[0]


def operations(document):
    for path, item in document["paths"].items():
        for method in METHODS & item.keys():
            if OWN.isdisjoint(item[method]["tags"]) and item[method]["security"]:
                yield method, path, item[method]["operationId"]


def main(document, settings, seed):
    document = yaml.load(Path(document).read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    by_account = {}
    for method, path, name in sorted(operations(document)):
        by_account.setdefault(account(method, path), []).append(name)
    lines = []
    for name, names in sorted(by_account.items()):
        for operation in names:
            header = f'headers = {{ Authorization = "Bearer ${{STAFFETTA_{name}}}" }}'
            lines += ["[[operations]]", f'include-operation-id = "{operation}"', header, ""]
    kinds = sorted(path.name for path in Path(seed).iterdir() if "." not in path.name)
    lines += ["[dictionaries]"] + [f'{kind}.from-file = "{kind}"' for kind in kinds]
    # Now and then an id of nobody; of accounts only those that nobody asks with.
    share = {"staff": 1.0}
    lines += ["", "[parameters]"]
    lines += [f'"path.{kind}" = {{ dictionary = "{kind}", probability = {share.get(kind, 0.85)} }}' for kind in kinds]
    with open(settings, "a") as file:
        file.write("\n" + "\n".join(lines) + "\n")
    print(", ".join(f"{len(names)} operations as {name.lower()}" for name, names in sorted(by_account.items())))


main(*sys.argv[1:])
