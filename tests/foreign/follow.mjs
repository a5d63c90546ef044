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

const { chromium } = createRequire(import.meta.url)("playwright-core");
const [, , address] = process.argv;
const [host, port] = address.split(":");
const ROOM = "room:follow";
// A connection may send 20 frames at once; a user may have 5 connections.
const BURST = 20;
const PUBLISHERS = 10;

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const client = readme.match(/```js\n(\/\/ follow\.js\n[^]*?)```/)?.[1];
assert.ok(client, "the README has the client");
assert.ok(client.split("\n").length <= 50, "it is short enough to be read");

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

const service = plain.mint("service", "--scope", "publish");
async function notify(data) {
  const answer = await fetch(`http://${address}/api/v1/publish`, {
    method: "POST",
    headers: { authorization: `Bearer ${service}`, "content-type": "application/json" },
    body: JSON.stringify({ topic: "ws:follower", data }),
  });
  assert.equal(answer.status, 200, await answer.text());
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});
try {
  const publishers = [];
  for (let index = 0; index < PUBLISHERS; index += 1) {
    publishers.push(await plain.open({ user: `publisher-${index}`, path: "/ws/follow", dialect: V1 }));
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
  do frame = await publishers[0].receive();
  while (frame.type !== "user_joined" || frame.data.user_id !== "follower");

  let number = 0;
  for (const publisher of publishers) {
    const breaks = Math.floor(Math.random() * BURST);
    for (let sent = 0; sent < BURST; sent += 1, number += 1) {
      const { type } = await publisher.answer({ type: "publish", topic: ROOM, data: { number } });
      assert.equal(type, "response");
      await notify({ number });
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
  console.log(`${number} messages over ${PUBLISHERS} cuts`);
} finally {
  await browser.close();
  network.close();
  cut();
  process.exit();
}
