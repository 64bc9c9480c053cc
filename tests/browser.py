"""Which Chromium the browser tests drive, with which flags, and how one is fetched where there is none."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

ON_PATH = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser")
MAC = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
       "/Applications/Chromium.app/Contents/MacOS/Chromium")  # fmt: skip
WINDOWS = ("Google/Chrome/Application/chrome.exe", "Chromium/Application/chrome.exe",
           "Microsoft/Edge/Application/msedge.exe")  # fmt: skip
WINDOWS_ROOTS = ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")
DOWNLOAD_SECONDS = 180


def find_chromium() -> str | None:
    """The path of a Chromium or Chrome installed on this machine, or None."""
    roots = [os.environ[name] for name in WINDOWS_ROOTS if name in os.environ]
    places = [*MAC, *(f"{root}/{place}" for root in roots for place in WINDOWS)]
    found = [path for name in ON_PATH if (path := shutil.which(name))]
    found += [place for place in places if Path(place).is_file()]
    return next((path for path in found if starts(path)), None)


def starts(path: str) -> bool:
    """Whether a browser answers: Ubuntu's chromium-browser without its snap is there but does not."""
    if os.name == "nt":  # there, --version opens a window
        return True
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=20, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def launch_arguments() -> list[str]:
    """Flags for a Chromium that also runs as root and asks nothing of the network by itself."""
    return [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]


def fetch() -> None:
    """Let Playwright download its headless Chromium, quietly. Without one the browser tests are skipped."""
    print("No Chromium here: asking Playwright to download one for the browser tests.", flush=True)
    command = [sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"]
    quiet = subprocess.DEVNULL
    download = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    try:
        download.wait(DOWNLOAD_SECONDS)
    except subprocess.TimeoutExpired:
        print(f"Gave up after {DOWNLOAD_SECONDS} seconds.", flush=True)
    finally:
        end(download)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and, where the system has sessions, all that it started."""
    if process.poll() is None:
        if os.name == "nt":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


if __name__ == "__main__" and find_chromium() is None:
    fetch()
