"use strict";
// Every five seconds, what has changed: the same page is fetched again, and its content put in the place of the old.
const shown = document.querySelector("main[data-live]");
const updated = document.getElementById("updated");

async function update() {
  const token = document.querySelector("input[name=_xsrf]").value;
  const answer = await fetch(location.href, { headers: { "X-XSRFToken": token } });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main[data-live]");
  if (!fresh) return;
  const opened = Array.from(shown.querySelectorAll("details[open]"), (one) => one.id);
  for (const id of opened) {
    const same = fresh.querySelector(`#${CSS.escape(id)}`);
    if (same) same.open = true;
  }
  if (fresh.innerHTML === shown.innerHTML) return;
  const focused = shown.contains(document.activeElement) ? document.activeElement.id : "";
  const scrolled = Array.from(shown.querySelectorAll(".scroll"), (one) => one.scrollLeft);
  shown.replaceChildren(...fresh.childNodes);
  shown.querySelectorAll(".scroll").forEach((one, place) => (one.scrollLeft = scrolled[place] ?? 0));
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  const time = new Date().toLocaleTimeString(document.documentElement.lang);
  updated.textContent = updated.dataset.text.replace("TIME", time);
}

if (shown) setInterval(() => document.hidden || update().catch(() => {}), 5000);
