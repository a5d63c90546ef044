// Rooms, the lobby, projects, and several tabs of one user.

import assert from "node:assert/strict";
import { PLAIN, TUNED, V1, run } from "./client.mjs";

// A socket of a user whom the room did not have, after it has heard that it has joined.
async function member(daemon, path, user, options = {}) {
  const client = await daemon.open({ path, user, ...options });
  await client.moved(user, "joined");
  return client;
}

async function presence(client, topic) {
  const { data: { users, total } } = await client.answer({ type: "presence", topic });
  assert.equal(total, users.length);
  return Object.fromEntries(users.map(({ user_id, connections }) => [user_id, connections]));
}

async function whatIsSaidIsHeardInTheRoomAlone() {
  const anna = await member(PLAIN, "/ws/node-maths", "node-anna");
  const ben = await PLAIN.open({ user: "node-ben", dialect: V1 });
  await ben.subscribe("room:node-maths");
  await ben.moved("node-ben", "joined");
  await anna.moved("node-ben", "joined");
  const elsewhere = await member(PLAIN, "/ws/node-physics", "node-anna");

  anna.send({ data: { text: "hi" }, user_id: "node-ben", room: "node-physics" });
  const heard = await anna.receive();
  const { message_id, timestamp, ...rest } = heard;
  assert.match(message_id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/);
  assert.ok(Math.abs(Date.now() - Date.parse(timestamp)) < 60_000, timestamp);
  assert.deepEqual(rest, { type: "chat", room: "node-maths", data: { text: "hi" }, user_id: "node-anna" });
  const event = await ben.receive();
  assert.deepEqual([event.type, event.subject, event.data], ["event", "room:node-maths", heard]);

  ben.send({ type: "publish", topic: "room:node-maths", kind: "typing" });
  const typing = await anna.receive();
  assert.deepEqual([typing.type, typing.data, typing.user_id], ["typing", {}, "node-ben"]);
  assert.deepEqual((await ben.receive()).data, typing);
  for (const client of [anna, ben, elsewhere]) await client.silent();
}

async function nobodySpeaksForTheServer() {
  const client = await member(PLAIN, "/ws/node-forum", "node-carl");
  for (const type of ["user_left", "user_joined", "error", "auth_success", "auth_failed", "event", "pong"]) {
    await client.fails({ type, data: { user_id: "node-dora", action: "left" } }, "forbidden");
  }
  await client.fails({ type: "publish", topic: "room:node-elsewhere" }, "forbidden");
  await client.silent();
}

async function usersComeAndGoNotSockets() {
  const emil = await member(PLAIN, "/ws/node-choir", "node-emil");
  const frida = await member(PLAIN, "/ws/node-choir", "node-frida");
  await emil.moved("node-frida", "joined");
  const tab = await PLAIN.open({ path: "/ws/node-choir", user: "node-frida" });
  assert.deepEqual(await presence(tab, "room:node-choir"), { "node-emil": 1, "node-frida": 2 });
  await frida.close();
  await emil.silent();
  await tab.close();
  await emil.moved("node-frida", "left");
  assert.deepEqual(await presence(emil, "room:node-choir"), { "node-emil": 1 });
}

async function theLobbyIsForAll() {
  const gina = await member(TUNED, "/ws", "node-gina");
  const hugo = await member(TUNED, "/ws/", "node-hugo");
  await gina.moved("node-hugo", "joined");
  const heard = await hugo.ask({ data: "hi all" });
  assert.deepEqual([heard.room, heard.data, heard.user_id], ["lobby", "hi all", "node-hugo"]);
  assert.deepEqual(await gina.receive(), heard);
  for (const client of [gina, hugo]) await client.close();
}

async function projectsHaveMembers() {
  const subscription = (action) => ({ type: "subscription", data: { action, project_id: "node-p" } });
  const ida = await PLAIN.open({ user: "node-ida" });
  ida.send(subscription("subscribe"));
  assert.equal((await ida.moved("node-ida", "joined")).project_id, "node-p");
  const jan = await PLAIN.open({ user: "node-jan" });
  await jan.subscribe("project:node-p");
  await ida.moved("node-jan", "joined");
  assert.deepEqual(await presence(ida, "project:node-p"), { "node-ida": 1, "node-jan": 1 });
  const { data } = await ida.answer(subscription("unsubscribe"));
  assert.deepEqual(data, { unsubscribed: ["project:node-p"] });
}

async function eachTabGetsEachNotificationOnce() {
  const token = PLAIN.mint("node-tabs", "--topic", "exercise.*.status");
  const tabs = [];
  for (const dialect of [undefined, undefined, V1]) {
    const tab = await PLAIN.open({ token, dialect });
    await tab.subscribe("exercise.{user_id}.status", "exercise.*.status");
    tabs.push(tab);
  }
  const other = await PLAIN.open({ token });
  const sessions = [];
  for (let n = 0; n < 3; n += 1) {
    const { data } = await other.request("exercise.launch", { exercise_id: "c-fizzbuzz" });
    sessions.push(data.session_id);
  }
  for (const tab of tabs) {
    for (const session of sessions) assert.equal((await tab.receive()).data.session_id, session);
  }
  for (const tab of [...tabs, other]) await tab.silent();
}

async function theSixthSocketIsToldWhyItIsClosed() {
  const token = PLAIN.mint("node-many");
  const seats = await Promise.all(Array.from({ length: 5 }, () => PLAIN.open({ token })));
  const late = await PLAIN.open({ token });
  assert.deepEqual(await late.closed(), [4000, { code: "connection_limit" }]);
  for (const seat of seats) await seat.silent();
}

await run(
  whatIsSaidIsHeardInTheRoomAlone,
  nobodySpeaksForTheServer,
  usersComeAndGoNotSockets,
  theLobbyIsForAll,
  projectsHaveMembers,
  eachTabGetsEachNotificationOnce,
  theSixthSocketIsToldWhyItIsClosed,
);
