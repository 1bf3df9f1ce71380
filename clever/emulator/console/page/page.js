// The emulator's page. What it shows comes from /console/world; the emulator says
// by events when there is something new. Values of variables are asked for only
// when somebody wants to see them, and forgotten when they are hidden.
"use strict";

const $ = (id) => document.getElementById(id);

// el makes an element: el("p", {class: "quiet"}, "text", another).
function el(tag, attributes = {}, ...inside) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
  e.append(...inside);
  return e;
}

// text changes what stands in an element, if it is something else.
function text(e, s) {
  if (e.textContent !== s) e.textContent = s;
}

// ask does one request, and gives its JSON; null if there is none.
async function ask(method, path, body, signal) {
  const res = await fetch(path, {
    method, signal, headers: body ? { "Content-Type": "application/json" } : {}, body: body && JSON.stringify(body),
  });
  if (res.status === 204) return null;
  const answer = await res.json();
  if (answer.error) throw new Error(answer.error);
  return answer;
}

function say(words, bad = false) {
  $("said").textContent = words;
  $("said").classList.toggle("bad", bad);
}

// report does what a button is for, and says how it went.
async function report(words, work) {
  try {
    await work();
    say(words);
  } catch (err) {
    say(err.message, true);
  }
}

// ---- add-ons

const owners = new Map(); // id → {box, note, table, rows}
const rows = new Map(); // add-on id → row
let drawn = false; // whether there was a world before, so that what is new can be shown as new

function ownerBox(id) {
  const name = el("h3"), count = el("span", { class: "count" });
  const body = el("tbody");
  const head = el("tr");
  for (const title of ["Name", "Provider", "Plan", "Zone", "State"]) head.append(el("th", { scope: "col" }, title));
  head.append(el("th", { scope: "col" }, el("span", { class: "hidden" }, "Details")));
  const table = el("table", { class: "list" }, el("thead", {}, head), body);
  const none = el("p", { class: "none quiet" });
  const things = el("table", { class: "things", "aria-label": "Beside add-ons", hidden: "" });
  const box = el("section", { class: "owner" }, el("div", { class: "head" }, name, count, el("code", {}, id)), table, none, things);
  return { box, name, count, table, body, none, things, thingsText: "" };
}

// row makes the two rows of an add-on: what it is, and what can be done with it.
function row(id) {
  const r = { id, names: [], values: null };
  r.name = el("span", { class: "name" });
  r.ids = el("code", { class: "id" });
  r.trouble = el("span", { class: "said bad" });
  r.provider = el("td", { "data-label": "Provider" });
  r.plan = el("td", { "data-label": "Plan" });
  r.zone = el("td", { "data-label": "Zone" });
  r.state = el("span", { class: "state" });
  const detail = "details-" + id;
  r.open = el("button", { type: "button", class: "open", "aria-expanded": "false", "aria-controls": detail }, "Details");
  r.line = el("tr", { "data-addon": id }, el("td", { class: "main" }, r.name, r.ids, r.trouble), r.provider, r.plan, r.zone,
    el("td", { "data-label": "State" }, r.state), el("td", { class: "act" }, r.open));
  r.actions = actions(r);
  r.hint = el("span", { class: "quiet small" });
  r.show = el("button", { type: "button", class: "plain", "aria-pressed": "false" }, "Show values");
  r.list = el("dl");
  r.detail = el("tr", { class: "detail", id: detail, hidden: "" },
    el("td", { colspan: "6" }, el("div", { class: "vars" }, r.actions, el("div", { class: "bar" }, r.hint, r.show), r.list)));
  r.open.addEventListener("click", () => toggle(r));
  r.show.addEventListener("click", () => reveal(r));
  return r;
}

function toggle(r) {
  const open = r.detail.hidden;
  r.detail.hidden = !open;
  r.open.setAttribute("aria-expanded", String(open));
  if (!open) hide(r);
}

function hide(r) {
  r.values = null;
  variables(r);
}

async function reveal(r) {
  if (r.values) {
    hide(r);
    return;
  }
  try {
    const list = await ask("GET", "/console/variables/" + encodeURIComponent(r.id));
    r.values = new Map(list.map((v) => [v.name, v.value]));
    variables(r);
  } catch (err) {
    text(r.hint, err.message);
  }
}

