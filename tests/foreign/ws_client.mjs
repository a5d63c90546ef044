// A foreign client for `mithril serve`, with the `ws` package: exits 1 on any deviation.
//
// usage: node ws_client.mjs URL TOKEN     (or MITHRIL_URL and MITHRIL_TOKEN); URL is http://HOST:PORT
// The package is looked for beside this file and in NODE_PATH.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const WebSocket = require("ws");
const DEADLINE = 10_000;

const given = process.argv.length > 2 ? process.argv.slice(2) : [process.env.MITHRIL_URL, process.env.MITHRIL_TOKEN];
const [base, token] = given;
assert.ok(base && token, "usage: node ws_client.mjs URL TOKEN");
const url = base.replace(/^http/, "ws").replace(/\/$/, "") + "/ws";
const authorization = { headers: { authorization: `Bearer ${token}` } };
setTimeout(() => { throw new Error("deviation: no answer in time"); }, 6 * DEADLINE).unref();

async function open(...options) {
  const socket = new WebSocket(url, ...options);
  await once(socket, "open");
  return socket;
}

async function ask(socket, frame) {
  const answer = once(socket, "message", { signal: AbortSignal.timeout(DEADLINE) });
  socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  const [data, binary] = await answer;
  assert.equal(binary, false, "answers are text");
  return JSON.parse(data.toString());
}

async function request(socket, subject, data) {
  const answer = await ask(socket, { type: "request", subject, data, request_id: subject });
  assert.equal(answer.request_id, subject);
  return answer;
}

async function closed(socket) {
  const [code, reason] = await once(socket, "close", { signal: AbortSignal.timeout(DEADLINE) });
  return [code, JSON.parse(reason.toString())];
}

async function refused(options, code) {
  const socket = new WebSocket(url, options);
  const [, response] = await once(socket, "unexpected-response");
  let body = "";
  for await (const chunk of response) body += chunk;
  assert.equal(response.statusCode, 401);
  assert.equal(JSON.parse(body).code, code);
}

async function talk(socket) {
  const { data: { pools } } = await request(socket, "exercise.pool.list", {});
  const pool = pools.find(({ exercises }) => exercises.length > 0);
  assert.ok(pool, "a pool has exercises");
  const exercise_id = pool.exercises[0];
  const { data: { exercise } } = await request(socket, "exercise.get", { exercise_id });
  assert.equal(exercise.id, exercise_id);
  assert.equal("answer" in exercise, false, "the answer stays on the server");
  const listed = await request(socket, "exercise.pool.exercises", { pool_id: pool.id });
  assert.deepEqual(listed.data.exercises.map(({ id }) => id), pool.exercises, "teaching order");

  assert.equal((await request(socket, "exercise.nope", {})).code, "unknown_subject");
  assert.equal((await request(socket, "exercise.pool.get", { pool_id: "no-such-pool" })).code, "not_found");
  const bad = await ask(socket, "{ this is not JSON");
  assert.deepEqual([bad.type, bad.code], ["error", "bad_request"]);
  assert.equal((await ask(socket, { type: "ping" })).type, "pong", "the client stays connected");
}

let socket = await open(authorization);
await talk(socket);
socket.close(1000);
await once(socket, "close");

socket = await open(["mithril.classic", `mithril.bearer.${token}`]);
assert.equal(socket.protocol, "mithril.classic");
await talk(socket);
socket.close(1000);
await once(socket, "close");

socket = await open(authorization);
socket.send(" ".repeat(1024 * 1024));
assert.deepEqual(await closed(socket), [1009, { code: "too_large" }]);
socket = await open(authorization);
socket.send(Buffer.from("{}"), { binary: true });
assert.deepEqual(await closed(socket), [1003, { code: "binary_frame" }]);

await refused({}, "missing_token");
await refused({ headers: { authorization: "x" } }, "invalid_token");
console.log("node ws", require("ws/package.json").version, "ok");
