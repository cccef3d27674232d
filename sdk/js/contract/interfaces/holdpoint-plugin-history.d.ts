/// <reference path="./holdpoint-plugin-model.d.ts" />
declare module 'holdpoint:plugin/history@0.1.0' {
  /**
   * From `start` on, at most `count` and at most 500, newest first.
   */
  export function page(start: number, count: number): Array<PastRelease>;
  export type Timestamp = import('holdpoint:plugin/model@0.1.0').Timestamp;
  export type Totals = import('holdpoint:plugin/model@0.1.0').Totals;
  /**
   * How a run ended.
   * # Variants
   *
   * ## `"released"`
   *
   * Let go, and nothing had to be undone.
   * ## `"undone"`
   *
   * Carried out and undone.
   * ## `"blocked"`
   *
   * Stopped by a finding.
   * ## `"stopped"`
   *
   * Stopped by a fault or by hand, or a newer run took its place.
   */
  export type Ending = 'released' | 'undone' | 'blocked' | 'stopped';
  /**
   * One earlier release.
   */
  export interface PastRelease {
    /**
     * Its version; absent when it had none.
     */
    version?: string,
    /**
     * Full object name of its judged commit.
     */
    head: string,
    /**
     * When it ended; where it is known from a tag only, when its commit was made.
     */
    time: Timestamp,
    /**
     * Its size. What it shipped is not known any more: it has no artifacts.
     */
    totals: Totals,
    /**
     * What became of it; absent when it is known from a tag only.
     */
    ended?: Ending,
  }
}
