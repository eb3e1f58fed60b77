// The preview server takes the port that it is given. Somebody else may have it: run it again.
import assert from "node:assert/strict";
import { get } from "node:http";
import { after, before, test } from "node:test";

import { serve } from "../lib/server.js";
import { barChart } from "../lib/svg.js";

const port = 20000 + Math.floor(Math.random() * 10000);
const svg = barChart([{ word: "été", count: 2 }]);
let server;

function request(path, options = {}) {
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, path, agent: false, ...options }, async (response) => {
      response.setEncoding("utf8");
      let body = "";
      for await (const chunk of response) body += chunk;
      resolve({ status: response.statusCode, headers: response.headers, body });
    }).on("error", reject);
  });
}

before(async () => {
  server = await serve(svg, port);
});

after(() => server?.close());

test("serves the chart", async () => {
  const { status, headers, body } = await request("/chart.svg");
  assert.equal(status, 200);
  assert.equal(headers["content-type"], "image/svg+xml");
  assert.equal(body, svg);
});

test("has no other page", async () => {
  assert.equal((await request("/")).status, 404);
});

test("the chart cannot be changed", async () => {
  const { status, headers } = await request("/chart.svg", { method: "PUT" });
  assert.equal(status, 405);
  assert.equal(headers.allow, "GET, HEAD");
});

test("a second server on the same port is refused", async () => {
  await assert.rejects(serve(svg, port), { code: "EADDRINUSE" });
});
