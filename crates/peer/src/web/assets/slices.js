// The scheduler drawn: a lane for each worker, a colour for each task, a block for each turn, a minute back.
import { listen, whileSeen } from "/assets/page.js";

const KEPT_MS = 65_000;
const SPANS_MS = [5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000];
const box = document.querySelector("[data-slices]");
const canvas = box.querySelector("canvas");
const pointed = box.querySelector(".pointed");
const onlyTask = box.dataset.task;
const lanes = []; // Of each worker: turns in order, {start, duration, cpu, fuel, task}; times in milliseconds from `origin`.
let origin = null;
let newest = 0;
let newestAt = 0; // What this browser's clock said when the newest turn came.
let span = SPANS_MS.indexOf(10_000);
let pausedAt = null; // The right edge, while the picture stands still.
let wanted = false;

function colour(task) {
  let hash = 2166136261;
  for (const char of task) hash = Math.imul(hash ^ char.codePointAt(0), 16777619);
  hash ^= hash >>> 15;
  return `hsl(${(hash >>> 0) % 360} ${55 + ((hash >>> 9) % 30)}% ${42 + ((hash >>> 17) % 16)}%)`;
}
const colours = new Map();
function colourOf(task) {
  if (!colours.has(task)) colours.set(task, colour(task));
  return colours.get(task);
}

function take(told) {
  origin ??= told.base_ms;
  const shift = told.base_ms - origin;
  while (lanes.length < told.workers) lanes.push([]);
  for (const [task, worker, start, duration, cpu, fuel] of told.turns) {
    const turn = { start: shift + start / 1e6, duration, cpu, fuel, task: told.tasks[task] };
    while (lanes.length <= worker) lanes.push([]);
    lanes[worker].push(turn);
    newest = Math.max(newest, turn.start + duration / 1e6);
  }
  if (told.turns.length || !newestAt) newestAt = performance.now();
  for (const lane of lanes) {
    const old = lane.findIndex((turn) => turn.start > newest - KEPT_MS);
    if (old > 4096) lane.splice(0, old);
  }
  draw();
}

// Turns are told some time after they were: the picture is as far behind, so that its right edge is not empty.
const BEHIND_MS = 400;
const rightEdge = () => pausedAt ?? newest + Math.min(performance.now() - newestAt, KEPT_MS) - BEHIND_MS;

