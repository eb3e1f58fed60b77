// Charts of what tests/fill-library.sh has put into the database, through the Python export.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { barChart } from "../lib/svg.js";
import { parseTable } from "../lib/table.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

function exportTable(...titles) {
  const python = spawnSync("python3", ["-m", "lexi_store", "export", "../build/lexi.db", ...titles], {
    cwd: `${root}/store`,
    encoding: "utf8",
  });
  assert.equal(python.status, 0, python.stderr);
  return parseTable(python.stdout);
}

test("the ferry's most frequent word has the longest bar", () => {
  const rows = exportTable("ferry");
  assert.equal(rows[0].word, "the");
  const [first] = /<rect [^>]*>/.exec(barChart(rows));
  assert.match(first, /width="280"/);
});

test("the whole library counts at least as much as each text", () => {
  const all = new Map(exportTable().map(({ word, count }) => [word, count]));
  for (const title of ["ferry", "lighthouse", "station"]) {
    for (const { word, count } of exportTable(title)) {
      assert.ok(all.get(word) >= count, `${word} in ${title}`);
    }
  }
});
