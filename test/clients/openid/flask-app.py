"""An app with Authlib under Flask, set up as Authlib's documentation says."""

from os import environ
from urllib.parse import urlencode

from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, session, url_for
from markupsafe import escape
from werkzeug.middleware.proxy_fix import ProxyFix

app = Flask(__name__)
app.secret_key = "a secret of this run"
app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=1, x_host=1)
postern = OAuth(app).register(
    "postern",
    client_id=environ["CLIENT_ID"],
    client_secret=environ["CLIENT_SECRET"],
    server_metadata_url=environ["ISSUER"] + "/.well-known/openid-configuration",
    client_kwargs={"scope": "openid profile email groups", "code_challenge_method": "S256"},
)


@app.get("/")
def shows():
    user = session.get("user")
    if user is None:
        return postern.authorize_redirect(url_for("callback", _external=True))
    lines = [("User", user["email"]), ("Name", user["name"]), ("Groups", ",".join(user["groups"]))]
    text = "".join(f"<p>{name} {escape(value)}</p>" for name, value in lines)
    return f'<!doctype html><html lang="en"><title>Wiki</title><h1>Wiki</h1>{text}<p><a href="/leave">Leave</a></p></html>'


@app.get("/callback")
def callback():
    token = postern.authorize_access_token()
    session["user"] = token["userinfo"]
    session["id_token"] = token["id_token"]
    return redirect("/")


@app.get("/leave")
def leave():
    session.pop("user", None)
    hint = {"id_token_hint": session.pop("id_token", ""), "post_logout_redirect_uri": url_for("left", _external=True)}
    return redirect(postern.load_server_metadata()["end_session_endpoint"] + "?" + urlencode(hint))


@app.get("/left")
def left():
    return '<!doctype html><html lang="en"><title>Wiki</title><h1>You have left the wiki</h1></html>'


if __name__ == "__main__":
    app.run(port=int(environ["PORT"]))
