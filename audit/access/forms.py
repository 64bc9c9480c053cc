"""The sign-in pages as HTML: plain forms that work without a script. Every value is escaped."""

from __future__ import annotations

from html import escape

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


def sign_in(*, next_path: str, username: str = "", wrong: str = "", notice: str = "", demo: bool = False) -> str:
    """The sign-in form; under it, in a demo, who can be tried."""
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
{_demo() if demo else ""}"""
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
<label for="new">New password</label>
<input id="new" name="new" type="password" autocomplete="new-password" required minlength="{SHORTEST}"
 maxlength="{LONGEST}" aria-describedby="rule">
<p class="hint" id="rule">At least {SHORTEST} characters. A short sentence is easy to remember.</p>
<label for="again">New password again</label>
<input id="again" name="again" type="password" autocomplete="new-password" required>
<button>Change password</button>
</form>
{leave if must else back}"""
    return _PAGE.format(title="Change your password", body=body)


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