// variables draws names, with values only if they were asked for.
function variables(r) {
  r.show.textContent = r.values ? "Hide values" : "Show values";
  r.show.setAttribute("aria-pressed", String(r.values !== null));
  r.show.hidden = r.names.length === 0;
  text(r.hint, counted(r.names.length) + (r.values || r.names.length === 0 ? "" : ", whose values are not on this page until you ask for them"));
  r.list.replaceChildren();
  for (const name of r.names) {
    const value = r.values
      ? r.values.has(name) ? el("dd", {}, r.values.get(name)) : el("dd", { class: "quiet" }, "not there yet")
      : el("dd", { class: "masked" }, el("span", { class: "hidden" }, "hidden"), "••••••••");
    r.list.append(el("dt", {}, name), value);
  }
}

function counted(n) {
  return n === 0 ? "No variables" : n === 1 ? "1 variable" : n + " variables";
}

function fill(r, a) {
  r.addon = a;
  text(r.name, a.name);
  text(r.ids, a.realId);
  r.ids.title = a.realId + "\n" + a.id;
  text(r.provider, a.provider);
  text(r.plan, a.plan);
  text(r.zone, a.zone);
  text(r.state, a.state);
  r.state.classList.toggle("moving", a.state !== "active");
  text(r.trouble, a.trouble);
  r.open.setAttribute("aria-label", "Details of " + a.name);
  r.actions.hidden = a.state === "removing";
  r.change.hidden = !a.canChange;
  r.dashboard.hidden = !a.dashboard;
  if (r.names.join() !== a.variables.join() || r.last !== a.state) { // values may be others now
    r.names = a.variables;
    r.last = a.state;
    r.values = null;
    variables(r);
  }
}

// place puts elements into a parent in their order. What stands right is not
// touched, so that the focus stays where it is.
function place(parent, children) {
  const wanted = new Set(children);
  for (const old of [...parent.children]) if (!wanted.has(old)) old.remove();
  children.forEach((child, i) => {
    if (parent.children[i] !== child) parent.insertBefore(child, parent.children[i] ?? null);
  });
}

function draw(world) {
  document.title = world.market ? "runner vendor serve" : "runner emulator";
  text($("title"), document.title);
  text($("mode"), (world.strict ? "strict" : "takes any token") + ", as " + world.user + " (" + world.email + ")");
  text($("total"), String(world.total));
  const seen = new Set();
  for (const o of world.owners) drawOwner(o, world, seen);
  for (const id of rows.keys()) if (!seen.has(id)) rows.delete(id);
  place($("owners"), world.owners.map((o) => owners.get(o.id).box));
  const shown = seen.size;
  $("more").hidden = shown === world.found;
  text($("more"), shown + " of " + world.found + " are shown: filter to find the others.");
  drawFaults(world.faults);
  drawn = true;
  $("order-open").disabled = false; // whose it is can be said now
  greet();
}

function drawOwner(o, world, seen) {
  if (!owners.has(o.id)) owners.set(o.id, ownerBox(o.id));
  const box = owners.get(o.id);
  text(box.name, o.id.startsWith("user_") ? o.name + ", personal space" : o.name);
  text(box.count, String(o.found));
  const lines = [];
  for (const a of o.addons) {
    seen.add(a.id);
    if (!rows.has(a.id)) {
      rows.set(a.id, row(a.id));
      rows.get(a.id).line.classList.toggle("new", drawn);
    }
    const r = rows.get(a.id);
    r.owner = o.id;
    fill(r, a);
    lines.push(r.line, r.detail);
  }
  place(box.body, lines);
  box.table.hidden = lines.length === 0;
  box.none.hidden = lines.length > 0;
  drawThings(box, o.things);
  text(box.none, o.found > 0 ? "Filter to find them." : $("filter").value ? "Nothing here matches the filter." : "No add-ons yet.");
}

// drawThings shows applications, network groups, drains, hooks, consumers and buckets.
function drawThings(box, things) {
  const now = JSON.stringify(things);
  if (box.thingsText === now) return;
  box.thingsText = now;
  box.things.hidden = things.length === 0;
  box.things.replaceChildren(el("tbody", {}, ...things.map((t) =>
    el("tr", { "data-thing": t.kind }, el("td", { class: "quiet" }, t.kind),
      el("td", {}, el("span", { class: "name" }, t.name), el("code", { class: "id", title: t.id }, t.id)),
      el("td", {}, t.about)))));
}

