/// <reference path="./holdpoint-plugin-model.d.ts" />
declare module 'holdpoint:plugin/risk@0.1.0' {
  /**
   * Assesses the release.
   */
  export function assess(release: Release, settings: string): Assessment;
  export type Release = import('holdpoint:plugin/model@0.1.0').Release;
  export type Fault = import('holdpoint:plugin/model@0.1.0').Fault;
  export type Location = import('holdpoint:plugin/model@0.1.0').Location;
  /**
   * One reason for risk.
   */
  export interface Factor {
    /**
     * Kebab-case name, the same from release to release.
     */
    name: string,
    /**
     * What was seen, in words with numbers.
     */
    evidence: string,
    /**
     * Its part of the magnitude; parts need not add up to it.
     */
    weight: number,
    /**
     * Whether it is a rule of thumb and not part of a fitted model.
     */
    heuristic: boolean,
    /**
     * Where to look.
     */
    location: Location,
  }
  /**
   * The answer of a risk plugin.
   */
  export interface Assessment {
    /**
     * Any finite number that grows with risk and is comparable between releases of one
     * project. The host makes the score of it.
     */
    magnitude: number,
    /**
     * Reasons, most important first.
     */
    factors: Array<Factor>,
  }
}
