// What the page does with add-ons: order, change, remove. It is loaded before
// page.js, which has the helpers and begins. What the platform or a vendor says is
// shown as text.
"use strict";

let offers = []; // what can be ordered, as it was when a form was opened
let awaited = ""; // the id of what was ordered here, until its row is there

function choice(value, label) {
  return el("option", { value }, label);
}

// choose fills a select, and keeps what was chosen if it still can be.
function choose(select, choices) {
  const before = select.value;
  select.replaceChildren(...choices);
  if (choices.some((c) => c.value === before)) select.value = before;
}

// send has a dialog's work done, and closes it if that went well. While it is
// under way there is no second one. A refusal stays in the dialog, to be corrected.
async function send(dialog, words, work) {
  if (dialog.dataset.busy) return undefined;
  const go = dialog.querySelector("[type=submit]"), label = go.textContent, stop = new AbortController();
  const closed = () => stop.abort();
  dialog.addEventListener("close", closed);
  dialog.dataset.busy = "yes";
  text(go, go.dataset.busy);
  wrong(dialog, "");
  try {
    const answer = await work(stop.signal);
    dialog.close();
    text($("done"), words);
    return answer;
  } catch (err) {
    if (!stop.signal.aborted) wrong(dialog, err.message);
    return undefined;
  } finally {
    dialog.removeEventListener("close", closed);
    delete dialog.dataset.busy;
    text(go, label);
  }
}

function wrong(dialog, words) {
  text(dialog.querySelector(".said"), words);
}

// show opens a dialog as if nothing had been said in it before.
function show(dialog) {
  wrong(dialog, "");
  text($("done"), "");
  dialog.showModal();
}

// ask for what can be ordered; what goes wrong is said in the dialog.
async function stock(dialog, owner) {
  try {
    offers = await ask("GET", "/console/catalogue?owner=" + encodeURIComponent(owner));
  } catch (err) {
    wrong(dialog, err.message);
  }
}

// ---- an order

async function openOrder() {
  choose($("order-owner"), [...owners].map(([id, box]) => choice(id, box.name.textContent)));
  show($("order"));
  await restock();
  $("order-name").focus();
}

async function restock() {
  await stock($("order"), $("order-owner").value);
  choose($("order-provider"), offers.map((p) => choice(p.id, p.vendor ? p.name + " (" + p.id + ")" : p.name)));
  provided();
}

// provided shows what the chosen provider has.
function provided() {
  const p = offers.find((one) => one.id === $("order-provider").value);
  if (!p) return;
  choose($("order-plan"), plans(p));
  choose($("order-zone"), p.zones.map((z) => choice(z.name, z.city === "" ? z.name : z.name + ", " + z.city)));
  choose($("order-version"), [choice("", "the usual one"), ...p.versions.map((v) => choice(v, v))]);
  for (const e of [$("order-version"), document.querySelector("label[for=order-version]")]) e.hidden = p.versions.length === 0;
  const switches = p.switches.map((s) => {
    const box = el("input", { type: "checkbox", value: s.name });
    box.checked = box.defaultChecked = s.enabled;
    return el("label", {}, box, s.name);
  });
  $("order-switches").replaceChildren($("order-switches").firstElementChild, ...switches);
  $("order-switches").hidden = switches.length === 0;
}

function plans(p) {
  return p.plans.map((pl) => choice(pl.id, pl.price > 0 ? pl.name + ", " + pl.price.toFixed(2) + " € a month" : pl.name));
}

// options gives those of the form that are not as they are by default; lines
// without "=" stand for "true".
function options() {
  const all = {};
  for (const box of $("order-switches").querySelectorAll("input")) {
    if (box.checked !== box.defaultChecked) all[box.value] = String(box.checked);
  }
  if ($("order-version").value) all.version = $("order-version").value;
  for (const line of $("order-options").value.split("\n").map((l) => l.trim()).filter(Boolean)) {
    const at = line.indexOf("=");
    all[at < 0 ? line : line.slice(0, at).trim()] = at < 0 ? "true" : line.slice(at + 1).trim();
  }
  return all;
}

async function placeOrder() {
  const name = $("order-name").value.trim();
  const order = {
    name, providerId: $("order-provider").value, plan: $("order-plan").value, region: $("order-zone").value, options: options(),
  };
  const made = await send($("order"), name + " is ordered.", (signal) =>
    ask("POST", "/console/addons", { owner: $("order-owner").value, order }, signal));
  if (!made) return;
  $("order-name").value = "";
  awaited = made.id;
  if ($("filter").value) {
    $("filter").value = "";
    look();
  }
  greet();
}

// greet opens the row of what was ordered here, as soon as it is there.
function greet() {
  const r = rows.get(awaited);
  if (!r || !r.line.isConnected) return;
  awaited = "";
  if (r.detail.hidden) toggle(r);
  if (document.activeElement === $("order-open")) r.open.focus(); // where a closed form leaves it
}

// ---- what there is

// actions gives the buttons of an add-on.
function actions(r) {
  r.change = el("button", { type: "button", class: "change" }, "Change plan…");
  r.remove = el("button", { type: "button", class: "danger remove" }, "Remove…");
  r.change.addEventListener("click", () => openChange(r));
  r.remove.addEventListener("click", () => {
    subject = r;
    text($("remove-title"), "Remove " + r.addon.name + "?");
    show($("remove"));
  });
  // A form of its own: what it opens is nobody's business but the vendor's.
  const at = "/console/addons/" + encodeURIComponent(r.id) + "/dashboard";
  r.dashboard = el("form", { method: "post", action: at, target: "_blank", rel: "noopener" },
    el("button", { type: "submit", class: "main" }, "Open dashboard"));
  return el("div", { class: "actions" }, r.dashboard, r.change, r.remove);
}

let subject = null; // the row that a dialog is about

async function openChange(r) {
  subject = r;
  text($("change-title"), "Change the plan of " + r.addon.name);
  show($("change"));
  await stock($("change"), r.owner);
  const p = offers.find((one) => one.id === r.addon.providerId);
  $("change-plan").replaceChildren(...(p ? plans(p) : []));
  $("change-plan").value = r.addon.planId;
  $("change-plan").focus();
}

function changePlan() {
  const at = "/console/addons/" + encodeURIComponent(subject.id) + "/plan";
  const plan = $("change-plan").selectedOptions[0].textContent.split(",")[0];
  return send($("change"), subject.addon.name + " gets the plan " + plan + ".", (signal) =>
    ask("POST", at, { plan: $("change-plan").value }, signal));
}

async function remove() {
  const at = "/console/addons/" + encodeURIComponent(subject.id);
  const gone = await send($("remove"), subject.addon.name + " is removed.", (signal) => ask("DELETE", at, undefined, signal));
  if (gone === null) $("order-open").focus(); // the row goes
}

function listenForOrders() {
  $("order-open").addEventListener("click", openOrder);
  $("order-owner").addEventListener("change", restock);
  $("order-provider").addEventListener("change", provided);
  for (const [id, work] of [["order", placeOrder], ["change", changePlan], ["remove", remove]]) {
    $(id).querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      work();
    });
    $(id).querySelector(".cancel").addEventListener("click", () => $(id).close());
  }
}
