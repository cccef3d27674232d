// @ts-check
import { placeholder } from "holdpoint:plugin/secrets@0.1.0";
import { Fault } from "./index.js";

/**
 * What stands for a secret in a request: the host puts the value in its place. No plugin sees a value.
 * @param {string} name
 * @returns {string}
 */
export function secret(name) {
  const found = placeholder(name);
  if (found === undefined) throw new Fault(`the secret \`${name}\` is not granted`, { code: "missing" });
  return found;
}