function drawFaults(list) {
  const lines = [...$("faults").children].map((li) => li.textContent);
  if (lines.join("\n") !== list.join("\n")) $("faults").replaceChildren(...list.map((f) => el("li", {}, f)));
  $("healthy").hidden = list.length > 0;
  $("recover").hidden = list.length === 0;
}

// look asks for the world, once at a time; what is asked meanwhile is done after.
let looking = false, again = false;
async function look() {
  if (looking) {
    again = true;
    return;
  }
  looking = true;
  try {
    do {
      again = false;
      draw(await ask("GET", "/console/world?q=" + encodeURIComponent($("filter").value.trim())));
    } while (again);
  } catch {
    link("lost"); // the events begin anew, and look again
  } finally {
    looking = false;
  }
}

// ---- requests

const mostLines = 100;
let paused = false;
let waiting = []; // what came while paused

// short cuts the long ids in a path down to what tells them apart.
function short(path) {
  return path.replace(/_([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "_$1…");
}

function line(q) {
  const at = new Date(q.time);
  const time = at.toLocaleTimeString([], { hour12: false });
  const status = el("td", { class: "status" }, q.status === 0 ? "cut" : String(q.status));
  status.classList.toggle("asked", q.status >= 400 && q.status < 500);
  status.classList.toggle("bad", q.status === 0 || q.status >= 500);
  return el("tr", {}, status,
    el("td", {}, el("span", { class: "path", title: q.path }, el("b", {}, q.method), short(q.path)), el("br"), el("span", { class: "quiet" }, q.who || "nobody")),
    el("td", { class: "right when" }, time, el("br"), el("span", { class: "quiet" }, q.took.toFixed(q.took < 10 ? 1 : 0) + " ms")));
}

function log(batch) {
  if (batch.fresh) {
    waiting = [];
    $("requests").replaceChildren();
  }
  waiting = waiting.concat(batch.list).slice(-mostLines);
  if (!paused) flush(!batch.fresh);
}

function flush(fresh) {
  for (const q of waiting) {
    const tr = line(q);
    tr.classList.toggle("new", fresh);
    $("requests").prepend(tr);
  }
  waiting = [];
  while ($("requests").children.length > mostLines) $("requests").lastChild.remove();
  const none = $("requests").children.length === 0;
  $("log").hidden = none;
  $("silent").hidden = !none;
}

// ---- what is clicked

function inject(fault) {
  return report("Injected: " + fault, () => ask("POST", "/console/faults", { fault }));
}

function listen() {
  $("inject").addEventListener("submit", async (event) => {
    event.preventDefault();
    await inject($("fault").value.trim());
    if (!$("said").classList.contains("bad")) $("fault").value = "";
  });
  for (const b of document.querySelectorAll("[data-fault]")) b.addEventListener("click", () => inject(b.dataset.fault));
  $("recover").addEventListener("click", async () => {
    await report("All faults are over.", () => ask("DELETE", "/console/faults"));
    $("fault").focus(); // the button goes
  });
  $("pause").addEventListener("click", () => {
    paused = !paused;
    $("pause").setAttribute("aria-pressed", String(paused));
    text($("pause"), paused ? "Go on" : "Pause");
    if (!paused) flush(true);
  });
  $("reset").addEventListener("click", () => $("sure").showModal());
  $("keep").addEventListener("click", () => $("sure").close());
  $("wipe").addEventListener("click", async () => {
    await report("Everything was reset.", () => ask("POST", "/console/reset", {}));
    $("sure").close();
  });
  let soon;
  $("filter").addEventListener("input", () => {
    clearTimeout(soon);
    soon = setTimeout(look, 150);
  });
}

// ---- events

function link(state) {
  $("link").className = "link " + state;
  text($("link"), { live: "live", lost: "connection lost, trying again" }[state]);
}

function follow() {
  const events = new EventSource("/console/events");
  events.addEventListener("open", () => link("live"));
  events.addEventListener("error", () => {
    link("lost");
    if (events.readyState === EventSource.CLOSED) setTimeout(follow, 3000);
  });
  events.addEventListener("world", look);
  events.addEventListener("requests", (event) => log(JSON.parse(event.data)));
}

text($("endpoint"), location.origin);
listen();
listenForOrders();
follow();
