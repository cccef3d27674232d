/// <reference path="./holdpoint-plugin-model.d.ts" />
declare module 'holdpoint:plugin/changes@0.1.0' {
  /**
   * From `start` on, at most `count` and at most 500, ordered by path as bytes.
   */
  export function page(start: number, count: number): Array<Change>;
  export type Change = import('holdpoint:plugin/model@0.1.0').Change;
}
