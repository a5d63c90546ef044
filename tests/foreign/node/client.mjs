// A client of the gateway, with the `ws` package, and the daemons it talks to.
//
// `run` starts the daemons and says in the environment where they are. Tokens are minted by the real
// command, and noted for the search of the logs. `ws` is looked for in NODE_PATH.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { once, on } from "node:events";
import { appendFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const WebSocket = createRequire(import.meta.url)("ws");
const DEADLINE = 10_000;
export const [CLASSIC, V1] = ["mithril.classic", "mithril.v1"];

// No log may hold it.
function note(token) {
  appendFileSync(process.env.FOREIGN_SECRETS, token.split(".").slice(1).join("\n") + "\n");
}

class Daemon {
  constructor(name, base) {
    this.config = fileURLToPath(new URL(`../${name}.toml`, import.meta.url));
    this.address = process.env[`FOREIGN_${name.toUpperCase()}`];
    this.url = `ws://${this.address}${base}`;
  }

  mint(user, ...flags) {
    const command = ["token", "mint", "--config", this.config, ...flags, user];
    const token = execFileSync(process.env.FOREIGN_MITHRIL, command, { encoding: "utf8" }).trim();
    note(token);
    return token;
  }

  // A token whose time is over, which `mint` does not make.
  expired(user) {
    const [head, body] = this.mint(user).split(".");
    const claims = JSON.parse(Buffer.from(body, "base64url"));
    const late = JSON.stringify({ ...claims, exp: claims.iat - 60 });
    const signed = `${head}.${Buffer.from(late).toString("base64url")}`;
    const token = `${signed}.${createHmac("sha256", process.env.JWT_SECRET_KEY).update(signed).digest("base64url")}`;
    note(token);
    return token;
  }

  // A socket of this user, or with this token, in the header.
  open({ path = "/ws", user, token = user && this.mint(user), dialect, ...options } = {}) {
    const headers = token ? { authorization: `Bearer ${token}` } : {};
    return this.openWith(path, dialect ? [dialect] : [], { headers, ...options });
  }

  async openWith(path, protocols = [], options = {}) {
    const client = new Client(new WebSocket(this.url + path, protocols, options));
    await once(client.socket, "open", { signal: AbortSignal.timeout(DEADLINE) });
    return client;
  }

  // The upgrade is answered with this status, and JSON with this code.
  async refuses(path, protocols, options, status, code) {
    const socket = new WebSocket(this.url + path, protocols, options);
    socket.on("open", () => { throw new Error(`${path} is opened, ${code} was due`); });
    const [, response] = await once(socket, "unexpected-response");
    let body = "";
    for await (const chunk of response) body += chunk;
    const answer = JSON.parse(body);
    assert.deepEqual([response.statusCode, answer.code], [status, code], path);
    assert.deepEqual(Object.keys(answer).sort(), ["code", "error"]);
  }
}

// One socket; frames are objects.
class Client {
  constructor(socket) {
    this.socket = socket;
    // Collected from the start: frames may come in one piece with the answer to the upgrade.
    this.messages = on(socket, "message");
    this.end = once(socket, "close");
    // Whoever asks for the end is told of it; nobody has to.
    this.end.catch(() => {});
  }

  send(frame) {
    this.socket.send(typeof frame === "object" && !Buffer.isBuffer(frame) ? JSON.stringify(frame) : frame);
  }

  async receive() {
    const { value: [data, isBinary] } = await soon(this.messages.next(), "a frame");
    assert.equal(isBinary, false, "frames are text");
    return JSON.parse(data.toString());
  }

  // The next frame, whatever it is.
  ask(frame) {
    this.send(frame);
    return this.receive();
  }

  // The frame that carries the request's id back; what comes before it is passed over.
  async answer(frame) {
    this.send({ request_id: "r", ...frame });
    for (;;) {
      const answer = await this.receive();
      if (answer.request_id === "r") return answer;
    }
  }

  request(subject, data) {
    return this.answer({ type: "request", subject, data });
  }

  async subscribe(...topics) {
    const { data } = await this.answer({ type: "subscribe", topics });
    assert.deepEqual(data.rejected, []);
    return data.subscribed.map(({ topic }) => topic);
  }

  // The next frame is an error with this code.
  async fails(frame, code) {
    const error = await this.ask(frame);
    assert.deepEqual([error.type, error.code], ["error", code], JSON.stringify(frame));
    return error;
  }

  // The next frame says that this user has joined or left.
  async moved(user, action) {
    const frame = await this.receive();
    assert.deepEqual([frame.type, frame.data], [`user_${action}`, { user_id: user, action }]);
    return frame;
  }

  // Nothing was sent to this socket: the next frame is the answer to a ping.
  async silent() {
    const pong = await this.ask({ type: "ping" });
    assert.equal(pong.type, "pong", JSON.stringify(pong));
    return pong;
  }

  // Code and reason of the close that comes, after whatever comes before.
  async closed() {
    const [code, reason] = await soon(this.end, "a close");
    assert.ok(reason.length <= 123, "the reason fits a control frame");
    return [code, JSON.parse(reason.toString())];
  }

  async close() {
    this.socket.close(1000);
    await soon(this.end, "the answer to a close");
  }
}

async function soon(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come in time`)), DEADLINE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// Runs all; those that fail are named, and the process ends with 1.
export async function run(...tests) {
  let failed = 0;
  for (const test of tests) {
    try {
      await test();
    } catch (error) {
      failed += 1;
      console.error(`${test.name}:`, error);
    }
  }
  process.exit(failed > 0 ? 1 : 0);
}

export const PLAIN = new Daemon("plain", "");
export const TUNED = new Daemon("tuned", "/api/chat-api");
