// Written by `holdpoint plugin build`.

const value = (answer) => answer;
const list = (answer) => [...answer];
const findings = (answer) =>
  Array.from(answer, (finding) => ({
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

