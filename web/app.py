"""The routes. What they answer is computed in answers.py, exposition.py and the static modules."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import msgspec
from flask import Flask, Response, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from collector.clock import Clock
from collector.store import StoreReader
from web import auth, health
from web.answers import Answers
from web.exposition import Exposition
from web.live import Unreadable
from web.query import Refused
from web.settings import PageSettings
from web.state import problem
from web.views import path_of

_AGAIN_S = 5
_MACHINES = ("/api/", "/metrics", "/healthz")
_TEXTS = {
    404: "there is no such path here: docs/api.md lists them all",
    405: "only GET: this service has nothing to write to",
    500: "the page failed on this request: its log has the reason",
}


def create_app(reader: StoreReader, settings: PageSettings, clock: Clock) -> Flask:
    """The page over one store: every route reads, none writes."""
    app = Flask(__name__)
    answers = Answers(reader, settings, clock)
    _guard(app, settings)
    _errors(app)
    _pages(app, answers)
    _api(app, answers)
    _machines(app, answers)
    return app


def _guard(app: Flask, settings: PageSettings) -> None:
    @app.before_request
    def refuse_strangers() -> Response | None:
        if request.path == "/healthz":
            return None
        if not auth.allowed(request.headers.get("Authorization", ""), settings.token):
            asks = {"WWW-Authenticate": 'Basic realm="Nebulxc", charset="UTF-8"'}
            return _json({"error": "give the token: Authorization: Bearer TOKEN"}, 401, asks)
        if settings.token or auth.host_allowed(request.host, settings.hosts):
            return None
        text = (
            f"the name {request.host[:80]!r} is not served: ask for 127.0.0.1 or localhost, "
            "or list the name in page.hosts"
        )
        return _json({"error": text}, 421)

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers.update(auth.HEADERS)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def _errors(app: Flask) -> None:
    @app.errorhandler(Unreadable)
    def unreadable(failure: Unreadable) -> Response:
        found = problem(health.of_failure(failure).problem)
        body = {"error": str(failure), "problem": found}
        return _json(body, 503, {"Retry-After": "5"})

    @app.errorhandler(Refused)
    def refused(refusal: Refused) -> Response:
        if request.path.startswith(_MACHINES):
            choices = {"choices": refusal.choices} if refusal.choices else {}
            return _json({"error": str(refusal)} | choices, refusal.status)
        return _missing(str(refusal), refusal.status, refusal.choices, _AGAIN_S)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        code = error.code or 500
        text = _TEXTS.get(code, error.description or error.name)
        if request.path.startswith(_MACHINES):
            return _json({"error": text}, code)
        return _missing(text, code)


def _pages(app: Flask, answers: Answers) -> None:
    app.jinja_env.globals["version"] = answers.state.settings.version
    app.jinja_env.filters["segment"] = path_of

    @app.get("/")
    def overview() -> str:
        return render_template("overview.html")

    @app.get("/host")
    def host() -> str:
        return render_template("entity.html", kind="host", name="Host", api="/api/host")

    @app.get("/agent")
    def agent() -> str:
        return render_template("entity.html", kind="agent", name="Agent", api="/api/agent")

    @app.get("/container/<name>")
    def container(name: str) -> str:
        with suppress(Unreadable):  # then the page shows the banner and fills itself later
            answers.state.entry("container", name)
        api = f"/api/containers/{path_of(name)}"
        return render_template("entity.html", kind="container", name=name, api=api)


def _api(app: Flask, answers: Answers) -> None:
    @app.get("/api/containers")
    def api_containers() -> Response:
        return _json(answers.containers())

    @app.get("/api/containers/<name>")
    def api_container(name: str) -> Response:
        return _json(answers.entity("container", name))

    @app.get("/api/containers/<name>/series")
    def api_container_series(name: str) -> Response:
        return _json(answers.series("container", name, request.args.to_dict(flat=False)))

    @app.get("/api/host")
    def api_host() -> Response:
        return _json(answers.entity("host", None))

    @app.get("/api/host/series")
    def api_host_series() -> Response:
        return _json(answers.series("host", None, request.args.to_dict(flat=False)))

    @app.get("/api/agent")
    def api_agent() -> Response:
        return _json(answers.entity("self", None))

    @app.get("/api/agent/series")
    def api_agent_series() -> Response:
        return _json(answers.series("self", None, request.args.to_dict(flat=False)))

    @app.get("/api/v1/<path:rest>")
    def api_reserved(rest: str) -> Response:
        return _json({"error": f"/api/v1/{quote(rest)} is kept free for Prometheus' own API"}, 404)


def _machines(app: Flask, answers: Answers) -> None:
    exposition = Exposition(answers.state)

    @app.get("/metrics")
    def metrics() -> Response:
        body, mimetype = exposition.text(request.headers.get("Accept", ""))
        return Response(body, content_type=mimetype)

    @app.get("/healthz")
    def healthz() -> Response:
        found = answers.state.health()
        status = "ok" if found.problem is None else found.problem.code
        body = {"status": status, "age_s": found.age_s, "problem": problem(found.problem)}
        return _json(body, 200 if found.ok else 503)


def _json(body: object, status: int = 200, headers: Mapping[str, Any] | None = None) -> Response:
    content = msgspec.json.encode(body)
    return Response(content, status, headers, content_type="application/json")


def _missing(text: str, status: int, near: tuple[str, ...] = (), again_s: int = 0) -> Response:
    page = render_template("missing.html", text=text, near=near, again_s=again_s)
    return make_response(page, status)
