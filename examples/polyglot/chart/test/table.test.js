import assert from "node:assert/strict";
import { test } from "node:test";

import { parseTable } from "../lib/table.js";

test("parses counts and words", () => {
  assert.deepEqual(parseTable("3\tthe\n1\tl'été\n"), [
    { word: "the", count: 3 },
    { word: "l'été", count: 1 },
  ]);
});

test("an empty table has no rows", () => {
  assert.deepEqual(parseTable(""), []);
});

for (const line of ["0\tthe", "-1\tthe", "3 the", "3\t", "three\tthe"]) {
  test(`refuses ${JSON.stringify(line)} and names its line`, () => {
    assert.throws(() => parseTable(`1\tdog\n${line}\n`), /^Error: line 2: expected/);
  });
}
