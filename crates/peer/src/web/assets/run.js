// The editor, and a program's way: sent, its output as it comes, its end.
import { ask, listen } from "/assets/page.js";

const $ = (id) => document.getElementById(id);
const program = $("program");
const EXAMPLE = `import time

for number in range(1, 6):
    print("square of", number, "is", number * number)
    time.sleep(0.2)
`;
const DRAFT = "sandlot-program";

const WORDS = new RegExp(
  [
    "(?<c>#[^\\n]*)",
    "(?<s>\\b[rbfuRBFU]{0,2}(?:\"\"\"[^]*?(?:\"\"\"|$)|'''[^]*?(?:'''|$))|\\b[rbfuRBFU]{0,2}(?:\"(?:\\\\[^]|[^\"\\\\\\n])*\"?|'(?:\\\\[^]|[^'\\\\\\n])*'?)|\"\"\"[^]*?(?:\"\"\"|$)|'''[^]*?(?:'''|$)|\"(?:\\\\[^]|[^\"\\\\\\n])*\"?|'(?:\\\\[^]|[^'\\\\\\n])*'?)",
    "(?<k>\\b(?:and|as|assert|async|await|break|case|class|continue|def|del|elif|else|except|finally|for|from|global|if|import|in|is|lambda|match|nonlocal|not|or|pass|raise|return|try|while|with|yield|None|True|False)\\b)",
    "(?<b>\\b(?:abs|all|any|bool|bytes|dict|enumerate|filter|float|format|getattr|hasattr|input|int|isinstance|iter|len|list|map|max|min|next|object|open|print|range|repr|reversed|round|set|sorted|str|sum|super|tuple|type|zip|self|[A-Z]\\w*(?:Error|Exception))\\b)",
    "(?<n>\\b(?:0[xX][\\da-fA-F_]+|0[bB][01_]+|\\d[\\d_]*\\.?[\\d_]*(?:[eE][+-]?\\d+)?)\\b)",
  ].join("|"),
  "g",
);

function paint() {
  const text = program.value;
  const pieces = [];
  let at = 0;
  for (const match of text.matchAll(WORDS)) {
    pieces.push(text.slice(at, match.index));
    const span = document.createElement("span");
    span.className = Object.keys(match.groups).find((name) => match.groups[name] !== undefined);
    span.textContent = match[0];
    pieces.push(span);
    at = match.index + match[0].length;
  }
  pieces.push(text.slice(at) + "\n");
  $("painted").replaceChildren(...pieces);
  const count = text.split("\n").length;
  $("lines").textContent = Array.from({ length: count }, (_, index) => index + 1).join("\n");
  program.rows = Math.max(16, count + 1);
  try {
    localStorage.setItem(DRAFT, text);
  } catch {
    // A browser that keeps nothing still runs programs.
  }
}

let escaped = false;
program.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    $("run").requestSubmit();
  } else if (event.key === "Tab" && !event.shiftKey && !escaped) {
    event.preventDefault();
    document.execCommand("insertText", false, "    ");
  } else if (event.key === "Enter") {
    const before = program.value.slice(0, program.selectionStart);
    const line = before.slice(before.lastIndexOf("\n") + 1);
    event.preventDefault();
    document.execCommand("insertText", false, `\n${line.match(/^\s*/)[0]}${/:\s*$/.test(line) ? "    " : ""}`);
  }
  escaped = event.key === "Escape";
});
program.addEventListener("input", paint);

let kept = null;
try {
  kept = localStorage.getItem(DRAFT);
} catch {
  // As above.
}
program.value = kept || EXAMPLE;
paint();

function checkArguments() {
  let said = "";
  try {
    if (!Array.isArray(JSON.parse($("args").value))) said = "The arguments are a list, for example [10, 32].";
  } catch (error) {
    said = `This is not JSON: ${error.message}`;
  }
  $("args-said").textContent = said;
  $("args").setAttribute("aria-invalid", said ? "true" : "false");
  return !said;
}
$("args").addEventListener("input", checkArguments);

const chosen = (name) => document.querySelector(`[name=${name}]:checked`).value;
function kindChanged() {
  const isCall = chosen("kind") === "function";
  $("call").hidden = !isCall;
  $("script-input").hidden = isCall;
}
document.querySelectorAll("[name=kind]").forEach((input) => input.addEventListener("change", kindChanged));
kindChanged();

function task() {
  const isCall = chosen("kind") === "function";
  const body = { program: program.value, function: isCall ? $("function").value : null, argv: ["program.py"] };
  if (isCall) body.args = JSON.parse($("args").value);
  else if ($("stdin").value) body.stdin = $("stdin").value;
  if (chosen("where") === "here") body.confidential = true;
  const number = (id) => ($(id).value === "" ? undefined : Number($(id).value));
  body.timeout = number("timeout");
  body.priority = number("priority");
  const limits = {};
  for (const name of ["cpu_ms", "fuel", "memory_bytes", "output_bytes"]) limits[name] = number(name);
  body.limits = limits;
  return body;
}

