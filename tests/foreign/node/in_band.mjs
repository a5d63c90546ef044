// A socket that says whose it is after it was opened, and one that proves it anew.

import assert from "node:assert/strict";
import { PLAIN, TUNED, V1, run } from "./client.mjs";

const BAD = [1008, { code: "auth_failed" }];

async function stranger(daemon = PLAIN, dialect = undefined) {
  const client = await daemon.open({ path: "/ws/connect", dialect });
  assert.equal((await client.receive()).type, "auth_required");
  return client;
}

async function isAdmitted(client, user, frame) {
  const { type, data } = await client.ask(frame);
  assert.deepEqual([type, data], ["auth_success", { user_id: user }]);
  assert.deepEqual(await client.subscribe("ws:{user_id}"), [`ws:${user}`]);
}

async function bothFormsAreTakenInBothDialects() {
  const token = PLAIN.mint("node-in-band");
  for (const dialect of [undefined, V1]) {
    for (const frame of [{ type: "auth", token }, { type: "auth_required", data: { token } }]) {
      const client = await stranger(PLAIN, dialect);
      await isAdmitted(client, "node-in-band", frame);
      await client.close();
    }
  }
}

async function aBadTokenEndsTheSocketAndNothingElseDoes() {
  const client = await stranger();
  await client.fails({ type: "ping" }, "auth_failed");
  await client.fails("{", "bad_request");
  const { type, data } = await client.ask({ type: "auth", token: "nonsense" });
  assert.deepEqual([type, data.code], ["auth_failed", "invalid_token"]);
  assert.deepEqual(await client.closed(), BAD);
}

async function whoeverSaysNothingIsClosed() {
  assert.deepEqual(await (await stranger(TUNED)).closed(), [1008, { code: "auth_timeout" }]);
}

async function aLiveConnectionIsRefreshed() {
  for (const dialect of [undefined, V1]) {
    const client = await PLAIN.open({ user: "node-fresh", dialect });
    await isAdmitted(client, "node-fresh", { type: "auth", token: PLAIN.mint("node-fresh") });
    const { type, data } = await client.ask({ type: "auth", token: "nonsense" });
    assert.deepEqual([type, data.code], ["auth_failed", "invalid_token"]);
    await client.silent();
    assert.equal((await client.ask({ type: "auth", token: PLAIN.mint("node-other") })).type, "auth_failed");
    assert.deepEqual(await client.closed(), BAD);
  }
}

async function aRefreshEndsWhatItDoesNotGrant() {
  const granted = PLAIN.mint("node-tutor", "--topic", "exercise.*.status");
  const tutor = await PLAIN.open({ token: granted, dialect: V1 });
  await tutor.subscribe("exercise.*.status");
  const pupil = await PLAIN.open({ user: "node-pupil" });
  const launch = () => pupil.request("exercise.launch", { exercise_id: "c-fizzbuzz" });
  await launch();
  assert.equal((await tutor.receive()).subject, "exercise.node-pupil.status");
  const { type } = await tutor.ask({ type: "auth", token: PLAIN.mint("node-tutor") });
  assert.equal(type, "auth_success");
  const lost = await tutor.receive();
  assert.deepEqual([lost.type, lost.code], ["error", "forbidden"]);
  await launch();
  await tutor.silent();
}

await run(
  bothFormsAreTakenInBothDialects,
  aBadTokenEndsTheSocketAndNothingElseDoes,
  whoeverSaysNothingIsClosed,
  aLiveConnectionIsRefreshed,
  aRefreshEndsWhatItDoesNotGrant,
);
