"""The sign-in pages as HTML: plain forms that work without a script. Every value is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode

from audit.access.demo import PASSWORD, PEOPLE
from audit.access.passwords import LONGEST, SHORTEST
from audit.model import ROLE_NAMES

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · Countersign</title>
<link rel="icon" href="/assets/mark.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/access.css">
</head>
<body>
<main>
<p class="mark"><img src="/assets/mark.svg" alt="" width="28" height="28"> Countersign</p>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""

_NEW_PASSWORD = f"""<label for="new">New password</label>
<input id="new" name="new" type="password" autocomplete="new-password" required minlength="{SHORTEST}"
 maxlength="{LONGEST}" aria-describedby="rule">
<p class="hint" id="rule">At least {SHORTEST} characters. Four words of your own are easy to remember.</p>
<label for="again">New password again</label>
<input id="again" name="again" type="password" autocomplete="new-password" required>"""


def sign_in(
    *,
    next_path: str,
    username: str = "",
    wrong: str = "",
    notice: str = "",
    demo: bool = False,
    provider: bool = False,
) -> str:
    """The sign-in form; under it the way by the practice's own provider, and in a demo who can be tried."""
    body = f"""{_notice(notice)}{_wrong(wrong)}
<form method="post" action="/sign-in">
<input type="hidden" name="next" value="{escape(next_path)}">
<label for="username">Username</label>
<input id="username" name="username" value="{escape(username)}" autocomplete="username" autocapitalize="none"
 spellcheck="false" required {"" if username else "autofocus"}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required
 {"autofocus" if username else ""} {_marked(wrong)}>
<button>Sign in</button>
</form>
{_provider(next_path) if provider else ""}{_demo() if demo else ""}"""
    return _PAGE.format(title="Sign in", body=body)


def sign_out(name: str) -> str:
    body = f"""<p>You are signed in as {escape(name)}.</p>
<form method="post" action="/sign-out"><button>Sign out</button></form>
<p class="aside"><a href="/">Back to work</a></p>"""
    return _PAGE.format(title="Sign out", body=body)


def change_password(username: str, *, must: bool, wrong: str = "") -> str:
    """The form for a new password. `must`: there is no way past it."""
    why = "<p>Choose a password that only you know. Then your work can begin.</p>" if must else ""
    back = '<p class="aside"><a href="/">Back to work</a></p>'
    leave = '<form class="aside" method="post" action="/sign-out"><button class="plain">Sign out</button></form>'
    body = f"""{why}{_wrong(wrong)}
<form method="post" action="/change-password">
<input type="hidden" name="username" value="{escape(username)}" autocomplete="username">
<label for="old">Present password</label>
<input id="old" name="old" type="password" autocomplete="current-password" required autofocus {_marked(wrong)}>
{_NEW_PASSWORD}
<button>Change password</button>
</form>
{leave if must else back}"""
    return _PAGE.format(title="Change your password", body=body)


def first_password(*, key: str, username: str | None, typed: Mapping[str, str], wrong: str = "") -> str:
    """The form behind a one-time link. Without a username it is the first administrator's, who chooses one."""
    if username is None:
        who = f"""<p>You will be the first administrator: you add the people who review.</p>
<label for="username">Username</label>
<input id="username" name="username" value="{escape(typed.get("username", ""))}" autocomplete="username"
 autocapitalize="none" spellcheck="false" required autofocus {_marked(wrong)}>
<label for="name">Your name, as it is printed</label>
<input id="name" name="name" value="{escape(typed.get("name", ""))}" autocomplete="name" required>"""
    else:
        who = f"""<p>Your username is <code>{escape(username)}</code>. Choose a password that only you know.</p>
<input type="hidden" name="username" value="{escape(username)}" autocomplete="username">"""
    body = f"""{_wrong(wrong)}
<form method="post" action="/first-password">
<input type="hidden" name="key" value="{escape(key)}">
{who}
{_NEW_PASSWORD}
<button>Begin</button>
</form>"""
    return _PAGE.format(title="Welcome", body=body)


def message(title: str, text: str) -> str:
    """A page that says one thing, with the way to the sign-in page."""
    body = f'<p role="status">{escape(text)}</p>\n<p class="aside"><a href="/sign-in">Sign in</a></p>'
    return _PAGE.format(title=escape(title), body=body)


def onward(path: str) -> str:
    """A page that leads on by itself. A redirect would not do after another site: the browser would hold back our
    cookie."""
    link = escape(path)
    body = f'<meta http-equiv="refresh" content="0;url={link}">\n<p><a href="{link}">Go on to your work</a></p>'
    return _PAGE.format(title="You are signed in", body=body)


def _provider(next_path: str) -> str:
    query = escape(urlencode({"next": next_path}))
    return f'<p class="aside"><a href="/oidc/start?{query}">Sign in with your organisation</a></p>'


def _demo() -> str:
    rows = "".join(
        f"<tr><td><code>{escape(person.username)}</code></td>"
        f"<td>{escape(person.name)}, {escape(ROLE_NAMES[person.role])}</td></tr>"
        for person in PEOPLE
    )
    return f"""<section aria-labelledby="demo">
<h2 id="demo">This is a demo with invented data</h2>
<p>Sign in as any of these people. The password of all is <code>{escape(PASSWORD)}</code></p>
<table>
<thead><tr><th scope="col">Username</th><th scope="col">Who, and what they do</th></tr></thead>
<tbody>{rows}</tbody>
</table>
</section>"""


def _wrong(text: str) -> str:
    return f'<p class="wrong" id="wrong" role="alert">{escape(text)}</p>' if text else ""


def _notice(text: str) -> str:
    return f'<p class="notice" role="status">{escape(text)}</p>' if text else ""


def _marked(wrong: str) -> str:
    return 'aria-invalid="true" aria-describedby="wrong"' if wrong else ""
