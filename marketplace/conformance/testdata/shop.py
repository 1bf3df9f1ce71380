"""A small add-on provider, as one writes it with http.server: the tests' second back-end."""
import base64
import hashlib
import hmac
import html
import json
import os
import secrets
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, HTTPServer

DIALECT = os.environ["DIALECT"]
USER, PASSWORD, SALT = os.environ["SHOP_ID"], os.environ["SHOP_PASSWORD"], os.environ["SHOP_SALT"]
PLANS = ("small", "large")
KEY = "addon_id" if DIALECT == "clever" else "uuid"

addons = {}    # by the id in URLs
sessions = {}  # cookie -> id
used = set()


def find(name):
    return addons.get(name)


def by_key(key):
    for addon in addons.values():
        if addon["key"] == key:
            return addon
    return None


def config(addon):
    url = "redis://%s:%s@kv.example.test:6379" % (addon["id"], addon["password"])
    return {"TINYKV_URL": url, "TINYKV_TOKEN": addon["password"]}


class Shop(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    # answers

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="shop"')
        self.end_headers()
        self.wfile.write(text)

    def page(self, status, text, headers=()):
        text = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    # requests

    def authorized(self):
        header = self.headers.get("Authorization", "")
        if not header.lower().startswith("basic "):
            return False
        try:
            user, _, password = base64.b64decode(header[6:]).decode().partition(":")
        except ValueError:
            return False
        return user == USER and hmac.compare_digest(password.encode(), PASSWORD.encode())

    def body(self):
        length = int(self.headers.get("Content-Length") or 0)
        return self.rfile.read(length) if length <= 1 << 18 else b""

    def json(self, text):
        try:
            value = json.loads(text)
        except ValueError:
            return None
        return value if isinstance(value, dict) else None

    def name(self):
        if not self.path.startswith("/r/"):
            return None
        return urllib.parse.unquote(self.path[len("/r/"):])

    def do_POST(self):
        text = self.body()
        if self.path == "/sso":
            return self.sso(text)
        if not self.authorized():
            return self.answer(401, {"message": "who are you?"})
        if self.path != "/r":
            return self.answer(404, {"message": "nothing here"})
        order = self.json(text)
        if order is None or not isinstance(order.get(KEY), str):
            return self.answer(422, {"message": "that is no order"})
        if order.get("plan") not in PLANS:
            return self.answer(422, {"message": "there is no such plan"})
        known = by_key(order[KEY])
        if known:
            if known["gone"]:
                return self.answer(410, {"message": "it was removed"})
            if known["plan"] != order["plan"]:
                return self.answer(409, {"message": "it has another plan"})
            return self.answer(200, {"id": known["id"], "config": config(known)})
        addon = {"id": secrets.token_hex(12), "key": order[KEY], "plan": order["plan"], "password": secrets.token_hex(16),
                 "owner": str(order.get("owner_name", "")), "gone": False}
        if DIALECT == "heroku-v3":
            addon["id"] = order[KEY]
        addons[addon["id"]] = addon
        self.answer(200, {"id": addon["id"], "config": config(addon), "message": "Here it is."})

    def do_PUT(self):
        text = self.body()
        if not self.authorized():
            return self.answer(401, {"message": "who are you?"})
        addon = find(self.name())
        if addon is None:
            return self.answer(404, {"message": "no such add-on"})
        if addon["gone"]:
            return self.answer(410, {"message": "it was removed"})
        order = self.json(text)
        if order is None or order.get("plan") not in PLANS:
            return self.answer(422, {"message": "there is no such plan"})
        addon["plan"] = order["plan"]
        self.answer(200, {"message": "changed"})

    def do_DELETE(self):
        self.body()
        if not self.authorized():
            return self.answer(401, {"message": "who are you?"})
        addon = find(self.name())
        if addon is None:
            return self.answer(404, {"message": "no such add-on"})
        if addon["gone"]:
            return self.answer(410, {"message": "it was removed"})
        addon["gone"] = True
        self.answer(200, {})

    # single sign-on

    def proof(self, form):
        if DIALECT == "clever":
            parts = [form["id"], form["user_id"], form["email"], form["nav-data"], SALT, form["timestamp"]]
            return "signature", hashlib.sha512(":".join(parts).encode()).hexdigest()
        if DIALECT == "heroku-v3":
            parts = [form["resource_id"], SALT, form["timestamp"], form["user_id"], form["email"]]
            return "user_scoped_resource_token", hashlib.sha256(":".join(parts).encode()).hexdigest()
        parts = [form["id"], SALT, form["timestamp"]]
        return "token", hashlib.sha1(":".join(parts).encode()).hexdigest()

    def verified(self, text):
        fields = urllib.parse.parse_qs(text.decode("utf-8", "replace"), keep_blank_values=True)
        if any(len(values) > 1 for values in fields.values()):
            return None
        form = {name: values[0] for name, values in fields.items()}
        try:
            field, want = self.proof(form)
            stamp = form["timestamp"]
            if not stamp.isascii() or not stamp.isdigit():
                return None
            at = int(stamp) / (1000 if len(stamp) == 13 else 1)
            got = form[field]
        except KeyError:
            return None
        if not -60 <= time.time() - at <= 300:
            return None
        if not hmac.compare_digest(want.encode(), got.encode()):
            return None
        if got in used:
            return None
        used.add(got)
        return form

    def sso(self, text):
        form = self.verified(text)
        addon = find(form["resource_id" if DIALECT == "heroku-v3" else "id"]) if form else None
        if addon is None or addon["gone"]:
            return self.page(403, "<h1>no</h1>")
        session = secrets.token_urlsafe(24)
        sessions[session] = addon["id"]
        cookie = "session=%s; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax" % session
        self.page(302, "", [("Location", "/dashboard"), ("Set-Cookie", cookie)])

    def do_GET(self):
        if self.path.startswith("/r"):
            if not self.authorized():
                return self.answer(401, {"message": "who are you?"})
            return self.answer(405, {"message": "no"})
        if self.path != "/dashboard":
            return self.page(404, "<h1>nothing here</h1>")
        cookies = dict(part.strip().split("=", 1) for part in self.headers.get("Cookie", "").split(";") if "=" in part)
        addon = find(sessions.get(cookies.get("session")))
        if addon is None or addon["gone"]:
            return self.page(403, "<h1>no</h1>")
        self.page(200, "<h1>%s</h1><p>Owner: %s</p><p>Plan: %s</p>" % (addon["id"], html.escape(addon["owner"]), addon["plan"]),
                  [("Content-Security-Policy", "frame-ancestors https://console.clever-cloud.com")])


server = HTTPServer(("127.0.0.1", 0), Shop)
print(server.server_port, flush=True)
server.serve_forever()
