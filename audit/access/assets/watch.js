// Leaves the page when the session has ended, so that no patient's data stays on a screen nobody watches.
// Keys and clicks count as being there; the server decides, and says how many seconds are left.
(() => {
  if (window.countersignWatch) return;
  window.countersignWatch = true;
  const EVERY = 15, WARN = 60;
  let active = false, asking = false, endsAt = Infinity, timer, warning;

  const leave = () => {
    const here = location.pathname + location.search;
    location.replace("/sign-in?ended&next=" + encodeURIComponent(here));
  };
  const warn = (left) => {
    if (left > WARN) { warning?.remove(); warning = undefined; return; }
    if (!warning) {
      warning = document.createElement("div");
      warning.setAttribute("role", "alert");
      warning.style.cssText = "position:fixed;z-index:1000000;left:50%;bottom:1.5rem;transform:translateX(-50%);" +
        "width:max-content;max-width:calc(100vw - 2rem);padding:.8rem 1.2rem;border-radius:8px;" +
        "background:#17211f;color:#fff;font:16px/1.4 system-ui,sans-serif;" +
        "border:1px solid #4fc9bd;box-shadow:0 8px 24px rgb(0 0 0 / 30%)";
      warning.textContent = "You will be signed out in less than a minute. Press any key or click to stay.";
      document.body.append(warning);
    }
  };
  const ask = async () => {
    if (asking) return;
    asking = true;
    clearTimeout(timer);
    let wait = EVERY;
    try {
      const method = active ? "POST" : "GET";
      active = false;
      const answer = await fetch("/session", { method, cache: "no-store" });
      if (answer.status === 401 || answer.status === 403) return leave();
      const { left } = await answer.json();
      endsAt = Date.now() + left * 1000;
      warn(left);
      wait = Math.min(EVERY, left + 0.5);
    } catch {
      if (Date.now() > endsAt) return leave();
    }
    asking = false;
    timer = setTimeout(ask, wait * 1000);
  };
  const present = () => { active = true; if (warning) ask(); };
  for (const name of ["keydown", "pointerdown", "wheel"]) {
    addEventListener(name, present, { capture: true, passive: true });
  }
  // A browser keeps what fields hold on its disk, to restore a window: not what is typed or chosen here.
  const FIELDS = "input:not([type=password]), textarea";
  const forget = (part) => {
    if (part.nodeType !== Node.ELEMENT_NODE) return;
    for (const field of [...(part.matches(FIELDS) ? [part] : []), ...part.querySelectorAll(FIELDS)]) {
      field.setAttribute("autocomplete", "off");
    }
  };
  forget(document.documentElement);
  new MutationObserver((changes) => changes.forEach((one) => one.addedNodes.forEach(forget)))
    .observe(document.documentElement, { childList: true, subtree: true });
  addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
  ask();
})();
