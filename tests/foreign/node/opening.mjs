// Where a token may be, what is spoken then, and that hardly a frame ends a socket.

import assert from "node:assert/strict";
import { CLASSIC, PLAIN, TUNED, V1, run } from "./client.mjs";

const bearer = (token) => `mithril.bearer.${token}`;
const header = (authorization) => ({ headers: { authorization } });

const PLACES = [
  ["header", (token) => ["", [], header(`Bearer ${token}`)], ""],
  ["bare", (token) => ["", [], header(token)], ""],
  ["classic", (token) => ["", [CLASSIC, bearer(token)], {}], CLASSIC],
  ["v1", (token) => ["", [bearer(token), V1], {}], V1],
  ["query", (token) => [`?token=${encodeURIComponent(token)}`, [], {}], ""],
  // `ws` compresses where it may; the daemon does not take it up.
  ["deflate", (token) => ["", [], { ...header(token), perMessageDeflate: true }], ""],
];

async function everyPlaceOnEveryRoute() {
  for (const [name, place, dialect] of PLACES) {
    const user = `node-${name}`;
    const [query, protocols, options] = place(PLAIN.mint(user));
    for (const route of ["/ws", "/ws/", "/ws/connect", "/ws/node-hall"]) {
      const client = await PLAIN.openWith(route + query, protocols, options);
      assert.deepEqual(await client.subscribe("ws:{user_id}"), [`ws:${user}`], `${name} on ${route}`);
      assert.equal(client.socket.protocol, dialect, "the dialect alone is echoed");
      assert.equal(client.socket.extensions, "", "nothing is compressed");
      await client.close();
    }
  }
}

async function refusalsArePlainHttp() {
  const good = PLAIN.mint("node-refused");
  const from = (localAddress, options = {}) => ({ localAddress, ...options });
  await PLAIN.refuses("/ws", [], {}, 401, "missing_token");
  await PLAIN.refuses("/ws/node-hall", [V1], {}, 401, "missing_token");
  await PLAIN.refuses("/ws?token=x", [], from("127.1.0.1"), 401, "invalid_token");
  await PLAIN.refuses("/ws/connect", [], from("127.1.0.2", header("Bearer x")), 401, "invalid_token");
  await PLAIN.refuses(`/ws?token=${good}`, [], from("127.1.0.3", header("x")), 401, "invalid_token");
  await PLAIN.refuses("/ws", [bearer(good)], {}, 400, "subprotocol_missing");
  const expired = PLAIN.expired("node-refused");
  await PLAIN.refuses("/ws", [], from("127.1.0.4", header(expired)), 401, "token_expired");
  // Of another audience.
  await TUNED.refuses("/ws", [], from("127.1.0.5", header(good)), 401, "invalid_token");
}

async function originsOfOtherSitesAreRefused() {
  const authorization = header(PLAIN.mint("node-origins"));
  for (const origin of ["https://evil.example", "null", `http://${PLAIN.address}.evil.example`]) {
    await PLAIN.refuses("/ws", [], { ...authorization, origin }, 403, "origin_not_allowed");
  }
  for (const origin of [`http://${PLAIN.address}`, `https://${PLAIN.address}`, undefined]) {
    await (await PLAIN.openWith("/ws", [], { ...authorization, origin })).silent();
  }
  const listed = { ...header(TUNED.mint("node-origins")), origin: "https://lessons.example" };
  await (await TUNED.openWith("/ws/connect", [], listed)).silent();
}

async function dialectsDifferInTheirFrames() {
  for (const [dialect, stamp] of [[undefined, true], [CLASSIC, true], [V1, false]]) {
    const client = await PLAIN.open({ user: "node-dialects", dialect });
    const pong = await client.silent();
    const keys = stamp ? ["data", "message_id", "timestamp", "type"] : ["type"];
    assert.deepEqual(Object.keys(pong).sort(), keys);
    const error = await client.fails({ type: "no_such_type" }, "unknown_type");
    assert.deepEqual(error.data, { code: "unknown_type", message: error.error });
    assert.equal("message_id" in error && "timestamp" in error, stamp);
    await client.close();
  }
}

async function exercisesAreServed() {
  const client = await PLAIN.open({ user: "node-content" });
  const { data: { pools } } = await client.request("exercise.pool.list", {});
  const pool = pools.find(({ exercises }) => exercises.length > 0);
  const [exercise_id] = pool.exercises;
  const { data: { exercise } } = await client.request("exercise.get", { exercise_id });
  assert.equal(exercise.id, exercise_id);
  assert.equal("answer" in exercise, false, "the answer stays on the server");
  const { data: { exercises } } = await client.request("exercise.pool.exercises", { pool_id: pool.id });
  assert.deepEqual(exercises.map(({ id }) => id), pool.exercises, "the order of teaching");
  assert.equal((await client.request("exercise.nope", {})).code, "unknown_subject");
  assert.equal((await client.request("exercise.pool.get", { pool_id: "no-such-pool" })).code, "not_found");
  await client.fails("{ this is not JSON", "bad_request");
  await client.silent();
}

async function whatIsTooMuchEndsASocket() {
  for (const [frame, code, reason] of [
    [" ".repeat(64 * 1024 + 1), 1009, "too_large"],
    [" ".repeat(1024 * 1024), 1009, "too_large"],
    [Buffer.from("{}"), 1003, "binary_frame"],
  ]) {
    const client = await PLAIN.open({ user: "node-hostile" });
    client.send(frame);
    assert.deepEqual(await client.closed(), [code, { code: reason }]);
  }
  const client = await PLAIN.open({ user: "node-hostile-2" });
  const ping = '{"type":"ping"}';
  assert.equal((await client.ask(ping.padEnd(64 * 1024))).type, "pong", "exactly as much as may be");
}

await run(
  everyPlaceOnEveryRoute,
  refusalsArePlainHttp,
  originsOfOtherSitesAreRefused,
  dialectsDifferInTheirFrames,
  exercisesAreServed,
  whatIsTooMuchEndsASocket,
);