let running = null;
const OUTPUT_SHOWN = 1 << 20;

function say(text) {
  $("state").textContent = text;
}

function print(text, isError) {
  if (!text) return;
  const output = $("output");
  const isAtEnd = output.scrollTop + output.clientHeight >= output.scrollHeight - 4;
  const span = document.createElement("span");
  if (isError) span.className = "e";
  span.textContent = text;
  output.append(span);
  while (output.textContent.length > OUTPUT_SHOWN && output.childNodes.length > 1) output.firstChild.remove();
  if (isAtEnd) output.scrollTop = output.scrollHeight;
}

function ended() {
  running?.source.close();
  running = null;
  $("start").disabled = false;
  $("cancel").disabled = true;
}

// Lines of the program in a traceback lead to the editor.
function traceback(text) {
  const pre = document.createElement("pre");
  pre.className = "traceback";
  pre.tabIndex = 0;
  pre.setAttribute("aria-label", "Traceback");
  let at = 0;
  for (const match of text.matchAll(/File "program\.py", line (\d+)/g)) {
    pre.append(text.slice(at, match.index));
    const link = document.createElement("a");
    link.href = "#program";
    link.textContent = match[0];
    link.addEventListener("click", (event) => {
      event.preventDefault();
      goTo(Number(match[1]));
    });
    pre.append(link);
    at = match.index + match[0].length;
  }
  pre.append(text.slice(at));
  return pre;
}

function goTo(line) {
  const lines = program.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  program.focus();
  program.setSelectionRange(start, start + (lines[line - 1] || "").length);
  const height = program.clientHeight / program.rows;
  document.querySelector(".code").scrollTop = Math.max(0, (line - 4) * height);
}

function titled(name, ...content) {
  const head = document.createElement("h2");
  head.textContent = name;
  return [head, ...content];
}

function tellEnd(result, isCall) {
  const end = $("end");
  end.replaceChildren();
  if (result.exception) end.append(...titled("Traceback", traceback(result.exception.traceback)));
  else if (result.error) {
    const notice = document.createElement("p");
    notice.className = "notice";
    notice.textContent = result.error;
    end.append(notice);
  }
  if (result.outcome === "ok" && isCall) {
    const pre = document.createElement("pre");
    pre.id = "result";
    pre.tabIndex = 0;
    pre.setAttribute("aria-label", "Result");
    pre.textContent = JSON.stringify(result.result, null, 2);
    end.append(...titled("Result", pre));
  }
  if (result.usage) {
    const usage = document.createElement("p");
    const { cpu_ms, wall_ms, fuel, slices, peak_memory_bytes } = result.usage;
    usage.textContent =
      `${cpu_ms.toFixed(1)} ms of processor time in ${slices.toLocaleString("en")} slices, ${wall_ms.toFixed(1)} ms in all, ` +
      `${fuel.toLocaleString("en")} fuel, ${(peak_memory_bytes / 1048576).toFixed(1)} MiB of memory, on ${result.executed_by}. `;
    const link = document.createElement("a");
    link.href = `/tasks/${encodeURIComponent(result.task_id)}`;
    link.textContent = "The task";
    usage.append(link);
    end.append(usage);
  }
  say(result.error ? `Ended: ${result.outcome || "refused"}` : `Ended: ${result.outcome}`);
}

$("run").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (running) return;
  const isCall = chosen("kind") === "function";
  if (isCall && !checkArguments()) return $("args").focus();
  $("start").disabled = true;
  $("outcome").hidden = false;
  $("output").replaceChildren();
  $("end").replaceChildren();
  say("Sending …");
  let reply;
  try {
    reply = await ask("POST", "/api/v1/tasks", JSON.stringify(task()));
  } catch (error) {
    $("start").disabled = false;
    return tellEnd({ error: error.message }, isCall);
  }
  if (reply.outcome) {
    $("start").disabled = false;
    return tellEnd(reply, isCall);
  }
  const path = `/api/v1/tasks/${encodeURIComponent(reply.task_id)}`;
  const source = listen(`${path}/events`, {
    output: ({ data }) => {
      const { stdout, stderr } = JSON.parse(data);
      print(stdout, false);
      print(stderr, true);
    },
    end: ({ data }) => {
      tellEnd(JSON.parse(data), isCall);
      ended();
    },
    anew: () => $("output").replaceChildren(),
    error: async () => {
      say("The peer does not answer; trying again …");
      const response = await fetch(path).catch(() => null);
      if (response?.status !== 404 || running?.path !== path) return;
      tellEnd({ error: "the peer does not know this task any more: it was started anew" }, isCall);
      ended();
    },
  });
  running = { path, source };
  $("cancel").disabled = false;
  say("Running …");
});

$("cancel").addEventListener("click", async () => {
  if (!running) return;
  $("cancel").disabled = true;
  say("Cancelling …");
  try {
    await ask("DELETE", running.path);
  } catch (error) {
    say(error.message);
  }
});
