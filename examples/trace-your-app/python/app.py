"""A service without a word of tracing: it asks the service at BACK, or answers itself; /broken fails."""
import os

import flask
import requests

app = flask.Flask(__name__)
back = os.environ.get("BACK")


@app.get("/<path>")
def answer(path):
    if back:
        return "", requests.get(f"{back}/{path}", timeout=30).status_code
    return "", 500 if path == "broken" else 200


app.run("127.0.0.1", int(os.environ.get("PORT", "8080")))
