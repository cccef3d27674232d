/// <reference path="./holdpoint-plugin-model.d.ts" />
declare module 'holdpoint:plugin/artifacts@0.1.0' {
  /**
   * From `start` on, at most `count` and at most 500, in the order of the pipeline file.
   */
  export function page(start: number, count: number): Array<Artifact>;
  export type Artifact = import('holdpoint:plugin/model@0.1.0').Artifact;
}
