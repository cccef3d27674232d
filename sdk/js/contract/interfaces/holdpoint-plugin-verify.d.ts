/// <reference path="./holdpoint-plugin-model.d.ts" />
declare module 'holdpoint:plugin/verify@0.1.0' {
  /**
   * Measures once; `attempt` counts from 1.
   */
  export function measure(release: Release, settings: string, attempt: number): Reading;
  export type Release = import('holdpoint:plugin/model@0.1.0').Release;
  export type Fault = import('holdpoint:plugin/model@0.1.0').Fault;
  /**
   * What was found.
   * # Variants
   *
   * ## `"healthy"`
   *
   * As it should be.
   * ## `"degraded"`
   *
   * Worse than it should be, and not failing.
   * ## `"failing"`
   *
   * Failing.
   * ## `"inconclusive"`
   *
   * No traffic or no data: neither success nor failure.
   */
  export type Health = 'healthy' | 'degraded' | 'failing' | 'inconclusive';
  /**
   * One thing that was measured.
   */
  export interface Measurement {
    /**
     * Name, the same from attempt to attempt.
     */
    name: string,
    /**
     * The value; absent when there is no data.
     */
    value?: number,
    /**
     * Unit, such as `ms` or `1`.
     */
    unit: string,
    /**
     * The bound that it is held against, in words.
     */
    bound: string,
  }
  /**
   * The answer of a verify plugin.
   */
  export interface Reading {
    /**
     * What was found.
     */
    health: Health,
    /**
     * Why, in a sentence.
     */
    reason: string,
    /**
     * What was measured.
     */
    measures: Array<Measurement>,
  }
}