function firstAfter(lane, time) {
  let [low, high] = [0, lane.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lane[middle].start + lane[middle].duration / 1e6 < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

function draw() {
  wanted = false;
  const ratio = devicePixelRatio || 1;
  const height = Math.max(1, lanes.length) * 3.2 + 1;
  canvas.style.height = `${Math.min(height, 24)}rem`;
  canvas.width = Math.round(canvas.clientWidth * ratio);
  canvas.height = Math.round(canvas.clientHeight * ratio);
  const context = canvas.getContext("2d");
  const style = getComputedStyle(canvas);
  const shown = SPANS_MS[span];
  const right = rightEdge();
  const left = right - shown;
  const scale = canvas.width / shown;
  const laneHeight = canvas.height / Math.max(1, lanes.length);
  context.font = `${11 * ratio}px system-ui, sans-serif`;
  lanes.forEach((lane, worker) => {
    const top = worker * laneHeight + laneHeight * 0.28;
    context.fillStyle = style.color;
    context.fillText(`worker ${worker}`, 4 * ratio, top - 3 * ratio);
    for (let index = firstAfter(lane, left); index < lane.length && lane[index].start < right; index++) {
      const turn = lane[index];
      const isOther = onlyTask && turn.task !== onlyTask;
      context.globalAlpha = isOther ? 0.15 : 1;
      context.fillStyle = isOther ? style.color : colourOf(turn.task);
      const width = (turn.duration / 1e6) * scale;
      context.fillRect((turn.start - left) * scale, top, width > 3 ? width - 1 : width, laneHeight * 0.62);
    }
    context.globalAlpha = 1;
  });
  const text = shown < 1_000 ? `${shown} ms` : `${shown / 1_000} s`;
  box.querySelector("[data-window]").textContent = `${text} wide${pausedAt === null ? "" : ", standing still"}`;
  describe(left, right);
}

// What the picture shows, in words, for who cannot see it.
function describe(left, right) {
  const tasks = new Set();
  let changes = 0;
  for (const lane of lanes) {
    let last = null;
    for (let index = firstAfter(lane, left); index < lane.length && lane[index].start < right; index++) {
      const { task } = lane[index];
      tasks.add(task);
      if (last !== null && last !== task) changes++;
      last = task;
    }
  }
  canvas.setAttribute("aria-label", `Turns of ${lanes.length} workers: ${tasks.size} tasks, ${changes} changes from one to another`);
  canvas.dataset.tasks = tasks.size;
  canvas.dataset.changes = changes;
}

function later() {
  if (wanted || document.hidden) return;
  wanted = true;
  requestAnimationFrame(draw);
}

function pause(at) {
  pausedAt = at;
  const button = box.querySelector("[data-do=pause]");
  button.setAttribute("aria-pressed", String(at !== null));
  later();
}

function zoom(by) {
  span = Math.min(SPANS_MS.length - 1, Math.max(0, span + by));
  later();
}

box.addEventListener("click", ({ target }) => {
  const action = target.dataset.do;
  if (action === "in") zoom(-1);
  if (action === "out") zoom(1);
  if (action === "pause") pause(pausedAt === null ? rightEdge() : null);
});
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  if (pausedAt === null && event.deltaY < 0) pause(rightEdge());
  zoom(Math.sign(event.deltaY));
}, { passive: false });
canvas.addEventListener("keydown", (event) => {
  const steps = { ArrowLeft: -0.2, ArrowRight: 0.2 };
  if (event.key === "+") zoom(-1);
  else if (event.key === "-") zoom(1);
  else if (event.key === "End") pause(null);
  else if (event.key in steps) pause(Math.min(newest, rightEdge() + steps[event.key] * SPANS_MS[span]));
  else return;
  event.preventDefault();
});
let dragged = null;
canvas.addEventListener("pointerdown", (event) => {
  dragged = { x: event.offsetX, edge: rightEdge() };
  canvas.setPointerCapture(event.pointerId);
});
canvas.addEventListener("pointerup", () => { dragged = null; });
canvas.addEventListener("pointermove", (event) => {
  const scale = SPANS_MS[span] / canvas.clientWidth;
  if (dragged && Math.abs(event.offsetX - dragged.x) > 3) {
    return pause(Math.min(newest, dragged.edge - (event.offsetX - dragged.x) * scale));
  }
  const time = rightEdge() - SPANS_MS[span] + event.offsetX * scale;
  const worker = Math.floor((event.offsetY / canvas.clientHeight) * lanes.length);
  const lane = lanes[worker] || [];
  const turn = lane[firstAfter(lane, time)];
  pointed.textContent = turn && turn.start <= time
    ? `${turn.task} on worker ${worker}: ${turn.duration.toLocaleString("en")} ns, of which ` +
      `${turn.cpu.toLocaleString("en")} ns on the processor; ${turn.fuel.toLocaleString("en")} fuel`
    : "\u00a0";
});

function paintSwatches() {
  for (const row of document.querySelectorAll("tr[data-task]")) {
    row.querySelector(".swatch").style.background = colourOf(row.dataset.task);
  }
}
document.addEventListener("part", paintSwatches);
paintSwatches();

function forget() {
  lanes.length = 0;
  origin = null;
  newest = newestAt = 0;
}

whileSeen(() => {
  // What is known already is told again: it is a minute at most.
  forget();
  return listen("/api/v1/timeline/events", {
    turns: ({ data }) => take(JSON.parse(data)),
    // The peer came back, perhaps as another process: what it tells begins anew.
    error: forget,
  });
});
addEventListener("resize", later);
setInterval(() => pausedAt === null && later(), 100);
