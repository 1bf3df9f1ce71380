"""Logs in with requests-oauthlib: three steps, and the page in between.

Usage: dance.py BASE_URL SUFFIX. SUFFIX "_query" sends what is signed in the
query. Prints whose token it got, and what a second use of the verifier raises.
"""

import os
import re
import sys

import requests
from requests_oauthlib import OAuth1Session

base, suffix = sys.argv[1:3]
kind = "QUERY" if suffix else "AUTH_HEADER"
key, secret = os.environ["OAUTH_CONSUMER_KEY"], os.environ["OAUTH_CONSUMER_SECRET"]

consumer = OAuth1Session(key, client_secret=secret, callback_uri="http://127.0.0.1:1/back", signature_type=kind)
asked = consumer.fetch_request_token(base + "/v2/oauth/request_token" + suffix)

page = requests.get(consumer.authorization_url(base + "/v2/oauth/authorize"))
form = dict(re.findall(r'type="(?:hidden|checkbox)" name="([^"]+)" value="([^"]+)"', page.text), decision="allow")
answer = requests.post(base + "/v2/oauth/authorize", data=form, allow_redirects=False)
consumer.parse_authorization_response(answer.headers["Location"])
again = dict(consumer._client.client.__dict__)

token = consumer.fetch_access_token(base + "/v2/oauth/access_token" + suffix)
user = OAuth1Session(
    key,
    client_secret=secret,
    resource_owner_key=token["oauth_token"],
    resource_owner_secret=token["oauth_token_secret"],
)
who = user.get(base + "/v2/self").json()["id"]

consumer._client.client.__dict__.update(again)
try:
    consumer.fetch_access_token(base + "/v2/oauth/access_token" + suffix)
    second = "accepted"
except Exception as refused:
    second = type(refused).__name__
print(who, second)
