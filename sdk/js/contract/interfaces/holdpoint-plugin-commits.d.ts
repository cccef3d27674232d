/// <reference path="./holdpoint-plugin-model.d.ts" />
declare module 'holdpoint:plugin/commits@0.1.0' {
  /**
   * From `start` on, at most `count`: newest first, a commit before its parents, commits on
   * unrelated branches by commit time.
   *
   * A page has at most 500 items, however many are asked for, and ends early only at the end of
   * the range.
   */
  export function page(start: number, count: number): Array<Commit>;
  /**
   * Message bodies, trailers and people of the commits from `start` on, in the same order as
   * `page`.
   */
  export function texts(start: number, count: number): Array<CommitText>;
  export type Commit = import('holdpoint:plugin/model@0.1.0').Commit;
  export type CommitText = import('holdpoint:plugin/model@0.1.0').CommitText;
}
