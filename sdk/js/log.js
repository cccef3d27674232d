// @ts-check
import { write } from "holdpoint:plugin/log@0.1.0";

/** Lines of the log, which stand in the transcript of the call. */
export const log = {
  /** @param {string} message */
  debug: (message) => write("debug", message),
  /** @param {string} message */
  info: (message) => write("info", message),
  /** @param {string} message */
  warn: (message) => write("warn", message),
  /** @param {string} message */
  error: (message) => write("error", message),
};
