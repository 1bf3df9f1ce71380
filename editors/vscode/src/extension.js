// Starts `runner lsp` and joins it to the editor. All it knows of playbooks is which
// languages they may be written in: the server leaves other files alone.
"use strict";

const vscode = require("vscode");
const { LanguageClient, State } = require("vscode-languageclient/node");

let client;

function create() {
  const settings = vscode.workspace.getConfiguration("runner");
  const server = { command: settings.get("path"), args: ["lsp", ...settings.get("arguments")] };
  return new LanguageClient("runner", "Runner", server, {
    documentSelector: [
      { scheme: "file", language: "yaml" },
      { scheme: "file", language: "ansible" },
      { scheme: "file", language: "json" },
    ],
  });
}

async function start() {
  client = create();
  try {
    await client.start();
  } catch (error) {
    const program = vscode.workspace.getConfiguration("runner").get("path");
    vscode.window.showErrorMessage(`${program} lsp does not start: ${error.message}. Set runner.path to the program.`);
  }
}

async function stop() {
  if (client && client.state !== State.Stopped) {
    await client.stop();
  }
}

async function restart() {
  await stop();
  await start();
}

async function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand("runner.restart", restart),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("runner.path") || event.affectsConfiguration("runner.arguments")) {
        return restart();
      }
    }),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
