// Written by `holdpoint plugin build`.

const value = (answer) => {
  if (typeof answer?.then === "function") throw new Error("the answer is a promise: nothing can be awaited");
  return answer;
};
// What is no list must not be taken for an empty one: that would be a go.
const list = (answer) => {
  if (typeof value(answer)?.[Symbol.iterator] !== "function" || typeof answer !== "object") {
    throw new Error("the answer is no list: return an array, or write a generator that is not async");
  }
  return [...answer];
};
const findings = (answer) =>
  list(answer).map((finding) => ({
    severity: undefined,
    help: undefined,
    ...finding,
    location: finding.location ?? { tag: "release" },
  }));

const asked =
  (question, shape) =>
  (release, settings, ...more) => {
    try {
      const answer = plugin[question];
      if (typeof answer !== "function") {
        throw new Error(`plugin.js does not export a function \`${question}\``);
      }
      return shape(answer(release, JSON.parse(settings), ...more));
    } catch (error) {
      throw {
        message: String(error?.message ?? error),
        code: error?.code,
        retry: error?.retry === true,
      };
    }
  };

