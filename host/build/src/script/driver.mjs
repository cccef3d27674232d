// Makes a component of a module: the folder of the tool, the module, the folder with the WIT files,
// the world, and the file to write.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [tool, sourcePath, witPath, worldName, out] = process.argv.slice(2);
const { exports } = JSON.parse(readFileSync(join(tool, "package.json"), "utf8"));
const main = exports?.["."]?.import ?? exports?.import ?? "./src/componentize.js";
const { componentize } = await import(pathToFileURL(join(tool, main)));
try {
  // Nothing but what the world names: no WASI, no clock, no chance.
  const disableFeatures = ["random", "stdio", "clocks", "http", "fetch-event"];
  const { component } = await componentize({ sourcePath, witPath, worldName, disableFeatures });
  writeFileSync(out, component);
} catch (error) {
  console.error(error?.message ?? String(error));
  process.exit(1);
}
