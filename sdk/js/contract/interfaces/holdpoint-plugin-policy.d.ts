/// <reference path="./holdpoint-plugin-model.d.ts" />
declare module 'holdpoint:plugin/policy@0.1.0' {
  /**
   * What speaks against the release; empty when nothing does.
   *
   * `settings` is JSON that fits the plugin's schema.
   */
  export function check(release: Release, settings: string): Array<Finding>;
  export type Release = import('holdpoint:plugin/model@0.1.0').Release;
  export type Finding = import('holdpoint:plugin/model@0.1.0').Finding;
  export type Fault = import('holdpoint:plugin/model@0.1.0').Fault;
}
