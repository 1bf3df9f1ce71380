// Uses each feature of the language server once, by the library that VS Code's own
// client is made with, and prints what comes of it.
"use strict";

const { spawn } = require("child_process");
const fs = require("fs");
const path = require("path");
const { pathToFileURL } = require("url");
const rpc = require("vscode-jsonrpc/node");
const lsp = require("vscode-languageserver-protocol");

const folder = process.argv[2];
const uri = (name) => pathToFileURL(path.join(folder, name)).toString();
let text = fs.readFileSync(path.join(folder, "site.yml"), "utf8");
let version = 1;

// The columns of JavaScript are the protocol's: both count units of UTF-16.
function position(at) {
  const before = text.slice(0, at).split("\n");
  return { line: before.length - 1, character: before[before.length - 1].length };
}

function at(marked) {
  const [before, after] = marked.split("^");
  const found = text.indexOf(before + after);
  if (found < 0) throw new Error(`no ${marked}`);
  return { textDocument: { uri: uri("site.yml") }, position: position(found + before.length) };
}

const place = (p) => `${p.line + 1}:${p.character + 1}`;
const locations = (list) => list.map((l) => `${path.basename(l.uri)}:${place(l.range.start)}`).sort().join(" ");

async function main() {
  const server = spawn("runner", ["lsp", "--offline", "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
  const connection = rpc.createMessageConnection(new rpc.StreamMessageReader(server.stdout), new rpc.StreamMessageWriter(server.stdin));
  const waiting = [];
  connection.onNotification(lsp.PublishDiagnosticsNotification.type, (p) => {
    if (p.uri === uri("site.yml") && p.version === version) waiting.splice(0).forEach((done) => done(p.diagnostics));
  });
  connection.onRequest(lsp.RegistrationRequest.type, () => undefined);
  const published = () => new Promise((done) => waiting.push(done));
  connection.listen();

  await connection.sendRequest(lsp.InitializeRequest.type, {
    processId: process.pid,
    rootUri: pathToFileURL(folder).toString(),
    workspaceFolders: null,
    capabilities: { workspace: { didChangeWatchedFiles: { dynamicRegistration: true } } },
  });
  await connection.sendNotification(lsp.InitializedNotification.type, {});
  let next = published();
  await connection.sendNotification(lsp.DidOpenTextDocumentNotification.type, {
    textDocument: { uri: uri("site.yml"), languageId: "yaml", version, text },
  });
  const [diagnostic] = await next;
  const severity = { 1: "error", 2: "warning" }[diagnostic.severity];
  console.log(`diagnostic ${place(diagnostic.range.start)}-${place(diagnostic.range.end)} ${severity}: ${diagnostic.message}`);

  const [action] = await connection.sendRequest(lsp.CodeActionRequest.type, {
    textDocument: { uri: uri("site.yml") },
    range: diagnostic.range,
    context: { diagnostics: [diagnostic] },
  });
  const [edit] = action.edit.changes[uri("site.yml")];
  const line = text.split("\n")[edit.range.start.line];
  const mended = line.slice(0, edit.range.start.character) + edit.newText + line.slice(edit.range.end.character);
  console.log(`fix ${mended.trim()}`);
  text = text.replace(line, mended);
  version++;
  next = published();
  await connection.sendNotification(lsp.DidChangeTextDocumentNotification.type, {
    textDocument: { uri: uri("site.yml"), version },
    contentChanges: [{ range: edit.range, text: edit.newText }],
  });
  console.log(`mended ${(await next).length} diagnostics`);

  const completed = await connection.sendRequest(lsp.CompletionRequest.type, at("plan: ^xs_sml"));
  const item = completed.items.find((i) => i.label === "xs_sml");
  console.log(`completion ${item.label}: ${item.detail}`);
  const hover = await connection.sendRequest(lsp.HoverRequest.type, at("addon_^register"));
  console.log(`hover ${hover.contents.value.split("\n")[0]}`);
  console.log(`definition ${locations(await connection.sendRequest(lsp.DefinitionRequest.type, at("import_tasks: mo^re.yml")))}`);
  const all = await connection.sendRequest(lsp.ReferencesRequest.type, { ...at("{{ d^b.env"), context: { includeDeclaration: true } });
  console.log(`references ${locations(all)}`);
  const [play] = await connection.sendRequest(lsp.DocumentSymbolRequest.type, { textDocument: { uri: uri("site.yml") } });
  console.log(`symbols ${play.name}: ${play.children.map((s) => s.name).join(", ")}`);

  await connection.sendRequest(lsp.ShutdownRequest.type);
  await connection.sendNotification(lsp.ExitNotification.type);
  const code = await new Promise((done) => server.on("exit", done));
  connection.dispose();
  if (code !== 0) throw new Error(`the server ends with ${code}`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
