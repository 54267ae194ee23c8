// What every page does: its parts that change are told by the peer, and a hidden page asks for nothing.
const live = document.querySelectorAll("[data-live]");
const connection = document.getElementById("connection");
const later = new Map();

function show(part) {
  const element = document.getElementById(part.id);
  if (!element) return;
  // Whoever is on a link or a button stays there, and where a text was scrolled to.
  const focused = element.contains(document.activeElement) ? document.activeElement : null;
  const selection = document.getSelection();
  if (selection && !selection.isCollapsed && element.contains(selection.anchorNode)) {
    // It is shown once nothing of it is selected any more.
    later.set(part.id, part);
    return;
  }
  later.delete(part.id);
  const scrolled = [...element.querySelectorAll(".scroll, pre")].map((one) => [one.scrollLeft, one.scrollTop]);
  const key = focused && [...element.querySelectorAll("a, button, [tabindex]")].indexOf(focused);
  const href = focused && focused.getAttribute("href");
  element.innerHTML = part.html; // The peer has escaped everything that came from outside.
  [...element.querySelectorAll(".scroll, pre")].forEach((one, index) => {
    if (scrolled[index]) [one.scrollLeft, one.scrollTop] = scrolled[index];
  });
  if (focused) {
    const all = [...element.querySelectorAll("a, button, [tabindex]")];
    (all.find((one) => href && one.getAttribute("href") === href) || all[key])?.focus({ preventScroll: true });
  }
  document.dispatchEvent(new CustomEvent("part", { detail: part.id }));
}

document.addEventListener("selectionchange", () => {
  if (later.size && document.getSelection().isCollapsed) [...later.values()].forEach(show);
});

// Keeps a stream of events open as long as somebody sees the page.
export function whileSeen(start) {
  let source = null;
  const open = () => {
    if (!source && !document.hidden) source = start();
  };
  const close = () => {
    source?.close();
    source = null;
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  open();
}

// A stream of events that is opened again also when the peer refused it: a browser does not do that by itself. It begins
// anew then, as `anew` is told.
export function listen(path, listeners) {
  let source = null;
  let again = 0;
  const open = () => {
    source = new EventSource(path);
    for (const [name, listener] of Object.entries(listeners)) source.addEventListener(name, listener);
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) return;
      again = setTimeout(() => {
        listeners.anew?.();
        open();
      }, 3000);
    });
  };
  open();
  return {
    close() {
      clearTimeout(again);
      source.close();
    },
  };
}

if (live.length) {
  whileSeen(() => listen(`/live?page=${encodeURIComponent(location.pathname + location.search)}`, {
    parts: (event) => {
      connection.textContent = "";
      JSON.parse(event.data).forEach(show);
    },
    open: () => { connection.textContent = ""; },
    error: () => { connection.textContent = "The peer does not answer; what you see may be old."; },
  }));
}

export async function ask(method, path, body, kind = "application/json") {
  const options = { method, headers: body === undefined ? {} : { "Content-Type": kind }, body };
  const response = await fetch(path, options);
  const text = await response.text();
  let reply;
  try {
    reply = JSON.parse(text);
  } catch {
    reply = { error: text };
  }
  if (!response.ok && !reply.task_id) throw new Error(reply.error || response.statusText);
  return reply;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-cancel]");
  if (!button) return;
  button.disabled = true;
  try {
    await ask("DELETE", `/api/v1/tasks/${button.dataset.cancel}`);
  } catch (error) {
    connection.textContent = error.message;
  }
});
