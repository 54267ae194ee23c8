// Keys and files: viewed, set, uploaded, deleted after a question.
import { ask } from "/assets/page.js";

const $ = (id) => document.getElementById(id);

function confirmed(text) {
  const dialog = $("confirm");
  $("confirm-text").textContent = text;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

document.addEventListener("click", async (event) => {
  const remove = event.target.closest("[data-delete]");
  const view = event.target.closest("[data-view]");
  if (remove && (await confirmed(`Delete ${remove.dataset.name}?`))) {
    try {
      await ask("DELETE", remove.dataset.delete);
    } catch (error) {
      $("connection").textContent = error.message;
    }
  }
  if (view) {
    event.preventDefault();
    $("value").hidden = false;
    $("value-key").textContent = view.dataset.view;
    try {
      // As it came: numbers of any size stay what they are.
      const response = await fetch(view.getAttribute("href"));
      const text = await response.text();
      const value = text.match(/"value":([^]*),"found":/)?.[1] ?? text;
      $("value-text").textContent = value.length < 100_000 ? pretty(value) : value;
    } catch (error) {
      $("value-text").textContent = error.message;
    }
    $("value-text").focus();
  }
});

// Numbers that JavaScript would round are shown as they came.
function pretty(text) {
  try {
    const value = JSON.parse(text);
    const same = JSON.stringify(value) === text;
    return same ? JSON.stringify(value, null, 2) : text;
  } catch {
    return text;
  }
}

const form = $("set");
if (form) {
  const check = () => {
    let said = "";
    try {
      if ($("new-value").value.trim()) JSON.parse($("new-value").value);
    } catch (error) {
      said = `This is not JSON: ${error.message}. A text stands in quotes: "like this".`;
    }
    $("value-said").textContent = said;
    return !said;
  };
  $("new-value").addEventListener("input", check);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!check()) return $("new-value").focus();
    const ttl = $("ttl").value ? `?ttl_ms=${$("ttl").value}` : "";
    try {
      const reply = await ask("PUT", `/api/v1/memory/${encodeURIComponent($("key").value)}${ttl}`, $("new-value").value);
      $("set-said").textContent = `${reply.key} has version ${reply.version}.`;
    } catch (error) {
      $("set-said").textContent = error.message;
    }
  });
}

const drop = $("drop");
if (drop) {
  const hold = (event) => {
    event.preventDefault();
    drop.classList.toggle("over", event.type === "dragover" || event.type === "dragenter");
  };
  for (const kind of ["dragenter", "dragover", "dragleave"]) drop.addEventListener(kind, hold);
  drop.addEventListener("drop", (event) => {
    hold(event);
    uploadAll(event.dataTransfer.files);
  });
  // A file that misses its place must not replace the page.
  for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => event.preventDefault());
  $("pick").addEventListener("change", () => {
    uploadAll($("pick").files);
    $("pick").value = "";
  });
}

async function uploadAll(files) {
  for (const file of files) await upload(file);
}

const PART_BYTES = 8 << 20;
const TRIES = 5;

// In parts, so that what was interrupted goes on from where it was.
async function upload(file) {
  const item = document.createElement("li");
  const bar = document.createElement("progress");
  bar.max = file.size || 1;
  bar.setAttribute("aria-label", `Upload of ${file.name}`);
  const said = document.createElement("span");
  const name = document.createElement("bdi");
  name.textContent = file.name;
  item.append(name, " ", bar, " ", said);
  $("uploads").prepend(item);
  const path = `/api/v1/files/${encodeURIComponent(file.name)}`;
  let [offset, id, failures] = [0, null, 0];
  for (;;) {
    const query = new URLSearchParams({ offset, total: file.size });
    if (id) query.set("upload_id", id);
    const part = file.slice(offset, Math.min(offset + PART_BYTES, file.size));
    try {
      const reply = await put(`${path}?${query}`, part, (sent) => { bar.value = offset + sent; });
      failures = 0;
      if (reply.digest) {
        bar.value = bar.max;
        said.textContent = `stored, ${reply.size.toLocaleString("en")} bytes`;
        return;
      }
      [id, offset] = [reply.upload_id, reply.received];
    } catch (error) {
      failures += 1;
      if (error.status || failures > TRIES) {
        said.textContent = error.message;
        said.className = "e";
        return;
      }
      said.textContent = `${error.message}; going on …`;
      await new Promise((resolve) => setTimeout(resolve, 500 * failures));
      if (id) {
        try {
          offset = (await ask("GET", `/api/v1/uploads/${id}`)).received;
        } catch {
          [offset, id] = [0, null];
        }
      }
    }
  }
}

function put(path, body, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", path);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => progress(event.loaded));
    request.addEventListener("load", () => {
      let reply = {};
      try {
        reply = JSON.parse(request.responseText);
      } catch {
        reply.error = request.statusText;
      }
      if (request.status < 300) resolve(reply);
      else reject(Object.assign(new Error(reply.error), { status: request.status }));
    });
    request.addEventListener("error", () => reject(new Error("the peer does not answer")));
    request.send(body);
  });
}
