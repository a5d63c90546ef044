// The README's browser client in a real browser, behind a network that breaks again and again: exits 1
// if a message of a room or a notification is missing, comes twice or out of order.
//
// usage: node follow.mjs ADDRESS     ADDRESS is HOST:PORT of a daemon with the limits as they come.
// CHROMIUM is the browser, /usr/bin/chromium where it is not set.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import net from "node:net";
import { createRequire } from "node:module";
import { PLAIN as plain, V1 } from "./node/client.mjs";

const require = createRequire(import.meta.url);
const { chromium } = require("playwright-core");
const { WebSocketServer } = require("ws");
const [, , address] = process.argv;
const [host, port] = address.split(":");
const ROOM = "room:follow";
// A connection may send 20 frames at once; a user may have 5 connections.
const BURST = 20;
const PUBLISHERS = 10;

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const client = readme.match(/```js\n(\/\/ follow\.js\n[^]*?)```/)?.[1];
assert.ok(client, "the README has the client");
assert.ok(client.split("\n").length <= 62, "it is short enough to be read");

// The network: every connection of the browser goes through here, and can be cut.
const through = new Set();
const network = net.createServer((socket) => {
  const upstream = net.connect(Number(port), host);
  for (const end of [socket, upstream]) {
    end.on("error", () => {});
    end.on("close", () => { socket.destroy(); upstream.destroy(); through.delete(socket); });
  }
  socket.pipe(upstream).pipe(socket);
  through.add(socket);
});
await new Promise((listening) => network.listen(0, "127.0.0.1", listening));
const here = `127.0.0.1:${network.address().port}`;
const cut = () => through.forEach((socket) => socket.destroy());

async function notify(service, data) {
  const answer = await fetch(`http://${address}/api/v1/publish`, {
    method: "POST",
    headers: { authorization: `Bearer ${service}`, "content-type": "application/json" },
    body: JSON.stringify({ topic: "ws:follower", data }),
  });
  assert.equal(answer.status, 200, await answer.text());
}

// A server that fails in another way each time: the client comes back until it is told why it must not.
async function persists(page, module) {
  const ways = [
    (socket) => socket.close(1001, "the proxy restarts"),
    (socket) => answer(socket, { type: "error", code: "rate_limited", data: {} }),
    (socket) => answer(socket, { type: "response", data: rejected("unavailable") }),
    (socket) => answer(socket, { type: "response", data: rejected("forbidden") }),
  ];
  const rejected = (code) => ({ subscribed: [], rejected: [{ topic: "room:a", code }] });
  const answer = (socket, frame) => socket.on("message", (data) => {
    const { request_id } = JSON.parse(data);
    socket.send(JSON.stringify({ ...frame, request_id }));
  });
  const server = new WebSocketServer({
    host: "127.0.0.1", port: 0, handleProtocols: (offered) => [...offered][0],
  });
  server.on("connection", (socket) => ways.shift()(socket));
  await new Promise((listening) => server.on("listening", listening));
  const told = await page.evaluate(async ([module, url]) => {
    const { follow } = await import(module);
    let stop;
    const lost = await new Promise((resolve) => {
      stop = follow(url, {
        token: async () => "t", topics: ["room:a"], onEvent: () => {}, onLost: (...lost) => resolve(lost),
      });
    });
    stop();
    return lost;
  }, [module, `ws://127.0.0.1:${server.address().port}`]);
  assert.deepEqual(told, ["room:a", "forbidden"]);
  assert.equal(ways.length, 0, "it came back each time");
  server.close();
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});
try {
  const publishers = [];
  for (let index = 0; index < PUBLISHERS; index += 1) {
    const user = `publisher-${index}`;
    const client = await plain.open({ user, path: "/ws/follow", dialect: V1 });
    publishers.push({ client, service: plain.mint(user, "--scope", "publish") });
  }
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  // A page of the same origin that opens no socket of its own.
  await page.goto(`http://${here}/livez`);
  const module = `data:text/javascript,${encodeURIComponent(client)}`;
  await page.evaluate(async ([module, url, token, room]) => {
    const { follow } = await import(module);
    window.heard = [];
    window.notified = [];
    window.told = [];
    window.stop = follow(url, {
      token: async () => token,
      topics: [room, "ws:{user_id}"],
      onEvent: (topic, data) => {
        if (topic === room) window.heard.push(data.data.number);
        if (topic === "ws:follower") window.notified.push(data.number);
      },
      onLost: (topic) => window.told.push(topic),
    });
  }, [module, `ws://${here}/ws`, plain.mint("follower"), ROOM]);
  let frame;
  do frame = await publishers[0].client.receive();
  while (frame.type !== "user_joined" || frame.data.user_id !== "follower");

  let number = 0;
  for (const { client, service } of publishers) {
    const breaks = Math.floor(Math.random() * BURST);
    for (let sent = 0; sent < BURST; sent += 1, number += 1) {
      const { type } = await client.answer({ type: "publish", topic: ROOM, data: { number } });
      assert.equal(type, "response");
      await notify(service, { number });
      if (sent === breaks) cut();
    }
  }
  await page.waitForFunction(
    (count) => window.heard.length >= count && window.notified.length >= count, number);
  const { heard, notified, told } = await page.evaluate(
    () => ({ heard: window.heard, notified: window.notified, told: window.told }));
  const all = [...Array(number).keys()];
  assert.deepEqual(heard, all, "every message, once, in order");
  assert.deepEqual(notified, all, "every notification, once, in order");
  assert.deepEqual(told, [], "nothing is lost");
  await page.evaluate(() => window.stop());
  await persists(page, module);
  console.log(`${number} messages over ${PUBLISHERS} cuts`);
} finally {
  await browser.close();
  network.close();
  cut();
}
// The publishers are still connected.
process.exit();
