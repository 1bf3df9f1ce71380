"""Orders, reads, renames and removes an add-on with requests-oauthlib.

The calls are those that a published article makes against the platform; the
signatures are the library's own. Usage: article.py BASE_URL. The credentials
come from the environment; what was seen is printed as JSON.
"""

import json
import os
import sys

from requests_oauthlib import OAuth1Session

base = sys.argv[1]
api = OAuth1Session(
    os.environ["OAUTH_CONSUMER_KEY"],
    client_secret=os.environ["OAUTH_CONSUMER_SECRET"],
    resource_owner_key=os.environ["CLEVER_TOKEN"],
    resource_owner_secret=os.environ["CLEVER_SECRET"],
    signature_method=os.environ.get("SIGNATURE_METHOD", "HMAC-SHA1"),
)


def ask(method, path, **more):
    answer = api.request(method, base + path, **more)
    if not answer.ok:
        sys.exit("%s %s: %d %s" % (method, path, answer.status_code, answer.text))
    return answer.json()


seen = {}
providers = ask("GET", "/v2/products/addonproviders")
seen["plans"] = {p["id"]: len(p["plans"]) for p in providers}

# Only providers with versions answer; the others are passed over.
seen["versions"] = {}
for p in providers:
    answer = api.get(base + "/v4/addon-providers/" + p["id"])
    if answer.ok:
        seen["versions"][p["id"]] = sorted(answer.json()["dedicated"].keys())

seen["zones"] = [z["name"] for z in ask("GET", "/v4/products/zones", params={"tag": "for:applications"})]
seen["self"] = ask("GET", "/v2/self")["id"]

postgres = next(p for p in providers if p["id"] == "postgresql-addon")
plan = next(p for p in postgres["plans"] if p["slug"] == "dev")
made = ask(
    "POST",
    "/v2/self/addons",
    json={"name": "from-python", "plan": plan["id"], "providerId": postgres["id"], "region": "par"},
)
path = "/v2/self/addons/" + made["id"]
seen["made"] = [made["name"], made["provider"]["id"], made["plan"]["slug"], made["region"]]
seen["env"] = sorted(v["name"] for v in ask("GET", path + "/env"))
seen["renamed"] = ask("PUT", path, json={"name": "renamed, by Python"})["name"]
seen["read"] = ask("GET", path)["name"]
seen["tags"] = ask("PUT", path + "/tags/with%20space")
seen["listed"] = [a["id"] for a in ask("GET", "/v2/self/addons")] == [made["id"]]
seen["removed"] = ask("DELETE", path)["type"]
seen["after"] = api.get(base + path).status_code

forged = OAuth1Session(os.environ["OAUTH_CONSUMER_KEY"], client_secret="wrong", resource_owner_key=os.environ["CLEVER_TOKEN"])
seen["forged"] = forged.get(base + "/v2/self").status_code
print(json.dumps(seen))
