// The modeline that `new` writes, read by yaml-language-server, as editors run it: what `new` makes is
// sound, a misspelt key and a wrong type are found, and keys are offered.
//
// usage: node editor.mjs MITHRIL

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [, , mithril] = process.argv;
const DEADLINE = 30_000;

// The language server protocol over standard input and output.
class Server {
  #read = Buffer.alloc(0);
  #answers = new Map();
  #waiting = [];
  #number = 0;

  constructor(program) {
    this.process = spawn(process.execPath, [program, "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
    this.process.stdout.on("data", (data) => {
      this.#read = Buffer.concat([this.#read, data]);
      for (let message; (message = this.#next()); ) this.#heed(message);
    });
  }

  #next() {
    const head = this.#read.indexOf("\r\n\r\n");
    if (head < 0) return undefined;
    const size = Number(/Content-Length: (\d+)/i.exec(this.#read.subarray(0, head))[1]);
    const end = head + 4 + size;
    if (this.#read.length < end) return undefined;
    const message = JSON.parse(this.#read.subarray(head + 4, end));
    this.#read = this.#read.subarray(end);
    return message;
  }

  #heed({ id, method, params, result, error }) {
    if (method === "textDocument/publishDiagnostics") {
      this.#waiting.splice(0).forEach((take) => take(params.diagnostics));
    } else if (method && id !== undefined) {
      // It asks for settings, and to be told of files: the defaults do, without schemas of the internet.
      const settings = params?.items?.map(({ section }) =>
        section === "yaml" ? { validate: true, completion: true, schemaStore: { enable: false } } : null);
      this.#send({ id, result: settings ?? null });
    } else if (!method) {
      this.#answers.get(id)(error ? Promise.reject(new Error(error.message)) : result);
    }
  }

  #send(message) {
    const text = JSON.stringify({ jsonrpc: "2.0", ...message });
    this.process.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  }

  tell(method, params) {
    this.#send({ method, params });
  }

  ask(method, params) {
    const id = ++this.#number;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.#send({ id, method, params });
    });
  }

  // What it finds in what it is told now.
  findings(method, params) {
    const found = new Promise((take) => this.#waiting.push(take));
    this.tell(method, params);
    return found;
  }
}

const root = mkdtempSync(join(tmpdir(), "mithril-editor-"));
const program = createRequire(import.meta.url).resolve("yaml-language-server/bin/yaml-language-server");
const server = new Server(program);
const late = setTimeout(() => { console.error("the language server does not answer"); process.exit(1); }, DEADLINE);
try {
  for (const what of [["pool", "algebra"], ["exercise", "algebra", "matrices"]]) {
    execFileSync(mithril, ["new", ...what], { cwd: root, stdio: "pipe" });
  }
  await server.ask("initialize", {
    processId: process.pid, rootUri: pathToFileURL(root).href,
    capabilities: { workspace: { configuration: true }, textDocument: { publishDiagnostics: {} } },
  });
  server.tell("initialized", {});

  for (const [file, key] of [["algebra/pool.yaml", "name"], ["algebra/matrices/exercise.yaml", "title"]]) {
    const path = join(root, "exercises", file);
    const uri = pathToFileURL(path).href;
    const sound = readFileSync(path, "utf8");
    const opened = { uri, languageId: "yaml", version: 1, text: sound };
    assert.deepEqual(await server.findings("textDocument/didOpen", { textDocument: opened }), [], file);

    let version = 1;
    const change = (text) => server.findings("textDocument/didChange", {
      textDocument: { uri, version: ++version }, contentChanges: [{ text }],
    });
    const line = sound.split("\n").findIndex((text) => text.startsWith(`${key}:`));
    const misspelt = await change(sound.replace(`\n${key}:`, `\n${key}x:`));
    assert.ok(misspelt.some(({ message, range }) =>
      message.includes(`${key}x`) && range.start.line === line), JSON.stringify(misspelt));
    const wrong = await change(sound.replace(new RegExp(`\n${key}:.*`), `\n${key}: [1]`));
    assert.ok(wrong.some(({ range }) => range.start.line === line), JSON.stringify(wrong));

    await change(sound.replace(new RegExp(`\n${key}:.*`), `\n${key.slice(0, 2)}`));
    const position = { line, character: 2 };
    const offered = await server.ask("textDocument/completion", { textDocument: { uri }, position });
    assert.ok(offered.items.some(({ label }) => label === key), JSON.stringify(offered));
  }
} finally {
  clearTimeout(late);
  server.process.kill();
  rmSync(root, { recursive: true });
}
