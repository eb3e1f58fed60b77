import assert from "node:assert/strict";
import { test } from "node:test";

import { barChart, escapeXml } from "../lib/svg.js";

const widths = (svg) => [...svg.matchAll(/<rect [^>]*width="(\d+)"/g)].map((m) => Number(m[1]));

test("bars are as long as counts are large", () => {
  const svg = barChart([
    { word: "the", count: 40 },
    { word: "dog", count: 20 },
    { word: "fog", count: 1 },
  ]);
  assert.deepEqual(widths(svg), [280, 140, 7]);
});

test("shows the top words only", () => {
  const rows = Array.from({ length: 30 }, (_, i) => ({ word: `w${i}`, count: 30 - i }));
  assert.equal(widths(barChart(rows, { top: 4 })).length, 4);
  assert.equal(widths(barChart(rows)).length, 10);
});

test("words are escaped", () => {
  assert.equal(escapeXml(`<a href="x">&'`), "&lt;a href=&quot;x&quot;&gt;&amp;&apos;");
  assert.ok(!barChart([{ word: "<script>", count: 1 }]).includes("<script>"));
});

test("no rows make an empty chart of a positive height", () => {
  assert.match(barChart([]), /height="24" role="img">\n<\/svg>\n$/);
});
