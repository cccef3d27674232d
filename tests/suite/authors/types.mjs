// Writes the types of the contract for JavaScript: the folder with the tools, the text of the contract,
// and the folder to write to.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const [tools, contract, out] = process.argv.slice(2);
const { resolve } = createRequire(join(tools, "package.json"));
const generator = resolve("@bytecodealliance/jco-transpile/component");
const { $init, generateTypes } = await import(pathToFileURL(generator));
await $init;
const files = generateTypes("contract", {
  // The text itself: the generator cannot open a folder, because its WASI is given none.
  wit: { tag: "source", val: readFileSync(contract, "utf8") },
  world: "every-kind",
  guest: true,
});
for (const [name, content] of files) {
  const path = join(out, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
